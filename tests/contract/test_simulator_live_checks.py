"""What was seen of waits, checks and cordons on the real Fly: rows L53 to L86 of the simulator's README."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import make_config, make_service
from tests.simulator.stage import IMAGE, Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.state.traffic import find_fewest, list_changes, list_routable

QUICK = Timing(replace=(3, 3), boot=(2, 2), first_check=(0.5, 0.5), stop=(1, 1))


def check(**words: Any) -> dict[str, Any]:
    return {"type": "http", "path": "/up", "interval": "2s", "timeout": "1s", "grace_period": "0s", **words}


def service(*checks: dict[str, Any], port: int = 8080, external: int = 443) -> dict[str, Any]:
    return make_service(port=port, external=external, path=None) | {"checks": list(checks)}


async def reports(stage: Stage) -> dict[str, str]:
    return {row["name"]: row["status"] for row in (await stage.get())["checks"]}


async def run_on(stage: Stage, config: dict[str, Any], *, seconds: float = 30) -> dict[str, str]:
    """The reports of the machine some time after it was updated to the config."""
    await stage.update(config=config)
    await stage.wait("started")
    await stage.simulator.clock.sleep(seconds)
    return await reports(stage)


@pytest.mark.parametrize("pinned", [False, True])
def test_a_wait_for_rest_with_and_without_the_version(pinned: bool) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            query = {"instance_id": stage.machine.version} if pinned else {}
            for verb, state in (("stop", "stopped"), ("start", "started"), ("suspend", "suspended")):
                await stage.client.post(stage.path(f"/{verb}"))
                assert (await stage.wait(state, **query)).status_code == 200

    run()


@on_virtual_time
async def test_a_wait_that_misses_is_408_with_the_states_named() -> None:
    async with open_stage(state="stopped") as stage:
        answer = await stage.wait("started", timeout=1)
        text = "deadline_exceeded: machine failed to reach desired state, started, currently stopped"
        assert (answer.status_code, answer.json()["error"]) == (408, text)


@on_virtual_time
async def test_a_wait_of_more_than_a_minute_is_refused_at_once() -> None:
    async with open_stage(state="stopped") as stage:
        answer = await stage.wait("started", timeout=61)
        text = "invalid WaitMachineRequest.Timeout: value must be inside range [1s, 1m0s]"
        assert (answer.status_code, text in answer.json()["error"], stage.now) == (400, True, 0.0)


@on_virtual_time
async def test_a_wait_for_a_machine_long_gone_is_404() -> None:
    async with open_stage() as stage:
        await stage.client.delete(stage.path("?force=true"))
        await stage.simulator.clock.sleep(90)
        assert (await stage.wait("destroyed")).status_code == 404


@on_virtual_time
async def test_a_report_is_named_by_the_number_in_its_service_and_by_the_services_port() -> None:
    config = make_config(
        services=[
            service(check(port=80), check(), port=81),
            service(check(type="tcp"), port=90, external=90),
        ],
        checks={"deep": check(port=8080)},
    )
    async with open_stage(timing=QUICK) as stage:
        names = await run_on(stage, config)
        assert set(names) == {
            "servicecheck-00-http-81", "servicecheck-01-http-81", "servicecheck-00-tcp-90", "deep"
        }  # fmt: skip


@on_virtual_time
async def test_the_port_of_the_check_is_the_one_that_is_probed() -> None:
    config = make_config(services=[service(check(port=80), port=81)], checks={"other": check(port=82)})
    async with open_stage(timing=QUICK, behaviours=[Behaviour(image="*", closed=(80,))]) as stage:
        assert await run_on(stage, config) == {"servicecheck-00-http-81": "critical", "other": "passing"}


@on_virtual_time
async def test_two_services_on_one_port_give_one_report_for_both() -> None:
    """L61: expect distinct names, not as many reports as checks."""
    config = make_config(services=[service(check(), external=80), service(check(), external=443)])
    async with open_stage(timing=QUICK) as stage:
        assert await run_on(stage, config) == {"servicecheck-00-http-8080": "passing"}
        assert list_routable(stage.app) == [stage.machine]


@on_virtual_time
async def test_a_cordoned_machine_is_probed_and_passes() -> None:
    async with open_stage(timing=QUICK) as stage:
        await stage.client.post(stage.path("/cordon"))
        assert set((await run_on(stage, make_config(services=[service(check())]))).values()) == {"passing"}
        assert (await stage.get())["cordoned"] is True


@on_virtual_time
async def test_after_an_update_every_report_is_newer_than_the_update() -> None:
    async with open_stage(timing=QUICK) as stage:
        await run_on(stage, make_config(services=[service(check())]))
        (before,) = (await stage.get())["checks"]
        updated = await stage.update(config=make_config(image=IMAGE, services=[service(check())]))
        await stage.simulator.clock.sleep(30)
        (after,) = (await stage.get())["checks"]
        assert after["updated_at"] > max(before["updated_at"], updated.json()["updated_at"])


@pytest.mark.parametrize(("resets", "status"), [(False, "passing"), (True, None)])
def test_a_metadata_write_may_reset_the_reports(resets: bool, status: str | None) -> None:
    """L66: an author's note. L67, asserted live: they come back on the same instance, in a budget of grace, interval and some slack."""

    @on_virtual_time
    async def run() -> None:
        async with open_stage(timing=QUICK, switches=Switches(metadata_resets_checks=resets)) as stage:
            config = make_config(services=[service(check(interval="75s"))])
            await run_on(stage, config, seconds=100)
            version, name = stage.machine.version, "servicecheck-00-http-8080"
            await stage.client.patch(stage.path("/metadata"), json={"metadata": {"a": "1"}})
            assert (await reports(stage)).get(name) == status
            await stage.simulator.clock.sleep(120)
            assert (await reports(stage), stage.machine.version) == ({name: "passing"}, version)

    run()


@on_virtual_time
async def test_an_app_that_is_not_ready_is_critical_while_the_machine_is_started() -> None:
    async with open_stage(timing=QUICK, behaviours=[Behaviour(image="*", checks="never")]) as stage:
        found = await run_on(stage, make_config(services=[service(check())]), seconds=200)
        assert set(found.values()) == {"critical"}
        shown = await stage.get()
        assert (shown["state"], shown["id"]) == ("started", stage.machine.id)


@on_virtual_time
async def test_a_running_app_that_turns_unready_is_critical_within_nine_seconds() -> None:
    turns = Behaviour(image="*", checks="pass_then_fail", check_changes=9)
    async with open_stage(timing=QUICK, behaviours=[turns]) as stage:
        config = make_config(services=[service(check(), check(path="/deep"))])
        assert set((await run_on(stage, config, seconds=4)).values()) == {"passing"}
        await stage.simulator.clock.sleep(9)
        assert set((await reports(stage)).values()) == {"critical"}


@on_virtual_time
async def test_an_app_that_needs_its_grace_period_passes_within_ninety_seconds() -> None:
    async with open_stage(timing=QUICK, behaviours=[Behaviour(image="*", check_seconds=66)]) as stage:
        config = make_config(services=[service(check(grace_period="65s"))])
        assert set((await run_on(stage, config, seconds=60)).values()) == {"warning"}
        await stage.simulator.clock.sleep(20)
        assert set((await reports(stage)).values()) == {"passing"}


@pytest.mark.parametrize(("spelling", "text"), [("kept", "75s"), ("go", "1m15s")])
def test_an_interval_is_kept_and_spelled_one_way_or_the_other(spelling: Any, text: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(durations=spelling)) as stage:
            answer = await stage.update(config=make_config(checks={"deep": check(interval="75s")}))
            assert answer.json()["config"]["checks"]["deep"]["interval"] == text

    run()


@pytest.mark.parametrize(("most", "text"), [(None, "75s"), (60, "1m0s")])
def test_an_interval_of_a_services_check_may_be_cut_to_a_minute(most: int | None, text: str) -> None:
    """L73: an author's note and a page of the documentation."""

    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(service_interval_max=most)) as stage:
            config = make_config(
                services=[service(check(interval="75s"))], checks={"a": check(interval="75s")}
            )
            shown = (await stage.update(config=config)).json()["config"]
            assert shown["services"][0]["checks"][0]["interval"] == text
            assert shown["checks"]["a"]["interval"] == "75s"

    run()


@on_virtual_time
async def test_what_a_check_sends_survives_the_round_trip() -> None:
    sent = check(
        method="POST",
        protocol="https",
        tls_skip_verify=True,
        tls_server_name="acme.test",
        headers=[{"name": "X-Up", "values": ["1", "2"]}],
    )
    async with open_stage() as stage:
        shown = (await stage.update(config=make_config(services=[service(sent)]))).json()["config"]
        assert shown["services"][0]["checks"][0] == sent


@pytest.mark.parametrize("state", ["created", "stopped", "started"])
def test_a_cordon_shows_in_the_first_read(state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(state=state) as stage:
            for verb, cordoned in (("cordon", True), ("uncordon", False)):
                assert (await stage.client.post(stage.path(f"/{verb}"))).is_success
                assert (await stage.get())["cordoned"] is cordoned

    run()


@on_virtual_time
async def test_a_cordoned_candidate_gets_no_request_and_two_uncordoned_both_serve() -> None:
    """L79, L80, L82: new in, ten seconds, old out, ten seconds, stop. Somebody serves at every moment."""
    async with open_stage(timing=QUICK, behaviours=[Behaviour(image="*:bad", checks="never")]) as stage:
        made = (
            await stage.create(make_config(services=[service(check())]), skip_service_registration=True)
        ).json()["id"]
        bad = await stage.create(
            make_config(image="registry.fly.io/acme-shop:bad", services=[service(check())]),
            skip_service_registration=True,
        )
        await stage.simulator.clock.sleep(30)
        assert [machine.id for machine in list_routable(stage.app)] == [stage.machine.id]
        for path in ("/uncordon", None, "/cordon"):
            if path is None:
                both = {machine.id for machine in list_routable(stage.app)}
                assert both == {made, stage.machine.id}
                continue
            target = made if path == "/uncordon" else None
            assert (await stage.client.post(stage.path(path, machine=target))).is_success
            await stage.simulator.clock.sleep(10)
        await stage.client.post(stage.path("/stop"))
        assert find_fewest(stage.app, since=0, until=stage.now) == 1
        served = {machine for change in list_changes(stage.app) for machine in change.machines}
        assert bad.json()["id"] not in served


@pytest.mark.parametrize("state", ["stopped", "suspended"])
def test_the_proxy_wakes_a_machine_and_lets_it_rest_again_as_it_was(state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(state=state) as stage:
            before = await stage.get()
            stage.simulator.act("start", source="proxy", guarded=True)
            assert (await stage.wait("started")).is_success
            stage.simulator.act("stop" if state == "stopped" else "suspend", source="proxy", guarded=True)
            assert (await stage.wait(state)).is_success
            after = await stage.get()
            assert (after["config"], after["cordoned"]) == (before["config"], False)

    run()
