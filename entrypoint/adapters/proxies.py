"""The proxies of the environment, by one rule for every server: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY for what needs none.

As Python reads them, small letters first. An entry of NO_PROXY is `*`, a host name that covers its subdomains, an IP address or a range of them,
each with or without a port.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.request import getproxies

from entrypoint.kernel.errors import UsageError

SCHEMES = ("http", "https", "all")
HERE = ("localhost", "127.0.0.1", "::1")
"""Requests to this computer never use a proxy, as in Go and so in flyctl."""
PORTS = {"http": 80, "https": 443}


class Proxies(NamedTuple):
    """`urls`: by the scheme of what is asked; `all` for both. `without`: the entries of NO_PROXY."""

    urls: Mapping[str, str]
    without: tuple[str, ...]

    def proxy_for(self, *, scheme: str, host: str, port: int | None) -> str | None:
        """The URL of the proxy for a server; None for none. `host` without brackets."""
        found = self.urls.get(scheme) or self.urls.get("all")
        host = host.lower().rstrip(".")
        if found is None or host in HERE:
            return None
        is_without = any(_covers(entry, host, port or PORTS.get(scheme)) for entry in self.without)
        return None if is_without else found


def read_proxies() -> Proxies:
    """Those of this process's environment; on a Mac, those of the system where it has none."""
    found = {scheme: text.strip() for scheme, text in getproxies().items()}
    urls = {
        scheme: found[scheme] if "://" in found[scheme] else f"http://{found[scheme]}"
        for scheme in SCHEMES
        if found.get(scheme)
    }
    entries = (entry.strip().lower() for entry in found.get("no", "").split(","))
    return Proxies(urls=urls, without=tuple(entry for entry in entries if entry))


def check_proxies() -> None:
    """Raises UsageError for a proxy that cannot be used. Its text is not shown, because it may contain a password."""
    proxies = read_proxies()
    for scheme in _unusable(proxies):
        raise UsageError(
            f"{scheme.upper()}_PROXY is not the address of a proxy that Flightplan can use.",
            hint="Write http://host:port or https://host:port, or remove it for this step. SOCKS is not supported.",
        )


def _unusable(proxies: Proxies) -> Iterator[str]:
    if not proxies.urls or "*" in proxies.without:
        return
    import httpx

    for scheme, text in proxies.urls.items():
        try:
            url = httpx.Proxy(text).url
            fine = url.scheme in PORTS and url.host and (url.port is None or 0 < url.port < 65536)
        except (httpx.InvalidURL, ValueError):
            fine = False
        if not fine:
            yield scheme


def _covers(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    name, its_port = _split(entry.rpartition("://")[2])
    if its_port and its_port != str(port):
        return False
    if "/" in name or ":" in name:
        return _is_within(host, name)
    name = name.removeprefix("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _split(entry: str) -> tuple[str, str]:
    """Host and port; the port is empty where there is none."""
    if entry.startswith("["):
        name, _, port = entry[1:].partition("]")
        return name, port.removeprefix(":")
    name, colon, port = entry.rpartition(":")
    return (name, port) if colon and ":" not in name and port.isdigit() else (entry, "")


def _is_within(host: str, addresses: str) -> bool:
    """Whether the host is one of these IP addresses. What is none covers nothing."""
    from ipaddress import ip_address, ip_network

    try:
        return ip_address(host) in ip_network(addresses, strict=False)
    except ValueError:
        return False
