"""Starting, stopping and leasing, where Fly's answer says something else than yes: what is repeated, what is believed, what is said."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from entrypoint.fleet.errors import FleetError, LeaseHeld, Refused
from tests.integration.test_machines_client import create, ident, open_client, open_client_of, start
from tests.simulator.faults import Rule
from tests.simulator.stage import on_virtual_time

SETTLING = {"error": "failed_precondition: machine still active, refusing to stop"}


@on_virtual_time
async def test_a_stop_that_is_refused_while_the_machine_runs__is_asked_for_again() -> None:
    refusal = Rule(operation="machine_stop", status=412, nth=1, times=2, body=SETTLING)
    async with open_client(rules=[refusal]) as (stage, client):
        await client.stop(ident(stage), nonce=None)
        assert stage.machine.state in ("stopping", "stopped")
        assert len(stage.simulator.journal.find("machine_stop")) == 3


@on_virtual_time
async def test_a_stop_that_is_refused_where_the_machine_rests__has_nothing_left_to_do() -> None:
    refusal = Rule(operation="machine_stop", status=412, nth=1, times=99, body=SETTLING)
    async with open_client(state="stopped", rules=[refusal]) as (stage, client):
        await client.stop(ident(stage), nonce=None)
        assert stage.now < 1
        assert len(stage.simulator.journal.find("machine_stop")) == 1


@pytest.mark.parametrize(("verb", "word"), [("start", "starting"), ("stop", "stopping")])
def test_a_refusal__says_what_was_asked_for(verb: str, word: str) -> None:
    @on_virtual_time
    async def story() -> None:
        rule = Rule(operation=f"machine_{verb}", status=400, nth=1, times=99, body={"error": "no"})
        state = "stopped" if verb == "start" else "started"
        async with open_client(state=state, rules=[rule]) as (stage, client):
            with pytest.raises(FleetError, match=f"^{word} machine {stage.machine.id}"):
                await (start(stage, client) if verb == "start" else client.stop(ident(stage), nonce=None))

    story()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "no room"}, "no room"),
        ({"error": "no room"}, "no room"),
        ({"message": "no room", "error": "more"}, "no room"),
        ({}, "it does not start"),
    ],
)
def test_an_error_inside_a_200_that_stays__ends_with_its_own_words(body: dict[str, Any], words: str) -> None:
    @on_virtual_time
    async def story() -> None:
        rule = Rule(operation="machine_start", status=200, nth=1, times=99, body={"status": "error", **body})
        async with open_client(state="stopped", rules=[rule]) as (stage, client):
            with pytest.raises(Refused, match=f": {words}( |$)"):
                await start(stage, client)

    story()


@on_virtual_time
async def test_the_lease_of_a_create_whose_answer_was_lost__is_found_and_not_asked_for_anew() -> None:
    lost = Rule(operation="machine_create", status=502, nth=1, commit=True)
    async with open_client(rules=[lost]) as (stage, client):
        made = await create(client, lease_ttl=30)
        lease = stage.app.machines[made.id].lease
        assert lease is not None
        assert (made.nonce, lease.description or "") == (lease.nonce, "")
        assert not stage.simulator.journal.find("lease_acquire")


@on_virtual_time
async def test_after_an_unclear_answer__a_lease_with_other_words_is_somebody_elses() -> None:
    """The read of the lease succeeds, and shows the nonce of whoever holds it."""
    lost = Rule(operation="lease_acquire", status=502, nth=2, times=1)
    async with open_client(rules=[lost]) as (stage, first), open_client_of(stage) as second:
        theirs = await first.acquire_lease(ident(stage), ttl=600, description="flightplan abc", patience=0)
        with pytest.raises(LeaseHeld):
            await second.acquire_lease(ident(stage), ttl=30, description="flightplan xyz", patience=3)
        assert stage.machine.lease is not None
        assert stage.machine.lease.nonce == theirs.nonce


@on_virtual_time
async def test_a_lease_that_came_with_a_call_that_was_given_up__is_ours() -> None:
    """A refresh has so many seconds. Its lease may have been taken all the same."""
    late = Rule(operation="lease_acquire", fault="slow", delay_after=30.0, nth=1, times=1)
    async with open_client(rules=[late]) as (stage, client):
        with anyio.move_on_after(5) as given_up:
            await client.acquire_lease(ident(stage), ttl=120, description="flightplan abc", patience=0)
        assert given_up.cancelled_caught
        lease = await client.acquire_lease(ident(stage), ttl=120, description="flightplan abc", patience=0)
        assert stage.machine.lease is not None
        assert lease.nonce == stage.machine.lease.nonce
        with pytest.raises(LeaseHeld):
            await client.acquire_lease(ident(stage), ttl=120, description="flightplan xyz", patience=0)


@on_virtual_time
async def test_who_holds_a_lease__is_told_and_nobody_where_nobody_does() -> None:
    async with open_client() as (stage, client):
        assert await client.lease_of(ident(stage)) is None
        stage.simulator.act("lease", machine=stage.machine.id, ttl=60, owner="jo@acme.test")
        held = await client.lease_of(ident(stage))
        assert held is not None
        assert held.owner == "jo@acme.test"
