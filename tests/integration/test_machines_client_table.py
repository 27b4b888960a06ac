"""The retry table, cell by cell: what is met once and passes, and what ends the call at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.fleet.errors import LeaseHeld, LeaseLost, MachineGone, NoCapacity, VersionConflict
from entrypoint.rollout.ports import Lease
from tests.integration.test_machines_client import create, ident, open_client, start, update
from tests.simulator.faults import Rule
from tests.simulator.stage import Stage, on_virtual_time

HELD = "machine ID m lease currently held by jo@acme.test, expires at 2026-11-24T21:00:00Z"
BUSY = "aborted: machine update failed due to concurrent update"
HOST = "aborted: could not reserve resource for machine: insufficient CPUs available to fulfill request on the current host"
SETTLES = "failed_precondition: machine getting replaced, refusing to start"
CLAIMED = "failed_precondition: volume already claimed by machine \x00\x00"
UNKNOWN = "invalid_argument: could not resolve image: MANIFEST_UNKNOWN: manifest unknown"

Act = Callable[[Stage, MachinesClient, Lease], Awaitable[Any]]
CALLS: dict[str, tuple[str, Act]] = {
    "observe app": ("app_get", lambda _s, c, _l: c.observe()),
    "observe machines": ("machine_list", lambda _s, c, _l: c.observe()),
    "observe volumes": ("volume_list", lambda _s, c, _l: c.observe()),
    "get": ("machine_get", lambda s, c, _l: c.get(ident(s))),
    "wait": (
        "machine_wait",
        lambda s, c, _l: c.wait(ident(s), version=None, states=("stopped",), timeout=30),
    ),
    "create": ("machine_create", lambda _s, c, _l: create(c)),
    "update": ("machine_update", lambda s, c, lease: update(s, c, nonce=lease.nonce)),
    "start": ("machine_start", lambda s, c, lease: start(s, c, nonce=lease.nonce)),
    "stop": ("machine_stop", lambda s, c, lease: c.stop(ident(s), nonce=lease.nonce)),
    "destroy": ("machine_destroy", lambda s, c, lease: c.destroy(ident(s), nonce=lease.nonce)),
    "refresh": ("lease_refresh", lambda _s, c, lease: c.refresh_lease(lease, ttl=60)),
    "release": ("lease_release", lambda _s, c, lease: c.release_lease(lease)),
}


def meet(name: str, rule: Rule) -> tuple[Any, int]:
    """What the call ends with — None, or its error — and how often it was sent."""
    operation, act = CALLS[name]
    rule.operation = operation
    found: list[Any] = []

    @on_virtual_time
    async def story() -> None:
        async with open_client(state="stopped") as (stage, client):
            lease = await client.acquire_lease(ident(stage), ttl=600, description="t", patience=0)
            stage.simulator.rules.append(rule)
            try:
                await act(stage, client, lease)
            except Exception as error:
                found.append(error)
            found[:] = [found[0] if found else None, len(stage.simulator.journal.find(operation))]

    story()
    return found[0], found[1]


PASSES: list[tuple[str, list[int]]] = [
    (name, [408, 425, 429, 500, 502, 503, 504] if name != "wait" else [425, 429, 500, 502, 503, 504])
    for name in CALLS
]


@pytest.mark.parametrize(("name", "status"), [(name, status) for name, found in PASSES for status in found])
def test_a_hiccup__passes_in_every_row(name: str, status: int) -> None:
    error, sent = meet(name, Rule(status=status, nth=1, html=status == 502))
    assert error is None
    assert sent >= 2


ONCE = [
    ("create", 412, CLAIMED), ("create", 400, UNKNOWN), ("update", 400, UNKNOWN), ("update", 409, BUSY), ("update", 412, SETTLES),
    ("start", 409, HOST), ("start", 409, BUSY), ("start", 412, SETTLES), ("stop", 412, SETTLES), ("stop", 409, BUSY),
    ("destroy", 412, "failed_precondition: unable to destroy machine, not currently stopped"), ("destroy", 409, BUSY),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "text"), ONCE)
def test_what_passes_with_time__is_asked_again(name: str, status: int, text: str) -> None:
    error, sent = meet(name, Rule(status=status, nth=1, body={"error": text}))
    assert error is None
    assert sent == 2 or (name, sent) == ("stop", 1)  # it rests already: nothing is left to do


ENDS = [
    ("update", 409, HELD, LeaseLost), ("start", 409, HELD, LeaseLost), ("stop", 409, HELD, LeaseLost), ("destroy", 409, HELD, LeaseLost),
    ("refresh", 409, HELD, LeaseLost), ("refresh", 404, "lease not found", LeaseLost), ("create", 409, HELD, LeaseHeld),
    ("update", 409, "aborted: current_version does not match", VersionConflict), ("update", 409, HOST, NoCapacity),
    ("create", 409, "aborted: no capacity", NoCapacity), ("create", 412, "insufficient resources to create new machine with existing volume id 'v'", NoCapacity),
    ("update", 404, "machine not found", MachineGone), ("start", 404, "machine not found", MachineGone), ("get", 404, "machine not found", MachineGone),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "text", "kind"), ENDS)
def test_what_time_does_not_mend__ends_the_call_at_once(
    name: str, status: int, text: str, kind: type
) -> None:
    error, sent = meet(name, Rule(status=status, body={"error": text}))
    assert type(error) is kind
    assert text[:20] in str(error)
    assert sent == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [("destroy", 404), ("release", 404), ("release", 409), ("release", 412), ("wait", 408), ("wait", 404)],
)
def test_what_is_no_failure(name: str, status: int) -> None:
    assert meet(name, Rule(status=status, body={"error": "it is so"})) == (None, 1)
