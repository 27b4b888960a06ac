"""Each open point, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import add_volume, make_config
from tests.simulator.stage import APP, IMAGE, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Switches, Timing

SLOW = Timing(prepare=(7, 7), replace=(3, 3), boot=(2, 2), stop=(1, 1))


def both(name: str, first: Any, second: Any, outcomes: tuple[object, object]) -> Any:
    """The switch at its default and at its other side, and what follows."""
    return pytest.mark.parametrize(("switches", "outcome"), [
        (Switches(**{name: first}), outcomes[0]), (Switches(**{name: second}), outcomes[1]),
    ])  # fmt: skip


@both("wait_over_60", "clamp", "refuse", (408, 400))
def test_1_a_wait_of_more_than_a_minute(switches: Switches, outcome: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches, state="stopped") as stage:
            answer = await stage.wait("started", timeout=300)
            assert (answer.status_code, stage.now) == (outcome, 60.0 if outcome == 408 else 0.0)

    run()


@both("start_started", "accept", "refuse", (200, 412))
def test_2_starting_what_runs(switches: Switches, outcome: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches) as stage:
            assert (await stage.client.post(stage.path("/start"))).status_code == outcome
            assert (await stage.get())["state"] == "started"

    run()


@both("skip_launch_update", "stopped", "started", ("stopped", "started"))
def test_3_where_a_running_machine_ends_after_skip_launch(switches: Switches, outcome: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches, timing=SLOW) as stage:
            await stage.update(skip_launch=True)
            assert (await stage.wait("stopped,started")).json()["state"] == outcome

    run()


@both("update_keeps_cordon", True, False, (True, False))
def test_4_whether_an_update_keeps_the_cordon(switches: Switches, outcome: bool) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches) as stage:
            await stage.client.post(stage.path("/cordon"))
            assert (await stage.update()).json()["cordoned"] is outcome

    run()


@both("image_refusal", "400", "422", (400, 422))
def test_5_how_a_missing_image_is_refused(switches: Switches, outcome: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(
            switches=switches, behaviours=[Behaviour(image=IMAGE, missing="for_ever")]
        ) as stage:
            answer = await stage.update()
            assert (answer.status_code, "manifest unknown" in answer.json()["error"]) == (outcome, True)

    run()


@both("guard_shape", "error", "message", ("error", "message"))
def test_6_the_body_of_a_refused_change(switches: Switches, outcome: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches) as stage:
            stage.simulator.act("lease")
            answer = await stage.update()
            assert (answer.status_code, "currently held by" in answer.json()[outcome]) == (409, True)

    run()


@pytest.mark.parametrize(("asked", "given"), [(None, 45), (10, 10), (500, 100)])
def test_7_how_long_a_lease_is_by_default_and_at_most(asked: int | None, given: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(lease_ttl_default=45, lease_ttl_max=100)) as stage:
            answer = await stage.client.post(
                stage.path("/lease"), json={} if asked is None else {"ttl": asked}
            )
            assert answer.json()["data"]["expires_at"] == 1767225600 + given

    run()


@both("retry_after", False, True, (None, "1"))
def test_8_whether_429_says_when(switches: Switches, outcome: str | None) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches, rate_limits=True) as stage:
            answers = [await stage.client.post(stage.path("/cordon")) for _ in range(4)]
            assert answers[3].headers.get("retry-after") == outcome

    run()


@both("dead_nonce", "ignore", "refuse", (200, 409))
def test_9_a_nonce_on_a_machine_that_nobody_leases(switches: Switches, outcome: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches) as stage:
            assert (await stage.update(nonce="0123456789ab")).status_code == outcome

    run()


@both("first_check_status", "warning", "critical", ("warning", "critical"))
def test_10_a_check_before_its_first_probe(switches: Switches, outcome: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches, timing=SLOW) as stage:
            await stage.update()
            await stage.wait("started")
            await stage.simulator.clock.sleep(1)
            assert [check["status"] for check in (await stage.get())["checks"]] == [outcome]

    run()


@both("claimed_volume_delete", "412", "409", (412, 409))
def test_11_deleting_a_claimed_volume(switches: Switches, outcome: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches) as stage:
            volume = add_volume(stage.simulator.world, stage.app, name="data")
            await stage.create(make_config(mounts=[{"volume": volume.id, "path": "/d"}]), region="ams")
            assert (await stage.client.delete(f"{APP}/volumes/{volume.id}")).status_code == outcome

    run()


@both("extra_events", True, False, ({"start", "stop", "exit", "launch"}, {"start", "exit", "launch"}))
def test_12_how_much_the_history_tells(switches: Switches, outcome: set[str]) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=switches) as stage:
            await stage.client.post(stage.path("/stop"))
            await stage.wait("stopped")
            assert {event["type"] for event in (await stage.get())["events"]} == outcome

    run()
