"""Faults of leases, concurrency, capacity, images and hosts: F7–F11, F14–F17."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.builders import add_volume, make_config
from tests.simulator.faults import Rule
from tests.simulator.stage import APP, IMAGE, Stage, on_virtual_time, open_stage
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Timing

SLOW = Timing(prepare=(7, 7), replace=(3, 3), boot=(2, 2), stop=(1, 1), destroy=(2, 2))


async def _take(stage: Stage, nonce: str | None = None) -> tuple[int, dict[str, Any]]:
    headers = {"fly-machine-lease-nonce": nonce} if nonce else {}
    answer = await stage.client.post(stage.path("/lease"), json={"ttl": 13}, headers=headers)
    return answer.status_code, answer.json()


@on_virtual_time
async def test_f7_somebody_else_holds_the_lease_for_a_while() -> None:
    async with open_stage() as stage:
        stage.simulator.act("lease", owner="ana@example.com", ttl=20)
        code, body = await _take(stage)
        assert (code, "currently held by ana@example.com" in body["message"]) == (409, True)
        await stage.simulator.clock.sleep(20)
        assert (await _take(stage))[0] == 201


@pytest.mark.parametrize("act", ["lease", "clear_lease"])
def test_f7_the_lease_is_stolen_or_cleared_during_the_deploy(act: str) -> None:
    @on_virtual_time
    async def run() -> None:
        rule = Rule(operation="lease_refresh", nth=2, fault="act", acts=[{"act": act}])
        async with open_stage(rules=[rule]) as stage:
            nonce = (await _take(stage))[1]["data"]["nonce"]
            assert (await _take(stage, nonce))[0] == 201
            code, body = await _take(stage, nonce)
            assert code == (409 if act == "lease" else 404)
            assert ("currently held by" in body["message"]) is (act == "lease")

    run()


@on_virtual_time
async def test_f7_a_refresh_may_answer_with_another_nonce_or_404() -> None:
    rules = [
        Rule(operation="lease_refresh", nth=1, fault="rewrite", body={"data": {"nonce": "ffffffffffff"}}),
        Rule(operation="lease_refresh", nth=2, status=404, body={"status": "error", "message": "lease not found", "code": "invalid"}),
    ]  # fmt: skip
    async with open_stage(rules=rules) as stage:
        nonce = (await _take(stage))[1]["data"]["nonce"]
        assert (await _take(stage, nonce))[1]["data"]["nonce"] == "ffffffffffff"
        assert (await _take(stage, nonce))[0] == 404


@on_virtual_time
async def test_f8_somebody_changes_the_machine_between_read_and_write() -> None:
    act = {"act": "update", "config": {"env": {"BY": "hand"}}}
    async with open_stage(rules=[Rule(operation="machine_update", nth=1, fault="act", acts=[act])]) as stage:
        before = await stage.get()
        answer = await stage.update(current_version=before["version"])
        assert answer.status_code == 409
        assert stage.machine.config["env"]["BY"] == "hand"


@on_virtual_time
async def test_f8_a_concurrent_update_aborts_ours() -> None:
    body = {"error": "aborted: machine update failed due to concurrent update"}
    async with open_stage(rules=[Rule(operation="machine_update", nth=1, status=409, body=body)]) as stage:
        assert (await stage.update()).json() == body
        assert (await stage.update()).status_code == 200


@on_virtual_time
async def test_f8_the_version_waited_for_is_replaced_during_the_wait() -> None:
    async with open_stage(timing=SLOW) as stage:
        version = (await stage.update()).json()["version"]

        def change() -> None:
            stage.simulator.act("update", config={"env": {"A": "1"}})

        stage.simulator.world.timers.at(1.0, stage.machine.id, change)
        answer = await stage.wait("started", version=version)
        assert answer.json()["error"].endswith("currently replaced")


@pytest.mark.parametrize("operation", ["update", "start", "restart"])
def test_f9_the_host_has_no_room(operation: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(state="stopped" if operation == "start" else "started") as stage:
            stage.simulator.act("full_host")
            before = await stage.get()
            path = stage.path("" if operation == "update" else f"/{operation}")
            body = {"config": before["config"]} if operation == "update" else None
            answer = await stage.client.post(path, json=body)
            assert answer.status_code == 409
            assert answer.json()["error"].startswith("aborted: could not reserve resource for machine")
            assert await stage.get() == before
            stage.simulator.act("full_host", free=True)
            assert (await stage.client.post(path, json=body)).status_code == 200

    run()


@on_virtual_time
async def test_f9_the_region_has_no_room() -> None:
    async with open_stage() as stage:
        stage.simulator.act("full_region", region="ams")
        answer = await stage.create(region="ams")
        assert (answer.status_code, answer.json()["status"]) == (422, "insufficient_capacity")
        assert (await stage.create(region="ams,gru")).json()["region"] == "gru"
        placed = await stage.client.post(
            "/v1/platform/placements", json={"org_slug": "acme", "region": "ams,gru"}
        )
        assert [row["region"] for row in placed.json()["regions"]] == ["gru"]


CAPACITY = [
    (409, {"error": "aborted: no capacity"}),
    (409, {"error": "aborted: deploys to this host are temporarily disabled"}),
    (412, {"error": "failed_precondition: insufficient resources to create new machine with existing volume id 'vol_1'", "status": "volume_placement_capacity"}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), CAPACITY)
def test_f9_other_words_for_no_room(status: int, body: dict[str, str]) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(
            rules=[Rule(operation="machine_create", nth=1, status=status, body=body)]
        ) as stage:
            answer = await stage.create()
            assert (answer.status_code, answer.json()) == (status, body)
            assert len(stage.app.machines) == 1

    run()


@pytest.mark.parametrize("missing", ["for_a_while", "for_ever"])
def test_f10_the_image_cannot_be_found(missing: Any) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(
            behaviours=[Behaviour(image=IMAGE, missing=missing, missing_seconds=30)]
        ) as stage:
            refused = await stage.update()
            assert (refused.status_code, "MANIFEST_UNKNOWN" in refused.json()["error"]) == (400, True)
            assert (await stage.client.head("/v2/acme-shop/manifests/v42")).status_code == 404
            await stage.simulator.clock.sleep(31)
            assert (await stage.update()).status_code == (200 if missing == "for_a_while" else 400)

    run()


@pytest.mark.parametrize("state", ["created", "replacing", "stopping", "destroying"])
def test_f11_a_machine_is_stuck(state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(timing=SLOW) as stage:
            stage.simulator.act("stick", state=state)
            assert (await stage.wait("settled", timeout=60)).status_code == 408
            await stage.simulator.clock.sleep(3600)
            assert (await stage.get())["state"] == state

    run()


@on_virtual_time
async def test_f11_a_machine_gets_stuck_on_its_way_whatever_it_is_asked() -> None:
    rule = Rule(operation="machine_wait", nth=1, fault="act", acts=[{"act": "stick"}])
    async with open_stage(timing=SLOW, rules=[rule]) as stage:
        await stage.update()
        assert (await stage.wait("started")).json()["error"].endswith("currently replacing")


@on_virtual_time
async def test_f14_the_host_stops_answering_during_the_deploy() -> None:
    volume_rule = {"act": "volume_host", "volume": "*"}
    async with open_stage() as stage:
        volume = add_volume(stage.simulator.world, stage.app, name="data")
        stage.simulator.act("host", machine=stage.machine.id, status="unreachable")
        stage.simulator.act(**volume_rule)
        shown = await stage.get()
        assert shown["host_status"] == "unreachable"
        assert "config" not in shown
        assert "services" not in shown["incomplete_config"]
        assert shown["image_ref"] == {}
        assert (await stage.client.get(f"{APP}/volumes/{volume.id}")).json()["host_status"] == "unreachable"
        assert (await stage.client.delete(stage.path("?force=true"))).status_code == 200


@on_virtual_time
async def test_f14_a_host_that_answers_again_goes_on_with_its_machines() -> None:
    async with open_stage(timing=SLOW) as stage:
        await stage.update()
        stage.simulator.act("host", machine=stage.machine.id, status="unreachable")
        assert (await stage.wait("started")).json()["error"].endswith("currently replacing")
        stage.simulator.act("host", machine=stage.machine.id, status="ok")
        assert (await stage.wait("started")).status_code == 200


@on_virtual_time
async def test_f15_starts_are_refused_for_a_while_although_the_state_reads_stopped() -> None:
    async with open_stage(state="stopped") as stage:
        stage.simulator.act("refuse_starts", seconds=8)
        answer = await stage.client.post(stage.path("/start"))
        assert answer.json() == {"error": "failed_precondition: machine still active, refusing to start"}
        assert (await stage.get())["state"] == "stopped"
        await stage.simulator.clock.sleep(8)
        assert (await stage.client.post(stage.path("/start"))).status_code == 200


@on_virtual_time
async def test_f16_a_volume_stays_claimed_by_nobody() -> None:
    async with open_stage() as stage:
        volume = add_volume(stage.simulator.world, stage.app, name="data")
        stage.simulator.act("claim", volume=volume.id)
        config = make_config(mounts=[{"volume": volume.id, "path": "/data"}])
        refused = await stage.create(config, region="ams")
        assert (
            refused.json()["error"] == "failed_precondition: volume already claimed by machine " + "\0" * 14
        )
        stage.simulator.act("claim", volume=volume.id, by=None)
        assert (await stage.create(config, region="ams")).status_code == 200


@on_virtual_time
async def test_f17_what_was_just_made_is_not_there_yet() -> None:
    async with open_stage(replica_lag=3.0) as stage:
        await stage.simulator.clock.sleep(10)
        ident = (await stage.create()).json()["id"]
        stage.client.cookies.clear()
        assert ident not in {machine["id"] for machine in (await stage.client.get(f"{APP}/machines")).json()}
        for path in (stage.path(machine=ident), stage.path("/wait", machine=ident)):
            assert (await stage.client.get(path)).status_code == 404


@on_virtual_time
async def test_f17_a_fresh_app_is_404_or_401_for_a_while() -> None:
    rules = [
        Rule(
            operation="app_get",
            app="fresh",
            until=4.0,
            status=401,
            body={"error": "Authenticate: token validation error"},
        )
    ]
    async with open_stage(replica_lag=9.0, rules=rules) as stage:
        await stage.simulator.clock.sleep(1)
        await stage.client.post("/v1/apps", json={"name": "fresh", "org_slug": "acme"})
        seen = []
        for _ in range(4):
            stage.client.cookies.clear()
            seen.append((await stage.client.get("/v1/apps/fresh")).status_code)
            await stage.simulator.clock.sleep(4)
        assert seen == [401, 404, 404, 200]
