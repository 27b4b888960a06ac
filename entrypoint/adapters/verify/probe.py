"""Requests a URL from flightplan.toml. A repository must not be able to reach anything else with it.

The host is resolved once, and all its addresses must be public. The connection goes to one of them, with the name in TLS and in the Host
header. No proxy, no cookies, no credentials. Redirects must stay on the same host. At most 64 KB are read.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import anyio
import httpx

from entrypoint.adapters.network import make_direct_client
from entrypoint.adapters.verify.addresses import is_loopback, is_public
from entrypoint.kernel.verify import LOOPBACK, url_problem
from entrypoint.rollout.ports import Answer, NotAnswered

MOST_BYTES = 64 * 1024
WITHIN = 10.0
"""Seconds for one answer, redirects included."""
MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host, in the order in which to try them. Raises OSError."""


async def resolve_host(host: str, port: int) -> list[str]:
    """The system's addresses, IPv4 first, because GitHub's runners have no IPv6."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(sockaddr[0]) for _, _, _, _, sockaddr in found)
    return sorted(addresses, key=lambda address: ":" in address)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What to request: server, port and path."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def name(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: str) -> str:
        """The URL with the address instead of the host name."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.path}"


_DEFAULT_PORTS = {"https": 443, "http": 80}


class HttpsProbe:
    """Implements rollout.ports.Probe. `allow_loopback`: the Machines API is on this computer, so this is a test."""

    def __init__(
        self,
        *,
        allow_loopback: bool,
        resolve: Resolve = resolve_host,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._resolve = resolve
        self._transport = transport

    async def ask(self, url: str) -> Answer:
        """GET it. Raises NotAnswered."""
        target = _read(url)
        try:
            with anyio.fail_after(WITHIN):
                addresses = await self._addresses(target)
                async with make_direct_client(timeout=WITHIN, transport=self._transport) as client:
                    return await _follow(client, target, addresses)
        except TimeoutError as error:
            raise NotAnswered(f"did not answer within {WITHIN:.0f} s") from error

    async def _addresses(self, target: _Target) -> Sequence[str]:
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise NotAnswered("has a host that does not resolve") from error
        if not found:
            raise NotAnswered("has a host that does not resolve")
        loopback = self._allow_loopback and target.host in LOOPBACK
        if loopback and all(is_loopback(address) for address in found):
            return found
        if target.scheme != "https":
            raise NotAnswered("must begin with https://", is_final=True)
        if not all(is_public(address) for address in found):
            raise NotAnswered("leads to an address that is not public, and was not asked", is_final=True)
        return found


def _read(url: str) -> _Target:
    problem = url_problem(url)
    if problem:
        raise NotAnswered(problem, is_final=True)
    parts = urlsplit(url)
    assert parts.hostname is not None, "url_problem"
    path = parts.path or "/"
    return _Target(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or _DEFAULT_PORTS[parts.scheme],
        path=f"{path}?{parts.query}" if parts.query else path,
    )


async def _follow(client: httpx.AsyncClient, target: _Target, addresses: Sequence[str]) -> Answer:
    """The answer, after redirects on the same host."""
    for _ in range(MOST_REDIRECTS + 1):
        answer, location = await _get(client, target, addresses)
        if location is None:
            return answer
        onward = _read(urljoin(f"{target.scheme}://{target.name}{target.path}", location))
        if onward.origin != target.origin:
            raise NotAnswered("redirects to another host, which was not asked", is_final=True)
        target = onward
    raise NotAnswered(f"redirects more than {MOST_REDIRECTS} times")


async def _get(
    client: httpx.AsyncClient, target: _Target, addresses: Sequence[str]
) -> tuple[Answer, str | None]:
    """The answer of the first address that accepts a connection, and where it redirects to; else None."""
    for address in addresses:
        try:
            async with client.stream(
                "GET",
                target.at(address),
                headers={"Host": target.name},
                extensions={"sni_hostname": target.host},
            ) as response:
                location = response.headers.get("location") if response.status_code in _REDIRECTS else None
                return await _answer(response), location
        except httpx.ConnectError:
            continue
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotAnswered(f"did not answer ({type(error).__name__})") from error
    raise NotAnswered("accepts no connection, or its certificate is not trusted")


async def _answer(response: httpx.Response) -> Answer:
    body = bytearray()
    with anyio.CancelScope() as scope:
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                scope.cancel()
    return Answer(
        status=response.status_code, body=bytes(body[:MOST_BYTES]), is_whole=len(body) <= MOST_BYTES
    )
