"""Where a registry may redirect us: http only on this computer, and no private network, unless the registry itself is in one."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9.:_-]+")
_INNER = (".localhost", ".internal", ".local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The server of a URL. Credentials are for one origin only."""

    scheme: str
    host: str
    port: int


def read_origin(url: str) -> Origin:
    """The origin of a URL. Raises ValueError if it is not an absolute http(s) URL, or has a user or password."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _HOST.fullmatch(host):
        raise ValueError(f"not an http or https URL: {url[:80]!r}")
    return Origin(scheme=parts.scheme, host=host, port=parts.port or _PORTS[parts.scheme])


def is_loopback(host: str) -> bool:
    """Whether a host name without port is this computer."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def may_lead(source: Origin, target: Origin) -> bool:
    """Whether `source` may send us to `target`, by a redirect or a challenge.

    A registry on the internet must not send us to 169.254.169.254 or localhost, which it cannot reach itself.
    """
    if target.host == source.host:
        return target.scheme == "https" or source.scheme == "http"
    if target.scheme == "http":
        return is_loopback(target.host) and is_loopback(source.host)
    return not _is_inner(target.host) or _is_inner(source.host)


def _is_inner(host: str) -> bool:
    address = _address(host)
    return is_loopback(host) or host.endswith(_INNER) or (address is not None and not address.is_global)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
