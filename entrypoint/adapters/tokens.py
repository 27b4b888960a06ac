"""Fly tokens: the header made from one, and its parts, which must be masked (https://fly.io/docs/security/tokens/)."""

from __future__ import annotations

import re

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.secrets import Secret

_SCHEME = re.compile(r"(?:flyv1|bearer)(?:\s+|$)", re.IGNORECASE)
_MACAROONS = ("fm1r_", "fm1a_", "fm2_")
_VISIBLE = re.compile(r"[!-~]+")


def authorization(token: Secret) -> str:
    """The Authorization header: FlyV1 with all macaroons of the token; without macaroons, Bearer. Raises UsageError.

    Parts joined by commas belong together (a permission and its discharge). A token often has its scheme in front, and a newline at the end.
    """
    parts = _sendable(token)
    macaroons = [part for part in parts if part.startswith(_MACAROONS)]
    return f"FlyV1 {','.join(macaroons)}" if macaroons else f"Bearer {','.join(parts)}"


def bearer(token: Secret) -> str:
    """The header for Fly's API host: Bearer with all parts, macaroons too (flyctl internal/uiex). Raises UsageError."""
    return f"Bearer {registry_password(token)}"


def registry_password(token: Secret) -> str:
    """The password for Fly's registry: the token without its scheme. Raises UsageError."""
    return ",".join(_sendable(token))


def _sendable(token: Secret) -> list[str]:
    parts = _parts(token)
    if not parts or not all(_VISIBLE.fullmatch(part) for part in parts):
        raise UsageError(
            "The Fly token is empty or has a character that no token has.",
            hint="Copy it whole into the secret, on one line: fly tokens create deploy prints it.",
        )
    return parts


def secret_parts(token: Secret) -> tuple[str, ...]:
    """The texts that must be hidden: the token as given, without its scheme, and each part."""
    parts = _parts(token)
    whole = (token.reveal().strip(), ",".join(parts), *parts)
    return tuple(dict.fromkeys(text for text in whole if text))


def _parts(token: Secret) -> list[str]:
    text = token.reveal().strip()
    while match := _SCHEME.match(text):
        text = text[match.end() :].strip()
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
