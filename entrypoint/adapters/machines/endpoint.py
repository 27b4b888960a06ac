"""Exchanges one request for its answer, bounded in time and size.

httpx's client is left out: what it does for a request (redirects, authentication, proxies of several hosts, queries) took a third of our CPU,
and is either not wanted or known beforehand here.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.network import COMMON_HEADERS, read_at_most
from entrypoint.adapters.tokens import authorization
from entrypoint.kernel.secrets import Secret

CONNECT_TIMEOUT = 10.0
WRITE_TIMEOUT = 30.0
LONGEST_READ = 30.0
"""Seconds from an answer's first byte to its last; but not more than `Call.timeout`."""
MOST_BYTES = 128 * 1024 * 1024
"""Of one answer. Enough for 5,000 machines from a server without pages."""
LEASE_HEADER = "fly-machine-lease-nonce"


class Endpoint:
    """A Machines API, and what each request to it carries: the token, and the cookies that it has set."""

    def __init__(self, *, base_url: str, token: Secret) -> None:
        self._root = base_url.rstrip("/")
        self._headers = {**COMMON_HEADERS, "Authorization": authorization(token)}
        self._cookies = httpx.Cookies()  # fly_flaps_affinity: after a write, reads go to the node that has it
        self._has_cookies = False

    async def exchange(self, pool: httpx.AsyncBaseTransport, call: Call) -> Answer:
        """Send it once. Raises httpx.RequestError if there is no complete answer, for any reason."""
        request = self._request(call)
        try:
            with anyio.fail_after(call.timeout + min(LONGEST_READ, call.timeout)):
                return await self._receive(pool, request, call)
        except TimeoutError:
            raise httpx.ReadTimeout("the answer took too long", request=request) from None

    def _request(self, call: Call) -> httpx.Request:
        query = f"?{urlencode(call.params)}" if call.params else ""
        request = httpx.Request(
            call.method,
            f"{self._root}{call.path}{query}",
            headers=self._headers | _headers(call),
            # Not httpx's `json=`: our escapes keep lone surrogates, which a live config may have.
            content=None if call.body is None else json.dumps(call.body, allow_nan=False).encode(),
            extensions={"timeout": _timeouts(call)},
        )
        if self._has_cookies:
            self._cookies.set_cookie_header(request)
        return request

    async def _receive(self, pool: httpx.AsyncBaseTransport, request: httpx.Request, call: Call) -> Answer:
        response = await pool.handle_async_request(request)
        response.request = request
        try:
            content = await read_at_most(response, MOST_BYTES)
        finally:
            await response.aclose()
        if response.headers.get("set-cookie", "é").isascii():  # no other could be sent back
            self._cookies.extract_cookies(response)
            self._has_cookies = True
        return Answer(what=call.what, status=response.status_code, headers=response.headers, content=content)


def _headers(call: Call) -> dict[str, str]:
    headers = {LEASE_HEADER: call.nonce} if call.nonce else {}
    return headers if call.body is None else {**headers, "Content-Type": "application/json"}


def _timeouts(call: Call) -> dict[str, Any]:
    """Seconds, as httpx's transports want them."""
    return {
        "connect": CONNECT_TIMEOUT,
        "read": call.timeout,
        "write": WRITE_TIMEOUT,
        "pool": max(call.timeout, CONNECT_TIMEOUT),
    }
