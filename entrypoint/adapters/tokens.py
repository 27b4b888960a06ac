"""Fly tokens: the header they make, and the parts that must be masked (machines-api §12)."""

from __future__ import annotations

import re

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.secrets import Secret

_SCHEME = re.compile(r"(?:flyv1|bearer)(?:\s+|$)", re.IGNORECASE)
_MACAROONS = ("fm1r_", "fm1a_", "fm2_")
_VISIBLE = re.compile(r"[!-~]+")


def authorization(token: Secret) -> str:
    """The Authorization header: FlyV1 with all macaroons of the token, else Bearer. Raises UsageError.

    Comma-joined parts belong together (a permission and its discharge); a token often comes with its scheme and a newline.
    """
    parts = _sendable(token)
    macaroons = [part for part in parts if part.startswith(_MACAROONS)]
    return f"FlyV1 {','.join(macaroons)}" if macaroons else f"Bearer {','.join(parts)}"


def bearer(token: Secret) -> str:
    """The header that Fly's API host takes: all parts, macaroons too (flyctl internal/uiex). Raises UsageError."""
    return f"Bearer {registry_password(token)}"


def registry_password(token: Secret) -> str:
    """What Fly's registry takes as password: the token without a scheme. Raises UsageError."""
    return ",".join(_sendable(token))


def _sendable(token: Secret) -> list[str]:
    parts = _parts(token)
    if not parts or not all(_VISIBLE.fullmatch(part) for part in parts):
        raise UsageError(
            "The Fly token is empty or holds a character that no token has.",
            hint="Copy it whole into the secret, on one line: fly tokens create deploy prints it.",
        )
    return parts


def secret_parts(token: Secret) -> tuple[str, ...]:
    """Everything that must not be seen: the token as given, without its scheme, and each part."""
    parts = _parts(token)
    whole = (token.reveal().strip(), ",".join(parts), *parts)
    return tuple(dict.fromkeys(text for text in whole if text))


def _parts(token: Secret) -> list[str]:
    text = token.reveal().strip()
    while match := _SCHEME.match(text):
        text = text[match.end() :].strip()
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
