"""Faults that others inject on the real Fly, F24 to F33: what is held for minutes, hidden, in flight, moved or taken."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from tests.simulator.builders import add_machine, make_config, make_service
from tests.simulator.faults import Rule
from tests.simulator.stage import APP, IMAGE, Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Switches, Timing


async def names(stage: Stage) -> list[str]:
    return [row["name"] for row in (await stage.client.get(f"{APP}/machines")).json()]


def lease_headers(answer: httpx.Response) -> dict[str, str]:
    return {"fly-machine-lease-nonce": answer.json()["data"]["nonce"]}


@pytest.mark.parametrize("ends", ["delivered", "dropped"])
def test_f24_an_answer_that_was_made_is_held_for_minutes(ends: str) -> None:
    @on_virtual_time
    async def run() -> None:
        fault: Any = "slow" if ends == "delivered" else "drop"
        rule = Rule(operation="machine_update", nth=1, fault=fault, delay_after=180)
        async with open_stage(rules=[rule]) as stage:
            before, seen = stage.machine.version, list[object]()
            stage.client.timeout = httpx.Timeout(None)

            async def ask() -> None:
                try:
                    seen.append((await stage.update()).status_code)
                except httpx.ReadError:
                    seen.append("dropped")

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                await anyio.sleep(1)
                assert (await stage.get())["instance_id"] != before
            assert (seen, stage.now) == ([200 if ends == "delivered" else "dropped"], 180.0)

    run()


@pytest.mark.parametrize(("lists", "missing"), [(2, [True, True, False]), (None, [True, True, True])])
def test_f25_a_machine_that_exists_is_missing_in_two_lists_or_in_all(
    lists: int | None, missing: list[bool]
) -> None:
    @on_virtual_time
    async def run() -> None:
        hidden = Rule(operation="machine_list", fault="hide", rows="web-2", times=lists)
        async with open_stage(rules=[hidden]) as stage:
            await stage.create(name="web-2")
            assert ["web-2" not in await names(stage) for _ in range(3)] == missing
            assert (await stage.create(name="web-2")).status_code == 409

    run()


@on_virtual_time
async def test_f26_renewals_of_one_machine_are_held_and_no_others() -> None:
    rule = Rule(operation="lease_refresh", machine="web-1", fault="slow", delay_after=60)
    async with open_stage(rules=[rule]) as stage:
        other = add_machine(stage.simulator.world, stage.app, name="web-2")
        for machine, seconds in ((other.id, 0.0), (stage.machine.id, 60.0)):
            path = stage.path("/lease?ttl=120", machine=machine)
            holding = lease_headers(await stage.client.post(path))
            begun = stage.now
            assert (await stage.client.post(path, headers=holding)).is_success
            assert stage.now - begun == seconds


@on_virtual_time
async def test_f27_a_renewal_that_arrives_after_the_release_brings_the_lease_back() -> None:
    rule = Rule(operation="lease_refresh", fault="slow", delay=2)
    async with open_stage(rules=[rule], switches=Switches(released_refresh="revive")) as stage:
        path = stage.path("/lease?ttl=30")
        holding = lease_headers(await stage.client.post(path))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: stage.client.post(path, headers=holding))
            await anyio.sleep(1)
            assert (await stage.client.delete(stage.path("/lease"), headers=holding)).is_success
            assert (await stage.update()).is_success
        assert (await stage.update()).status_code == 409


@on_virtual_time
async def test_f28_our_own_destroy_ends_the_lease_while_the_machine_is_still_on_its_way_out() -> None:
    async with open_stage(timing=Timing(destroy=(40, 40))) as stage:
        path = stage.path("/lease?ttl=120")
        holding = lease_headers(await stage.client.post(path))
        await stage.client.delete(stage.path("?force=true"), headers=holding)
        assert (await stage.get())["state"] == "destroying"
        refused = await stage.client.post(path, headers=holding)
        assert (refused.status_code, refused.json()["message"]) == (404, "lease not found")


@on_virtual_time
async def test_f29_a_tag_moves_between_the_first_machine_and_the_second() -> None:
    move = Rule(operation="machine_create", nth=2, fault="act", acts=[{"act": "move_tag", "image": IMAGE}])
    async with open_stage(rules=[move]) as stage:
        answers = [await stage.create(make_config(image=IMAGE)) for _ in range(3)]
        first, second, third = (answer.json()["image_ref"]["digest"] for answer in answers)
        assert first != second == third


@on_virtual_time
async def test_f30_the_name_is_somebody_elses() -> None:
    async with open_stage() as stage:
        stage.simulator.act("clone", machine="web-1", name="web-2")
        refused = await stage.create(name="web-2")
        assert (refused.status_code, 'already exists with name "web-2"' in refused.json()["error"]) == (
            409,
            True,
        )
        (rival,) = [m for m in stage.app.machines.values() if m.name == "web-2"]
        assert rival.config == stage.machine.config


@on_virtual_time
async def test_f31_a_list_is_held_while_a_rivals_deploy_completes() -> None:
    held = Rule(operation="machine_list", nth=1, fault="slow", delay_after=30)
    async with open_stage(rules=[held]) as stage:
        seen: list[Any] = []

        async def read() -> None:
            seen.extend((await stage.client.get(f"{APP}/machines")).json())

        before = stage.machine.version
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.sleep(1)
            stage.simulator.act("update", config={"env": {"RIVAL": "1"}})
        assert seen[0]["instance_id"] == before != stage.machine.version


@on_virtual_time
async def test_f32_one_sibling_is_stuck_and_the_other_drains_for_a_minute_while_its_destroy_is_lost() -> None:
    lost = Rule(operation="machine_destroy", machine="web-2", nth=1, fault="drop")
    async with open_stage(rules=[lost], behaviours=[Behaviour(machine="web-2", drain_seconds=60)]) as stage:
        sibling = add_machine(stage.simulator.world, stage.app, name="web-2")
        stage.simulator.act("stick", machine="web-1", state="started")
        for machine in (stage.machine.id, sibling.id):
            await stage.client.post(stage.path("/stop", machine=machine), json={"timeout": "90s"})
        await stage.simulator.clock.sleep(59)
        assert (await stage.get(sibling.id))["state"] == "stopping"
        await stage.simulator.clock.sleep(2)
        with pytest.raises(httpx.ReadError):
            await stage.client.delete(stage.path(machine=sibling.id))
        assert (await stage.wait("destroyed", machine=sibling.id)).is_success
        assert (await stage.get())["state"] == "stopping"


@on_virtual_time
async def test_f33_a_secret_is_written_while_a_create_is_in_flight() -> None:
    slow = Rule(operation="machine_create", fault="slow", delay=2)
    async with open_stage(rules=[slow]) as stage:
        made: list[str] = []

        async def create() -> None:
            made.append((await stage.create(make_config(services=[make_service()]))).json()["id"])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(create)
            await anyio.sleep(1)
            await stage.client.post(f"{APP}/secrets", json={"values": {"A": "1"}})
        assert (await stage.wait("started", machine=made[0])).is_success
        assert stage.app.machines[made[0]].secrets_version == 1
