"""Makes all httpx clients, and reads bodies of limited size."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Mapping
from functools import cache
from http.cookiejar import CookieJar

import anyio
import httpx

from entrypoint import __version__

_DIRECT = {"all://localhost": None, "all://127.0.0.1": None, "all://[::1]": None}
"""Requests to this computer never use HTTP_PROXY, as in Go and so in flyctl."""


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
    common = {"User-Agent": f"flightplan/{__version__}", "Accept-Encoding": "gzip"}
    return httpx.AsyncClient(
        base_url=base_url,
        headers={**common, **(headers or {})},
        timeout=timeout,
        limits=limits or httpx.Limits(),
        cookies=cookies,
        follow_redirects=False,
        transport=transport,
        mounts=_DIRECT if transport is None else None,
        verify=_trusted() if transport is None else True,
    )


def make_direct_client(
    *, timeout: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client for an untrusted server: no proxy, no compressed answers. `transport`: for tests."""
    return make_client(
        timeout=timeout,
        headers={"Accept-Encoding": "identity"},
        transport=transport or httpx.AsyncHTTPTransport(verify=_trusted(), trust_env=False),
    )


@cache
def _trusted() -> ssl.SSLContext:
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
