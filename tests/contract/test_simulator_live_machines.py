"""What was seen of creates, updates and lists on the real Fly: rows L25 to L52 of the simulator's README."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import add_volume, make_config, make_service
from tests.simulator.faults import Rule
from tests.simulator.stage import APP, IMAGE, Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.transport import make_client
from tests.simulator.virtual import run_virtual

CHECKED = make_config(image=IMAGE, services=[make_service()])


async def settle(stage: Stage, seconds: float = 20) -> None:
    await stage.simulator.clock.sleep(seconds)


async def rows(stage: Stage, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await stage.client.get(f"{APP}/machines", params=query)).json()
    return found


@on_virtual_time
async def test_an_update_names_the_version_it_expects_beside_the_nonce() -> None:
    async with open_stage() as stage:
        lease = (await stage.client.post(stage.path("/lease?ttl=120"))).json()["data"]
        seen = await stage.get()
        answer = await stage.update(nonce=lease["nonce"], current_version=seen["instance_id"])
        body = answer.json()
        assert answer.status_code == 200
        assert body["instance_id"] != seen["instance_id"]
        assert body["config"]["image"] == IMAGE
        assert (await stage.wait("started", instance_id=body["instance_id"])).is_success
        stale = await stage.update(nonce=lease["nonce"], current_version=seen["instance_id"])
        assert stale.status_code == 409


@pytest.mark.parametrize("rest", ["/cordon", "/uncordon", "/stop", "/suspend", "/metadata/a"])
def test_what_makes_no_new_version(rest: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            before = (await stage.get())["instance_id"]
            body = {"value": "1"} if rest.startswith("/metadata") else None
            assert (await stage.client.post(stage.path(rest), json=body)).is_success
            await settle(stage)
            assert (await stage.get())["instance_id"] == before

    run()


@on_virtual_time
async def test_an_update_replaces_the_whole_config_metadata_included() -> None:
    config = make_config(metadata={"a": "1"}, env={"A": "1"}, stop_config={"timeout": "5s"})
    async with open_stage(config=config) as stage:
        await stage.update(config={"image": IMAGE})
        shown = (await stage.get())["config"]
        assert {"env", "stop_config"} & set(shown) == set()
        assert not shown.get("metadata")


@on_virtual_time
async def test_a_config_that_was_read_can_be_posted_as_it_is_here_or_for_another_machine() -> None:
    services = [make_service() | {"autostop": "stop"}]
    async with open_stage(config=make_config(services=services)) as stage:
        read = (await stage.get())["config"]
        assert (await stage.update(config=read)).json()["config"] == read
        assert (await stage.create(read)).json()["config"] == read


@on_virtual_time
async def test_a_started_machine_comes_back_by_itself() -> None:
    async with open_stage() as stage:
        version = (await stage.update()).json()["instance_id"]
        assert (await stage.wait("started", version=version, timeout=20)).is_success


@on_virtual_time
async def test_a_machine_never_launched_is_updated_and_refuses_its_start_for_seconds() -> None:
    async with open_stage() as stage:
        made = (await stage.create(skip_launch=True)).json()["id"]
        await settle(stage)
        await stage.update(machine=made, config=CHECKED, skip_launch=True)
        refusals = []
        for _ in range(10):
            answer = await stage.client.post(stage.path("/start", machine=made))
            if answer.is_success:
                break
            refusals.append((answer.status_code, answer.json()["error"]))
            await settle(stage, 2)
        assert set(refusals) == {(412, "failed_precondition: machine getting replaced, refusing to start")}
        assert (await stage.wait("started", machine=made)).is_success


@on_virtual_time
async def test_a_cordoned_machine_updated_without_registration_stays_cordoned_and_passes() -> None:
    async with open_stage() as stage:
        await stage.client.post(stage.path("/cordon"))
        await stage.update(config=CHECKED, skip_service_registration=True)
        await settle(stage)
        shown = await stage.get()
        assert (shown["cordoned"], [c["status"] for c in shown["checks"]]) == (True, ["passing"])


@on_virtual_time
async def test_an_uncordoned_machine_stays_so_although_it_was_created_cordoned() -> None:
    async with open_stage() as stage:
        made = (await stage.create(skip_service_registration=True)).json()
        await settle(stage)
        await stage.client.post(stage.path("/uncordon", machine=made["id"]))
        assert (await stage.update(machine=made["id"])).json()["cordoned"] is False


@pytest.mark.parametrize(("leads", "version"), [(True, "new"), (False, "old")])
def test_a_read_after_an_accepted_update_may_lag(leads: bool, version: str) -> None:
    """L36, L37: whether the cookie leads to the node that has the write is not known for every read."""

    @on_virtual_time
    async def run() -> None:
        async with open_stage(replica_lag=3.0, switches=Switches(cookie_leads=leads)) as stage:
            await settle(stage, 5)
            old, new = stage.machine.version, (await stage.update()).json()["instance_id"]
            assert (await stage.get())["instance_id"] == {"new": new, "old": old}[version]
            await settle(stage, 3)
            assert (await stage.get())["instance_id"] == new

    run()


@on_virtual_time
async def test_a_machine_with_a_volume_is_updated_in_place() -> None:
    async with open_stage() as stage:
        volume = add_volume(stage.simulator.world, stage.app, name="data")
        config = make_config(mounts=[{"volume": volume.id, "path": "/data"}])
        made = (await stage.create(config, region="ams")).json()["id"]
        found = (await stage.client.get(f"{APP}/volumes/{volume.id}")).json()
        assert found["attached_machine_id"] == made
        await settle(stage)
        assert (await stage.update(machine=made, config=config | {"image": IMAGE})).json()["id"] == made
        found = (await stage.client.get(f"{APP}/volumes/{volume.id}")).json()
        assert found["attached_machine_id"] == made
        second = await stage.create(config, region="ams")
        assert (second.status_code, "already claimed" in second.json()["error"]) == (412, True)


@on_virtual_time
async def test_failing_checks_leave_the_machine_started_and_a_second_update_mends_it_in_place() -> None:
    config = make_config(services=[make_service()])
    async with open_stage(config=config, behaviours=[Behaviour(image=IMAGE, checks="never")]) as stage:
        await stage.update(config=CHECKED)
        await settle(stage, 120)
        shown = await stage.get()
        assert (shown["state"], shown["config"]["image"]) == ("started", IMAGE)
        assert {check["status"] for check in shown["checks"]} == {"critical"}
        await stage.update(config=config)
        await settle(stage)
        assert [(c["status"]) for c in (await stage.get())["checks"]] == ["passing"]


@on_virtual_time
async def test_an_update_whose_answer_was_lost_is_there() -> None:
    async with open_stage(rules=[Rule(operation="machine_update", nth=1, fault="drop")]) as stage:
        before = stage.machine.version
        with pytest.raises(Exception, match="connection reset"):
            await stage.update()
        shown = await stage.get()
        assert shown["instance_id"] != before
        assert len(await rows(stage)) == 1


@on_virtual_time
async def test_the_answer_to_a_create_has_the_id_and_the_digest() -> None:
    async with open_stage() as stage:
        answer = await stage.create(CHECKED)
        assert answer.status_code in {200, 201}
        assert answer.json()["id"]
        assert answer.json()["image_ref"]["digest"].startswith("sha256:")


@on_virtual_time
async def test_a_machine_is_created_cordoned_or_not() -> None:
    async with open_stage() as stage:
        for asked in (True, False):
            made = (await stage.create(skip_service_registration=asked)).json()["id"]
            assert (await stage.get(made))["cordoned"] is asked


@pytest.mark.parametrize("rests", ["stopped", "created"])
def test_a_machine_that_is_not_launched_rests_and_can_be_started(rests: Any) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(skip_launch_rests=rests)) as stage:
            made = (await stage.create(skip_launch=True)).json()["id"]
            refused = await stage.client.post(stage.path("/start", machine=made))
            text = "unable to start machine from current state: 'created'"
            assert (refused.status_code, text in refused.json()["error"]) == (412, True)
            await settle(stage)
            assert (await stage.get(made))["state"] == rests
            assert (await stage.wait("started", machine=made, timeout=1)).status_code == 408
            assert (await stage.client.post(stage.path("/start", machine=made))).is_success
            assert (await stage.wait("started", machine=made)).is_success

    run()


@on_virtual_time
async def test_a_name_is_given_once_and_the_first_keeps_everything() -> None:
    async with open_stage() as stage:
        first = (await stage.create(name="web-2")).json()
        second = await stage.create(CHECKED | {"metadata": {"other": "1"}}, name="web-2")
        assert second.status_code == 409
        (found,) = [row for row in await rows(stage) if row["name"] == "web-2"]
        assert (found["id"], found["config"]["metadata"]) == (first["id"], first["config"]["metadata"])
        assert found["image_ref"] == first["image_ref"]


@on_virtual_time
async def test_a_create_whose_answer_was_lost_is_listed_once_by_name_and_by_metadata() -> None:
    config = make_config(metadata={"mark": "7"})
    async with open_stage(rules=[Rule(operation="machine_create", nth=1, fault="drop")]) as stage:
        with pytest.raises(Exception, match="connection reset"):
            await stage.create(config, name="web-2")
        assert [row["name"] for row in await rows(stage, **{"metadata.mark": "7"})] == ["web-2"]
        assert (await stage.create(config, name="web-2")).status_code == 409


@on_virtual_time
async def test_an_unknown_image_is_refused_with_400_and_leaves_nothing() -> None:
    async with open_stage(behaviours=[Behaviour(image="*:gone", missing="for_ever")]) as stage:
        assert (await stage.create(make_config(image="library/nginx:gone"))).status_code == 400
        assert len(await rows(stage)) == 1


@on_virtual_time
async def test_a_list_tells_as_much_as_a_read() -> None:
    async with open_stage() as stage:
        (row,) = await rows(stage)
        assert {"checks", "cordoned", "config", "instance_id"} <= set(row)
        assert row["image_ref"]["digest"].startswith("sha256:")


@on_virtual_time
async def test_metadata_that_was_taken_away_is_gone_from_the_list_and_added_shows_at_once() -> None:
    async with open_stage() as stage:
        path = stage.path("/metadata/mark")
        assert (await stage.client.post(path, json={"value": "7"})).is_success
        assert (await stage.get())["config"]["metadata"]["mark"] == "7"
        assert (await stage.client.delete(path)).is_success
        assert await rows(stage, **{"metadata.mark": "7"}) == []


def test_a_list_may_miss_what_was_just_made() -> None:
    async def run() -> None:
        async with open_stage(replica_lag=3.0) as stage, make_client(stage.simulator) as other:
            await settle(stage, 5)
            await stage.create(name="web-2")
            assert len((await other.get(f"{APP}/machines")).json()) == 1
            await settle(stage, 4)
            assert len((await other.get(f"{APP}/machines")).json()) == 2

    run_virtual(run)


@on_virtual_time
async def test_of_two_first_deploys_with_other_names_both_are_made() -> None:
    """L22: nothing fences a create. What it costs shows in the list at once."""
    async with open_stage(timing=Timing(prepare=(1, 1))) as stage:
        for name in ("web-2", "web-3"):
            assert (await stage.create(name=name)).is_success
        assert len(await rows(stage)) == 3
