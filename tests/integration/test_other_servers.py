"""The demo's deploy against servers that speak the Machines API with other manners than the simulator's.

Each manner is laid over the answers on their way: what is left out, what is said otherwise, what is not there at all. The deploy
must end in the planned fleet, and the next plan must have nothing to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from entrypoint.kernel.run import Gate
from entrypoint.modes.result import Result
from entrypoint.rollout.leases import TTL
from tests.bench import FLEET, MANIFEST, Bench, as_recorded, make_bench, virtual
from tests.samples import some
from tests.shop import STANDBY, WEBS, WORKERS, counts, make_shop

Answer = tuple[int, Any]
Manner = Callable[[httpx.Request, Answer], Answer]
WITHOUT_RELEASE = MANIFEST.replace('release_command = "bin/migrate"', "")
PLANNED = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}


class Manners(httpx.AsyncBaseTransport):
    """Lets an answer through a manner."""

    def __init__(self, inner: httpx.AsyncBaseTransport, manner: Manner) -> None:
        self._inner = inner
        self._manner = manner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        body = await answer.aread()
        try:
            found = json.loads(body) if body else None
        except ValueError:
            return _reply(answer.status_code, answer.headers, body)
        status, changed = self._manner(request, (answer.status_code, found))
        return _reply(status, answer.headers, b"" if changed is None else json.dumps(changed).encode())

    async def aclose(self) -> None:
        await self._inner.aclose()


def _reply(status: int, headers: httpx.Headers, content: bytes) -> httpx.Response:
    kept = {k: v for k, v in headers.items() if k not in ("content-length", "content-encoding")}
    return httpx.Response(status, headers=kept, stream=Pieces(content))


class Pieces(httpx.AsyncByteStream):
    """A body that is read as it comes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def each_machine(found: Any, change: Callable[[dict[str, Any]], None]) -> None:
    """Every machine of an answer: one, or a list of them."""
    for item in found if isinstance(found, list) else [found]:
        if isinstance(item, dict) and "instance_id" in item:
            change(item)


def without(*keys: str, lists_only: bool = False) -> Manner:
    """Machines lack some fields."""

    def drop(machine: dict[str, Any]) -> None:
        for key in keys:
            machine.pop(key, None)

    def manner(_request: httpx.Request, answer: Answer) -> Answer:
        status, found = answer
        if not lists_only or isinstance(found, list):
            each_machine(found, drop)
        return status, found

    return manner


def another_id_at_first(request: httpx.Request, answer: Answer) -> Answer:
    """The answer to a create names an instance that is counted up before the machine starts."""
    status, found = answer
    if request.method == "POST" and request.url.path.endswith("/machines") and isinstance(found, dict):
        found["instance_id"] = found["version"] = "01AAAAAAAAAAAAAAAAAAAAAAAA"
    return status, found


def defaults_everywhere(_request: httpx.Request, answer: Answer) -> Answer:
    """The server adds defaults of its own inside what it was sent, and keys that nobody knows."""
    status, found = answer

    def fill(machine: dict[str, Any]) -> None:
        config = machine.get("config") or {}
        config.setdefault("dns", {})
        config.setdefault("init", {})
        config["tomorrow"] = {"new": True}
        for service in config.get("services") or []:
            service.setdefault("concurrency", {"type": "connections", "hard_limit": 25, "soft_limit": 20})
            service.setdefault("min_machines_running", 0)
        machine["also"] = "new"

    each_machine(found, fill)
    return status, found


def waits(status: int, body: Any) -> Manner:
    """Every wait is answered in one way, whatever it asks."""

    def manner(request: httpx.Request, answer: Answer) -> Answer:
        return (status, body) if request.url.path.endswith("/wait") else answer

    return manner


def one_state_a_wait(request: httpx.Request, answer: Answer) -> Answer:
    """A wait for several states is a bad request."""
    if request.url.path.endswith("/wait") and len(request.url.params.get_list("state")) > 1:
        return 400, {"error": "invalid_argument: one state"}
    return answer


def no_releases(request: httpx.Request, answer: Answer) -> Answer:
    """There is no release API."""
    return (404, {"error": "not found"}) if "/api/v1/" in request.url.path else answer


def broken_releases(request: httpx.Request, answer: Answer) -> Answer:
    """It answers, with something else."""
    return (200, ["what", None]) if "/api/v1/" in request.url.path else answer


def flat_leases(request: httpx.Request, answer: Answer) -> Answer:
    """Leases as the OpenAPI document has them: not wrapped, without version and description."""
    status, found = answer
    if (
        request.url.path.endswith("/lease")
        and isinstance(found, dict)
        and isinstance(found.get("data"), dict)
    ):
        data = found["data"]
        return status, {key: data[key] for key in ("nonce", "expires_at", "owner") if key in data}
    return answer


def digests_spelt_out(_request: httpx.Request, answer: Answer) -> Answer:
    """`config.image` comes back as repo@digest, without the tag that was sent."""
    status, found = answer

    def spell(machine: dict[str, Any]) -> None:
        config, reference = machine.get("config") or {}, machine.get("image_ref") or {}
        if config.get("image") and reference.get("digest"):
            config["image"] = re.sub(r"(:[\w.-]+)?(@.*)?$", "", config["image"]) + "@" + reference["digest"]

    each_machine(found, spell)
    return status, found


def forgets_at_once() -> Manner:
    """Half a second after a wait has told that a machine came to rest, it is not found any more."""
    rested: dict[str, float] = {}

    def manner(request: httpx.Request, answer: Answer) -> Answer:
        status, found = answer
        *_, machine, last = request.url.path.split("/")
        if last == "start":
            rested.pop(machine, None)
        elif last == "wait" and isinstance(found, dict) and found.get("state") in ("stopped", "destroyed"):
            rested.setdefault(machine, anyio.current_time())
        elif isinstance(found, list):
            return status, [row for row in found if row.get("id") not in rested]
        elif request.method == "GET" and anyio.current_time() - rested.get(last, anyio.current_time()) > 0.5:
            return 404, {"error": "machine not found"}
        return answer

    return manner


def tells_the_exit_late() -> Manner:
    """The first three looks at a machine that has ended do not show its exit yet."""
    looks: dict[str, int] = {}

    def manner(_request: httpx.Request, answer: Answer) -> Answer:
        status, found = answer
        if isinstance(found, dict) and has_exit(found):
            looks[found["id"]] = looks.get(found["id"], 0) + 1
            if looks[found["id"]] <= 3:
                found["events"] = [event for event in found["events"] if event["type"] != "exit"]
        return status, found

    return manner


def has_exit(machine: dict[str, Any]) -> bool:
    """Whether it is a machine that has ended once."""
    return "instance_id" in machine and any(event["type"] == "exit" for event in machine.get("events") or [])


MANNERS: dict[str, Manner] = {
    "no nonce with a create": without("nonce"),
    "no events": without("events"),
    "no version, only instance_id": without("version"),
    "no image_ref": without("image_ref"),
    "no host_status, no cordoned, no timestamps": without(
        "host_status", "cordoned", "created_at", "updated_at"
    ),
    "lists without checks, events and nonce": without("checks", "events", "nonce", lists_only=True),
    "another instance_id at first": another_id_at_first,
    "defaults and unknown keys everywhere": defaults_everywhere,
    "waits answered at once": waits(200, {"ok": True}),
    "waits never answered with yes": waits(408, {"error": "deadline_exceeded"}),
    "no wait at all": waits(404, {"error": "not found"}),
    "one state a wait": one_state_a_wait,
    "no release API": no_releases,
    "a broken release API": broken_releases,
    "flat leases": flat_leases,
    "digests spelt out": digests_spelt_out,
}


class NoLeases(httpx.AsyncBaseTransport):
    """A create grants no lease, whatever it asks."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.method == "POST" and request.content else {}
        if isinstance(body, dict) and body.pop("lease_ttl", None):
            kept = {k: v for k, v in request.headers.items() if k != "content-length"}
            request = httpx.Request(
                request.method, request.url, headers=kept, json=body, extensions=request.extensions
            )
        return await self._inner.handle_async_request(request)


def deploy_twice(bench: Bench) -> tuple[Result, Result]:
    async def story() -> tuple[Result, Result]:
        results = await bench.deploy(gate=Gate.NONE, wait_timeout=60.0), await bench.plan()
        await anyio.sleep(TTL)  # a lease whose nonce was never told
        bench.sim.look()
        return results

    return virtual(story)


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_a_server_of_other_manners__is_deployed_to_and_proven(manner: Manner) -> None:
    bench = make_bench(manifest=MANIFEST if manner is not MANNERS["no events"] else WITHOUT_RELEASE)
    bench.network = lambda door: Manners(door, manner)
    first, then = deploy_twice(bench)
    assert first.outputs["result"] == "deployed", "".join(bench.console.summaries)
    assert then.outputs["result"] == "nothing-to-do", bench.console.files["plan.json"][:3000]
    assert {name: len(found) for name, found in bench.groups().items()} == PLANNED
    assert bench.leases() == []


@pytest.mark.parametrize("strategy", ["canary", "bluegreen"])
@pytest.mark.parametrize("manner", some(MANNERS, one_in=4))
def test_machines_are_made_proven_and_destroyed_there_too(manner: str, strategy: str) -> None:
    bench = make_shop(strategy)
    bench.network = lambda door: Manners(door, MANNERS[manner])
    check_made(bench)


@pytest.mark.parametrize("strategy", ["canary", "bluegreen"])
def test_they_are_where_a_create_grants_no_lease(strategy: str) -> None:
    bench = make_shop(strategy)
    bench.network = NoLeases
    check_made(bench)
    made = {
        ident
        for ident in bench.sim.world.apps["acme-shop"].machines
        if ident not in (*WEBS, *WORKERS, STANDBY)
    }
    leased = {e.machine for e in bench.sim.journal.find("lease_acquire")}
    assert made
    assert leased >= made, "so that nobody else changes them during the rollout"


def check_made(bench: Bench) -> None:
    """Deploy, and see that it is as planned."""
    first, then = deploy_twice(bench)
    assert first.outputs["result"] == "deployed", "".join(bench.console.summaries)
    assert then.outputs["result"] == "nothing-to-do", bench.console.files["plan.json"][:3000]
    assert counts(bench) == {"web": 3, "worker": 3}
    assert bench.leases() == []


@pytest.mark.parametrize("manner", ["no events", "waits answered at once", "no wait at all"])
def test_a_bad_image__is_found_out_there_too(manner: str) -> None:
    for fault in ({"group": "worker", "boot": "failed"}, {"group": "web", "checks": "never"}):
        bench = make_bench(manifest=WITHOUT_RELEASE, faults={"behaviours": [{"image": "*:v42*", **fault}]})
        before = as_recorded(bench)
        bench.network = lambda door: Manners(door, MANNERS[manner])
        first, _ = deploy_twice(bench)
        assert first.outputs["result"] == "rolled-back", "".join(bench.console.summaries)
        assert as_recorded(bench) == before


@pytest.mark.parametrize("manner", [forgets_at_once, tells_the_exit_late])
def test_the_end_of_a_release_command__is_seen_whenever_the_server_shows_it(
    manner: Callable[[], Manner],
) -> None:
    quick = {"prepare": [0, 0], "boot": [0, 0], "destroy": [0, 0]}
    behaviours = [{"group": "fly_app_release_command", "task_seconds": 0.2}]
    bench = make_bench(fleet={**FLEET, "timing": quick}, faults={"behaviours": behaviours})
    bench.network = lambda door: Manners(door, manner())
    first, _ = deploy_twice(bench)
    assert first.outputs["result"] == "deployed", "".join(bench.console.summaries)


def test_a_release_command_whose_exit_code_nobody_tells__is_not_believed() -> None:
    bench = make_bench()
    bench.network = lambda door: Manners(door, MANNERS["no events"])
    first = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert first.outputs["result"] == "halted"
    assert "does not tell its exit code" in "".join(bench.console.summaries)
    assert not any(write.startswith("machine_update") for write in bench.writes())
