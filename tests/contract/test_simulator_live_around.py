"""What was seen of volumes, secrets, addresses, apps, images and errors on the real Fly: rows L101 to L131 of the simulator's README."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import add_app, add_volume, make_config, make_service
from tests.simulator.http.tokens import Token
from tests.simulator.stage import APP, IMAGE, Stage, on_virtual_time, open_stage
from tests.simulator.state.settings import Switches

SNAPSHOT_WITHIN = 30


async def mounted(stage: Stage) -> tuple[str, str]:
    """A volume's path, and the machine that has it."""
    volume = add_volume(stage.simulator.world, stage.app, name="data")
    config = make_config(mounts=[{"volume": volume.id, "path": "/data"}])
    made = (await stage.create(config, region="ams")).json()["id"]
    return f"{APP}/volumes/{volume.id}", made


@pytest.mark.parametrize(("switch", "status"), [("412", 412), ("409", 409)])
def test_a_volume_that_is_attached_is_not_deleted(switch: Any, status: int) -> None:
    """L101: the text was seen, its status was not."""

    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(claimed_volume_delete=switch)) as stage:
            path, machine = await mounted(stage)
            answer = await stage.client.delete(path)
            text = "failed_precondition: volume is currently bound to machine:"
            assert (answer.status_code, answer.json()["error"].startswith(text)) == (status, True)
            assert machine in answer.json()["error"]

    run()


@on_virtual_time
async def test_an_attached_volume_grows_and_keeps_its_machine() -> None:
    async with open_stage() as stage:
        path, machine = await mounted(stage)
        assert (await stage.client.put(f"{path}/extend", json={"size_gb": 2})).is_success
        found = (await stage.client.get(path)).json()
        assert (found["size_gb"], found["attached_machine_id"]) == (2, machine)


@on_virtual_time
async def test_backups_and_retention_are_read_back() -> None:
    async with open_stage() as stage:
        path, _ = await mounted(stage)
        wish = {"auto_backup_enabled": False, "snapshot_retention": 2}
        assert (await stage.client.put(path, json=wish)).is_success
        found = (await stage.client.get(path)).json()
        assert {key: found[key] for key in wish} == wish


@pytest.mark.parametrize("state", ["pending_destroy", "scheduled_for_destruction"])
def test_a_deleted_volume_is_gone_or_says_that_it_goes(state: Any) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(deleted_volume=state)) as stage:
            volume = add_volume(stage.simulator.world, stage.app, name="data")
            path = f"{APP}/volumes/{volume.id}"
            assert (await stage.client.delete(path)).is_success
            answer = await stage.client.get(path)
            assert answer.status_code == 404 or answer.json()["state"] == state

    run()


@on_virtual_time
async def test_a_snapshots_id_is_what_the_list_has_more() -> None:
    async with open_stage() as stage:
        path, _ = await mounted(stage)
        before = (await stage.client.get(f"{path}/snapshots")).json()
        answer = await stage.client.post(f"{path}/snapshots")
        assert (answer.is_success, answer.content) == (True, b"")
        assert (await stage.client.get(f"{path}/snapshots")).json() == before
        await stage.simulator.clock.sleep(SNAPSHOT_WITHIN)
        after = (await stage.client.get(f"{path}/snapshots")).json()
        assert len({row["id"] for row in after} - {row["id"] for row in before}) == 1


@on_virtual_time
async def test_the_version_of_secrets_rises_over_all_writers_and_covers_what_was_before() -> None:
    async with open_stage() as stage:
        path, versions = f"{APP}/secrets", []
        for name in ("A", "B"):
            answer = await stage.client.post(path, json={"values": {name: "1"}})
            versions.append(answer.json()["version"])
        versions.append((await stage.client.post(f"{path}/FENCE", json={"value": "2"})).json()["version"])
        assert versions == sorted(set(versions))
        assert (await stage.create(min_secrets_version=versions[-1])).is_success


@on_virtual_time
async def test_a_machine_keeps_its_secrets_until_it_is_replaced_and_the_version_is_a_floor() -> None:
    async with open_stage() as stage:
        path = f"{APP}/secrets"
        first = (await stage.client.post(path, json={"values": {"A": "1"}})).json()["version"]
        await stage.client.post(stage.path("/metadata/a"), json={"value": "b"})
        assert stage.machine.secrets_version == 0
        second = (await stage.client.post(path, json={"values": {"A": "2"}})).json()["version"]
        assert (await stage.update(min_secrets_version=first)).is_success
        await stage.wait("started")
        assert stage.machine.secrets_version == second


@on_virtual_time
async def test_a_secret_shows_its_digest_and_not_its_value() -> None:
    async with open_stage() as stage:
        path, digests = f"{APP}/secrets", []
        for value in ("1", "2"):
            await stage.client.post(path, json={"values": {"A": value}})
            found = (await stage.client.get(f"{path}/A?show_secrets=false")).json()
            assert (found["name"], "value" in found) == ("A", False)
            digests.append(found["digest"])
        assert digests[0] != digests[1]
        assert (await stage.client.delete(f"{path}/A")).is_success
        assert (await stage.client.get(f"{path}/A")).status_code == 404


@on_virtual_time
async def test_three_kinds_of_address_side_by_side_and_the_network_of_a_private_one() -> None:
    async with open_stage() as stage:
        path = f"{APP}/ip_assignments"
        for kind in ("v6", "shared_v4", "private_v6"):
            assert (await stage.client.post(path, json={"type": kind})).is_success
        listed = (await stage.client.get(path)).json()["ips"]
        assert [row["shared"] for row in listed] == [False, True, False]
        assert [row["network"] for row in listed] == [None, None, {"name": "", "org_slug": "acme"}]
        assert (await stage.client.delete(f"{path}/{listed[0]['ip']}")).is_success
        assert len((await stage.client.get(path)).json()["ips"]) == 2


@on_virtual_time
async def test_an_unknown_network_is_refused_and_nothing_is_assigned() -> None:
    async with open_stage() as stage:
        path = f"{APP}/ip_assignments"
        refused = await stage.client.post(path, json={"type": "private_v6", "network": "nowhere"})
        assert (refused.status_code, refused.json()) == (400, {"error": "network not found"})
        assert (await stage.client.get(path)).json() == {"ips": []}


@on_virtual_time
async def test_the_name_of_a_deleted_app_is_free_at_once_and_that_of_a_living_one_is_taken() -> None:
    async with open_stage() as stage:
        again = {"name": "acme-shop", "org_slug": "acme"}
        assert (await stage.client.post("/v1/apps", json=again)).status_code in {409, 422}
        assert (await stage.client.delete(APP)).is_success
        assert (await stage.client.get(APP)).status_code == 404
        assert (await stage.client.post("/v1/apps", json=again)).is_success
        assert (await stage.client.get(APP)).is_success


@on_virtual_time
async def test_a_token_for_the_app_opens_the_registry_under_any_user() -> None:
    async with open_stage() as stage:
        token = (await stage.client.post(f"{APP}/deploy_token", json={})).json()["token"]
        answer = await stage.client.get(
            "/v2/acme-shop/manifests/v41", auth=("x", token.removeprefix("FlyV1 "))
        )
        assert answer.is_success


@on_virtual_time
async def test_a_tag_that_was_pushed_again_is_seen_by_the_next_create_only() -> None:
    async with open_stage() as stage:
        first = (await stage.create(make_config(image=IMAGE))).json()
        stage.simulator.act("move_tag", image=IMAGE)
        second = (await stage.create(make_config(image=IMAGE))).json()
        assert first["image_ref"]["digest"] != second["image_ref"]["digest"]
        assert (await stage.get(first["id"]))["image_ref"] == first["image_ref"]
        reference = second["image_ref"]
        pinned = f"{reference['registry']}/{reference['repository']}@{reference['digest']}"
        third = (await stage.create(make_config(image=pinned))).json()
        assert third["image_ref"]["digest"] == reference["digest"]


@on_virtual_time
async def test_another_tag_by_update_is_another_digest() -> None:
    async with open_stage() as stage:
        before = (await stage.get())["image_ref"]["digest"]
        assert (await stage.update()).json()["image_ref"]["digest"] != before


@pytest.mark.parametrize(("sent", "read"), [("stop", True), ("suspend", "suspend"), ("off", False)])
def test_autostop_is_read_back_in_flys_spelling(sent: str, read: object) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            service = make_service() | {"autostop": sent}
            shown = (await stage.update(config=make_config(services=[service]))).json()["config"]
            assert shown["services"][0]["autostop"] == read

    run()


@on_virtual_time
async def test_refusals_in_their_own_words() -> None:
    async with open_stage(tokens=[Token(text="test-token", apps=("acme-shop",))]) as stage:
        add_app(stage.simulator.world, "other")
        for path, status, body in (
            ("/v1/apps/other", 403, {"error": "unauthorized"}),
            ("/v1/apps/none", 404, {"error": "app not found"}),
            (stage.path(machine="1234567890abcd"), 404, {"error": "machine not found"}),
            (f"{APP}/volumes/vol_none", 404, {"error": "volume not found"}),
        ):
            answer = await stage.client.get(path)
            assert (answer.status_code, answer.json()) == (status, body)
        invalid = await stage.create({"image": ""})
        assert (invalid.status_code, list(invalid.json())) == (400, ["error"])


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("error", '{"error":"machine not found"}'),
        ("message", '{"message":"machine not found"}'),
        ("detail", '{"errors":{"detail":"machine not found"}}'),
        ("plain", "machine not found"),
    ],
)
def test_the_text_of_a_refusal_is_in_one_of_four_places(place: Any, body: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(error_place=place)) as stage:
            answer = await stage.client.get(stage.path(machine="1234567890abcd"))
            assert (answer.status_code, answer.text) == (404, body)

    run()
