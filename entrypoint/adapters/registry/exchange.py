"""One HTTP exchange with a registry: bounded in time and size, redirects followed without credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import anyio
import httpx

from entrypoint.adapters.network import read_at_most
from entrypoint.adapters.registry.places import may_lead, read_origin

TIMEOUT = 10.0
"""Seconds to connect, and between two pieces of an answer."""
LONGEST = 20.0
"""Seconds for one whole exchange."""
MOST_BYTES = 4 * 1024 * 1024
"""The limit for manifests (OCI distribution specification, "Pushing Manifests")."""
MOST_REDIRECTS = 3


class RegistryError(Exception):
    """What the registry did wrong, in words. A retry does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer."""

    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


async def exchange(client: httpx.AsyncClient, method: str, url: str, *, headers: Mapping[str, str]) -> Reply:
    """The answer, after redirects. `Authorization` goes to the first origin only. Raises RegistryError, httpx.RequestError."""
    try:
        with anyio.fail_after(LONGEST):
            for _ in range(MOST_REDIRECTS + 1):
                reply = await _receive(client, method, url, headers=headers)
                location = reply.headers.get("location", "")
                if reply.status not in (301, 302, 303, 307, 308) or not location:
                    return reply
                url, headers = _follow(url, location, headers)
    except TimeoutError:
        raise httpx.ReadTimeout(f"no whole answer within {LONGEST:.0f} s") from None
    except (httpx.InvalidURL, UnicodeError) as error:
        raise RegistryError("gives an address that is not a URL") from error
    raise RegistryError("redirects too many times")


def _follow(url: str, location: str, headers: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    try:
        target = urljoin(url, location)
        here, there = read_origin(url), read_origin(target)
    except ValueError as error:
        raise RegistryError("redirects to an address that is not a URL") from error
    if not may_lead(here, there):
        raise RegistryError(
            f"redirects to {there.scheme}://{there.host[:80]}, which is not a host of this registry"
        )
    if here != there:
        headers = {name: value for name, value in headers.items() if name != "Authorization"}
    return target, headers


async def _receive(client: httpx.AsyncClient, method: str, url: str, *, headers: Mapping[str, str]) -> Reply:
    async with client.stream(method, url, headers=dict(headers)) as response:
        content = await read_at_most(response, MOST_BYTES)
    return Reply(status=response.status_code, headers=response.headers, content=content)
