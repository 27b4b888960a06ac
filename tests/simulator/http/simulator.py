"""The server: one world, one journal, and the way every request takes through faults to its answer."""

from __future__ import annotations

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
from tests.simulator.state.model import Machine
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.world import World

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
        """Journal the request, let faults strike, do it, reply."""
        body = read_json(await request.body())
        self.look()
        call = self._make_call(request, body)
        entry = self._open(endpoint, call, request)
        rule = self._find_rule(entry)
        if rule is not None:
            entry.fault = rule.label
            request.scope[BENT] = rule.fault in {"answer", "drop", "rewrite", "hide", "trickle"}
        reply, response = await self._go(endpoint, call, rule, entry)
        entry.answered_at = self.look()
        self._tell_watchers()
        if not isinstance(response, Drop):
            entry.status = reply.status
            entry.reply = None if isinstance(reply.body, bytes) else reply.body
        return response

    def _make_call(self, request: Request, body: Any) -> Call:
        return Call(
            simulator=self,
            method=request.method,
            path={key: str(value) for key, value in request.path_params.items()},
            query=[(str(k), str(v)) for k, v in request.query_params.multi_items()],
            headers={key.lower(): value for key, value in request.headers.items()},
            body=body,
            token=Token(text=""),
        )

    def _open(self, endpoint: Endpoint, call: Call, request: Request) -> Entry:
        refresh = endpoint.operation == "lease_acquire" and call.nonce is not None
        return self.journal.open(
            at=self.world.now,
            method=call.method,
            path=request.url.path,
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

    async def _go(
        self, endpoint: Endpoint, call: Call, rule: Rule | None, entry: Entry
    ) -> tuple[Reply, Response]:
        """Through the fault, if any, to the answer."""
        if rule is None:
            reply = await self._perform(endpoint, call, entry, delay=self.latency / 2)
            await self.clock.pause(self.latency / 2)
            return reply, render(call, reply)
        if rule.fault == "drop" and rule.when not in {"after", "body"}:
            return Reply(status=0), Drop(when=rule.when)
        if rule.fault == "answer" and not rule.commit:
            await self.clock.pause(rule.delay)
            reply = script_reply(rule)
            return reply, render(call, reply)
        if rule.fault == "act":
            for words in rule.acts:
                perform(self.world, _aim(words, entry))
        slow = rule.fault == "slow"
        reply = await self._perform(
            endpoint, call, entry, delay=self.latency / 2 + (rule.delay if slow else 0.0)
        )
        late = rule.delay_after + (rule.delay if rule.fault == "answer" else 0.0)
        await self.clock.pause(self.latency / 2 + late)
        reply = bend(rule, reply)
        return reply, break_up(rule, render(call, reply), clock=self.clock)

    async def _perform(self, endpoint: Endpoint, call: Call, entry: Entry, *, delay: float) -> Reply:
        """Do the request `delay` seconds from now, whether or not the client still waits then."""
        if endpoint.hold is not None:
            await self.clock.pause(delay)
            self.look()
            return await self._hold(endpoint, call, entry)
        if delay <= 0:
            return self._commit(endpoint, call, entry)
        done: list[Reply] = []
        owner = f"request {entry.order}"
        due = self.world.now + delay
        self.world.timers.at(due, owner, lambda: done.append(self._commit(endpoint, call, entry)))
        while not done:
            await self.clock.wait_for_change(owner, until=due)
            self.look()
        return done[0]

    def _commit(self, endpoint: Endpoint, call: Call, entry: Entry) -> Reply:
        assert endpoint.handle is not None
        try:
            admit(call, endpoint)
            return self.replicas.answer(call, endpoint) or endpoint.handle(call)
        except Refusal as refusal:
            return refuse(refusal, switches=self.world.switches)
        finally:
            entry.actor = call.token.owner

    async def _hold(self, endpoint: Endpoint, call: Call, entry: Entry) -> Reply:
        assert endpoint.hold is not None
        try:
            admit(call, endpoint)
            entry.actor = call.token.owner
            return self.replicas.answer(call, endpoint) or await endpoint.hold(call)
        except Refusal as refusal:
            return refuse(refusal, switches=self.world.switches)


def _aim(words: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """An act without an aim concerns what the request concerns."""
    aim = {key: value for key, value in (("app", entry.app), ("machine", entry.machine)) if value is not None}
    return {**aim, **words}
