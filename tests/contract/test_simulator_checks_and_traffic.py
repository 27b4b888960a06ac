"""Checks, cordon and the traffic probe, processes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import add_machine, make_config, make_service
from tests.simulator.stage import APP, IMAGE, Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour, Checks
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.state.traffic import find_fewest, list_changes, list_routable

SLOW = Timing(replace=(3, 3), boot=(2, 2), first_check=(0.5, 0.5), stop=(1, 1))
CHECK = "servicecheck-00-http-8080"


async def _status(stage: Stage) -> dict[str, str]:
    return {check["name"]: check["status"] for check in (await stage.get())["checks"]}


@on_virtual_time
async def test_checks_are_empty_after_boot_then_wait_then_pass_after_grace_and_interval() -> None:
    async with open_stage(timing=SLOW) as stage:
        await stage.update()
        assert await _status(stage) == {}
        await stage.wait("started")
        assert await _status(stage) == {}
        await stage.simulator.clock.sleep(0.6)
        assert await _status(stage) == {CHECK: "warning"}
        await stage.simulator.clock.sleep(6.3)
        assert await _status(stage) == {CHECK: "warning"}
        await stage.simulator.clock.sleep(0.2)
        assert await _status(stage) == {CHECK: "passing"}


@pytest.mark.parametrize(
    ("checks", "story"),
    [
        ("pass", ["passing"] * 4),
        ("never", ["critical"] * 4),
        ("flap", ["passing", "critical", "passing", "critical"]),
        ("pass_then_fail", ["passing", "critical", "critical", "critical"]),
        ("absent", [None] * 4),
    ],
)
def test_checks_are_scripted_by_image(checks: Checks, story: list[str | None]) -> None:
    @on_virtual_time
    async def run() -> None:
        behaviour = Behaviour(image=IMAGE, checks=checks, check_seconds=2, check_changes=5)
        async with open_stage(timing=SLOW, behaviours=[behaviour]) as stage:
            await stage.update()
            await stage.wait("started")
            seen = []
            for pause in (3, 5, 5, 5):
                await stage.simulator.clock.sleep(pause)
                seen.append((await _status(stage)).get(CHECK))
            assert seen == story

    run()


@on_virtual_time
async def test_a_check_says_when_it_last_changed_and_not_when_it_last_ran() -> None:
    async with open_stage() as stage:
        await stage.update()
        await stage.wait("started")
        await stage.simulator.clock.sleep(10)
        first = (await stage.get())["checks"]
        await stage.simulator.clock.sleep(100)
        assert (await stage.get())["checks"] == first


@on_virtual_time
async def test_checks_are_named_as_fly_names_them() -> None:
    services = [make_service(), make_service(port=9090, external=9090)]
    services[1]["checks"] = [{"type": "tcp", "interval": "5s"}]
    config = make_config(services=services, checks={"deep": {"type": "http", "port": 8080, "path": "/deep"}})
    async with open_stage(config=config, switches=Switches(compat_row=True)) as stage:
        await stage.update(config=config)
        await stage.wait("started")
        await stage.simulator.clock.sleep(30)
        assert set(await _status(stage)) == {
            "bg_deployments_compat", "deep", CHECK, "servicecheck-00-tcp-9090"
        }  # fmt: skip


@on_virtual_time
async def test_checks_of_a_stopped_machine_go_stale() -> None:
    async with open_stage() as stage:
        assert await _status(stage) == {CHECK: "passing"}
        await stage.client.post(stage.path("/stop"))
        await stage.wait("stopped")
        assert await _status(stage) == {CHECK: "warning"}


@on_virtual_time
async def test_a_cordoned_machine_runs_on_and_gets_no_traffic() -> None:
    async with open_stage() as stage:
        await stage.client.post(stage.path("/cordon"))
        shown = await stage.get()
        assert (shown["cordoned"], shown["state"]) == (True, "started")
        assert list_routable(stage.app) == []
        await stage.client.post(stage.path("/cordon"))
        await stage.client.post(stage.path("/uncordon"))
        assert list_routable(stage.app) == [stage.machine]


@on_virtual_time
async def test_skip_service_registration_creates_it_cordoned() -> None:
    async with open_stage() as stage:
        config = make_config(services=[make_service()])
        ident = (await stage.create(config, skip_service_registration=True)).json()["id"]
        await stage.wait("started", machine=ident)
        await stage.simulator.clock.sleep(20)
        assert (await stage.get(ident))["checks"][0]["status"] == "passing"
        assert (await _probe(stage))["now"] == [stage.machine.id]
        await stage.client.post(stage.path("/uncordon", machine=ident))
        assert set((await _probe(stage))["now"]) == {stage.machine.id, ident}


async def _probe(stage: Stage, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await stage.client.get("/_sim/traffic", params=query)).json()
    return found


@on_virtual_time
async def test_the_probe_asks_by_external_port() -> None:
    async with open_stage() as stage:
        other = make_config(group="smtp", services=[make_service(port=25, external=2525)])
        smtp = add_machine(stage.simulator.world, stage.app, config=other)
        worker = add_machine(stage.simulator.world, stage.app, config=make_config(group="worker"))
        assert (await _probe(stage, port=443))["now"] == [stage.machine.id]
        assert (await _probe(stage, port=2525))["now"] == [smtp.id]
        assert worker.id not in (await _probe(stage))["now"]


@on_virtual_time
async def test_the_record_shows_how_few_machines_ever_took_requests() -> None:
    async with open_stage(timing=SLOW) as stage:
        config = make_config(services=[make_service()])
        for _ in range(2):
            add_machine(stage.simulator.world, stage.app, config=config)
        await stage.simulator.clock.sleep(5)
        await stage.update()
        await stage.wait("started")
        await stage.simulator.clock.sleep(10)
        assert find_fewest(stage.app, since=0, until=stage.now, group="web") == 2
        assert find_fewest(stage.app, since=0, until=4.9, group="web") == 3
        assert find_fewest(stage.app, since=stage.now, until=stage.now, group="web") == 3
        assert [(round(c.at, 1), len(c.machines)) for c in list_changes(stage.app)] == [
            (0.0, 3),
            (5.0, 2),
            (17.0, 3),
        ]


@on_virtual_time
async def test_a_failing_service_check_takes_a_machine_out_and_a_plain_one_does_not() -> None:
    config = make_config(services=[make_service(path=None)], checks={"deep": {"type": "http", "port": 8080}})
    async with open_stage(config=config) as stage:
        stage.simulator.act("checks", status="critical")
        assert list_routable(stage.app) == [stage.machine]
        stage.machine.config["checks"]["deep"]["kind"] = "readiness"
        assert list_routable(stage.app) == []


@pytest.mark.parametrize(
    ("listens", "addresses"), [("service", ["[::]:8080"]), ("loopback", ["127.0.0.1:8080"]), ("nothing", [])]
)
def test_processes_show_where_they_listen(listens: Any, addresses: list[str]) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(behaviours=[Behaviour(listens=listens)]) as stage:
            (process,) = (await stage.client.get(stage.path("/ps"))).json()
            assert [socket["address"] for socket in process["listen_sockets"]] == addresses
            await stage.client.post(stage.path("/stop"))
            await stage.wait("stopped")
            assert (await stage.client.get(stage.path("/ps"))).status_code == 412
            assert (await stage.client.get(f"{APP}/machines")).status_code == 200

    run()
