"""In process: an httpx transport to a simulator, with breaking connections and timeouts that virtual time can reach."""

from __future__ import annotations

from email.utils import formatdate

import anyio
import httpx

from tests.simulator.app import make_asgi
from tests.simulator.http.broken import DroppedError
from tests.simulator.http.simulator import Simulator


class SimulatorTransport(httpx.AsyncBaseTransport):
    """Sends requests straight to the application, in the client's task; what they cause belongs to the world.

    Every exchange is held against Fly's OpenAPI document (tests/contract/checker.py) unless `contract` is False.
    """

    def __init__(self, simulator: Simulator, *, contract: bool = True) -> None:
        self._simulator = simulator
        self._inner = httpx.ASGITransport(app=make_asgi(simulator, contract=contract))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ConnectError, ReadError, RemoteProtocolError and ReadTimeout as a network would cause them.

        AssertionError means that the request or the answer is against the document.
        """
        response = await self._send(request)
        world = self._simulator.world
        response.headers.setdefault(
            "date", formatdate(world.epoch + world.now, usegmt=True)
        )  # as a server does
        if self._simulator.violations:
            raise AssertionError("\n".join(self._simulator.violations))
        return response

    async def _send(self, request: httpx.Request) -> httpx.Response:
        limit = (request.extensions.get("timeout") or {}).get("read")
        try:
            if limit is None:
                return await self._inner.handle_async_request(request)
            with anyio.fail_after(limit):
                return await self._inner.handle_async_request(request)
        except TimeoutError:
            raise httpx.ReadTimeout("the simulator did not answer in time", request=request) from None
        except DroppedError as dropped:
            raise translate(dropped.when, request) from None

    async def aclose(self) -> None:
        await self._inner.aclose()


def translate(when: str, request: httpx.Request) -> httpx.TransportError:
    """What httpx raises for a connection that broke so."""
    match when:
        case "refused":
            return httpx.ConnectError("connection refused", request=request)
        case "dns":
            return httpx.ConnectError("[Errno -3] Temporary failure in name resolution", request=request)
        case "tls":
            return httpx.ConnectError(
                "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", request=request
            )
        case "body":
            return httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        case _:
            return httpx.ReadError("connection reset by peer", request=request)


def make_client(
    simulator: Simulator, *, token: str = "test-token", timeout: float | None = 75.0, contract: bool = True
) -> httpx.AsyncClient:
    """A plain HTTP client of the simulator, as if it were Fly."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        transport=SimulatorTransport(simulator, contract=contract),
        base_url="http://fly.test",
        headers=headers,
        timeout=timeout,
    )
