"""The Machines API at the ports: what the product's client asks is done by the simulator's endpoints in the same call.

Everything that decides is the client's own: pacing, repeating, what a refusal means, how an unclear write is resolved. What is left out
is the wire: httpx, the ASGI application, JSON as text, and the check against Fly's document. tests/ports/test_doors.py holds both doors
against one another.
"""

from __future__ import annotations

import json
import marshal
import random
import re
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import cache
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import unquote

import anyio
import httpx

from entrypoint.adapters.machines.addresses import Addresses
from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.endpoint import LEASE_HEADER
from entrypoint.adapters.machines.endpoint import Endpoint as Server
from entrypoint.adapters.machines.labels import Labels
from entrypoint.adapters.machines.leases import LeaseCalls
from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.adapters.machines.pools import Pools
from entrypoint.adapters.machines.power import Power
from entrypoint.adapters.machines.preflight.client import PreflightClient
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.snapshots import Snapshots
from entrypoint.adapters.machines.transport import Transport
from entrypoint.adapters.machines.volumes import Volumes
from entrypoint.adapters.machines.waits import Waits
from entrypoint.adapters.machines.writes import Writes
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.secrets import Secret
from tests.ports.fate import Fate
from tests.simulator.app import AREAS
from tests.simulator.http.call import Call as Asked
from tests.simulator.http.call import Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.http.simulator import Exchange, Simulator
from tests.simulator.http.tokens import Token
from tests.simulator.transport import translate

TOKEN = "FlyV1 fm2_bench"
RUN = "x-run"
"""The header that says which process a request is of."""


class Said(Answer):
    """An answer whose body is at hand."""

    def __init__(self, *, body: Any, what: str, status: int, headers: httpx.Headers, content: bytes) -> None:
        super().__init__(what=what, status=status, headers=headers, content=content)
        self.body = body

    def json(self) -> Any:
        """See Answer."""
        if self.body is None or isinstance(self.body, bytes):
            raise self.unexpected("not JSON")
        return self.body

    def object(self) -> dict[str, Any]:
        """See Answer."""
        return self.body if isinstance(self.body, dict) else {}


class Heads:
    """The headers that the client reads. The server's date, and the request's id, are made when somebody asks for them."""

    __slots__ = ("_given", "_moment", "_request_id")

    def __init__(self, given: dict[str, str], *, moment: float, request_id: Callable[[], str]) -> None:
        self._given = given
        self._moment = moment
        self._request_id = request_id

    def get(self, name: str, default: str | None = None) -> str | None:
        """As of httpx.Headers."""
        if name == "date":
            return formatdate(self._moment, usegmt=True)
        if name == "fly-request-id":
            return f"{self._request_id()}-sim"
        return self._given.get(name, default)


class PortTransport(Transport):
    """Calls without a wire. `fate`: whether the process still lives."""

    def __init__(
        self, sim: Simulator, *, limiter: Limiter, dice: random.Random, fate: Fate, label: str
    ) -> None:
        pools = Pools(httpx.AsyncBaseTransport, most=1, each=1)
        endpoint = Server(base_url="", token=Secret(TOKEN))
        super().__init__(pools, endpoint=endpoint, limiter=limiter, dice=dice, hidden=())
        self._sim = sim
        self._fate = fate
        self._label = label

    async def _exchange(self, call: Call, *, droppable: bool) -> Answer:
        asked, endpoint = self._ask(call)
        fate = self._fate
        ends = fate.reaches(endpoint.operation, asked)
        if ends and not fate.executed:
            await fate.die()
        exchange, reply, is_late = self._sim.begin(endpoint, asked), None, False
        if exchange.rule is None and endpoint.hold is None:
            reply = await self._sim.carry_out(
                exchange
            )  # no deadline: it is answered at once, and a scope costs time
        else:
            try:
                with anyio.fail_after(call.timeout):
                    reply = await self._sim.carry_out(exchange)
            except TimeoutError:
                is_late = True
        if ends or fate.dead:
            await fate.die()
        if is_late:
            raise httpx.ReadTimeout("the simulator did not answer in time")
        return self._read(call, exchange, reply)

    def _ask(self, call: Call) -> tuple[Asked, Endpoint]:
        endpoint, path = find_endpoint(call.method, call.path)
        headers = {"authorization": TOKEN, RUN: self._label}
        if call.nonce:
            headers[LEASE_HEADER] = call.nonce
        asked = Asked(
            simulator=self._sim,
            method=call.method,
            address=call.path,
            path=path,
            query=list(call.params),
            headers=headers,
            body=None if call.body is None else copied(call.body),
            token=Token(text=""),
        )
        return asked, endpoint

    def _read(self, call: Call, exchange: Exchange, reply: Reply | None) -> Answer:
        """Raises httpx.RequestError as the network would."""
        rule, world = exchange.rule, self._sim.world
        if reply is None or (rule is not None and rule.fault == "drop"):
            assert rule is not None
            raise translate(rule.when, httpx.Request(call.method, f"http://fly.test{call.path}"))
        body = reply.body if isinstance(reply.body, bytes) else _copied_reply(reply.body)
        content = b""
        if reply.status >= 300 and body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        heads = Heads(
            {name.lower(): value for name, value in reply.headers.items()},
            moment=world.epoch + world.now,
            request_id=exchange.request_id,
        )
        return Said(
            what=call.what,
            status=reply.status,
            headers=cast("httpx.Headers", heads),
            content=content,
            body=body,
        )


class PortMachines(MachinesClient):
    """rollout.ports.Machines: the client over a transport without a wire."""

    def __init__(
        self, sim: Simulator, *, app: AppName, dice: random.Random, fate: Fate, label: str = ""
    ) -> None:
        http = PortTransport(sim, limiter=Limiter(), dice=dice, fate=fate, label=label)
        self.http = http
        self._reads = Reads(http, app=app)
        self._leases = LeaseCalls(http, reads=self._reads)
        self._writes = Writes(http, reads=self._reads, leases=self._leases)
        self._power = Power(http, reads=self._reads)
        self._labels = Labels(http, reads=self._reads)
        self._addresses = Addresses(http, reads=self._reads)
        self._snapshots = Snapshots(http, reads=self._reads)
        self._volumes = Volumes(http, reads=self._reads)
        self._waits = Waits(http, reads=self._reads)
        self.preflight = PreflightClient(http, app=app, root=self._reads.root, header=TOKEN)

    def drop_waiting(self) -> None:
        """See MachinesClient."""
        self.http.drop_waiting()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


def make_ported(
    sim: Simulator, *, app: AppName, dice: random.Random, fate: Fate, label: str
) -> MachinesClient:
    """The client without a wire."""
    return PortMachines(sim, app=app, dice=dice, fate=fate, label=label)


def _copied_reply(body: Any) -> Any:
    """`copied`, in a tenth of the time: the simulator answers with nothing but what JSON has, and lists, never tuples."""
    return marshal.loads(marshal.dumps(body, 2))


def copied(value: Any) -> Any:
    """As it would come out of JSON."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None or kind is float:
        return value
    if kind is dict:
        return {key: item if type(item) is str else copied(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [item if type(item) is str else copied(item) for item in value]
    if isinstance(value, str):
        return str(value)
    return {str(key): copied(item) for key, item in value.items()}


def find_endpoint(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The route of a path, and what its parameters are."""
    endpoint, found = _found(method, path)
    return endpoint, dict(found)


@cache
def _found(method: str, path: str) -> tuple[Endpoint, tuple[tuple[str, str], ...]]:
    for endpoint, pattern, names in _routes():
        if endpoint.method == method and pattern.fullmatch(path):
            parts = path.strip("/").split("/")
            return endpoint, tuple((name, unquote(parts[at])) for name, at in names)
    raise AssertionError(f"no endpoint for {method} {path}")


@cache
def _routes() -> tuple[tuple[Endpoint, re.Pattern[str], tuple[tuple[str, int], ...]], ...]:
    return tuple(_each_route())


def _each_route() -> Iterator[tuple[Endpoint, re.Pattern[str], tuple[tuple[str, int], ...]]]:
    for area in AREAS:
        for endpoint in area.ENDPOINTS:
            parts = endpoint.path.strip("/").split("/")
            names = tuple((part[1:-1], at) for at, part in enumerate(parts) if part.startswith("{"))
            text = "".join("/[^/]+" if part.startswith("{") else "/" + re.escape(part) for part in parts)
            yield endpoint, re.compile(text), names
