"""What was seen of leases on the real Fly: rows L1 to L24 of the simulator's README."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.builders import add_machine, make_config
from tests.simulator.faults import Rule
from tests.simulator.stage import APP, Stage, on_virtual_time, open_stage
from tests.simulator.state.model import Machine
from tests.simulator.state.settings import Switches
from tests.simulator.transport import make_client

EPOCH = 1767225600


def holding(nonce: str | None) -> dict[str, str]:
    return {"fly-machine-lease-nonce": nonce} if nonce else {}


async def take(
    stage: Stage, *, nonce: str | None = None, ttl: int = 120, machine: str | None = None
) -> httpx.Response:
    """As fly-go asks: the ttl in the query."""
    path = stage.path(f"/lease?ttl={ttl}", machine=machine)
    return await stage.client.post(path, headers=holding(nonce))


async def taken(stage: Stage, **words: Any) -> str:
    answer = await take(stage, **words)
    assert answer.is_success, answer.text
    nonce: str = answer.json()["data"]["nonce"]
    return nonce


async def give_back(stage: Stage, nonce: str | None, *, machine: str | None = None) -> int:
    path = stage.path("/lease", machine=machine)
    return (await stage.client.delete(path, headers=holding(nonce))).status_code


async def look(stage: Stage) -> httpx.Response:
    return await stage.client.get(stage.path("/lease"))


@on_virtual_time
async def test_the_ttl_in_the_query_and_a_wrapped_lease() -> None:
    async with open_stage() as stage:
        body = (await take(stage)).json()
        assert body["status"] == "success"
        assert EPOCH + 115 <= body["data"]["expires_at"] <= EPOCH + 130
        assert [type(body["data"][key]) for key in ("nonce", "owner", "version")] == [str] * 3


@on_virtual_time
async def test_two_seconds_are_a_ttl_and_the_next_lease_is_another() -> None:
    async with open_stage() as stage:
        first = await taken(stage, ttl=2)
        await stage.simulator.clock.sleep(3)
        assert await taken(stage, ttl=2) != first


@on_virtual_time
async def test_a_description_in_the_body_with_the_ttl_in_the_query() -> None:
    async with open_stage() as stage:
        answer = await stage.client.post(stage.path("/lease?ttl=120"), json={"description": "deploy 7"})
        assert answer.json()["data"]["description"] == "deploy 7"
        assert answer.json()["data"]["expires_at"] == EPOCH + 120


@on_virtual_time
async def test_a_look_shows_the_nonce_and_after_the_release_there_is_none() -> None:
    async with open_stage() as stage:
        answer = await take(stage)
        assert (await look(stage)).json()["data"] == answer.json()["data"]
        assert await give_back(stage, answer.json()["data"]["nonce"]) == 200
        assert (await look(stage)).status_code == 404


@on_virtual_time
async def test_whoever_else_asks_is_refused_with_409_another_client_of_the_same_token_too() -> None:
    async with open_stage() as stage, make_client(stage.simulator) as other:
        await taken(stage)
        for nonce in (None, "000000000000"):
            assert (await take(stage, nonce=nonce)).status_code == 409
        assert (await other.post(stage.path("/lease?ttl=120"))).status_code == 409


@on_virtual_time
async def test_a_refresh_keeps_the_nonce_and_moves_the_end() -> None:
    async with open_stage() as stage:
        first = (await take(stage)).json()["data"]
        await stage.simulator.clock.sleep(20)
        second = (await take(stage, nonce=first["nonce"])).json()["data"]
        assert second["nonce"] == first["nonce"]
        assert second["expires_at"] > first["expires_at"]


@on_virtual_time
async def test_with_an_ended_lease_nothing_is_refreshed_released_or_written_once_there_is_a_successor() -> (
    None
):
    async with open_stage() as stage:
        ended = await taken(stage, ttl=2)
        await stage.simulator.clock.sleep(3)
        successor = (await take(stage)).json()["data"]
        assert (await take(stage, nonce=ended)).status_code == 409
        assert (await stage.update(nonce=ended)).status_code == 409
        for nonce in (ended, "000000000000"):
            assert await give_back(stage, nonce) == 403
        assert (await look(stage)).json()["data"] == successor


@on_virtual_time
async def test_after_a_release_the_next_lease_is_another() -> None:
    async with open_stage() as stage:
        first = await taken(stage)
        assert await give_back(stage, first) == 200
        assert await taken(stage) != first


GUARDED = [
    ("POST", ""), ("POST", "/start"), ("POST", "/stop"), ("POST", "/restart"), ("POST", "/suspend"), ("POST", "/cordon"),
    ("POST", "/uncordon"), ("DELETE", "?force=true"),
]  # fmt: skip


@pytest.mark.parametrize("nonce", [None, "000000000000"])
@pytest.mark.parametrize(("method", "rest"), GUARDED)
def test_eight_calls_are_fenced(method: str, rest: str, nonce: str | None) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            await taken(stage)
            before = await stage.get()
            body = {"config": stage.machine.config} if (method, rest) == ("POST", "") else None
            answer = await stage.client.request(method, stage.path(rest), json=body, headers=holding(nonce))
            assert answer.status_code == 409
            assert await stage.get() == before

    run()


@on_virtual_time
async def test_the_holder_does_all_of_them_under_one_lease_that_is_refreshed() -> None:
    async with open_stage() as stage:
        nonce = await taken(stage)
        story = [
            ("", "started"), ("/cordon", "started"), ("/uncordon", "started"), ("/stop", "stopped"), ("/start", "started"),
            ("/restart", "started"), ("/suspend", "suspended"), ("/stop", "stopped"),
        ]  # fmt: skip
        for rest, state in story:
            body = {"config": stage.machine.config} if rest == "" else None
            answer = await stage.client.post(stage.path(rest), json=body, headers=holding(nonce))
            assert answer.status_code == 200, (rest, answer.text)
            await stage.simulator.clock.sleep(25)
            assert (await stage.get())["state"] == state
            assert (await take(stage, nonce=nonce)).is_success
        assert (await stage.client.delete(stage.path(), headers=holding(nonce))).status_code == 200


@on_virtual_time
async def test_exec_is_refused_to_everybody_while_there_is_a_lease() -> None:
    async with open_stage() as stage:
        nonce, words = await taken(stage), {"command": ["true"], "timeout": 10}
        for sent in (nonce, None):
            answer = await stage.client.post(stage.path("/exec"), json=words, headers=holding(sent))
            assert answer.status_code == 409
        await give_back(stage, nonce)
        answer = await stage.client.post(stage.path("/exec"), json=words)
        assert (answer.status_code, answer.json()["exit_code"], answer.json()["stdout"]) == (200, 0, "")


@on_virtual_time
async def test_metadata_is_written_beside_a_lease() -> None:
    async with open_stage() as stage:
        await taken(stage)
        client, path = stage.client, stage.path("/metadata")
        assert (await client.post(f"{path}/a", json={"value": "1"})).is_success
        assert (await client.patch(path, json={"metadata": {"b": "2"}})).is_success
        assert (await client.put(path, json={"metadata": {"c": "3"}})).is_success
        assert {"a", "b", "c"} <= set((await stage.get())["config"]["metadata"])


@on_virtual_time
async def test_a_lease_is_there_until_its_end_and_not_after_whoever_took_it() -> None:
    async with open_stage() as stage:
        await taken(stage, ttl=30)
        await stage.simulator.clock.sleep(29.5)
        assert (await look(stage)).is_success
        await stage.simulator.clock.sleep(1)
        assert (await look(stage)).status_code == 404


@on_virtual_time
async def test_a_refresh_finds_nothing_after_the_machine_was_destroyed() -> None:
    async with open_stage() as stage:
        nonce = await taken(stage)
        assert (await stage.client.delete(stage.path("?force=true"), headers=holding(nonce))).is_success
        for _ in range(3):
            assert (await take(stage, nonce=nonce)).status_code == 404
            await stage.simulator.clock.sleep(2)


@pytest.mark.parametrize("state", ["created", "stopped", "suspended", "started"])
def test_a_machine_in_every_state_of_rest_can_be_leased(state: str) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(state=state) as stage:
            assert (await take(stage)).is_success

    run()


@on_virtual_time
async def test_a_lease_of_two_minutes_outlives_refreshes_that_are_answered_a_minute_late() -> None:
    async with open_stage(rules=[Rule(operation="lease_refresh", fault="slow", delay_after=60)]) as stage:
        nonce = await taken(stage)
        for _ in range(3):
            assert (await take(stage, nonce=nonce)).is_success
            assert (await look(stage)).is_success


@pytest.mark.parametrize(("switch", "status"), [("refuse", 404), ("revive", 201)])
def test_a_refresh_after_the_release(switch: Any, status: int) -> None:
    """L21: an author's note says that it brings the lease back; the documents say 404."""

    @on_virtual_time
    async def run() -> None:
        async with open_stage(switches=Switches(released_refresh=switch)) as stage:
            nonce = await taken(stage)
            await give_back(stage, nonce)
            assert (await take(stage, nonce=nonce)).status_code == status
            assert (await look(stage)).status_code == (200 if status == 201 else 404)

    run()


@on_virtual_time
async def test_creates_metadata_secrets_and_the_app_itself_are_not_fenced() -> None:
    async with open_stage() as stage:
        await taken(stage)
        assert (await stage.create()).is_success
        assert (await stage.client.post(f"{APP}/secrets", json={"values": {"A": "1"}})).is_success
        assert (await stage.client.delete(APP)).is_success


@on_virtual_time
async def test_the_proxy_starts_a_machine_once_its_lease_is_released() -> None:
    async with open_stage(state="stopped") as stage:
        nonce = await taken(stage)
        with pytest.raises(Exception, match="lease currently held"):
            stage.simulator.act("start", source="proxy", guarded=True)
        await give_back(stage, nonce)
        stage.simulator.act("start", source="proxy", guarded=True)
        assert (await stage.wait("started")).is_success


@on_virtual_time
async def test_other_machines_are_free() -> None:
    async with open_stage() as stage:
        await taken(stage)
        other: Machine = add_machine(stage.simulator.world, stage.app, config=make_config())
        assert (await take(stage, machine=other.id)).is_success
