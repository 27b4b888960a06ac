"""Waits until a machine has passed its gate, or tells why it will not.

Only what a GET shows counts. The wait request only tells when to look again. So a server that answers it early, late, or for one state only
changes nothing but the number of requests. The caller starts a machine again that the proxy has stopped (`wake`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import DEAD
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.rollout.checks_gate import ChecksGate
from entrypoint.rollout.expectation import Expectation, HealthGateFailed, check_ours, long_poll, pace
from entrypoint.rollout.health import is_settled
from entrypoint.rollout.looks import Looks
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.start_gate import SLICE, StartGate, Wake, at_once, is_foreign


async def pass_gate(
    machines: Machines,
    expected: Expectation,
    gate: HealthGate,
    *,
    report: Callable[[str], None],
    wake: Wake,
    looks: Looks | None = None,
) -> Machine:
    """Wait for the gate, without the boot watch (rollout/boot.py). Returns the last observation. Raises HealthGateFailed.

    `looks`: shared with other gates that wait at the same time.
    """
    looks = looks or Looks(machines)
    if gate.kind in (GateKind.REST, GateKind.GONE):
        return await settle(machines, expected, timeout=gate.timeout, looks=looks)
    with looks.gating():
        return await _pass(machines, expected, gate, report=report, wake=wake, looks=looks)


async def _pass(
    machines: Machines,
    expected: Expectation,
    gate: HealthGate,
    *,
    report: Callable[[str], None],
    wake: Wake,
    looks: Looks,
) -> Machine:
    after = partial(looks.first_look, gate) if gate.kind is GateKind.CHECKS else at_once
    up = StartGate(machines, expected, wake=wake, looks=looks, after=after)
    seen = await up.come_up(timeout=gate.timeout)
    report("started")
    if gate.kind is GateKind.CHECKS:
        checks = ChecksGate(expected, gate, report=report, wake=wake, looks=looks)
        seen = await checks.become_healthy(seen, since=up.since)
    return seen


async def hold_gate(
    machines: Machines, expected: Expectation, gate: HealthGate, *, wake: Wake, looks: Looks
) -> None:
    """Check with one read that a passed gate still holds; if not, wait for the whole gate again. Raises HealthGateFailed."""
    checks = ChecksGate(expected, gate, report=_silent, wake=wake, looks=looks)
    if not await checks.hold():
        await pass_gate(machines, expected, gate, report=_silent, wake=wake, looks=looks)


def _silent(_: str) -> None:
    """Report nothing: the gate was reported when it passed."""


async def settle(
    machines: Machines, expected: Expectation, *, timeout: float, looks: Looks | None = None
) -> Machine:
    """Wait until the machine is in a lasting state, running or not. Raises HealthGateFailed."""
    looks = looks or Looks(machines)
    deadline = anyio.current_time() + timeout

    def doubts(seen: Machine) -> bool:
        return is_foreign(seen, expected) or seen.state in DEAD

    while True:
        begun = anyio.current_time()
        seen = await looks.look(expected, due=begun, until=deadline, doubts=doubts)
        if seen.state in DEAD:
            raise HealthGateFailed(f"it is {seen.state}")
        if is_settled(seen) and not expected.is_stale(seen):
            check_ours(seen, expected)
            return seen
        left = deadline - anyio.current_time()
        if left <= 0:
            raise HealthGateFailed(f"it is {seen.state} and did not settle within {timeout:.0f} s")
        await long_poll(machines, expected, "stopped", "started", timeout=min(SLICE, left))
        await pace(begun)
