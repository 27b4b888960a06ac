"""Rate limits, pages, filters and summary."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.builders import add_machine, make_config
from tests.simulator.http.tokens import Token
from tests.simulator.stage import APP, Stage, on_virtual_time, open_stage
from tests.simulator.state.settings import Switches


@on_virtual_time
async def test_three_at_once_then_one_a_second_per_action_and_machine() -> None:
    async with open_stage(rate_limits=True) as stage:
        other = add_machine(stage.simulator.world, stage.app)

        async def cordon(machine: str) -> int:
            return (await stage.client.post(stage.path("/cordon", machine=machine))).status_code

        assert [await cordon(stage.machine.id) for _ in range(4)] == [200, 200, 200, 429]
        assert await cordon(other.id) == 200
        assert (await stage.client.post(stage.path("/uncordon"))).status_code == 200
        refused = await stage.client.post(stage.path("/cordon"))
        assert (refused.json(), "retry-after" in refused.headers) == ({"error": "rate limit exceeded"}, False)
        await stage.simulator.clock.sleep(1)
        assert [await cordon(stage.machine.id) for _ in range(2)] == [200, 429]


@on_virtual_time
async def test_a_machine_is_read_ten_times_at_once_then_five_times_a_second() -> None:
    async with open_stage(rate_limits=True) as stage:

        async def read() -> int:
            return (await stage.client.get(stage.path())).status_code

        assert [await read() for _ in range(11)] == [200] * 10 + [429]
        await stage.simulator.clock.sleep(1)
        assert [await read() for _ in range(6)] == [200] * 5 + [429]


@on_virtual_time
async def test_creates_and_lists_are_limited_by_app() -> None:
    async with open_stage(rate_limits=True) as stage:
        assert [(await stage.create()).status_code for _ in range(4)] == [200, 200, 200, 429]
        lists = [(await stage.client.get(f"{APP}/machines")).status_code for _ in range(4)]
        assert lists == [200, 200, 200, 429]


@on_virtual_time
async def test_retry_after_is_there_when_the_switch_says_so() -> None:
    async with open_stage(rate_limits=True, switches=Switches(retry_after=True)) as stage:
        answers = [await stage.client.get(f"{APP}/machines") for _ in range(4)]
        assert answers[-1].headers["retry-after"] == "1"


def _add_many(stage: Stage) -> None:
    for number in range(7):
        config = make_config(group="worker" if number % 2 else "web")
        region, state = ("ams" if number < 4 else "gru"), ("started" if number < 6 else "stopped")
        add_machine(
            stage.simulator.world, stage.app, config=config, region=region, state=state, name=f"m{number}"
        )


async def _list(stage: Stage, **query: Any) -> list[str]:
    answer = await stage.client.get(f"{APP}/machines", params=query)
    assert answer.status_code == 200, answer.text
    return [machine["name"] for machine in answer.json()]


@on_virtual_time
async def test_machines_are_filtered_by_region_state_and_metadata() -> None:
    async with open_stage() as stage:
        _add_many(stage)
        assert await _list(stage, region="gru") == ["m4", "m5", "m6"]
        assert await _list(stage, state="stopped") == ["m6"]
        assert await _list(stage, state="created,stopped") == ["m6"]
        both = {"metadata.fly_process_group": "worker", "metadata.fly_platform_version": "v2"}
        assert await _list(stage, **both) == ["m1", "m3", "m5"]
        assert await _list(stage, **{"metadata.fly_process_group": "absent"}) == []


@on_virtual_time
async def test_pages_go_on_by_header_until_there_is_nothing_left() -> None:
    async with open_stage() as stage:
        _add_many(stage)
        names, cursor, pages = [], None, 0
        while pages < 10:
            query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            answer = await stage.client.get(f"{APP}/machines", params=query)
            names += [machine["name"] for machine in answer.json()]
            pages += 1
            cursor = answer.headers.get("fly-next-cursor")
            if cursor is None:
                break
        assert (names, pages) == (["web-1", *(f"m{n}" for n in range(7))], 3)


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"limit": "9" * 99}, {"cursor": "nonsense"}]
)
def test_bad_paging_is_400(query: dict[str, str]) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(contract=False) as stage:
            assert (await stage.client.get(f"{APP}/machines", params=query)).status_code == 400

    run()


@on_virtual_time
async def test_a_cursor_dies_after_half_an_hour() -> None:
    async with open_stage() as stage:
        _add_many(stage)
        first = await stage.client.get(f"{APP}/machines", params={"limit": 2})
        query: dict[str, str | int] = {"limit": 2, "cursor": first.headers["fly-next-cursor"]}
        assert (await stage.client.get(f"{APP}/machines", params=query)).status_code == 200
        await stage.simulator.clock.sleep(1801)
        assert (await stage.client.get(f"{APP}/machines", params=query)).status_code == 400


@on_virtual_time
async def test_a_summary_leaves_out_what_is_large() -> None:
    async with open_stage() as stage:
        (machine,) = (await stage.client.get(f"{APP}/machines", params={"summary": "true"})).json()
        assert not {"config", "checks", "events", "host_status", "nonce"} & set(machine)
        assert machine["image_ref"]["repository"] == "acme-shop"


@on_virtual_time
async def test_apps_organizations_regions_and_tokens_are_listed() -> None:
    async with open_stage(tokens=[Token(text="fo1_x", apps=("acme-shop",))], token="fo1_x") as stage:
        client = stage.client
        listed = (await client.get("/v1/apps", params={"org_slug": "acme"})).json()
        assert (listed["total_apps"], listed["apps"][0]["name"]) == (1, "acme-shop")
        assert (await client.get("/v1/apps")).status_code == 400
        machines = (await client.get("/v1/orgs/acme/machines")).json()
        assert [machine["app_name"] for machine in machines["machines"]] == ["acme-shop"]
        assert (await client.get("/v1/orgs/acme/volumes")).json()["volumes"] == []
        codes = {row["code"] for row in (await client.get("/v1/platform/regions")).json()["regions"]}
        assert {"ams", "gru", "iad"} <= codes
        token = (await client.get("/v1/tokens/current")).json()["tokens"][0]
        assert (token["apps"], token["org_slug"]) == (["acme-shop"], "acme")


AUTHORIZE = "/v1/tokens/authorize"


@on_virtual_time
async def test_a_token_is_asked_what_it_may_do_and_until_when() -> None:
    tokens = [
        Token(text="fm2_writer", apps=("acme-shop",), expires_at=3600),
        Token(text="fm2_reader", read_only=True),
        Token(text="fm2_other", apps=("another",)),
        Token(text="fm2_ended", expires_at=0),
    ]
    async with open_stage(tokens=tokens, token="fm2_reader") as stage:

        async def ask(token: str, action: str, app: str = "acme-shop") -> httpx.Response:
            access = {"app_name": app, "action": action}
            return await stage.client.post(AUTHORIZE, json={"header": f"FlyV1 {token}", "access": access})

        answer = await ask("fm2_writer", "w")
        kept = {row["type"]: row["body"] for row in answer.json()["verified_token"]["caveats"]}
        assert kept["ValidityWindow"]["not_after"] == int(stage.simulator.world.epoch) + 3600
        reader = await ask("fm2_reader", "r")
        assert "ValidityWindow" not in {row["type"] for row in reader.json()["verified_token"]["caveats"]}
        refused = await ask("fm2_reader", "rw")
        assert (refused.status_code, refused.json()) == (403, {"error": "unauthorized"})
        await stage.simulator.clock.sleep(5)
        assert (await ask("fm2_other", "r")).status_code == 403
        assert (await ask("fm2_ended", "r")).status_code == 401
        await stage.simulator.clock.sleep(5)
        assert (await ask("fm2_writer", "r", "absent")).status_code == 404
        assert (await stage.client.post(AUTHORIZE, json={"header": "FlyV1 fm2_writer"})).status_code == 400


@on_virtual_time
async def test_placements_say_how_many_of_the_machines_find_a_place() -> None:
    async with open_stage() as stage:
        world = stage.simulator.world
        world.rooms["ams"] = 1

        async def ask(**words: Any) -> list[tuple[str, int]]:
            await stage.simulator.clock.sleep(1)
            body = {"org_slug": "acme", "region": "ams"} | words
            answer = await stage.client.post("/v1/platform/placements", json=body)
            return [(row["region"], row["count"]) for row in answer.json()["regions"]]

        assert await ask(count=2) == [("ams", 1)]
        assert await ask(count=2, region="ams,gru") == [("ams", 1), ("gru", 1)]
        assert await ask() == [("ams", 1)]
        assert (await stage.create(name="one", region="ams")).status_code == 200
        assert await ask(count=1) == []
        assert (await stage.create(name="two", region="ams")).json()["status"] == "insufficient_capacity"
        stage.simulator.act("machine_limit", machines=3)
        assert await ask(count=5, region="gru") == [("gru", 1)]
        assert await ask(count=5, region="gru", org_slug="another") == [("gru", 5)]


@on_virtual_time
async def test_an_app_is_idempotent_by_key_and_its_name_is_taken_without() -> None:
    async with open_stage() as stage:
        body = {"name": "fresh", "org_slug": "acme", "idempotency_key": "k1"}
        assert [(await stage.client.post("/v1/apps", json=body)).status_code for _ in range(2)] == [201, 201]
        taken = await stage.client.post("/v1/apps", json={"name": "fresh", "org_slug": "acme"})
        assert (taken.status_code, taken.json()["status"]) == (422, "name_taken")
        other = await stage.client.post("/v1/apps", json={**body, "name": "another"})
        assert other.status_code == 400


@on_virtual_time
async def test_addresses_are_assigned_listed_and_dropped() -> None:
    async with open_stage() as stage:
        path = f"{APP}/ip_assignments"
        first = (await stage.client.post(path, json={"type": "shared_v4"})).json()
        assert first == (await stage.client.post(path, json={"type": "shared_v4"})).json()
        assert [row["ip"] for row in (await stage.client.get(path)).json()["ips"]] == [first["ip"]]
        assert (await stage.client.delete(f"{path}/{first['ip']}")).status_code == 204
        assert (await stage.client.get(path)).json() == {"ips": []}


@on_virtual_time
async def test_certificates_are_added_checked_listed_and_dropped() -> None:
    async with open_stage() as stage:
        client, base = stage.client, f"{APP}/certificates"
        assert (await client.post(f"{base}/acme", json={"hostname": "a.example.com"})).status_code == 201
        assert (await client.post(f"{base}/acme", json={"hostname": "a.example.com"})).status_code == 422
        custom = {"hostname": "a.example.com", "fullchain": "-", "private_key": "-"}
        added = (await client.post(f"{base}/custom", json=custom)).json()
        assert [entry["source"] for entry in added["certificates"]] == ["custom", "fly"]
        assert (await client.get(base)).json()["total_count"] == 1
        assert (await client.post(f"{base}/a.example.com/check")).json()["status"] == "Ready"
        left = (await client.delete(f"{base}/a.example.com/acme")).json()
        assert [entry["source"] for entry in left["certificates"]] == ["custom"]
        assert (await client.delete(f"{base}/a.example.com/acme")).status_code == 404
        assert (await client.delete(f"{base}/a.example.com")).status_code == 204
        assert (await client.get(f"{base}/a.example.com")).status_code == 404
