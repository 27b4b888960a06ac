"""Makes all httpx clients, and reads bodies of limited size."""

from __future__ import annotations

import ssl
import threading
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from http.cookiejar import CookieJar
from typing import Self
from urllib.request import getproxies, proxy_bypass

import anyio
import httpx

from entrypoint import __version__

_HERE = ("localhost", "127.0.0.1", "::1")
_DIRECT = {f"all://[{host}]" if ":" in host else f"all://{host}": None for host in _HERE}
"""Requests to this computer never use HTTP_PROXY, as in Go and so in flyctl."""

COMMON_HEADERS = {"User-Agent": f"flightplan/{__version__}", "Accept-Encoding": "gzip"}
"""Of every request, unless it says otherwise."""

_LOADING = threading.Lock()
"""A handshake waits for the thread that loads the certificates."""


def make_client(
    *,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    timeout: float,
    limits: httpx.Limits | None = None,
    cookies: CookieJar | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client that does not follow redirects, so that no server decides where our credentials go. `transport`: for tests."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers={**COMMON_HEADERS, **(headers or {})},
        timeout=timeout,
        limits=limits or httpx.Limits(),
        cookies=cookies,
        follow_redirects=False,
        transport=transport,
        mounts=_DIRECT if transport is None else None,
        verify=_trust() if transport is None else True,
    )


def make_pool(base_url: str, *, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    """The connections of such a client to one server, for whoever makes the requests without the client."""
    return httpx.AsyncHTTPTransport(verify=_trust(), limits=limits, proxy=_proxy_of(httpx.URL(base_url)))


def _proxy_of(url: httpx.URL) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY ask for."""
    if url.host in _HERE or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    found = proxies.get(url.scheme) or proxies.get("all")
    return found if found is None or "://" in found else f"http://{found}"


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
