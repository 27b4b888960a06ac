"""The other door: the same client over httpx, the ASGI application and JSON, every exchange held against Fly's document."""

from __future__ import annotations

import json
import random

import httpx

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.secrets import Secret
from tests.ports.door import RUN, TOKEN, find_endpoint
from tests.ports.fate import Fate
from tests.simulator.http.call import Call
from tests.simulator.http.simulator import Simulator
from tests.simulator.http.tokens import Token
from tests.simulator.transport import SimulatorTransport


def make_wired(
    sim: Simulator, *, app: AppName, dice: random.Random, fate: Fate, label: str
) -> MachinesClient:
    """The client, with the fate of a process at the ports."""
    transport = FatedTransport(sim, fate=fate, label=label)
    client = MachinesClient(app=app, base_url="http://fly.test", token=Secret(TOKEN), transport=transport)
    for pool in (client._connections.requests, client._connections.leases, client._connections.waits):
        pool._dice = dice  # its pauses are drawn as at the ports
    return client


class FatedTransport(httpx.AsyncBaseTransport):
    """As PortTransport, one layer below."""

    def __init__(self, sim: Simulator, *, fate: Fate, label: str) -> None:
        self._sim = sim
        self._inner = SimulatorTransport(sim)
        self._fate = fate
        self._label = label

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises KilledError for a process that is dead."""
        fate = self._fate
        endpoint, path = find_endpoint(request.method, request.url.path)
        call = Call(
            simulator=self._sim,
            method=request.method,
            path=path,
            query=[],
            headers=dict(request.headers),
            body=json.loads(request.content) if request.content else None,
            token=Token(text=""),
        )
        ends = fate.reaches(endpoint.operation, call)
        if ends and not fate.executed:
            await fate.die()
        request.headers[RUN] = self._label
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.TransportError:
            if ends or fate.dead:
                await fate.die()
            raise
        if ends or fate.dead:
            await fate.die()
        return response
