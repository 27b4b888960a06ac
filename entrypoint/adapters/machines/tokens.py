"""Fly tokens: the header they make, and the parts that must be masked (machines-api §12)."""

from __future__ import annotations

import re

from entrypoint.kernel.secrets import Secret

_SCHEME = re.compile(r"^(?:flyv1|bearer)\s+", re.IGNORECASE)
_MACAROONS = ("fm1r_", "fm1a_", "fm2_")


def authorization(token: Secret) -> str:
    """The Authorization header: FlyV1 with all macaroons of the token, else Bearer.

    Comma-joined parts belong together (a permission and its discharge); a token often comes with its scheme and a newline.
    """
    parts = _parts(token)
    macaroons = [part for part in parts if part.startswith(_MACAROONS)]
    return f"FlyV1 {','.join(macaroons)}" if macaroons else f"Bearer {','.join(parts)}"


def bearer(token: Secret) -> str:
    """The header that Fly's API host takes: all parts, macaroons too (flyctl internal/uiex)."""
    return f"Bearer {','.join(_parts(token))}"


def secret_parts(token: Secret) -> tuple[str, ...]:
    """Everything that must not be seen: the token as given, without its scheme, and each part."""
    return tuple(dict.fromkeys((token.reveal().strip(), ",".join(_parts(token)), *_parts(token))))


def registry_password(token: Secret) -> str:
    """What Fly's registry takes as password: the token without a scheme."""
    return ",".join(_parts(token))


def _parts(token: Secret) -> list[str]:
    text = token.reveal().strip()
    while _SCHEME.match(text):
        text = _SCHEME.sub("", text, count=1).strip()
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
