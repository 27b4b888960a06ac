"""Our client under what was seen on the real Fly: the right-hand column of the simulator's conformance table."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.fleet.errors import FleetError, LeaseHeld, LeaseLost, MachineGone, Refused, VersionConflict
from entrypoint.kernel.ids import AppName, MachineId, Version
from entrypoint.kernel.secrets import Secret
from entrypoint.rollout.leases import REFRESH_EVERY, Leases, kept
from tests.integration.test_machines_client import create, ident, open_client, open_client_of, start, update
from tests.scripted import Say, Scripted
from tests.simulator.builders import add_machine, add_volume, make_config, make_service
from tests.simulator.faults import Rule
from tests.simulator.stage import Stage, on_virtual_time
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.settings import Switches, Timing


def sent(stage: Stage, operation: str) -> list[Any]:
    return list(stage.simulator.journal.find(operation))


# Leases


@on_virtual_time
async def test_a_lease__is_asked_for_in_body_and_query_held_and_given_back() -> None:
    async with open_client() as (stage, client):
        lease = await client.acquire_lease(ident(stage), ttl=120, description="deploy 7", patience=0)
        (asked,) = sent(stage, "lease_acquire")
        assert dict(asked.query)["ttl"] == "120"
        assert asked.body["ttl"] == 120
        assert lease.version == stage.machine.version
        held = stage.machine.lease
        assert held is not None
        before = held.expires_at
        await stage.simulator.clock.sleep(20)
        await client.refresh_lease(lease, ttl=120)
        assert (held.nonce, held.expires_at) == (lease.nonce, before + 20)
        await client.release_lease(lease)
        again = await client.acquire_lease(ident(stage), ttl=2, description="deploy 7", patience=0)
        assert again.nonce != lease.nonce


@on_virtual_time
async def test_a_lease_that_ended_and_is_somebody_elses__is_lost_and_its_release_says_nothing() -> None:
    async with open_client() as (stage, client), open_client_of(stage) as other:
        ours = await client.acquire_lease(ident(stage), ttl=2, description="ours", patience=0)
        with pytest.raises(LeaseHeld):
            await other.acquire_lease(ident(stage), ttl=30, description="theirs", patience=0)
        await stage.simulator.clock.sleep(3)
        theirs = await other.acquire_lease(ident(stage), ttl=30, description="theirs", patience=0)
        with pytest.raises(LeaseLost):
            await client.refresh_lease(ours, ttl=30)
        with pytest.raises(LeaseLost):
            await update(stage, client, nonce=ours.nonce)
        await client.release_lease(ours)
        assert sent(stage, "lease_release")[-1].status == 403
        assert stage.machine.lease is not None
        assert stage.machine.lease.nonce == theirs.nonce


@pytest.mark.parametrize("verb", ["update", "start", "stop", "destroy"])
def test_a_fenced_call_without_the_lease__names_the_holder_and_changes_nothing(verb: str) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(state="stopped" if verb == "start" else "started") as (stage, client):
            stage.simulator.act("lease", owner="jo@acme.test", ttl=600)
            before = (stage.machine.state, stage.machine.version)
            calls = {
                "update": lambda: update(stage, client),
                "start": lambda: start(stage, client),
                "stop": lambda: client.stop(ident(stage), nonce=None),
                "destroy": lambda: client.destroy(ident(stage), nonce=None),
            }
            with pytest.raises(LeaseHeld) as held:
                await calls[verb]()
            assert held.value.holder == "jo@acme.test"
            assert (stage.machine.state, stage.machine.version) == before

    story()


@on_virtual_time
async def test_everything_we_write__goes_through_under_one_lease_that_is_refreshed() -> None:
    async with open_client() as (stage, client):
        lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
        await update(stage, client, nonce=lease.nonce)
        for verb, state in (("stop", "stopped"), ("start", "started"), ("destroy", "destroyed")):
            await stage.simulator.clock.sleep(20)
            await client.refresh_lease(lease, ttl=30)
            target = await client.get(ident(stage)) if verb == "start" else ident(stage)
            await getattr(client, verb)(target, nonce=lease.nonce)
            assert await client.wait(ident(stage), version=None, states=(state,), timeout=60) == state


@on_virtual_time
async def test_after_our_own_destroy__a_refresh_finds_nothing_and_a_second_destroy_is_done() -> None:
    for dead_nonce in ("ignore", "refuse"):
        switches = Switches(dead_nonce=dead_nonce)
        async with open_client(switches=switches, timing=Timing(destroy=(40, 40))) as (stage, client):
            lease = await client.acquire_lease(ident(stage), ttl=120, description="ours", patience=0)
            await client.destroy(ident(stage), nonce=lease.nonce)
            with pytest.raises(LeaseLost):
                await client.refresh_lease(lease, ttl=120)
            await client.destroy(ident(stage), nonce=lease.nonce)
            await stage.simulator.clock.sleep(60)
            with pytest.raises(MachineGone):
                await client.refresh_lease(lease, ttl=120)
            await client.destroy(ident(stage), nonce=lease.nonce)
            await client.release_lease(lease)


@on_virtual_time
async def test_a_lease_taken_from_us__is_told_when_the_machine_stays() -> None:
    """The 409 of a destroy counts as done for a machine that goes, and for no other."""
    async with open_client() as (stage, client):
        lease = await client.acquire_lease(ident(stage), ttl=120, description="ours", patience=0)
        stage.simulator.act("lease", ttl=600)
        with pytest.raises(LeaseLost):
            await client.destroy(ident(stage), nonce=lease.nonce)


@pytest.mark.parametrize("state", ["created", "stopped", "suspended", "started"])
def test_a_machine_in_every_state_of_rest__is_leased(state: str) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(state=state) as (stage, client):
            lease = await client.acquire_lease(ident(stage), ttl=30, description="ours", patience=0)
            assert lease.nonce

    story()


@on_virtual_time
async def test_renewals_of_one_machine_are_held_a_minute__no_lease_ends_and_no_other_is_late() -> None:
    held = Rule(operation="lease_refresh", machine="web-1", fault="slow", delay_after=60)
    async with open_client(rules=[held]) as (stage, client):
        other = add_machine(stage.simulator.world, stage.app, name="web-2")
        leases, lost = Leases(client), list[MachineId]()
        await leases.acquire([ident(stage), MachineId(other.id)], description="ours")
        async with kept(leases, on_lost=lambda lease, _: lost.append(lease.machine)):
            for _ in range(200):
                await stage.simulator.clock.sleep(1)
                stage.simulator.look()
                for machine in (stage.machine, other):
                    assert machine.lease is not None
                    assert machine.lease.expires_at > stage.now, machine.name
        assert lost == []
        times = [entry.at for entry in sent(stage, "lease_refresh") if entry.machine == other.id]
        assert {round(after - before) for before, after in pairwise(times)} == {REFRESH_EVERY}


@pytest.mark.parametrize(("arrives", "left"), [(1.0, 0), (4.0, 1)])
def test_a_renewal_in_flight_at_the_release__is_awaited_or_counted(arrives: float, left: int) -> None:
    """Where a late refresh brings a lease back, what we say of it is true all the same."""

    @on_virtual_time
    async def story() -> None:
        late = Rule(operation="lease_refresh", fault="slow", delay=arrives)
        async with open_client(rules=[late], switches=Switches(released_refresh="revive")) as (stage, client):
            leases = Leases(client)
            await leases.acquire([ident(stage)], description="ours")
            async with kept(leases, on_lost=lambda *_: None):
                await stage.simulator.clock.sleep(REFRESH_EVERY + 0.5)
            await leases.release()
            assert leases.left() == left
            await stage.simulator.clock.sleep(10)
            stage.simulator.look()
            held = stage.machine.lease is not None and stage.machine.lease.expires_at > stage.now
            assert held is bool(left)

    story()


# Updates


@on_virtual_time
async def test_an_update_that_changes_nothing_twice__names_its_version_and_returns_the_new_one() -> None:
    async with open_client() as (stage, client):
        before = stage.machine.version
        written = await update(stage, client)
        assert written.version == stage.machine.version != before
        assert written.image_digest == stage.machine.image.digest
        (asked,) = sent(stage, "machine_update")
        assert asked.body["current_version"] == before


@on_virtual_time
async def test_a_machine_being_replaced__is_started_as_soon_as_fly_lets_it() -> None:
    async with open_client(state="stopped") as (stage, client):
        await update(stage, client, skip_launch=True)
        await start(stage, client)
        refused = [entry.status for entry in sent(stage, "machine_start")]
        assert (set(refused[:-1]), refused[-1]) == ({412}, 200)
        assert await client.wait(ident(stage), version=None, states=("started",), timeout=60) == "started"


@on_virtual_time
async def test_a_start_that_was_refused_with_412__is_not_repeated_once_the_machine_runs() -> None:
    starts = Rule(
        operation="machine_start", nth=1, fault="answer", status=412, commit=True,
        body={"error": "failed_precondition: machine still active, refusing to start"},
    )  # fmt: skip
    async with open_client(state="stopped", rules=[starts]) as (stage, client):
        await start(stage, client)
        assert len(sent(stage, "machine_start")) == 1


@on_virtual_time
async def test_reads_that_lag__change_nothing_about_a_write() -> None:
    async with open_client(replica_lag=3.0, switches=Switches(cookie_leads=False)) as (stage, client):
        await stage.simulator.clock.sleep(5)
        before = Version(stage.machine.version)
        written = await update(stage, client)
        assert (await client.get(ident(stage))).version == before
        assert written.version == stage.machine.version
        with pytest.raises(VersionConflict):
            await update(stage, client, expects=before)
        made = await create(client)
        assert (await client.get(made.id)).name == "web-2"
        assert len(stage.machine.versions) == 2


# Creates


@pytest.mark.parametrize("status", [200, 201])
def test_a_create_is_answered_with_200_or_201(status: int) -> None:
    body = {"id": "m1", "instance_id": "01A", "state": "created", "config": {}, "name": "web-2"}
    door = Scripted(lambda _: Say(status=status, body=body))

    @on_virtual_time
    async def story() -> None:
        async with MachinesClient(
            app=AppName("acme-shop"),
            base_url="http://fly.test",
            token=Secret("FlyV1 fm2_x"),
            transport=door,
        ) as client:
            assert (await create(client)).id == "m1"
        assert door.asked("POST") == 1

    story()


@pytest.mark.parametrize("rests", ["stopped", "created"])
def test_a_machine_that_was_not_launched__is_started_wherever_it_rests(rests: Any) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(switches=Switches(skip_launch_rests=rests)) as (stage, client):
            made = await create(client, skip_launch=True)
            await client.start(await client.get(made.id), nonce=None)
            assert await client.wait(made.id, version=None, states=("started",), timeout=60) == "started"
            assert "unable to start machine" in str(sent(stage, "machine_start")[0].reply)

    story()


@pytest.mark.parametrize("lists", [2, None])
@pytest.mark.parametrize("names_it", [True, False])
def test_what_a_lost_answer_made__is_found_or_given_up_and_never_made_twice(
    lists: int | None, names_it: bool
) -> None:
    """L46, L47: the create was done, its answer is lost, the list does not show the machine, and the name is taken."""

    @on_virtual_time
    async def story() -> None:
        rules = [
            Rule(operation="machine_create", nth=1, fault="drop"),
            Rule(operation="machine_list", fault="hide", rows="web-2", times=lists),
        ]
        if not names_it:
            taken = {"error": "already_exists: unique machine name violation"}
            rules.append(Rule(operation="machine_create", nth=2, times=99, status=409, body=taken))
        async with open_client(rules=rules) as (stage, client):
            if lists is None and not names_it:
                with pytest.raises(FleetError, match="name"):
                    await create(client)
                assert stage.now < 240
            else:
                made = await create(client)
                assert made.name == "web-2"
            assert [m.name for m in stage.app.machines.values()].count("web-2") == 1

    story()


@on_virtual_time
async def test_a_name_that_is_somebody_elses__is_refused_and_theirs_is_left() -> None:
    async with open_client() as (stage, client):
        stage.simulator.act("clone", machine="web-1", name="web-2")
        with pytest.raises(VersionConflict, match="web-2"):
            await create(client, config=make_config(metadata={"flightplan_plan": "p" * 64}))
        (theirs,) = [m for m in stage.app.machines.values() if m.name == "web-2"]
        assert (theirs.state in {"created", "started", "starting"}, len(theirs.versions)) == (True, 1)


@on_virtual_time
async def test_an_image_that_is_not_there__is_refused_and_leaves_nothing() -> None:
    async with open_client(behaviours=[Behaviour(image="*:gone", missing="for_ever")]) as (stage, client):
        with pytest.raises(Refused, match="manifest unknown"):
            await create(client, config=make_config(image="library/nginx:gone"))
        assert len(stage.app.machines) == 1


@on_virtual_time
async def test_a_list_is_enough_to_know_a_fleet() -> None:
    async with open_client(config=make_config(services=[make_service()])) as (stage, client):
        (found,) = (await client.observe()).machines
        assert found.version == stage.machine.version
        assert found.image_digest == stage.machine.image.digest
        assert [(check.name, check.status) for check in found.checks] == [
            ("servicecheck-00-http-8080", "passing")
        ]
        assert sent(stage, "machine_get") == []


# Waits


@on_virtual_time
async def test_a_wait_of_any_length__asks_for_a_minute_at_most() -> None:
    async with open_client(state="stopped") as (stage, client):
        assert await client.wait(ident(stage), version=None, states=("started",), timeout=300) is None
        (asked,) = sent(stage, "machine_wait")
        assert (dict(asked.query)["timeout"], asked.status, stage.now) == ("60", 408, 60.0)


# Volumes


@pytest.mark.parametrize("state", ["pending_destroy", "scheduled_for_destruction"])
def test_a_volume_on_its_way_out__is_none(state: Any) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(switches=Switches(deleted_volume=state)) as (stage, client):
            going = add_volume(stage.simulator.world, stage.app, name="old")
            stays = add_volume(stage.simulator.world, stage.app, name="data")
            await stage.client.delete(f"/v1/apps/acme-shop/volumes/{going.id}")
            assert [volume.id for volume in (await client.observe()).volumes] == [stays.id]

    story()


# Errors and answers that stay away


@pytest.mark.parametrize("place", ["error", "message", "detail", "plain"])
def test_the_words_of_a_refusal__are_told_wherever_they_are(place: Any) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_client(switches=Switches(error_place=place)) as (_, client):
            with pytest.raises(Refused, match="volume vol_none not found"):
                await create(client, config=make_config(mounts=[{"volume": "vol_none", "path": "/d"}]))
            with pytest.raises(MachineGone, match="machine not found"):
                await client.get(MachineId("1234567890abcd"))

    story()


@pytest.mark.parametrize("ends", ["delivered", "dropped"])
def test_an_answer_held_for_minutes__is_looked_after_and_never_waited_for(ends: str) -> None:
    @on_virtual_time
    async def story() -> None:
        fault: Any = "slow" if ends == "delivered" else "drop"
        rule = Rule(operation="machine_update", nth=1, fault=fault, delay_after=180)
        async with open_client(rules=[rule]) as (stage, client):
            written = await update(stage, client, config=make_config(image="a/b:1", metadata={"m": "1"}))
            assert written.version == stage.machine.version
            assert len(stage.machine.versions) == 2
            assert stage.now < 60

    story()


@pytest.mark.parametrize("status", [408, 504])
@pytest.mark.parametrize("commit", [True, False])
def test_a_time_out__is_an_unclear_answer_whatever_its_number(status: int, commit: bool) -> None:
    @on_virtual_time
    async def story() -> None:
        rule = Rule(operation="machine_update", nth=1, fault="answer", status=status, commit=commit)
        async with open_client(rules=[rule]) as (stage, client):
            await update(stage, client, config=make_config(image="a/b:1", metadata={"m": "1"}))
            assert len(stage.machine.versions) == 2

    story()


@on_virtual_time
async def test_a_mark__is_written_beside_a_lease_makes_no_version_and_shows_in_the_list() -> None:
    async with open_client(rules=[Rule(operation="metadata_set", nth=1, status=503)]) as (stage, client):
        stage.simulator.act("lease", ttl=600)
        before = stage.machine.version
        await client.set_metadata(ident(stage), key="mark", value="7")
        (found,) = await client.list_machines()
        assert (found.metadata["mark"], found.version) == ("7", before)
        assert [entry.nonce for entry in sent(stage, "metadata_set")] == [None, None]


def test_what_we_never_send() -> None:
    """Commands inside a machine, values of secrets, and the deletion of a volume are no part of a rollout."""
    names = {name for name in dir(MachinesClient) if not name.startswith("_")}
    assert names == {
        "drop_waiting", "observe", "list_machines", "get", "find", "create", "update", "start", "stop", "destroy", "wait", "set_metadata",
        "delete_metadata", "cordon", "uncordon", "acquire_lease", "refresh_lease", "release_lease", "lease_of",
        "allocate_address", "create_volume", "extend_volume", "list_addresses", "list_snapshots", "list_volumes", "take_snapshot",
    }  # fmt: skip
