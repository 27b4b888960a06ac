"""Volumes, secrets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import add_volume, make_config
from tests.simulator.stage import APP, Stage, on_virtual_time, open_stage
from tests.simulator.state.settings import Switches, Timing

SLOW = Timing(prepare=(7, 7), destroy=(2, 2), volume_release=(3, 3), boot=(1, 1), replace=(1, 1))


async def _make_volume(stage: Stage, **words: Any) -> dict[str, Any]:
    answer = await stage.client.post(
        f"{APP}/volumes", json={"name": "data", "region": "ams", "size_gb": 1, **words}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _mounting(volume: str) -> dict[str, Any]:
    return make_config(group="cron", mounts=[{"volume": volume, "path": "/data"}])


@on_virtual_time
async def test_a_volume_is_created_listed_extended_and_softly_deleted() -> None:
    async with open_stage(contract=False) as stage:
        client = stage.client
        volume = await _make_volume(stage)
        assert (volume["state"], volume["attached_machine_id"], volume["encrypted"]) == (
            "creating",
            None,
            True,
        )
        await stage.simulator.clock.sleep(2)
        path = f"{APP}/volumes/{volume['id']}"
        assert (await client.get(path)).json()["state"] == "created"
        extended = (await client.put(path + "/extend", json={"size_gb": 3})).json()
        assert (extended["volume"]["size_gb"], extended["needs_restart"]) == (3, False)
        assert (await client.put(path + "/extend", json={"size_gb": 2})).status_code == 400
        refused = await client.post(path + "/snapshots")
        assert (refused.status_code, "uninitialized volume" in refused.text) == (400, True)
        assert (await client.put(path, json={"snapshot_retention": 7})).json()["snapshot_retention"] == 7
        for days in (0, 61, True, [None], "7"):
            assert (await client.put(path, json={"snapshot_retention": days})).status_code == 400
        for wish in ({"snapshot_retention": [None]}, {"fstype": [1]}, {"region": ["ams"]}):
            assert (await client.post(f"{APP}/volumes", json={"name": "odd", **wish})).status_code == 400
        assert (await client.delete(path)).json()["state"] == "pending_destroy"
        assert [row["state"] for row in (await client.get(f"{APP}/volumes")).json()] == ["pending_destroy"]
        await stage.simulator.clock.sleep(86401)
        assert (await client.get(path)).status_code == 404


@on_virtual_time
async def test_a_mount_claims_the_volume_and_places_the_machine_on_its_host() -> None:
    async with open_stage(timing=SLOW) as stage:
        volume = await _make_volume(stage)
        machine = (await stage.create(_mounting(volume["id"]), region="ams")).json()
        shown = (await stage.client.get(f"{APP}/volumes/{volume['id']}")).json()
        assert shown["attached_machine_id"] == machine["id"]
        assert stage.app.machines[machine["id"]].host == stage.app.volumes[volume["id"]].host
        second = await stage.create(_mounting(volume["id"]), region="ams")
        assert (second.status_code, second.json()["error"]) == (
            412,
            f"failed_precondition: volume already claimed by machine {machine['id']}",
        )


@on_virtual_time
async def test_a_volume_stays_claimed_for_a_while_after_its_machine_is_destroyed() -> None:
    async with open_stage(timing=SLOW) as stage:
        volume = await _make_volume(stage)
        ident = (await stage.create(_mounting(volume["id"]), region="ams")).json()["id"]
        await stage.client.delete(stage.path("?force=true", machine=ident))
        await stage.wait("destroyed", machine=ident)
        shown = (await stage.client.get(f"{APP}/volumes/{volume['id']}")).json()
        assert (shown["attached_machine_id"], shown["state"]) == (None, "created")
        assert (await stage.create(_mounting(volume["id"]), region="ams")).status_code == 412
        assert (await stage.client.delete(f"{APP}/volumes/{volume['id']}")).status_code == 412
        await stage.simulator.clock.sleep(3.1)
        assert (await stage.create(_mounting(volume["id"]), region="ams")).status_code == 200


@pytest.mark.parametrize("mounts", [[], [{"volume": "vol_other", "path": "/data"}]])
def test_an_update_cannot_gain_lose_or_swap_a_volume(mounts: list[dict[str, str]]) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            volume = add_volume(stage.simulator.world, stage.app, name="data")
            ident = (await stage.create(_mounting(volume.id), region="ams")).json()["id"]
            config = make_config(group="cron", mounts=mounts)
            assert (await stage.update(machine=ident, config=config)).status_code == 400
            moved = make_config(group="cron", mounts=[{"volume": volume.id, "path": "/elsewhere"}])
            assert (await stage.update(machine=ident, config=moved)).status_code == 200

    run()


@pytest.mark.parametrize("case", ["absent", "other region", "going away", "host down"])
def test_a_volume_that_cannot_be_mounted_is_refused(case: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            volume = add_volume(stage.simulator.world, stage.app, name="data", region="ams")
            region = "gru" if case == "other region" else "ams"
            if case == "going away":
                await stage.client.delete(f"{APP}/volumes/{volume.id}")
            if case == "host down":
                stage.simulator.act("volume_host", volume=volume.id)
            ident = "vol_absent" if case == "absent" else volume.id
            answer = await stage.create(_mounting(ident), region=region)
            assert answer.status_code == (412 if case == "host down" else 400)
            if case == "host down":
                assert answer.json()["status"] == "volume_placement_capacity"

    run()


@on_virtual_time
async def test_secrets_have_digests_and_versions_and_values_only_for_who_asks() -> None:
    async with open_stage(contract=False) as stage:
        client, path = stage.client, f"{APP}/secrets"
        answer = (await client.post(path, json={"values": {"A": "x", "B": "y"}})).json()
        assert (answer["version"], {row["name"] for row in answer["secrets"]}) == (1, {"A", "B"})
        assert "value" not in (await client.get(path + "/A")).json()
        assert (await client.get(path + "/A", params={"show_secrets": "true"})).json()["value"] == "x"
        assert (await client.post(path, json={"values": {"absent": None}})).json()["version"] == 1
        assert (await client.post(path + "/C", json={"value": "z"})).json()["version"] == 2
        assert (await client.delete(path + "/C")).json()["version"] == 3
        assert (await client.delete(path + "/C")).status_code == 404
        assert [row["name"] for row in (await client.get(path)).json()["secrets"]] == ["A", "B"]


@on_virtual_time
async def test_secrets_reach_a_machine_when_it_boots_and_a_newer_wish_is_refused() -> None:
    async with open_stage() as stage:
        await stage.client.post(f"{APP}/secrets", json={"values": {"A": "x"}})
        assert stage.machine.secrets_version == 0
        await stage.update(min_secrets_version=1)
        await stage.wait("started")
        assert stage.machine.secrets_version == 1
        too_new = await stage.update(min_secrets_version=2)
        assert (too_new.status_code, too_new.json()["error"].partition(":")[0]) == (408, "deadline_exceeded")
        assert (await stage.update(min_secrets_version=2, skip_secrets=True)).status_code == 200


@on_virtual_time
async def test_a_snapshot_of_a_mounted_volume_shows_in_the_list_after_a_while() -> None:
    """Live facts 107, 108."""
    async with open_stage(timing=Timing(snapshot=(10, 10)), contract=False) as stage:
        volume = await _make_volume(stage)
        made = await stage.client.post(f"{APP}/machines", json={"config": _mounting(volume["id"])})
        assert made.status_code == 200, made.text
        path = f"{APP}/volumes/{volume['id']}/snapshots"
        assert (await stage.client.post(path)).status_code == 200
        assert (await stage.client.get(path)).json() == []
        await stage.simulator.clock.sleep(11)
        (snapshot,) = (await stage.client.get(path)).json()
        assert (snapshot["id"][:3], snapshot["status"]) == ("vs_", "created")


@on_virtual_time
async def test_a_new_volume_may_show_in_the_list_later_than_by_itself() -> None:
    async with open_stage(timing=Timing(volume_listed=(8, 8)), contract=False) as stage:
        volume = await _make_volume(stage)
        assert (await stage.client.get(f"{APP}/volumes")).json() == []
        assert (await stage.client.get(f"{APP}/volumes/{volume['id']}")).status_code == 200
        await stage.simulator.clock.sleep(9)
        assert [row["id"] for row in (await stage.client.get(f"{APP}/volumes")).json()] == [volume["id"]]


@on_virtual_time
async def test_a_machine_may_have_to_be_restarted_to_see_that_its_volume_grew() -> None:
    async with open_stage(switches=Switches(extend_needs_restart=True), contract=False) as stage:
        volume = await _make_volume(stage)
        path = f"{APP}/volumes/{volume['id']}/extend"
        assert (await stage.client.put(path, json={"size_gb": 2})).json()["needs_restart"] is False
        await stage.client.post(f"{APP}/machines", json={"config": _mounting(volume["id"])})
        assert (await stage.client.put(path, json={"size_gb": 3})).json()["needs_restart"] is True
