"""A deploy is cancelled while it creates machines: it says which exist, which may exist, and which do not."""

from __future__ import annotations

from entrypoint.fleet.model import RELEASE_GROUP
from entrypoint.rollout.leases import TTL
from tests.shop import cancelled, counts, lost, make_shop

PLANNED = {"web": 3, "worker": 3}


def test_a_create_without_an_answer__may_have_made_a_machine() -> None:
    slow = {"operation": "machine_create", "nth": 3, "fault": "slow", "delay_after": 70.0}
    bench = make_shop("bluegreen", faults={"rules": [slow]})
    ended = cancelled(bench, lambda: len(bench.machines()) >= 6 + 3)
    assert len(ended.leases) == 1
    assert "1 new machine may exist: Fly had not answered when the run was cancelled." in ended.told
    assert f"Its lease ends within {TTL} s" in ended.told
    assert ended.again.outputs["result"] == "deployed", bench.console.log
    assert (counts(bench), lost(bench)) == (PLANNED, [])


def test_creates_that_waited_for_their_turn__were_not_sent() -> None:
    bench = make_shop("bluegreen")
    ended = cancelled(bench, lambda: len(bench.machines()) >= 6 + 2)
    assert ended.leases == []
    assert "may exist" not in ended.told
    assert "4 new machines were not created" in ended.told
    assert ended.again.outputs["result"] == "deployed", bench.console.log


def test_a_release_command_that_was_asked_to_start__may_run() -> None:
    slow = {"operation": "machine_start", "nth": 1, "fault": "slow", "delay_after": 20.0}
    bench = make_shop("rolling", faults={"rules": [slow]}, release=True)
    ended = cancelled(
        bench,
        lambda: any(m.group == RELEASE_GROUP and m.state == "started" for m in bench.machines().values()),
    )
    assert ended.leases == []
    assert "The release command may still run on machine" in ended.told.replace("\\", "")
    assert ended.again.outputs["result"] == "deployed", bench.console.log
