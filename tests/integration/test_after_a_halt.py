"""Writes that wait when a rollout is halted: for a connection, or to be sent again. None of them is sent."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from entrypoint.adapters.machines import connections
from entrypoint.kernel.run import Gate
from entrypoint.modes.result import Result
from tests.bench import Bench, make_bench, virtual
from tests.integration.test_endings import NO_MAILER, RELEASE, WORKERS, run, summary
from tests.shop import make_shop
from tests.simulator.state.behaviours import Behaviour

IMMEDIATE = NO_MAILER.replace("rolling", "immediate").replace(RELEASE, "")
UNKNOWN = {"error": "failed to get manifest registry.fly.io/acme-shop:v42: unknown: manifest unknown"}
SETTLING = {"error": "failed_precondition: unable to update machine from current state: 'stopping'"}
REFUSALS: dict[str, dict[str, Any]] = {
    "too many requests": {
        "fault": "answer",
        "status": 429,
        "headers": {"retry-after": "40"},
        "nth": 1,
        "times": 1,
    },
    "refused connection": {"fault": "drop", "when": "refused", "until": 20.0},
    "image unknown": {"fault": "answer", "status": 400, "body": UNKNOWN, "until": 30.0},
    "settling": {"fault": "answer", "status": 412, "body": SETTLING, "until": 25.0},
}


def updates(bench: Bench) -> int:
    return sum(write.startswith("machine_update") for write in bench.writes())


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_update__is_not_sent_again(refusal: str) -> None:
    """A healthy old machine would get the version that has just failed."""
    rule = {"operation": "machine_update", "machine": WORKERS[0], **REFUSALS[refusal]}
    bench = make_bench(manifest=IMMEDIATE, faults={"rules": [rule]})
    bench.sim.world.behaviours.insert(0, Behaviour(image="*:v42*", group="web", boot="failed"))
    assert run(bench).outputs["result"] == "rolled-back"
    sent = [e for e in bench.sim.journal.find("machine_update") if e.machine == WORKERS[0]]
    assert [e for e in sent if e.status == 200] == [], summary(bench)


def test_a_refused_create__is_not_sent_again() -> None:
    rule = {"operation": "machine_create", "group": "worker", **REFUSALS["image unknown"], "until": 45.0}
    bench = make_shop("bluegreen", faults={"rules": [rule]})
    bench.sim.world.behaviours.insert(0, Behaviour(image="*:v42*", group="web", boot="failed"))
    virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert [e for e in bench.sim.journal.find("machine_create") if e.at > 12 and e.status == 200] == []


@pytest.mark.parametrize(("boot", "so_far"), [("started", 1), ("failed", 7)], ids=["updates", "a rollback"])
def test_a_cancel_while_writes_wait_for_a_connection__sends_none_of_them(
    boot: str, so_far: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUESTS", 1)
    monkeypatch.setattr(connections, "TOGETHER", 1)
    bench = make_bench(manifest=IMMEDIATE)
    if boot == "failed":
        bench.sim.world.behaviours.insert(0, Behaviour(image="*:v42*", boot="failed"))
    bench.sim.latency = 0.3
    stop = anyio.Event()

    async def story() -> Result:
        async def cancel() -> None:
            while updates(bench) < so_far:
                await anyio.sleep(0.05)
            stop.set()

        async with anyio.create_task_group() as group:
            group.start_soon(cancel)
            result = await bench.deploy(gate=Gate.NONE, stop=stop)
            group.cancel_scope.cancel()
        return result

    virtual(story)
    assert updates(bench) <= so_far + 1, "one was on its way"
    assert bench.leases() == []


def test_updates_that_wait_long_for_a_connection__are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six updates of 20 s over one connection, as 5,000 of 2.4 s over a hundred. Fly is not out of reach for that."""
    monkeypatch.setattr(connections, "REQUESTS", 1)
    monkeypatch.setattr(connections, "TOGETHER", 1)
    slow = {"operation": "machine_update", "fault": "slow", "delay": 0.0, "delay_after": 20.0}
    bench = make_bench(manifest=IMMEDIATE, faults={"rules": [slow]})
    assert run(bench, wait_timeout=400.0).outputs["result"] == "deployed", summary(bench)
