"""Routes and codes, tokens, determinism and journal, ids and cookies, registry, releases, dialects."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from tests.simulator.builders import make_config
from tests.simulator.http.tokens import Token
from tests.simulator.stage import APP, IMAGE, Stage, on_virtual_time, open_stage


@on_virtual_time
async def test_success_codes_are_the_documented_ones() -> None:
    async with open_stage() as stage:
        client, path = stage.client, stage.path
        app = await client.post("/v1/apps", json={"name": "other", "org_slug": "acme"})
        created = await stage.create()
        lease = await client.post(path("/lease"), json={"ttl": 30})
        label = await client.post(path("/metadata/colour"), json={"value": "blue"})
        gone = await client.delete("/v1/apps/other")
        codes = [app, created, lease, label, gone]
        assert [answer.status_code for answer in codes] == [201, 200, 201, 204, 202]


@on_virtual_time
async def test_unknown_routes_apps_and_machines_are_404() -> None:
    async with open_stage() as stage:
        for path in (
            "/v1/nothing",
            "/v1/apps/absent",
            f"{APP}/machines/00000000000000",
            f"{APP}/volumes/vol_0",
        ):
            answer = await stage.client.get(path)
            assert (answer.status_code, "error" in answer.json()) == (404, True), path


@pytest.mark.parametrize(
    "header",
    [
        "Bearer fm2_a,fm2_b",
        "FlyV1 fm2_a,fm2_b",
        "Bearer FlyV1 fm2_a,fm2_b",
        "bearer  fm2_b,fm2_a,fo1_x\n".strip(),
        "flyv1 fm2_a, fm2_b",
    ],
)
def test_every_token_form_is_accepted(header: str) -> None:
    @on_virtual_time
    async def run() -> None:
        known = [Token(text="fm2_a,fm2_b", apps=("acme-shop",))]
        async with open_stage(tokens=known, token="") as stage:
            answer = await stage.client.get(APP, headers={"Authorization": header})
            assert answer.status_code == 200

    run()


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ,", "Basic abc", "fm2_a", "Bearer fm2_a"])
def test_missing_and_garbage_tokens_are_401(header: str | None) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(tokens=[Token(text="fm2_a,fm2_b")], token="") as stage:
            answer = await stage.client.get(APP, headers={} if header is None else {"Authorization": header})
            assert (answer.status_code, answer.json()) == (
                401,
                {"error": "Authenticate: token validation error"},
            )

    run()


@on_virtual_time
async def test_a_token_opens_its_apps_only_and_may_expire_and_be_read_only() -> None:
    tokens = [
        Token(text="fo1_other", apps=("other",)),
        Token(text="fo1_short", expires_at=30.0),
        Token(text="fo1_reader", read_only=True),
    ]
    async with open_stage(tokens=tokens) as stage:

        async def ask(method: str, path: str, token: str) -> int:
            answer = await stage.client.request(method, path, headers={"Authorization": f"Bearer {token}"})
            return answer.status_code

        assert await ask("GET", APP, "fo1_other") == 403
        assert await ask("GET", "/v1/apps/absent", "fo1_other") == 404
        assert await ask("GET", APP, "fo1_short") == 200
        await stage.simulator.clock.sleep(31)
        assert await ask("GET", APP, "fo1_short") == 401
        assert await ask("GET", APP, "fo1_reader") == 200
        assert await ask("POST", stage.path("/stop"), "fo1_reader") == 403


async def _tell_story(stage: Stage) -> list[dict[str, Any]]:
    await stage.create(name="one")
    await stage.update()
    await stage.wait("started")
    await stage.client.delete(stage.path(), params={"force": "true"})
    return stage.simulator.journal.to_json()


def test_the_same_seed_tells_the_same_story_and_another_seed_another() -> None:
    told: list[str] = []

    @on_virtual_time
    async def run(seed: int) -> None:
        async with open_stage(seed=seed) as stage:
            told.append(json.dumps(await _tell_story(stage)))

    for seed in (1, 1, 2):
        run(seed)
    assert told[0] == told[1]
    assert told[0] != told[2]


@on_virtual_time
async def test_the_journal_holds_order_body_nonce_status_time_and_actor() -> None:
    async with open_stage() as stage:
        nonce = (await stage.client.post(stage.path("/lease"), json={"ttl": 30})).json()["data"]["nonce"]
        await stage.simulator.clock.sleep(2)
        await stage.update(nonce=nonce)
        lease, update = stage.simulator.journal.entries
        assert (lease.order, lease.operation, lease.body, lease.status) == (
            1,
            "lease_acquire",
            {"ttl": 30},
            201,
        )
        assert (update.order, update.nonce, update.at, update.method) == (2, nonce, 2.0, "POST")
        assert update.actor.endswith("@tokens.fly.io")
        assert update.body["config"]["image"] == IMAGE


@on_virtual_time
async def test_every_answer_has_a_request_id_and_writes_set_the_affinity_cookie() -> None:
    async with open_stage() as stage:
        answers = [await stage.client.get(path) for path in (APP, "/v1/apps/absent", "/v1/nothing")]
        assert all(answer.headers["fly-request-id"] for answer in answers)
        assert "set-cookie" not in answers[0].headers
        created = await stage.client.post("/v1/apps", json={"name": "fresh", "org_slug": "acme"})
        cookie = created.headers["set-cookie"]
        assert cookie.startswith("fly_flaps_affinity=")
        assert "Path=/v1/apps/fresh" in cookie


@on_virtual_time
async def test_with_replica_lag_a_client_without_the_cookie_reads_the_past() -> None:
    async with open_stage(replica_lag=5.0) as stage:
        await stage.simulator.clock.sleep(10)
        created = (await stage.create(name="fresh")).json()
        cookies = dict(stage.client.cookies)
        stage.client.cookies.clear()
        machines = (await stage.client.get(f"{APP}/machines")).json()
        assert [machine["name"] for machine in machines] == ["web-1"]
        stage.client.cookies.clear()
        assert (await stage.client.get(stage.path(machine=created["id"]))).status_code == 404
        stage.client.cookies.update(cookies)
        assert (await stage.client.get(stage.path(machine=created["id"]))).status_code == 200
        stage.client.cookies.clear()
        await stage.simulator.clock.sleep(6)
        assert (await stage.client.get(stage.path(machine=created["id"]))).json()["state"] == "created"


@on_virtual_time
async def test_the_registry_serves_manifests_by_tag_and_digest_to_who_has_a_token() -> None:
    async with open_stage(token="") as stage:
        basic = {"Authorization": "Basic " + base64.b64encode(b"x:fm2_a,fm2_b").decode()}
        url = "/v2/acme-shop/manifests/v42"
        head = await stage.client.head(url, headers=basic)
        digest = head.headers["docker-content-digest"]
        assert (head.status_code, head.content) == (200, b"")
        manifest = await stage.client.get(url, headers={"Authorization": "Bearer fo1_x"})
        by_digest = await stage.client.head(f"/v2/acme-shop/manifests/{digest}", headers=basic)
        assert by_digest.headers["docker-content-digest"] == digest == _digest(manifest)
        refused = await stage.client.head(url)
        assert (refused.status_code, refused.headers["www-authenticate"].partition(" ")[0]) == (401, "Basic")
        absent = await stage.client.get("/v2/absent/manifests/v1", headers=basic)
        assert (absent.status_code, absent.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


def _digest(answer: httpx.Response) -> str:
    import hashlib

    return "sha256:" + hashlib.sha256(answer.content).hexdigest()


@on_virtual_time
async def test_the_machine_runs_the_digest_that_the_registry_serves() -> None:
    async with open_stage() as stage:
        head = await stage.client.head("/v2/acme-shop/manifests/v42")
        updated = (await stage.update()).json()
        assert updated["image_ref"]["digest"] == head.headers["docker-content-digest"]


@on_virtual_time
async def test_releases_are_opened_closed_and_listed() -> None:
    async with open_stage() as stage:
        body = {
            "app_name": "acme-shop",
            "image": IMAGE,
            "strategy": "ROLLING",
            "definition": {"app": "acme-shop"},
        }
        opened = await stage.client.post("/api/v1/releases", json=body)
        release = opened.json()["release"]
        assert (opened.status_code, release["version"]) == (201, 1)
        closed = await stage.client.patch(f"/api/v1/releases/{release['id']}", json={"status": "complete"})
        assert (closed.status_code, closed.json()["status"]) == (200, "complete")
        current = (await stage.client.get("/api/v1/apps/acme-shop/releases/current")).json()
        assert current["release"]["id"] == release["id"]
        refused = await stage.client.patch(f"/api/v1/releases/{release['id']}", json={"status": "great"})
        assert refused.status_code == 400


@on_virtual_time
async def test_both_dialects_are_understood() -> None:
    async with open_stage(contract=False) as stage:
        client, path = stage.client, stage.path
        assert (
            await client.post("/v1/apps", json={"app_name": "named", "org_slug": "acme"})
        ).status_code == 201
        assert (await client.post(path("/lease?ttl=7"))).json()["data"]["expires_at"] % 100 == 7
        assert (await client.delete(path("/lease"))).status_code == 400
        stage.simulator.act("clear_lease")
        assert (await client.get(f"{APP}/secrets?version=0")).status_code == 200
        assert (await client.post(path("/exec"), json={"cmd": "true", "command": ["true"]})).json()[
            "exit_code"
        ] == 0
        config = make_config(checks={"up": {"type": "tcp", "port": 1, "interval": 15_000_000_000}})
        assert (await stage.create(config)).json()["config"]["checks"]["up"]["interval"] == "15s"
        assert (await client.delete(path(), params={"kill": "true"})).json() == {"ok": True}


@on_virtual_time
async def test_a_numeric_signal_and_a_stop_timeout_in_seconds_are_understood() -> None:
    async with open_stage(contract=False) as stage:
        assert (await stage.client.post(stage.path("/signal"), json={"signal": 9})).status_code == 200
        assert (
            await stage.client.post(stage.path("/stop"), json={"timeout": 1, "signal": "SIGTERM"})
        ).status_code == 200
        assert (await stage.wait("stopped")).status_code == 200
