"""The server: one world, one journal, and the way every request takes through faults to its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from tests.simulator.faults import Rule, find_fault
from tests.simulator.http.admission import admit
from tests.simulator.http.bending import bend, break_up, script_reply
from tests.simulator.http.bodies import UNREADABLE, find_group, find_name, read_json
from tests.simulator.http.broken import Drop
from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.clock import Clock
from tests.simulator.http.contract import BENT
from tests.simulator.http.journal import Entry, Journal
from tests.simulator.http.limits import Limiter
from tests.simulator.http.rendering import render
from tests.simulator.http.replicas import Replicas
from tests.simulator.http.reply import Reply, refuse
from tests.simulator.http.tokens import Token, Tokens
from tests.simulator.state.hands import perform
from tests.simulator.state.model import Lease, Machine
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.world import World


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request that is being served. `rule` is the fault that applies to it; `number` and `request_id` are known when it is over.

    `request_id` is made when somebody asks for it: most do not.
    """

    endpoint: Endpoint
    call: Call
    entry: Entry
    rule: Rule | None
    number: int = 0
    request_id: Callable[[], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A request that was done, or refused. `held`: the machine's lease just before, lapsed or not."""

    call: Call
    entry: Entry
    reply: Reply
    held: Lease | None


_ANYTHING = "anything"
"""The owner of no timer, told of every change."""


@dataclass(slots=True, kw_only=True)
class Simulator:
    """Everything a running simulator knows. `latency` is seconds per request, half of it each way."""

    world: World
    clock: Clock = field(default_factory=Clock)
    journal: Journal = field(default_factory=Journal)
    rules: list[Rule] = field(default_factory=list)
    tokens: Tokens = field(default_factory=Tokens)
    limiter: Limiter = field(default_factory=Limiter)
    replicas: Replicas = field(default_factory=Replicas)
    latency: float = 0.0
    violations: list[str] = field(default_factory=list)
    """What was against Fly's OpenAPI document, if that is watched (contract.py)."""
    doors: dict[bool, ASGIApp] = field(default_factory=dict)
    """The applications that serve it, by whether they watch the contract: made once (app.make_asgi), for routes take long to compile."""
    witness: Callable[[Deed], None] | None = None
    """Called for every request at the moment it is done, even if its client no longer waits."""
    changes: int = 0
    """How often something changed or was asked: who watches sees whether to look again."""

    def __post_init__(self) -> None:
        self.world.changed = self._tell
        for app in self.world.apps.values():
            for ident in app.machines:
                self.replicas.remember(self.world, ident)

    def _tell(self, owner: str) -> None:
        self.clock.tell(owner)
        self._tell_watchers()
        self.replicas.remember(self.world, owner)

    def _tell_watchers(self) -> None:
        self.changes += 1
        self.clock.tell(_ANYTHING)

    async def watch(self, *, known: int, seconds: float) -> int:
        """Return when there was a change after the `known`th, a request included, or after `seconds`; how many there were."""
        deadline = self.look() + seconds
        while self.changes == known and self.world.now < deadline:
            due = self.world.timers.next_due()
            await self.clock.wait_for_change(_ANYTHING, until=deadline if due is None else min(deadline, due))
            self.look()
        return self.changes

    def look(self) -> float:
        """Let everything due happen; the present virtual time."""
        self.world.advance(self.clock.now())
        return self.world.now

    def act(self, act: str, **words: Any) -> list[str]:
        """Do something to the fleet by hand (state/hands.py), at the present moment."""
        self.look()
        return perform(self.world, {"act": act, **words})

    async def answer(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer an HTTP request: journal it, apply faults, do it, reply."""
        exchange = self.begin(endpoint, self._make_call(request, read_json(await request.body())))
        rule = exchange.rule
        if rule is not None:
            request.scope[BENT] = rule.fault in {"answer", "drop", "rewrite", "hide", "trickle"}
        reply = await self.carry_out(exchange)
        if reply is None:
            return Drop(when=rule.when if rule else "before")
        response = render(
            exchange.call, reply, number=exchange.number, request_id=f"{exchange.request_id()}-sim"
        )
        return response if rule is None else break_up(rule, response, clock=self.clock)

    def begin(self, endpoint: Endpoint, call: Call) -> Exchange:
        """Journal a request that has come, and look up the fault that applies to it."""
        self.look()
        entry = self._open(endpoint, call)
        rule = self._find_rule(entry)
        if rule is not None:
            entry.fault = rule.label
        return Exchange(endpoint=endpoint, call=call, entry=entry, rule=rule)

    async def carry_out(self, exchange: Exchange) -> Reply | None:
        """The answer that leaves the server; None where the connection breaks before the request is done."""
        entry, rule = exchange.entry, exchange.rule
        reply = await self._go(exchange)
        if reply is not None:
            exchange.number = self.world.count()
            exchange.request_id = self.world.ulid_of_now()
        entry.answered_at = self.look()
        self._tell_watchers()
        if reply is not None and (rule is None or rule.fault != "drop"):
            entry.status = reply.status
            entry.reply = None if isinstance(reply.body, bytes) else reply.body
        return reply

    def _make_call(self, request: Request, body: Any) -> Call:
        return Call(
            simulator=self,
            method=request.method,
            address=request.url.path,
            path={key: str(value) for key, value in request.path_params.items()},
            query=[(str(k), str(v)) for k, v in request.query_params.multi_items()],
            headers={key.lower(): value for key, value in request.headers.items()},
            body=body,
            token=Token(text=""),
        )

    def _open(self, endpoint: Endpoint, call: Call) -> Entry:
        refresh = endpoint.operation == "lease_acquire" and call.nonce is not None
        return self.journal.open(
            at=self.world.now,
            method=call.method,
            path=call.address,
            query=call.query,
            operation="lease_refresh" if refresh else endpoint.operation,
            app=call.path.get("app"),
            machine=call.path.get("machine"),
            body=None if call.body is UNREADABLE else call.body,
            nonce=call.nonce,
            actor="",
        )

    def _find_rule(self, entry: Entry) -> Rule | None:
        machine = self._peek(entry.app, entry.machine)
        return find_fault(
            self.rules,
            operation=entry.operation,
            app=entry.app or "",
            machine=(machine.id, machine.name) if machine else (entry.machine or find_name(entry.body),),
            group=machine.group if machine else find_group(entry.body),
            now=self.world.now,
            dice=self.world.dice,
        )

    def _peek(self, app: str | None, machine: str | None) -> Machine | None:
        found = self.world.apps.get(app or "")
        return found.machines.get(machine or "") if found else None

    async def _go(self, exchange: Exchange) -> Reply | None:
        """Through the fault, if any, to the answer."""
        rule, half = exchange.rule, self.latency / 2
        if rule is None:
            reply = await self._perform(exchange, delay=half)
            await self.clock.pause(half)
            return reply
        if rule.fault == "drop" and rule.when not in {"after", "body"}:
            return None
        if rule.fault == "answer" and not rule.commit:
            await self.clock.pause(rule.delay)
            return script_reply(rule)
        if rule.fault == "act":
            for words in rule.acts:
                perform(self.world, _aim(words, exchange.entry))
        reply = await self._perform(exchange, delay=half + (rule.delay if rule.fault == "slow" else 0.0))
        late = rule.delay_after + (rule.delay if rule.fault == "answer" else 0.0)
        await self.clock.pause(half + late)
        return bend(rule, reply)

    async def _perform(self, exchange: Exchange, *, delay: float) -> Reply:
        """Do the request `delay` seconds from now, whether or not the client still waits then."""
        endpoint, call, entry = exchange.endpoint, exchange.call, exchange.entry
        if endpoint.hold is not None:
            await self.clock.pause(delay)
            self.look()
            return await self._hold(endpoint, call, entry)
        if delay <= 0:
            return self._commit(endpoint, call, entry)
        done: list[Reply] = []
        due = self.world.now + delay
        self.world.timers.at(
            due, f"request {entry.order}", lambda: done.append(self._commit(endpoint, call, entry))
        )
        while not done:
            await self.clock.sleep_until(due)
            self.look()
        return done[0]

    def _commit(self, endpoint: Endpoint, call: Call, entry: Entry) -> Reply:
        assert endpoint.handle is not None
        machine = None if self.witness is None else self._peek(entry.app, entry.machine)
        held = None if machine is None else machine.lease
        try:
            admit(call, endpoint)
            reply = self.replicas.answer(call, endpoint) or endpoint.handle(call)
        except Refusal as refusal:
            reply = refuse(refusal, switches=self.world.switches)
        finally:
            entry.actor = call.token.owner
        if self.witness is not None:
            self.witness(Deed(call=call, entry=entry, reply=reply, held=held))
        return reply

    async def _hold(self, endpoint: Endpoint, call: Call, entry: Entry) -> Reply:
        assert endpoint.hold is not None
        try:
            admit(call, endpoint)
            entry.actor = call.token.owner
            return self.replicas.answer(call, endpoint) or await endpoint.hold(call)
        except Refusal as refusal:
            return refuse(refusal, switches=self.world.switches)


def _aim(words: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """An act that names no machine applies to that of the request."""
    aim = {key: value for key, value in (("app", entry.app), ("machine", entry.machine)) if value is not None}
    return {**aim, **words}
