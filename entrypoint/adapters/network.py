"""Makes all httpx clients, and reads bodies of limited size."""

from __future__ import annotations

import ssl
import threading
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Self

import anyio
import httpx

from entrypoint import __version__
from entrypoint.adapters.proxies import Proxies, read_proxies

COMMON_HEADERS = {"User-Agent": f"flightplan/{__version__}", "Accept-Encoding": "gzip"}
"""Of every request, unless it says otherwise."""

_LOADING = threading.Lock()
"""A handshake waits for the thread that loads the certificates."""


def make_client(
    *,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    timeout: float,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client that does not follow redirects, so that no server decides where our credentials go. `transport`: for tests."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers={**COMMON_HEADERS, **(headers or {})},
        timeout=timeout,
        follow_redirects=False,
        transport=transport or _Network(httpx.Limits()),
        trust_env=False,
    )


def make_pool(base_url: str, *, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    """The connections to one server, for whoever makes the requests without a client."""
    return _open_pool(_proxy_for(read_proxies(), httpx.URL(base_url)), limits)


class _Network(httpx.AsyncBaseTransport):
    """Connections to any server, over its proxy where it has one."""

    def __init__(self, limits: httpx.Limits) -> None:
        self._limits = limits
        self._proxies = read_proxies()
        self._pools: dict[str | None, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = _proxy_for(self._proxies, request.url)
        if proxy not in self._pools:
            self._pools[proxy] = _open_pool(proxy, self._limits)
        return await self._pools[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()


def _proxy_for(proxies: Proxies, url: httpx.URL) -> str | None:
    return proxies.proxy_for(scheme=url.scheme, host=url.host, port=url.port)


def _open_pool(proxy: str | None, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=_trust(), limits=limits, proxy=proxy)


def make_direct_client(
    *, timeout: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client for an untrusted server: no proxy, no compressed answers. `transport`: for tests."""
    return make_client(
        timeout=timeout,
        headers={"Accept-Encoding": "identity"},
        transport=transport or httpx.AsyncHTTPTransport(verify=_trust(), trust_env=False),
    )


class _Trust(ssl.SSLContext):
    """httpx's TLS settings, with the trusted certificates loaded when the first handshake begins: loading them takes longer than everything
    else that a client needs. Until then it has none, and trusts nobody."""

    def __new__(cls) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """The first call of httpcore's before a handshake."""
        _trusted().set_alpn_protocols(alpn_protocols)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002  # ssl's own
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Trio begins a handshake with it."""
        return _trusted().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


@cache
def _trust() -> ssl.SSLContext:
    """One for all clients."""
    return _Trust()


def load_roots_in_thread() -> None:
    """Load the trusted certificates while other modules are imported: OpenSSL does not hold Python's lock meanwhile."""

    def load() -> None:
        with suppress(OSError):  # raised again at the first handshake
            _trusted()

    threading.Thread(target=load, daemon=True).start()


def _trusted() -> ssl.SSLContext:
    with _LOADING:
        return _load_roots()


@cache
def _load_roots() -> ssl.SSLContext:
    """The trusted certificates. Loaded once, because that is slow."""
    return httpx.create_ssl_context()


async def read_at_most(response: httpx.Response, most: int) -> bytes:
    """The whole body, decompressed. Raises ReadError if it has more than `most` bytes, before or after decompression.

    httpx's own decompression has no limit, and leaves generators open when it fails.
    """
    content = bytearray()
    with anyio.CancelScope() as scope:
        async for piece in response.aiter_raw():
            content += piece
            if len(content) > most:
                scope.cancel()
    try:
        unpacked = _unpack(bytes(content), response.headers.get("content-encoding", ""), most)
    except (zlib.error, ValueError) as error:
        raise httpx.ReadError(f"the answer cannot be unpacked: {error}", request=response.request) from error
    if len(unpacked) > most:
        raise httpx.ReadError(f"the answer is longer than {most} bytes", request=response.request)
    return unpacked


def _unpack(content: bytes, encoding: str, most: int) -> bytes:
    if not content or encoding.lower() in ("", "identity"):
        return content
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise ValueError("unknown content-encoding")
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, most + 1)
