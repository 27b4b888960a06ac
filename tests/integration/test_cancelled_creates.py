"""A deploy is cancelled while it creates machines: it says which exist, which may exist, and which do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from entrypoint.fleet.model import RELEASE_GROUP
from entrypoint.rollout.leases import TTL
from tests.bench import Bench, virtual
from tests.shop import counts, lost, make_shop

PLANNED = {"web": 3, "worker": 3}


def cancelled(bench: Bench, when: Callable[[], bool]) -> tuple[str, list[str], Any]:
    """A deploy that is cancelled at that moment: what it said, the leases it left, and the run after it."""
    stop = anyio.Event()

    async def story():
        await bench.plan()
        async with anyio.create_task_group() as group:
            group.start_soon(stop_then)
            result = await bench.deploy(stop=stop)
            group.cancel_scope.cancel()
        assert result.outputs["result"] == "cancelled", bench.console.log
        told, leases = bench.told, bench.leases()
        await anyio.sleep(TTL + 71)
        return told, leases, await bench.deploy()

    async def stop_then():
        while not when():
            await anyio.sleep(0.05)
        stop.set()

    return virtual(story)


def test_a_create_without_an_answer__may_have_made_a_machine() -> None:
    slow = {"operation": "machine_create", "nth": 3, "fault": "slow", "delay_after": 70.0}
    bench = make_shop("bluegreen", faults={"rules": [slow]})
    told, leases, again = cancelled(bench, lambda: len(bench.machines()) >= 6 + 3)
    assert len(leases) == 1
    assert "1 new machine may exist: Fly had not answered when the run was cancelled." in told
    assert f"Its lease ends within {TTL} s" in told
    assert again.outputs["result"] == "deployed", bench.console.log
    assert (counts(bench), lost(bench)) == (PLANNED, [])


def test_creates_that_waited_for_their_turn__were_not_sent() -> None:
    bench = make_shop("bluegreen")
    told, leases, again = cancelled(bench, lambda: len(bench.machines()) >= 6 + 2)
    assert leases == []
    assert "may exist" not in told
    assert "4 new machines were not created" in told
    assert again.outputs["result"] == "deployed", bench.console.log


def test_a_release_command_that_was_asked_to_start__may_run() -> None:
    slow = {"operation": "machine_start", "nth": 1, "fault": "slow", "delay_after": 20.0}
    bench = make_shop("rolling", faults={"rules": [slow]}, release=True)
    told, leases, again = cancelled(
        bench,
        lambda: any(m.group == RELEASE_GROUP and m.state == "started" for m in bench.machines().values()),
    )
    assert leases == []
    assert "The release command may still run on machine" in told.replace("\\", "")
    assert again.outputs["result"] == "deployed", bench.console.log
