"""The proxies that the environment names. httpx and requests use them; what they cannot use is told before anything is requested."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.errors import UsageError

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def check_proxies(environ: Mapping[str, str]) -> None:
    """Raises UsageError for a proxy that is none of http or https. Its text is not shown, because it may contain a password."""
    if _value(environ, "NO_PROXY") == "*":
        return
    for name in NAMES:
        text = _value(environ, name)
        if text and not _is_usable(text if "://" in text else f"http://{text}"):
            raise UsageError(
                f"{name} is not the address of a proxy that Flightplan can use.",
                hint="Write http://host:port or https://host:port, or remove it for this step. SOCKS is not supported.",
            )


def _value(environ: Mapping[str, str], name: str) -> str:
    """As Python reads it: in small letters first."""
    return (environ.get(name.lower()) or environ.get(name, "")).strip()


def _is_usable(url: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
