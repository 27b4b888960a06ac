"""What was seen of starts, stops and ends on the real Fly: rows L87 to L100 of the simulator's README."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import make_config
from tests.simulator.stage import Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour

DRAINS = [Behaviour(image="*", drain_seconds=60)]


async def stop(stage: Stage, **body: Any) -> None:
    answer = await stage.client.post(stage.path("/stop"), json=body or None)
    assert answer.json() == {"ok": True}


async def last_exit(stage: Stage) -> dict[str, Any]:
    events = [event for event in (await stage.get())["events"] if event["type"] == "exit"]
    found: dict[str, Any] = events[0]["request"]["exit_event"]
    return found


@on_virtual_time
async def test_a_stop_by_the_api_rests_whatever_the_restart_policy() -> None:
    async with open_stage(config=make_config(restart={"policy": "always"})) as stage:
        await stop(stage)
        assert (await stage.wait("stopped")).is_success
        await stage.simulator.clock.sleep(60)
        assert (await stage.get())["state"] == "stopped"


@pytest.mark.parametrize(
    ("body", "seconds", "code"),
    [
        ({"signal": "SIGTERM", "timeout": "90s"}, 60, 0),
        ({"signal": "SIGTERM", "timeout": "60000ms"}, 60, 0),
        ({"timeout": "5s"}, 5, 1),
        ({}, 5, 1),
    ],
)
def test_a_stop_waits_for_the_process_or_for_its_timeout(
    body: dict[str, str], seconds: int, code: int
) -> None:
    """L88, L89, L98: a name and a Go duration, or neither; the newest exit says 0 after a clean end and 1 after a forced one."""

    @on_virtual_time
    async def run() -> None:
        async with open_stage(behaviours=DRAINS) as stage:
            await stop(stage, **body)
            await stage.simulator.clock.sleep(seconds - 1)
            assert (await stage.get())["state"] == "stopping"
            await stage.simulator.clock.sleep(2)
            assert (await stage.get())["state"] == "stopped"
            assert (await last_exit(stage))["exit_code"] == code

    run()


@on_virtual_time
async def test_the_machines_own_timeout_counts_where_the_stop_names_none() -> None:
    config = make_config(stop_config={"timeout": "90s", "signal": "SIGTERM"})
    async with open_stage(config=config, behaviours=DRAINS) as stage:
        await stop(stage)
        await stage.simulator.clock.sleep(61)
        assert (await last_exit(stage))["exit_code"] == 0


@on_virtual_time
async def test_a_suspended_machine_is_stopped_without_being_resumed() -> None:
    async with open_stage(state="suspended") as stage:
        await stop(stage)
        assert (await stage.wait("stopped")).is_success
        assert "started" not in {moment.state for moment in stage.machine.moments}


@pytest.mark.parametrize(("verb", "state"), [("stop", "stopped"), ("suspend", "suspended")])
def test_a_machine_at_rest_starts_again(verb: str, state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            await stage.client.post(stage.path(f"/{verb}"))
            assert (await stage.wait(state, timeout=16)).is_success
            await stage.client.post(stage.path("/start"))
            assert (await stage.wait("started")).is_success

    run()


@pytest.mark.parametrize("state", ["stopped", "created"])
def test_a_machine_at_rest_is_destroyed_without_force(state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(state=state) as stage:
            assert (await stage.client.delete(stage.path())).is_success
            assert (await stage.wait("destroyed", timeout=16)).is_success

    run()


@on_virtual_time
async def test_a_second_destroy_is_fine_or_404_and_soon_nothing_is_left() -> None:
    async with open_stage() as stage:
        assert (await stage.client.delete(stage.path("?force=true"))).is_success
        for _ in range(5):
            again = await stage.client.delete(stage.path("?force=true"))
            assert again.is_success or again.status_code == 404
            await stage.simulator.clock.sleep(3)
        assert (await stage.get())["state"] == "destroyed"
        await stage.simulator.clock.sleep(60)
        assert (await stage.client.get(stage.path())).status_code == 404


@pytest.mark.parametrize("stopped", [False, True])
def test_what_was_never_sent_leaves_the_machine_cordoned_as_it_was(stopped: bool) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            await stage.client.post(stage.path("/cordon"))
            if stopped:
                await stop(stage)
            await stage.simulator.clock.sleep(600)
            shown = await stage.get()
            assert (shown["state"], shown["cordoned"]) == ("stopped" if stopped else "started", True)
            assert (await stage.client.delete(stage.path("?force=true"))).is_success

    run()


@on_virtual_time
async def test_a_command_inside_answers_its_code_and_its_output() -> None:
    async with open_stage() as stage:
        words = {"command": ["true"], "timeout": 10, "container": "app"}
        answer = (await stage.client.post(stage.path("/exec"), json=words)).json()
        assert (answer["exit_code"], answer["stdout"]) == (0, "")


@on_virtual_time
async def test_containers_come_back_as_they_were_sent() -> None:
    mirrored = f"docker-hub-mirror.fly.io/library/nginx@sha256:{'a' * 64}"
    containers = [
        {"name": "web", "image": mirrored, "env": {"A": "1"}},
        {"name": "side", "image": mirrored, "env": {"A": "2"}},
    ]
    async with open_stage() as stage:
        sent = make_config(image=mirrored, containers=containers, env={"A": "0"})
        shown = (await stage.create(sent)).json()
        assert shown["config"]["containers"] == containers
        assert shown["config"]["image"] == mirrored
        assert shown["image_ref"]["digest"] == f"sha256:{'a' * 64}"
