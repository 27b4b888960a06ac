"""Lifecycle, update, destroy, restart policies, tasks, schedules, standbys."""

from __future__ import annotations

import pytest

from tests.simulator.builders import add_machine, make_config
from tests.simulator.stage import APP, IMAGE, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Timing

SLOW = Timing(
    prepare=(7, 7), replace=(3.5, 3.5), boot=(2, 2), stop=(1, 1), destroy=(2, 2), still_active=(4, 4)
)


@on_virtual_time
async def test_a_new_machine_is_created_then_starting_then_started() -> None:
    async with open_stage(timing=SLOW) as stage:
        machine = (await stage.create()).json()
        assert machine["state"] == "created"
        waited = await stage.wait("started", machine=machine["id"])
        assert (waited.status_code, stage.now) == (200, 9.0)
        states = [moment.state for moment in stage.app.machines[machine["id"]].moments]
        assert states[:3] == ["created", "starting", "started"]


@on_virtual_time
async def test_a_new_machine_with_skip_launch_comes_to_rest_stopped() -> None:
    async with open_stage(timing=SLOW) as stage:
        machine = (await stage.create(skip_launch=True)).json()
        assert (await stage.wait("stopped", machine=machine["id"])).status_code == 200
        assert stage.now == 7.0


@on_virtual_time
async def test_start_is_refused_while_created_replacing_stopping_and_still_active() -> None:
    async with open_stage(timing=SLOW) as stage:

        async def start(machine: str) -> tuple[int, str]:
            answer = await stage.client.post(stage.path("/start", machine=machine))
            return answer.status_code, answer.json().get("error", "")

        fresh = (await stage.create()).json()["id"]
        assert await start(fresh) == (
            412,
            "failed_precondition: unable to start machine from current state: 'created'",
        )
        old = stage.machine.id
        await stage.update()
        assert await start(old) == (412, "failed_precondition: machine getting replaced, refusing to start")
        await stage.wait("started")
        await stage.client.post(stage.path("/stop"))
        assert (await start(old))[1].endswith("'stopping'")
        await stage.wait("stopped")
        assert await start(old) == (412, "failed_precondition: machine still active, refusing to start")
        await stage.simulator.clock.sleep(4)
        assert await start(old) == (200, "")


@on_virtual_time
async def test_an_update_replaces_the_whole_configuration_under_a_new_version_at_once() -> None:
    async with open_stage(timing=SLOW) as stage:
        before = await stage.get()
        updated = (await stage.update(config={"image": IMAGE, "env": {"A": "1"}})).json()
        assert updated["state"] == "replacing"
        assert updated["instance_id"] == updated["version"] != before["version"]
        assert (updated["config"]["env"], "services" in updated["config"]) == ({"A": "1"}, False)
        old = (await stage.client.get(stage.path(), params={"version": before["version"]})).json()
        assert (old["state"], old["config"]) == ("replaced", before["config"])
        await stage.wait("started", version=updated["version"])
        assert stage.now == 5.5


@pytest.mark.parametrize("state", ["stopped", "suspended"])
@pytest.mark.parametrize("skip_launch", [True, False])
def test_an_update_never_starts_a_machine_that_does_not_run(state: str, skip_launch: bool) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(timing=SLOW, state=state) as stage:
            await stage.update(skip_launch=skip_launch)
            assert (await stage.wait("stopped")).status_code == 200
            assert stage.now == 3.5
            assert (await stage.wait("started", timeout=60)).status_code == 408

    run()


@on_virtual_time
async def test_a_stale_current_version_is_409_and_nothing_changes() -> None:
    async with open_stage() as stage:
        before = await stage.get()
        answer = await stage.update(current_version="01HQ0000000000000000000000")
        assert answer.status_code == 409
        assert await stage.get() == before
        assert (await stage.update(current_version=before["version"])).status_code == 200


@on_virtual_time
async def test_name_and_region_of_a_machine_cannot_be_changed() -> None:
    async with open_stage() as stage:
        assert (await stage.update(region="gru")).status_code == 400
        assert (await stage.update(name="other")).status_code == 400
        assert (await stage.update(region="ams", name="web-1")).status_code == 200


@on_virtual_time
async def test_destroying_what_runs_needs_force_and_the_record_fades() -> None:
    async with open_stage(timing=SLOW) as stage:
        client, path = stage.client, stage.path()
        refused = await client.delete(path)
        assert (refused.status_code, refused.json()["error"]) == (
            412,
            "failed_precondition: unable to destroy machine, not currently stopped, suspended, failed or created",
        )
        assert (await client.delete(path, params={"force": "true"})).json() == {"ok": True}
        assert (await stage.get())["state"] == "destroying"
        assert (await stage.wait("destroyed")).json()["state"] == "destroyed"
        assert (await stage.get())["state"] == "destroyed"
        assert (await client.get(f"{APP}/machines")).json() == []
        shown = (await client.get(f"{APP}/machines", params={"include_deleted": "true"})).json()
        assert [machine["state"] for machine in shown] == ["destroyed"]
        assert (await client.delete(path)).status_code == 404
        await stage.simulator.clock.sleep(61)
        assert (await client.get(path)).status_code == 404


@on_virtual_time
async def test_a_crashing_machine_is_restarted_ten_times_and_then_rests() -> None:
    async with open_stage(behaviours=[Behaviour(image=IMAGE, boot="crash", exit_code=3)]) as stage:
        await stage.update()
        await stage.simulator.clock.sleep(120)
        assert (await stage.get())["state"] == "stopped"
        events = (await stage.client.get(stage.path("/events"), params={"limit": 50})).json()
        exits = [event for event in events if event["type"] == "exit"]
        assert len(exits) == 11
        newest = exits[0]["request"]
        assert (newest["restart_count"], newest["exit_event"]["exit_code"]) == (10, 3)
        assert newest["exit_event"]["restarting"] is False
        assert exits[1]["request"]["MonitorEvent"]["exit_event"]["restarting"] is True


@pytest.mark.parametrize(
    ("policy", "code", "state"),
    [("no", 1, "stopped"), ("on-failure", 0, "stopped"), ("always", 0, "started")],
)
def test_the_restart_policy_decides_after_an_exit(policy: str, code: int, state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(config=make_config(restart={"policy": policy})) as stage:
            stage.simulator.act("exit", code=code)
            await stage.simulator.clock.sleep(30)
            assert (await stage.get())["state"] == state

    run()


@on_virtual_time
async def test_a_task_machine_runs_once_and_destroys_itself_and_its_exit_can_still_be_read() -> None:
    async with open_stage(
        behaviours=[Behaviour(group="fly_app_release_command", task_exit_code=7, task_seconds=3)]
    ) as stage:
        config = make_config(group="fly_app_release_command", auto_destroy=True, restart={"policy": "no"})
        ident = (await stage.create(config, skip_launch=True)).json()["id"]
        await stage.wait("stopped", machine=ident)
        await stage.client.post(stage.path("/start", machine=ident))
        assert (await stage.wait("destroyed", machine=ident)).status_code == 200
        events = (await stage.get(ident))["events"]
        kinds = [event["type"] for event in events]
        assert kinds.index("exit") < kinds.index("start")
        assert next(e for e in events if e["type"] == "exit")["request"]["exit_event"]["exit_code"] == 7


@on_virtual_time
async def test_a_scheduled_machine_is_started_every_hour_unless_it_was_launched_with_skip_launch() -> None:
    ends = Behaviour(group="nightly", boot="exit", exit_code=0, exit_after=5)
    async with open_stage(behaviours=[ends]) as stage:
        config = make_config(group="nightly", schedule="hourly")
        runs = (await stage.create(config, name="runs")).json()["id"]
        never = (await stage.create(config, name="never", skip_launch=True)).json()["id"]
        await stage.simulator.clock.sleep(3 * 3600)
        stage.simulator.look()
        assert stage.app.machines[runs].boots == 3
        assert stage.app.machines[never].boots == 0


@on_virtual_time
async def test_a_standby_rests_until_the_machine_it_watches_goes_down_by_itself() -> None:
    async with open_stage(config=make_config(restart={"policy": "no"})) as stage:
        spare = (await stage.create(make_config(standbys=[stage.machine.id]))).json()["id"]
        assert (await stage.wait("stopped", machine=spare)).status_code == 200
        await stage.client.post(stage.path("/stop"))
        await stage.wait("stopped")
        assert (await stage.get(spare))["state"] == "stopped"
        await stage.client.post(stage.path("/start"))
        await stage.wait("started")
        stage.simulator.act("exit", machine=stage.machine.id)
        assert (await stage.wait("started", machine=spare)).status_code == 200


@on_virtual_time
async def test_a_standby_whose_machine_loses_its_host_is_started() -> None:
    async with open_stage() as stage:
        spare = add_machine(
            stage.simulator.world, stage.app, config=make_config(standbys=[stage.machine.id]), state="stopped"
        )
        stage.simulator.act("host", machine=stage.machine.id, status="unreachable")
        assert (await stage.wait("started", machine=spare.id)).status_code == 200


@on_virtual_time
async def test_stop_and_suspend_are_idempotent_and_suspend_refuses_what_cannot_be_snapshot() -> None:
    async with open_stage() as stage:
        for word, state in (("stop", "stopped"), ("stop", "stopped")):
            assert (await stage.client.post(stage.path(f"/{word}"))).json() == {"ok": True}
            await stage.wait(state)
        assert (await stage.client.post(stage.path("/suspend"))).status_code == 412
        await stage.client.post(stage.path("/start"))
        await stage.wait("started")
        assert (await stage.client.post(stage.path("/suspend"))).json() == {"ok": True}
        assert (await stage.wait("suspended")).status_code == 200
        big = make_config(guest={"cpu_kind": "shared", "cpus": 2, "memory_mb": 4096})
        other = add_machine(stage.simulator.world, stage.app, config=big)
        assert (await stage.client.post(stage.path("/suspend", machine=other.id))).status_code == 412


@on_virtual_time
async def test_restart_takes_a_running_machine_down_and_up() -> None:
    async with open_stage(timing=SLOW) as stage:
        assert (await stage.client.post(stage.path("/restart"))).status_code == 200
        assert (await stage.get())["state"] == "restarting"
        await stage.wait("started")
        assert stage.machine.boots == 2
        await stage.client.post(stage.path("/stop"))
        await stage.wait("stopped")
        assert (await stage.client.post(stage.path("/restart"))).status_code == 412
