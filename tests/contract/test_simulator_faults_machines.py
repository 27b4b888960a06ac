"""Faults of machines, tokens and answers: F12, F13, F18–F23."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.simulator.builders import make_config
from tests.simulator.faults import Rule
from tests.simulator.http.tokens import Token
from tests.simulator.stage import APP, IMAGE, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Timing

SLOW = Timing(prepare=(7, 7), replace=(3, 3), boot=(2, 2), stop=(1, 1), destroy=(2, 2))


@pytest.mark.parametrize(("boot", "ends"), [("failed", "failed"), ("launch_failed", "destroyed")])
def test_f12_a_boot_that_fails(boot: Any, ends: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(timing=SLOW, behaviours=[Behaviour(image=IMAGE, boot=boot)]) as stage:
            await stage.update()
            assert (await stage.wait("started,settled")).status_code == 200
            assert (await stage.get())["state"] == ends
            assert boot in [moment.state for moment in stage.machine.moments]

    run()


@on_virtual_time
async def test_f12_a_failed_machine_can_be_updated_and_then_runs() -> None:
    async with open_stage(timing=SLOW, behaviours=[Behaviour(image=IMAGE, boot="failed")]) as stage:
        await stage.update()
        assert (await stage.wait("failed")).status_code == 200
        await stage.update(config=make_config())
        assert (await stage.wait("started")).status_code == 200


@on_virtual_time
async def test_f12_an_immediate_exit_rests_without_a_restart() -> None:
    config = make_config(image=IMAGE, restart={"policy": "no"})
    behaviour = Behaviour(image=IMAGE, boot="exit", exit_after=0.0, exit_code=1)
    async with open_stage(timing=SLOW, behaviours=[behaviour]) as stage:
        await stage.update(config=config)
        assert (await stage.wait("started")).status_code == 200
        assert (await stage.wait("stopped")).status_code == 200
        exits = [event for event in (await stage.get())["events"] if event["type"] == "exit"]
        assert exits[0]["request"]["exit_event"]["exit_code"] == 1


@on_virtual_time
async def test_f12_a_crash_loop_shows_restarts_that_count_up() -> None:
    async with open_stage(timing=SLOW, behaviours=[Behaviour(image=IMAGE, boot="crash")]) as stage:
        await stage.update()
        await stage.simulator.clock.sleep(14)
        newest = next(event for event in (await stage.get())["events"] if event["type"] == "exit")["request"]
        data = newest["MonitorEvent"]["exit_event"]
        assert newest["restart_count"] > 1
        assert (data["restarting"], data["requested_stop"], data["exit_code"]) == (True, False, 1)


@on_virtual_time
async def test_f12_running_out_of_memory_says_so() -> None:
    async with open_stage(timing=SLOW, behaviours=[Behaviour(image=IMAGE, boot="oom")]) as stage:
        await stage.update()
        await stage.simulator.clock.sleep(7)
        newest = next(event for event in (await stage.get())["events"] if event["type"] == "exit")["request"]
        assert (newest["exit_event"]["oom_killed"], newest["exit_event"]["exit_code"]) == (True, 137)


@on_virtual_time
async def test_f12_a_boot_may_hang() -> None:
    async with open_stage(timing=SLOW, behaviours=[Behaviour(image=IMAGE, boot="stuck")]) as stage:
        await stage.update()
        assert (await stage.wait("started")).json()["error"].endswith("currently starting")


@pytest.mark.parametrize(
    ("checks", "statuses"),
    [("never", {"warning", "critical"}), ("absent", set()), ("flap", {"warning", "passing", "critical"})],
)
def test_f13_checks_that_never_pass_flap_or_are_absent(checks: Any, statuses: set[str]) -> None:
    @on_virtual_time
    async def run() -> None:
        behaviour = Behaviour(image=IMAGE, checks=checks, check_changes=2)
        async with open_stage(timing=SLOW, behaviours=[behaviour]) as stage:
            await stage.update()
            await stage.wait("started")
            seen = set()
            for _ in range(60):
                await stage.simulator.clock.sleep(1)
                seen |= {check["status"] for check in (await stage.get())["checks"]}
            assert seen == statuses

    run()


@on_virtual_time
async def test_f13_checks_pass_and_then_fail() -> None:
    async with open_stage(
        behaviours=[Behaviour(image=IMAGE, checks="pass_then_fail", check_seconds=1)]
    ) as stage:
        await stage.update()
        await stage.wait("started")
        await stage.simulator.clock.sleep(1.1)
        assert (await stage.get())["checks"][0]["status"] == "passing"
        await stage.simulator.clock.sleep(5)
        assert (await stage.get())["checks"][0]["status"] == "critical"


@pytest.mark.parametrize(("act", "state"), [("stop", "stopped"), ("suspend", "suspended")])
def test_f18_the_proxy_stops_or_suspends_a_machine_and_starts_it_again(act: str, state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            stage.simulator.act(act, source="proxy")
            assert (await stage.wait(state)).status_code == 200
            assert (await stage.get())["events"][-1]["source"] != "proxy"
            assert "proxy" in {event["source"] for event in (await stage.get())["events"]}
            stage.simulator.act("start", source="proxy")
            assert (await stage.wait("started")).status_code == 200

    run()


@on_virtual_time
async def test_f18_somebody_destroys_a_machine() -> None:
    async with open_stage() as stage:
        stage.simulator.act("destroy", machine="web-1")
        assert (await stage.wait("destroyed")).status_code == 200
        assert (await stage.update()).status_code == 412


@on_virtual_time
async def test_f19_the_token_expires_during_the_deploy() -> None:
    async with open_stage(tokens=[Token(text="fm2_x", expires_at=60)], token="fm2_x") as stage:
        assert (await stage.update()).status_code == 200
        await stage.simulator.clock.sleep(61)
        answer = await stage.client.get(APP)
        assert (answer.status_code, answer.json()) == (401, {"error": "Authenticate: token validation error"})


@on_virtual_time
async def test_f19_the_token_is_not_for_this_app() -> None:
    async with open_stage(tokens=[Token(text="fm2_x", apps=("other",))], token="fm2_x") as stage:
        answer = await stage.update()
        assert (answer.status_code, answer.json()) == (403, {"error": "unauthorized"})


@pytest.mark.parametrize("operation", ["machine_cordon", "machine_uncordon", "metadata_set"])
def test_f20_small_writes_fail_for_a_while(operation: str) -> None:
    rest, body = {
        "machine_cordon": ("/cordon", None),
        "machine_uncordon": ("/uncordon", None),
        "metadata_set": ("/metadata/a", {"value": "b"}),
    }[operation]

    @on_virtual_time
    async def run() -> None:
        async with open_stage(rules=[Rule(operation=operation, status=408, times=2)]) as stage:
            codes = [(await stage.client.post(stage.path(rest), json=body)).status_code for _ in range(3)]
            assert codes[:2] == [408, 408]
            assert codes[2] in {200, 204}

    run()


@on_virtual_time
async def test_f20_an_uncordon_that_never_succeeds() -> None:
    async with open_stage(rules=[Rule(operation="machine_uncordon", status=500)]) as stage:
        await stage.client.post(stage.path("/cordon"))
        codes = {(await stage.client.post(stage.path("/uncordon"))).status_code for _ in range(20)}
        assert (codes, stage.machine.cordoned) == ({500}, True)


@on_virtual_time
async def test_f21_the_organization_has_no_machines_left() -> None:
    async with open_stage() as stage:
        stage.simulator.act("machine_limit", machines=2)
        assert (await stage.create()).status_code == 200
        refused = await stage.create()
        assert (refused.status_code, "machine limit" in refused.json()["error"]) == (422, True)


@on_virtual_time
async def test_f21_states_and_fields_that_nobody_knows_yet() -> None:
    rules = [
        Rule(
            operation="machine_*", fault="rewrite", body={"shape": {"of": "tomorrow"}, "config": {"flux": 3}}
        )
    ]
    async with open_stage(rules=rules) as stage:
        stage.simulator.act("state", state="hibernating")
        shown = await stage.get()
        assert (shown["state"], shown["shape"], shown["config"]["flux"]) == (
            "hibernating",
            {"of": "tomorrow"},
            3,
        )
        assert shown["config"]["image"]
        (listed,) = (await stage.client.get(f"{APP}/machines")).json()
        assert listed["shape"] == {"of": "tomorrow"}


@on_virtual_time
async def test_f22_a_start_that_fails_inside_a_200() -> None:
    body = {"status": "error", "message": "machine could not be started"}
    async with open_stage(
        state="stopped", rules=[Rule(operation="machine_start", status=200, body=body)]
    ) as stage:
        answer = await stage.client.post(stage.path("/start"))
        assert (answer.status_code, answer.json()) == (200, body)
        assert (await stage.get())["state"] == "stopped"


@pytest.mark.parametrize("at", [0.5, 1.5, 2.5, 3.5, 4.5, 6.5, 9.5, 12.5])
def test_f23_a_killed_deployer_leaves_leases_that_end_and_a_rerun_converges(at: float) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(timing=SLOW, latency=1.0) as stage:

            async def deploy() -> None:
                taken = await stage.client.post(stage.path("/lease"), json={"ttl": 13})
                if taken.status_code != 201:
                    raise AssertionError(taken.text)
                nonce = taken.json()["data"]["nonce"]
                shown = await stage.get()
                if shown["config"]["image"] != IMAGE:
                    answer = await stage.update(nonce=nonce, current_version=shown["version"])
                    assert answer.status_code == 200
                await stage.wait("started")
                headers = {"fly-machine-lease-nonce": nonce}
                await stage.client.delete(stage.path("/lease"), headers=headers)

            with anyio.move_on_after(at):
                await deploy()
            await stage.simulator.clock.sleep(14)
            await deploy()
            assert (await stage.get())["config"]["image"] == IMAGE
            assert (await stage.get())["state"] == "started"
            assert len(stage.machine.versions) == 2
            assert (await stage.client.get(stage.path("/lease"))).status_code == 404

    run()
