"""How a rollout ends when something goes wrong half way: what is put back, what is left alone, what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from entrypoint.kernel.run import AllowDestroy, Gate, OnFailure
from entrypoint.modes.result import Result
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, deploy_beside, make_bench, virtual
from tests.simulator.state.hands import perform
from tests.simulator.state.traffic import find_fewest

WEB = ("148ed21a031189", "1781960b5e2d89", "32873d4c126985")
OLD_IMAGE = "registry.fly.io/acme-shop:v41"
WORKERS = ("4d891e2fb55368", "6e82994ea3d7e8")
NO_MAILER = MANIFEST.replace('mailer = "bin/mailer"\n', "")
RELEASE = 'release_command = "bin/migrate"'
AUTOSTOP = NO_MAILER.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"')
STOPS_ITSELF = json.loads(json.dumps(FLEET).replace('"autostop": false', '"autostop": true'))


def never(group: str) -> dict[str, Any]:
    return {"image": "*:v42*", "group": group, "checks": "never"}


def when(bench: Bench, happened: Callable[[], bool], do: Callable[[], object]) -> Callable[[], Any]:
    """A task that does something as soon as it has come to that."""

    async def watch() -> None:
        while not happened():  # a journal rings no bell
            await anyio.sleep(0.2)
        do()

    return watch


def run(bench: Bench, *, beside: Callable[[], Any] | None = None, **inputs: Any) -> Result:
    async def story() -> Result:
        async with anyio.create_task_group() as group:
            if beside is not None:
                group.start_soon(beside)
            result = await bench.deploy(gate=Gate.NONE, **{"wait_timeout": 45.0, **inputs})
            group.cancel_scope.cancel()
        return result

    return virtual(story)


def summary(bench: Bench) -> str:
    return "".join(bench.console.summaries)


def updated(bench: Bench, *machines: str) -> bool:
    return all(f"machine_update {machine}" in bench.writes() for machine in machines)


def test_a_machine_that_somebody_else_changed__is_left_as_they_made_it() -> None:
    bench = make_bench(manifest=NO_MAILER, faults={"behaviours": [never("web")]})
    by_hand = {"env": {"FLY_PROCESS_GROUP": "worker", "BY": "HAND"}}

    def patch() -> object:
        return bench.sim.act("update", machine=WORKERS[0], config=by_hand)

    result = run(bench, beside=when(bench, lambda: updated(bench, *WORKERS), patch))
    assert result.outputs["result"] == "halted"
    assert bench.machines()[WORKERS[0]].config["env"]["BY"] == "HAND"
    assert "only partly rolled back" in summary(bench)
    assert "somebody else changed it" in summary(bench)


def test_the_old_config_is_gated_by_its_own_checks() -> None:
    """fly.toml adds the first check of `worker`: the old version has none that could report."""
    checked = (
        NO_MAILER
        + '\n[checks.alive]\ntype = "tcp"\nport = 9000\ninterval = "5s"\ntimeout = "2s"\nprocesses = ["worker"]\n'
    )
    bench = make_bench(manifest=checked, faults={"behaviours": [never("worker")]})
    result = run(bench)
    assert result.outputs["result"] == "rolled-back", summary(bench)


def test_what_serves_goes_back_no_faster_than_it_came() -> None:
    """No checks: the machines of later waves are under watch when the last one falls over. They serve all the same."""
    machines = [{"id": f"a{index:013}", "region": "ams", "config": "web"} for index in range(10)]
    configs = json.loads(json.dumps(FLEET["configs"]))
    del configs["web"]["services"][0]["checks"]
    fleet = {**FLEET, "machines": machines, "volumes": [], "configs": configs}
    manifest = (
        'app = "acme-shop"\nprimary_region = "ams"\n[deploy]\nmax_unavailable = 3\n'
        '[processes]\nweb = "bin/web"\n[http_service]\nprocesses = ["web"]\ninternal_port = 8080\nforce_https = true\n'
    )
    bench = make_bench(
        manifest=manifest,
        fleet=fleet,
        faults={
            "behaviours": [{"image": "*:v42*", "machine": machines[9]["id"], "boot": "exit", "exit_after": 3}]
        },
    )
    result = run(bench)
    assert result.outputs["result"] == "rolled-back", summary(bench)
    app = bench.sim.world.apps["acme-shop"]
    assert find_fewest(app, since=0.0, until=bench.sim.world.now, group="web") >= 10 - 3
    assert all(m.config["image"].startswith(OLD_IMAGE) for m in app.machines.values())


def test_a_rollback_whose_machines_do_not_come_back__stops_and_leaves_the_others_running() -> None:
    broken = {"image": "*:v41*", "group": "web", "boot": "failed"}
    bench = make_bench(manifest=NO_MAILER)
    third = "machine_update " + WEB[2]

    def spoil() -> object:
        bench.sim.act("behave", **never("web"), machine=WEB[2])
        bench.sim.act("behave", **broken)
        return None

    result = run(bench, max_unavailable=1.0, beside=when(bench, lambda: updated(bench, WEB[1]), spoil))
    assert third in bench.writes()
    assert result.outputs["result"] == "halted"
    states = {
        id_: (m.state, m.config["image"].startswith(IMAGE))
        for id_, m in bench.machines().items()
        if id_ in WEB
    }
    assert states[WEB[0]] == states[WEB[1]] == ("started", True), (
        "they serve on the new version, and the old one does not come up"
    )
    assert "left running on the new version" in summary(bench)


def test_a_restore_that_is_refused__is_waited_for_before_the_next_is_taken_down() -> None:
    """The second machine of web is being updated when a worker fails, and Fly refuses to write it back: it starts with the new version."""
    refused = {
        "operation": "machine_update",
        "machine": WEB[1],
        "nth": 2,
        "times": 1,
        "fault": "answer",
        "status": 409,
    }
    failing = {
        "operation": "machine_update",
        "machine": WORKERS[1],
        "times": 1,
        "fault": "answer",
        "status": 422,
    }
    bench = make_bench(manifest=NO_MAILER, faults={"rules": [refused, failing]})
    result = run(bench, max_unavailable=1.0)
    assert result.outputs["result"] == "halted", summary(bench)
    assert "only partly rolled back" in summary(bench)
    app = bench.sim.world.apps["acme-shop"]
    assert app.machines[WEB[1]].config["image"].startswith(IMAGE)
    assert app.machines[WEB[0]].config["image"].startswith(OLD_IMAGE), "it was restored when the second ran"
    assert find_fewest(app, since=0.0, until=bench.sim.world.now, group="web") == 2


def test_a_machine_that_can_neither_be_restored_nor_starts__leaves_the_others_running() -> None:
    """Two of three would be down."""
    refused = {"operation": "machine_update", "machine": WEB[1], "nth": 2, "fault": "answer", "status": 409}
    crashes = {"image": "*:v42*", "machine": WEB[1], "boot": "failed"}
    bench = make_bench(manifest=NO_MAILER, faults={"rules": [refused], "behaviours": [crashes]})
    result = run(bench, max_unavailable=1.0)
    assert result.outputs["result"] == "halted", summary(bench)
    app = bench.sim.world.apps["acme-shop"]
    assert app.machines[WEB[0]].config["image"].startswith(IMAGE)
    assert f"left running on the new version, because {WEB[1]} did not come back" in summary(bench)
    assert find_fewest(app, since=0.0, until=bench.sim.world.now, group="web") == 2


def test_a_machine_whose_host_has_gone__does_not_keep_the_others_from_being_restored() -> None:
    healthy = {"image": "*:v42*", "machine": WEB[0]}
    bench = make_bench(manifest=NO_MAILER, faults={"behaviours": [healthy, never("web")]})

    def lose() -> object:
        return bench.sim.act("host", machine=WEB[1], status="unreachable")

    result = run(bench, max_unavailable=1.0, beside=when(bench, lambda: updated(bench, WEB[1]), lose))
    assert result.outputs["result"] == "halted", summary(bench)
    assert bench.machines()[WEB[0]].config["image"].startswith(OLD_IMAGE)


def test_cancelled_during_a_rollback__says_what_was_not_put_back() -> None:
    bench = make_bench(manifest=NO_MAILER, faults={"behaviours": [never("web")]})
    stop = anyio.Event()
    begun: list[float] = []

    def rolling_back() -> bool:
        return any(line.startswith("rollback") for line in bench.console.log)

    def cancel() -> object:
        begun.append(anyio.current_time())
        stop.set()
        return None

    async def story() -> tuple[Result, float]:
        async with anyio.create_task_group() as group:
            group.start_soon(when(bench, rolling_back, cancel))
            result = await bench.deploy(gate=Gate.NONE, wait_timeout=45.0, stop=stop)
        return result, anyio.current_time() - begun[0]

    result, took = virtual(story)
    assert took < 6
    assert result.outputs["result"] == "halted"
    assert "the run was cancelled before that" in summary(bench)
    rows = [line for line in summary(bench).splitlines() if "cancelled before" in line]
    log = [line for line in bench.console.log if "cancelled before" in line]
    assert len(log) == len(rows) == 4
    for line in log:
        assert line.startswith("rollback")
        (row,) = (row for row in rows if line.split()[2] in row)
        assert ("is not restored: " in line) is ("**not restored**: " in row)
        assert ("is restored and not healthy: " in line) is ("restored, **not healthy**: " in row)
    assert bench.leases() == []


def test_an_autostop_machine_that_stopped_since_the_plan__is_updated_and_left_stopped() -> None:
    bench = make_bench(
        manifest=AUTOSTOP,
        fleet=STOPS_ITSELF,
        faults={"behaviours": [{"group": "fly_app_release_command", "task_seconds": 60}]},
    )

    def idle() -> object:
        return bench.sim.act("stop", machine=WEB[0])

    def releasing() -> bool:
        return any(write.startswith("machine_start") for write in bench.writes())

    result = run(bench, beside=when(bench, releasing, idle))
    assert result.outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WEB[0]].state == "stopped"
    assert bench.machines()[WEB[0]].config["image"].startswith(IMAGE)


def test_an_autostop_machine_that_was_woken_since_the_plan__stays_awake() -> None:
    fleet = json.loads(json.dumps(STOPS_ITSELF))
    fleet["machines"][0]["state"] = "stopped"
    bench = make_bench(
        manifest=AUTOSTOP,
        fleet=fleet,
        faults={"behaviours": [{"group": "fly_app_release_command", "task_seconds": 60}]},
    )

    def wake() -> object:
        return bench.sim.act("start", machine=WEB[0])

    def releasing() -> bool:
        return any(write.startswith("machine_start") for write in bench.writes())

    result = run(bench, beside=when(bench, releasing, wake))
    assert result.outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WEB[0]].state == "started"


def by_hand(bench: Bench, machine: str, *acts: str) -> None:
    """Somebody does this at the moment when the deploy begins."""
    for act in acts:
        config = {"config": {"env": {"BY": "HAND"}}} if act == "update" else {}
        perform(bench.sim.world, {"act": act, "machine": machine, **config})


def test_a_machine_still_being_replaced_when_the_deploy_begins__and_then_stopped__is_drift() -> None:
    """It looks as if it would run. Fly leaves it stopped, and would leave our version stopped, too."""
    bench = make_bench(manifest=NO_MAILER)
    by_hand(bench, WORKERS[0], "stop", "update")

    async def story() -> list[str]:
        results = [await bench.deploy(gate=Gate.NONE)]
        assert "was replacing and is stopped" in summary(bench)
        assert not any(write.startswith("machine_update") for write in bench.writes())
        return [result.outputs["result"] for result in (*results, await bench.deploy(gate=Gate.NONE))]

    assert virtual(story) == ["not-reviewed", "deployed"]
    assert bench.machines()[WORKERS[0]].state == "stopped"
    assert bench.machines()[WORKERS[0]].config["image"].startswith(IMAGE)


@pytest.mark.parametrize(("acts", "state"), [(["update"], "started"), (["stop", "update"], "stopped")])
def test_an_autostop_machine_still_being_replaced_when_the_deploy_begins__stays_what_it_becomes(
    acts: list[str], state: str
) -> None:
    manifest = AUTOSTOP.replace(RELEASE, "")  # it would take long enough
    bench = make_bench(manifest=manifest, fleet=STOPS_ITSELF)
    by_hand(bench, WEB[0], *acts)
    result = run(bench)
    assert result.outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WEB[0]].state == state
    assert bench.machines()[WEB[0]].config["image"].startswith(IMAGE)


def test_a_machine_that_is_being_replaced_without_end__is_updated_as_planned() -> None:
    """A deploy is its cure."""
    bench = make_bench(manifest=NO_MAILER)
    by_hand(bench, WORKERS[0], "update")
    bench.sim.world.timers.forget(WORKERS[0])
    result = run(bench)
    assert result.outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WORKERS[0]].state == "started"


def test_a_worker_stopped_by_hand_since_the_plan__is_drift() -> None:
    bench = make_bench(
        manifest=NO_MAILER, faults={"behaviours": [{"group": "fly_app_release_command", "task_seconds": 60}]}
    )

    def releasing() -> bool:
        return any(write.startswith("machine_start") for write in bench.writes())

    result = run(bench, beside=when(bench, releasing, lambda: bench.sim.act("stop", machine=WORKERS[0])))
    assert result.outputs["result"] == "not-reviewed"
    assert "was started and is stopped" in summary(bench)
    assert not any(write.startswith("machine_update") for write in bench.writes())


def test_cancelled_during_the_release_command__says_that_it_still_runs_and_a_rerun_waits_for_it() -> None:
    bench = make_bench(faults={"behaviours": [{"group": "fly_app_release_command", "task_seconds": 60}]})
    stop = anyio.Event()

    def begun() -> bool:
        return any(write.startswith("machine_start") for write in bench.writes())

    async def story() -> tuple[str, str, str]:
        async with anyio.create_task_group() as group:
            group.start_soon(when(bench, begun, stop.set))
            first = await bench.deploy(gate=Gate.NONE, stop=stop)
        said = summary(bench)
        second = await bench.deploy(gate=Gate.NONE)
        return first.outputs["result"], said, second.outputs["result"]

    first, said, second = virtual(story)
    assert (first, second) == ("cancelled", "deployed")
    assert "The release command may still run on machine" in said.replace("\\", "")
    assert sum(write.startswith("machine_start") for write in bench.writes()) == 1, "it ran once"


def test_a_failed_release_command__runs_again_the_next_time() -> None:
    bench = make_bench(
        faults={"behaviours": [{"group": "fly_app_release_command", "task_exit_code": 3, "task_seconds": 1}]}
    )

    async def story() -> tuple[str, str]:
        first = await bench.deploy(gate=Gate.NONE)
        bench.sim.world.behaviours.clear()
        second = await bench.deploy(gate=Gate.NONE)
        return first.outputs["result"], second.outputs["result"]

    assert virtual(story) == ("halted", "deployed")


def test_a_mutable_tag__is_rolled_back_to_the_image_that_ran() -> None:
    fleet = json.loads(json.dumps(FLEET).replace(":v41", ":latest"))
    bench = make_bench(manifest=NO_MAILER, fleet=fleet, faults={"behaviours": [never("web")]})
    before = {id_: m.image.digest for id_, m in bench.machines().items()}

    def push() -> object:
        return bench.sim.act("move_tag", image="registry.fly.io/acme-shop:latest")

    result = run(bench, beside=when(bench, lambda: updated(bench, WEB[0]), push))
    assert result.outputs["result"] == "rolled-back", summary(bench)
    assert {id_: m.image.digest for id_, m in bench.machines().items()} == before


def test_destroying_that_is_refused__is_said_and_nothing_is_called_undone() -> None:
    bench = make_bench(
        manifest=NO_MAILER,
        faults={
            "rules": [
                {"operation": "machine_destroy", "nth": 2, "times": 1, "fault": "answer", "status": 400}
            ]
        },
    )
    result = run(
        bench,
        scale="web=1 worker=1",
        allow_destroy=AllowDestroy.SURPLUS,
        image=None,
        on_failure=OnFailure.ROLLBACK,
    )
    assert result.outputs["result"] == "halted"
    assert "cannot be brought back" in summary(bench)


def test_interrupted_after_a_start_and_a_destroy__the_reviewed_plan_goes_on() -> None:
    """Neither leaves a mark on a machine: the record tells what they were before."""
    fleet = json.loads(json.dumps(FLEET))
    fleet["machines"][3]["state"] = "stopped"
    bench = make_bench(
        manifest=NO_MAILER.replace("--threads 8", "").replace("bin/web ", "bin/web"), fleet=fleet
    )
    bench.files["flightplan.toml"] = "[groups.worker]\nstart = true\n[groups.web]\ncount = 1\n"
    inputs: dict[str, Any] = {"image": None, "allow_destroy": AllowDestroy.SURPLUS}
    stop = anyio.Event()

    def destroyed() -> bool:
        return any(write.startswith("machine_destroy") for write in bench.writes())

    async def story() -> tuple[Result, Result, Result]:
        planned = await bench.plan(**inputs)
        async with anyio.create_task_group() as group:
            group.start_soon(when(bench, destroyed, stop.set))
            await bench.deploy(stop=stop, **inputs)
        await anyio.sleep(60)
        rerun = await bench.deploy(**inputs)
        return planned, rerun, await bench.plan(**inputs)

    planned, rerun, again = virtual(story)
    assert (planned.outputs["destroyed"], planned.outputs["updated"]) == ("2", "0")
    assert rerun.outputs["result"] in ("deployed", "nothing-to-do"), bench.console.log
    assert rerun.outputs["plan-digest"] == planned.outputs["plan-digest"]
    assert again.outputs["result"] == "nothing-to-do"
    assert len(bench.groups()["web"]) == 1


def test_a_machine_that_fell_over_after_its_update__is_started_again_by_a_rerun() -> None:
    bench = make_bench(manifest=NO_MAILER, faults={"behaviours": [never("web")]})
    inputs: dict[str, Any] = {"wait_timeout": 45.0, "on_failure": OnFailure.HOLD}

    async def story() -> tuple[Result, Result]:
        await bench.plan(**inputs)
        held = await bench.deploy(**inputs)
        bench.sim.world.behaviours.clear()
        bench.sim.act("state", machine=WEB[0], state="failed")
        await anyio.sleep(30)
        return held, await bench.deploy(**inputs)

    held, rerun = virtual(story)
    assert held.outputs["result"] == "halted"
    assert rerun.outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WEB[0]].state == "started"


def test_a_group_that_starts_what_rests__updates_starts_and_gates_it() -> None:
    fleet = json.loads(json.dumps(FLEET))
    fleet["machines"][0]["state"] = "stopped"
    bench = make_bench(manifest=NO_MAILER, fleet=fleet)
    bench.files["flightplan.toml"] = "[groups.web]\nstart = true\n"
    assert run(bench).outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WEB[0]].state == "started"


def test_a_machine_that_crashed_before_it_was_started__is_proven_by_this_run() -> None:
    """Its config stays, so its history does: the crashes of the last run say nothing of this one (simulated, seed 200091)."""
    bench = make_bench(manifest=NO_MAILER)

    async def story() -> Result:
        await bench.deploy(gate=Gate.NONE)
        for seconds in (5.0, 5.0, 1.0):
            bench.sim.act("exit", machine=WORKERS[0], code=1)
            await anyio.sleep(seconds)
        bench.sim.act("stop", machine=WORKERS[0])
        await anyio.sleep(30)
        bench.files["flightplan.toml"] = "[groups.worker]\nstart = true\n"
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "deployed", summary(bench)
    assert bench.machines()[WORKERS[0]].state == "started"


@pytest.mark.parametrize("skip_launch", ["stopped", "started"])
def test_started_machines_of_a_rollback__rest_again(skip_launch: str) -> None:
    """Whatever an update that does not launch leaves of a machine that runs."""
    fleet = json.loads(json.dumps(FLEET))
    fleet["machines"][3]["state"] = fleet["machines"][0]["state"] = "stopped"
    faults = {"behaviours": [never("web")], "switches": {"skip_launch_update": skip_launch}}
    bench = make_bench(manifest=NO_MAILER, fleet=fleet, faults=faults)
    bench.files["flightplan.toml"] = "[groups.worker]\nstart = true\n[groups.web]\nstart = true\n"
    result = run(bench)
    assert result.outputs["result"] == "rolled-back", summary(bench)
    states = {id_: m.state for id_, m in bench.machines().items()}
    assert (states[WORKERS[0]], states[WEB[0]]) == ("stopped", "stopped")
    assert (states[WORKERS[1]], states[WEB[1]]) == ("started", "started")


def test_the_first_that_runs_goes_alone__though_the_first_of_the_plan_rests() -> None:
    """Autostop: which machines run is not the plan's, but that one shows the new version before many get it is."""
    fleet = json.loads(json.dumps(STOPS_ITSELF))
    fleet["machines"][0]["state"] = "stopped"
    fleet["machines"] += [{"id": f"5a{index:012}", "region": "nrt", "config": "web"} for index in range(3)]
    bench = make_bench(manifest=AUTOSTOP, fleet=fleet, faults={"behaviours": [never("web")]})
    result = run(bench, max_unavailable=5.0)
    assert result.outputs["result"] == "rolled-back", summary(bench)
    written = [write.split()[1] for write in bench.writes() if write.startswith("machine_update")]
    web = {id_ for id_, m in bench.machines().items() if m.config["metadata"]["fly_process_group"] == "web"}
    assert len(set(written) & web) == 2, "the one that rests, and one that runs"
    assert bench.machines()[WEB[0]].state == "stopped"


def test_a_lease_that_somebody_takes_midway__stops_and_puts_back_what_is_still_ours() -> None:
    bench = make_bench(manifest=NO_MAILER)

    def steal() -> object:
        bench.sim.act("clear_lease", machine=WEB[2])
        return bench.sim.act("lease", machine=WEB[2], owner="ann@example.com", ttl=600)

    result = run(bench, max_unavailable=1.0, beside=when(bench, lambda: updated(bench, WEB[0]), steal))
    assert result.outputs["result"] == "rolled-back", summary(bench)
    assert "lease" in summary(bench)
    assert not updated(bench, WEB[2])
    machines = [m for m in bench.machines().values() if m.id in (*WEB, *WORKERS)]
    assert all(m.config["image"].startswith(OLD_IMAGE) for m in machines)
    assert bench.leases() == [WEB[2]], "ours are given back; theirs is theirs"


def test_a_machine_that_somebody_destroys_midway__stops_and_is_said() -> None:
    bench = make_bench(manifest=NO_MAILER)

    def gone() -> object:
        return bench.sim.act("destroy", machine=WEB[2])

    result = run(bench, max_unavailable=1.0, beside=when(bench, lambda: updated(bench, WEB[0]), gone))
    assert result.outputs["result"] == "rolled-back", summary(bench)
    assert WEB[2] in summary(bench)
    assert bench.leases() == []


def test_a_machine_that_somebody_changes_before_its_turn__is_not_overwritten() -> None:
    bench = make_bench(manifest=NO_MAILER)

    def patch() -> object:
        return bench.sim.act("update", machine=WEB[2], config={"env": {"BY": "HAND"}})

    result = run(bench, max_unavailable=1.0, beside=when(bench, lambda: updated(bench, WEB[0]), patch))
    assert result.outputs["result"] == "rolled-back", summary(bench)
    assert bench.machines()[WEB[2]].config["env"]["BY"] == "HAND"
    assert not bench.machines()[WEB[2]].config["image"].startswith(IMAGE)


@pytest.mark.parametrize("silent", [(20, 65), (32, 80), (44, 90)])
def test_fly_is_silent_for_a_while__and_the_deploy_goes_on(silent: tuple[int, int]) -> None:
    """Longer than a lease lives: whatever is under way waits, and what lapsed is taken again."""
    since, until = silent
    rule = {"operation": "*", "fault": "answer", "status": 503, "after": since, "until": until}
    bench = make_bench(faults={"rules": [rule]})
    result = run(bench, wait_timeout=180.0)
    assert result.outputs["result"] == "deployed", summary(bench)
    assert bench.sim.world.now > until
    assert bench.leases() == []
    assert {name: len(found) for name, found in bench.groups().items()} == {
        "cron": 1,
        "mailer": 2,
        "web": 3,
        "worker": 2,
    }


def test_only_machines_that_run_and_serve__cost_availability() -> None:
    """Of three autostop machines two rest: updating those takes nothing away."""
    fleet = json.loads(json.dumps(STOPS_ITSELF))
    for machine in fleet["machines"]:
        if machine["id"] in WEB[1:]:
            machine["state"] = "stopped"
    bench = make_bench(manifest=AUTOSTOP, fleet=fleet)
    result = run(bench, max_unavailable=3.0)
    assert result.outputs["result"] == "deployed", summary(bench)
    assert "`web` never below 2 of 3" in summary(bench)


def test_a_failed_machine__serves_nobody_while_it_is_updated() -> None:
    fleet = json.loads(json.dumps(FLEET))
    fleet["machines"][0]["state"] = "failed"
    bench = make_bench(manifest=NO_MAILER, fleet=fleet)
    result = run(bench, max_unavailable=1.0)
    assert result.outputs["result"] == "deployed", summary(bench)
    assert "`web` never below 1 of 2" in summary(bench)


def test_the_first_that_runs__holds_the_others_for_its_boot_watch_too() -> None:
    """The plan's first machine rests; the second wave has two that run. One goes alone, and falls over 6 s after it has come up."""
    fleet = json.loads(json.dumps(STOPS_ITSELF))
    del fleet["configs"]["web"]["services"][0]["checks"]
    fleet["machines"][0]["state"] = "stopped"
    unchecked = (
        AUTOSTOP[: AUTOSTOP.index("  [[http_service.checks]]")] + AUTOSTOP[AUTOSTOP.index("[[mounts]]") :]
    )
    falls = {"image": "*:v42*", "group": "web", "boot": "exit", "exit_after": 6}
    bench = make_bench(manifest=unchecked, fleet=fleet, faults={"behaviours": [falls]})
    result = run(bench, max_unavailable=2.0)
    assert result.outputs["result"] == "rolled-back", summary(bench)
    written = {write.split()[1] for write in bench.writes() if write.startswith("machine_update")}
    assert len(written & set(WEB)) == 2, "the one that rests, and one that runs"


def test_what_a_rollout_made__goes_again_when_all_else_is_back() -> None:
    bench = make_bench(faults={"behaviours": [never("web")]})
    result = run(bench)
    assert result.outputs["result"] == "rolled-back", summary(bench)
    machines = bench.sim.world.apps["acme-shop"].machines
    mailers = {m.id for m in machines.values() if m.config["metadata"].get("fly_process_group") == "mailer"}
    writes = bench.writes()
    destroyed = [
        i for i, w in enumerate(writes) if w.startswith("machine_destroy") and w.split()[1] in mailers
    ]
    updated_last = max(i for i, w in enumerate(writes) if w.startswith("machine_update"))
    assert len(destroyed) == 2
    assert min(destroyed) > updated_last


def test_a_machine_whose_boot_watch_was_still_to_come__is_not_said_never_to_have_been_begun() -> None:
    """Side by side with one that boots slowly: its own watch begins when both have started, and the run is cancelled before that."""
    slow = {"machine": WORKERS[1], "boot_seconds": 30.0}
    bench = make_bench(manifest=NO_MAILER.replace("rolling", "immediate"), faults={"behaviours": [slow]})
    stop = anyio.Event()

    def started() -> bool:
        return any("4d891e2f" in line and "started" in line for line in bench.console.log)

    result = run(bench, beside=when(bench, started, stop.set), stop=stop)
    assert result.outputs["result"] == "cancelled"
    told = [line for line in summary(bench).splitlines() if WORKERS[0] in line]
    assert any("stopped before its gate had passed" in line for line in told), summary(bench)


def test_a_machine_whose_host_does_not_answer__is_not_called_verified() -> None:
    bench = make_bench(manifest=NO_MAILER)
    result = deploy_beside(bench, first=lambda: bench.sim.act("host", machine=WEB[1], status="unreachable"))
    assert result.outputs["result"] == "deployed", summary(bench)
    assert f"1 machine is unchanged, because its host does not answer: `{WEB[1]}`." in summary(bench)
    assert any("; 1 unchanged" in line for line in bench.console.log)
