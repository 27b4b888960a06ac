"""Leases, wait."""

from __future__ import annotations

import anyio
import pytest

from tests.simulator.builders import add_machine
from tests.simulator.stage import APP, Stage, on_virtual_time, open_stage
from tests.simulator.state.settings import Timing

SLOW = Timing(prepare=(7, 7), replace=(3, 3), boot=(2, 2), stop=(1, 1))


async def _take(stage: Stage, ttl: int = 30, **body: str) -> str:
    answer = await stage.client.post(stage.path("/lease"), json={"ttl": ttl, **body})
    assert answer.status_code == 201, answer.text
    nonce: str = answer.json()["data"]["nonce"]
    return nonce


@on_virtual_time
async def test_a_lease_is_taken_shown_refreshed_and_given_back() -> None:
    async with open_stage() as stage:
        client, path = stage.client, stage.path("/lease")
        nonce = await _take(stage, description="deploy 7")
        shown = (await client.get(path)).json()
        assert shown["status"] == "success"
        assert shown["data"]["nonce"] == nonce
        assert shown["data"]["description"] == "deploy 7"
        assert shown["data"]["version"] == stage.machine.version
        await stage.simulator.clock.sleep(20)
        again = await client.post(path, json={"ttl": 30}, headers={"fly-machine-lease-nonce": nonce})
        assert (again.status_code, again.json()["data"]["nonce"]) == (201, nonce)
        assert again.json()["data"]["expires_at"] == shown["data"]["expires_at"] + 20
        assert (await client.delete(path)).status_code == 400
        returned = await client.delete(path, headers={"fly-machine-lease-nonce": nonce})
        assert returned.json() == {"status": "success", "data": {"ok": True}}
        for answer in (
            await client.get(path),
            await client.delete(path, headers={"fly-machine-lease-nonce": nonce}),
        ):
            assert (answer.status_code, answer.json()["message"]) == (404, "lease not found")


@on_virtual_time
async def test_everybody_else_gets_409_in_the_lease_shape_even_with_the_same_token() -> None:
    async with open_stage() as stage:
        await _take(stage)
        refused = await stage.client.post(stage.path("/lease"), json={"ttl": 30})
        owner = stage.machine.lease.owner if stage.machine.lease else ""
        assert refused.status_code == 409
        assert refused.json() == {
            "status": "error",
            "message": f"machine ID {stage.machine.id} lease currently held by {owner}, expires at 2026-01-01T00:00:30Z",
            "code": "invalid",
        }
        wrong = {"fly-machine-lease-nonce": "000000000000"}
        assert (
            await stage.client.post(stage.path("/lease"), json={"ttl": 30}, headers=wrong)
        ).status_code == 409
        assert (await stage.client.delete(stage.path("/lease"), headers=wrong)).status_code == 403


@on_virtual_time
async def test_a_lease_ends_by_itself() -> None:
    async with open_stage() as stage:
        nonce = await _take(stage, ttl=13)
        await stage.simulator.clock.sleep(12.9)
        assert (await stage.update()).status_code == 409
        await stage.simulator.clock.sleep(0.2)
        assert (await stage.client.get(stage.path("/lease"))).status_code == 404
        refresh = await stage.client.post(
            stage.path("/lease"), json={"ttl": 13}, headers={"fly-machine-lease-nonce": nonce}
        )
        assert refresh.status_code == 404
        assert (await stage.update()).status_code == 200


GUARDED = [
    ("POST", "", 200), ("POST", "/start", 200), ("POST", "/stop", 200), ("POST", "/restart", 200),
    ("POST", "/suspend", 200), ("POST", "/cordon", 200), ("POST", "/uncordon", 200), ("DELETE", "?force=true", 200),
]  # fmt: skip
FREE = [
    ("GET", "", 200), ("GET", "/wait?state=started", 200), ("GET", "/events", 200), ("GET", "/ps", 200),
    ("GET", "/versions", 200), ("POST", "/signal", 200), ("POST", "/metadata/a", 204),
]  # fmt: skip
BODIES = {"/signal": {"signal": "SIGTERM"}, "/metadata/a": {"value": "b"}}


@pytest.mark.parametrize(("method", "rest", "code"), GUARDED)
def test_a_lease_guards_every_change(method: str, rest: str, code: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            nonce = await _take(stage)
            body = {"config": stage.machine.config} if rest == "" else None
            path = stage.path(rest)
            refused = await stage.client.request(method, path, json=body)
            assert (refused.status_code, "lease currently held by" in refused.json()["error"]) == (409, True)
            taken = await stage.client.request(
                method, path, json=body, headers={"fly-machine-lease-nonce": nonce}
            )
            assert taken.status_code == code

    run()


@pytest.mark.parametrize(("method", "rest", "code"), FREE)
def test_a_lease_guards_nothing_else(method: str, rest: str, code: int) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage() as stage:
            await _take(stage)
            answer = await stage.client.request(method, stage.path(rest), json=BODIES.get(rest))
            assert answer.status_code == code

    run()


@on_virtual_time
async def test_lease_ttl_on_create_and_update_leaves_no_gap() -> None:
    async with open_stage() as stage:
        created = (await stage.create(lease_ttl=30)).json()
        refused = await stage.client.post(stage.path("/lease", machine=created["id"]), json={"ttl": 5})
        assert refused.status_code == 409
        nonce = {"fly-machine-lease-nonce": created["nonce"]}
        assert (
            await stage.client.delete(stage.path("/lease", machine=created["id"]), headers=nonce)
        ).status_code == 200
        assert (await stage.update(lease_ttl=30)).json()["nonce"]
        listed = (await stage.client.get(f"{APP}/machines", params={"include_leases": "true"})).json()
        shown = {machine["id"]: machine.get("lease") for machine in listed}
        assert shown[created["id"]] is None
        assert set(shown[stage.machine.id] or {}) == {"owner", "description", "expires_at"}


@on_virtual_time
async def test_the_proxy_cannot_stop_a_leased_machine() -> None:
    async with open_stage() as stage:
        await _take(stage)
        with pytest.raises(Exception, match="lease currently held by"):
            stage.simulator.act("stop", source="proxy", guarded=True)
        stage.simulator.act("clear_lease")
        stage.simulator.act("stop", source="proxy", guarded=True)
        assert (await stage.wait("stopped")).status_code == 200


@on_virtual_time
async def test_wait_answers_with_state_version_and_event() -> None:
    async with open_stage(timing=SLOW) as stage:
        updated = (await stage.update()).json()
        answer = (await stage.wait("started", version=updated["version"])).json()
        event = (await stage.get())["events"][0]["id"]
        assert answer == {"ok": True, "state": "started", "version": updated["version"], "event_id": event}
        assert stage.now == 5.0


@on_virtual_time
async def test_wait_takes_several_states_with_commas_or_repeated() -> None:
    async with open_stage(timing=SLOW) as stage:
        await stage.client.post(stage.path("/stop"))
        path = stage.path("/wait?state=started&state=stopped")
        assert (await stage.client.get(path)).json()["state"] == "stopped"
        assert (await stage.wait("suspended,stopped")).json()["state"] == "stopped"
        assert (await stage.wait("sleeping")).status_code == 400


@on_virtual_time
async def test_wait_for_settled_ends_at_rest_wherever_that_is() -> None:
    async with open_stage(timing=SLOW, state="stopped") as stage:
        await stage.update()
        answer = await stage.wait("settled")
        assert (answer.json()["state"], stage.now) == ("settled", 3.0)


@on_virtual_time
async def test_wait_that_does_not_come_true_is_408_and_names_the_present_state() -> None:
    async with open_stage(state="stopped") as stage:
        answer = await stage.wait("started", timeout=7)
        assert (answer.status_code, stage.now) == (408, 7.0)
        assert answer.json() == {
            "error": "deadline_exceeded: machine failed to reach desired state, started, currently stopped"
        }


@on_virtual_time
async def test_wait_for_a_superseded_version_ends_with_replaced() -> None:
    async with open_stage(timing=SLOW) as stage:
        first = (await stage.update()).json()["version"]
        answers = []

        async def wait() -> None:
            answers.append(await stage.wait("started", version=first))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(1)
            stage.simulator.act("update", config={"env": {"A": "1"}})
        assert (answers[0].status_code, stage.now) == (408, 1.0)
        assert answers[0].json()["error"].endswith("currently replaced")
        assert (await stage.wait("started", version="01HQ0000000000000000000000")).status_code == 400


@on_virtual_time
async def test_wait_ignores_history_up_to_an_event() -> None:
    async with open_stage(timing=SLOW) as stage:
        event = (await stage.get())["events"][0]["id"]
        assert (await stage.wait("started", from_event_id=event, timeout=5)).status_code == 408
        await stage.client.post(stage.path("/restart"))
        assert (await stage.wait("started", from_event_id=event)).status_code == 200


@on_virtual_time
async def test_wait_for_destroyed_is_a_success_and_for_anything_else_a_404_as_later_for_all() -> None:
    async with open_stage() as stage:
        await stage.client.delete(stage.path("?force=true"))
        assert (await stage.wait("destroyed")).json()["state"] == "destroyed"
        assert (await stage.wait("started")).status_code == 404
        assert (await stage.get())["state"] == "destroyed"
        await stage.simulator.clock.sleep(61)
        assert (await stage.wait("destroyed")).status_code == 404


@on_virtual_time
async def test_waits_hold_nothing_and_a_passing_state_is_seen() -> None:
    async with open_stage(timing=SLOW) as stage:
        other = add_machine(stage.simulator.world, stage.app)
        seen: list[float] = []

        async def wait() -> None:
            seen.append(
                (await stage.wait("started", machine=other.id, from_event_id="Z", timeout=60)).status_code
            )
            seen.append(stage.now)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(1)
            with anyio.fail_after(0.5):
                assert (await stage.get())["state"] == "started"
                assert (await stage.client.post(stage.path("/cordon"))).status_code == 200
        assert seen == [408, 60.0]


@on_virtual_time
async def test_a_cancelled_client_does_not_cancel_what_it_asked_for() -> None:
    async with open_stage(latency=2.0) as stage:
        with anyio.move_on_after(0.5):
            await stage.update(config={**stage.machine.config, "env": {"A": "1"}})
        assert (await stage.get())["config"]["env"] == {"A": "1"}
