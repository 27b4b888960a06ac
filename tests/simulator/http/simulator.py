"""The server: one world, one journal, and the way every request takes through faults, tokens and limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.simulator.faults import Rule, find_fault
from tests.simulator.http.broken import Drop, Trickle
from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.clock import Clock
from tests.simulator.http.journal import Entry, Journal
from tests.simulator.http.limits import Limiter
from tests.simulator.http.replicas import Replicas
from tests.simulator.http.reply import Reply, refuse
from tests.simulator.http.tokens import Token, Tokens, check_app, check_write
from tests.simulator.state.hands import perform
from tests.simulator.state.model import Machine
from tests.simulator.state.refusals import Code, Refusal, invalid
from tests.simulator.state.world import World

COOKIE = "fly_flaps_affinity"
_NO_BODY = object()


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

    def __post_init__(self) -> None:
        self.world.changed = self._tell

    def _tell(self, owner: str) -> None:
        self.clock.tell(owner)

    def look(self) -> float:
        """Let everything due happen; the present virtual time."""
        self.world.advance(self.clock.now())
        return self.world.now

    def act(self, act: str, **words: Any) -> list[str]:
        """Do something to the fleet by hand (state/hands.py), at the present moment."""
        self.look()
        return perform(self.world, {"act": act, **words})

    async def answer(self, endpoint: Endpoint, request: Request) -> Response:
        """Journal the request, let faults strike, perform it, reply."""
        raw = await request.body()
        self.look()
        body = _read_json(raw)
        entry = self._open(endpoint, request, None if body is _NO_BODY else body)
        rule = self._find_rule(entry)
        if rule is not None:
            entry.fault = rule.label
        call = self._make_call(request, None if body is _NO_BODY and not raw else body)
        reply, response = await self._go(endpoint, call, rule, entry)
        entry.answered_at = self.look()
        if isinstance(response, Drop):
            return response
        entry.status = reply.status
        entry.reply = None if isinstance(reply.body, bytes) else reply.body
        return response

    def _open(self, endpoint: Endpoint, request: Request, body: Any) -> Entry:
        nonce = request.headers.get("fly-machine-lease-nonce")
        operation = endpoint.operation
        if operation == "lease_acquire" and nonce:
            operation = "lease_refresh"
        return self.journal.open(
            at=self.world.now,
            method=request.method,
            path=request.url.path,
            query=[(str(k), str(v)) for k, v in request.query_params.multi_items()],
            operation=operation,
            app=request.path_params.get("app"),
            machine=request.path_params.get("machine"),
            body=body,
            nonce=nonce,
            actor="",
        )

    def _find_rule(self, entry: Entry) -> Rule | None:
        machine = self._peek(entry.app, entry.machine)
        return find_fault(
            self.rules,
            operation=entry.operation,
            app=entry.app or "",
            machine=(machine.id, machine.name) if machine else (entry.machine or _name_in(entry.body),),
            group=machine.group if machine else _group_in(entry.body),
            now=self.world.now,
            dice=self.world.dice,
        )

    def _peek(self, app: str | None, machine: str | None) -> Machine | None:
        found = self.world.apps.get(app or "")
        return found.machines.get(machine or "") if found else None

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

    async def _go(
        self, endpoint: Endpoint, call: Call, rule: Rule | None, entry: Entry
    ) -> tuple[Reply, Response]:
        """Through the fault, if any, to the reply."""
        fault = rule.fault if rule else None
        if rule is not None and fault == "drop" and rule.when in {"refused", "before"}:
            return Reply(status=0), Drop(when=rule.when)
        if rule is not None and fault == "answer" and not rule.commit:
            await self.clock.sleep(rule.delay)
            reply = _script_reply(rule)
            return reply, self._respond(call, reply)
        if rule is not None and fault == "act":
            for words in rule.acts:
                perform(
                    self.world,
                    {
                        "machine": entry.machine or "*",
                        "app": entry.app or next(iter(self.world.apps)),
                        **words,
                    },
                )
        before = self.latency / 2 + (rule.delay if rule is not None and fault == "slow" else 0.0)
        reply = await self._perform(endpoint, call, entry, delay=before)
        after = self.latency / 2
        if rule is not None:
            after += rule.delay_after if fault == "slow" else (rule.delay if fault == "answer" else 0.0)
            reply = _bend(rule, reply)
        await self.clock.sleep(after) if after > 0 else None
        response = self._respond(call, reply)
        if rule is not None and fault == "drop":
            return reply, Drop(when=rule.when, body=bytes(response.body), status=reply.status)
        if rule is not None and fault == "trickle":
            return reply, Trickle(whole=response, seconds=rule.delay, clock=self.clock)
        return reply, response

    async def _perform(self, endpoint: Endpoint, call: Call, entry: Entry, *, delay: float) -> Reply:
        """Perform the request `delay` seconds from now, whether or not the client still waits then."""
        if endpoint.hold is not None:
            if delay > 0:
                await self.clock.sleep(delay)
                self.look()
            return await self._hold(endpoint, call, entry)
        done: list[Reply] = []

        def commit() -> None:
            done.append(self._commit(endpoint, call, entry))

        if delay <= 0:
            commit()
            return done[0]
        owner = f"request {entry.order}"
        self.world.timers.at(self.world.now + delay, owner, commit)
        while not done:
            due = self.world.timers.next_due(owner)
            await self.clock.wait_for_change(owner, until=self.world.now if due is None else due)
            self.look()
        return done[0]

    def _commit(self, endpoint: Endpoint, call: Call, entry: Entry) -> Reply:
        assert endpoint.handle is not None
        handle: Callable[[Call], Reply] = endpoint.handle
        try:
            self._admit(endpoint, call, entry)
            stale = self.replicas.answer(call, endpoint)
            reply = stale if stale is not None else handle(call)
        except Refusal as refusal:
            reply = refuse(refusal, retry_after=self.world.switches.retry_after)
        self.replicas.remember(call, endpoint, reply)
        return reply

    async def _hold(self, endpoint: Endpoint, call: Call, entry: Entry) -> Reply:
        assert endpoint.hold is not None
        try:
            self._admit(endpoint, call, entry)
            return await endpoint.hold(call)
        except Refusal as refusal:
            return refuse(refusal, retry_after=self.world.switches.retry_after)

    def _admit(self, endpoint: Endpoint, call: Call, entry: Entry) -> None:
        """Token, app, limit, in this order. Refuses."""
        if endpoint.open:
            return
        call.token = self.tokens.identify(call.headers.get("authorization"), now=self.world.now)
        entry.actor = call.token.owner
        if "app" in call.path:
            self.world.app(call.path["app"])
            check_app(call.token, call.path["app"])
        if endpoint.needs_write:
            check_write(call.token)
        if endpoint.limited:
            key = call.path.get("machine") or call.path.get("app") or call.path.get("org") or call.token.owner
            self.limiter.take(endpoint.operation, key, now=self.world.now)
        if call.body is _NO_BODY:
            raise invalid("invalid json body")

    def _respond(self, call: Call, reply: Reply) -> Response:
        number = self.world.count()
        headers = {
            "fly-request-id": f"{self.world.make_ulid()}-sim",
            "server": f"Fly/simulator-{number % 7}",
            **reply.headers,
        }
        if reply.body is None:
            response = Response(status_code=reply.status, headers=headers)
        elif isinstance(reply.body, bytes):
            response = Response(content=reply.body, status_code=reply.status, headers=headers)
        else:
            content = json.dumps(reply.body, separators=(",", ":")).encode()
            response = Response(
                content=content, status_code=reply.status, headers=headers, media_type="application/json"
            )
        app = call.path.get("app") or (call.object().get("name") if isinstance(call.body, dict) else None)
        if (
            call.method in {"POST", "PUT", "PATCH", "DELETE"}
            and reply.status < 300
            and app in self.world.apps
        ):
            response.set_cookie(COOKIE, f"node-{number}", path=f"/v1/apps/{app}")
        return response


def _bend(rule: Rule, reply: Reply) -> Reply:
    """What the fault makes of a reply whose request was done."""
    if rule.fault == "answer":
        return _script_reply(rule)
    if rule.fault == "rewrite" and isinstance(reply.body, dict) and isinstance(rule.body, dict):
        return Reply(status=reply.status, body=_lay_over(reply.body, rule.body), headers=reply.headers)
    if rule.fault == "rewrite" and isinstance(reply.body, list) and isinstance(rule.body, dict):
        return Reply(
            status=reply.status, body=[_lay_over(row, rule.body) for row in reply.body], headers=reply.headers
        )
    if rule.fault == "rewrite":
        return Reply(status=reply.status, body=rule.body, headers=reply.headers)
    return reply


def _lay_over(base: Any, patch: Any) -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: _lay_over(base.get(key), value) for key, value in patch.items()}}
    return patch


def _script_reply(rule: Rule) -> Reply:
    headers = dict(rule.headers)
    if rule.html:
        headers.setdefault("Content-Type", "text/html")
        page = f"<html><body><h1>{rule.status}</h1>{rule.body or ''}</body></html>"
        return Reply(status=rule.status, body=page.encode(), headers=headers)
    if rule.body is None and rule.status == 429:
        return (
            refuse(Refusal(Code.RESOURCE_EXHAUSTED, "rate limit exceeded"), retry_after=False)
            if not headers
            else Reply(status=429, body={"error": "rate limit exceeded"}, headers=headers)
        )
    return Reply(status=rule.status, body=rule.body, headers=headers)


def _read_json(raw: bytes) -> Any:
    if not raw:
        return _NO_BODY
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return _NO_BODY


def _name_in(body: Any) -> str:
    return str(body.get("name") or "") if isinstance(body, dict) else ""


def _group_in(body: Any) -> str:
    try:
        return str(body["config"]["metadata"]["fly_process_group"])
    except (KeyError, TypeError):
        return ""
