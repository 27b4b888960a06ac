"""Wait until a machine has passed its gate, or say why it will not.

What counts is what a GET shows. `wait` only tells when to look again, so that a server that answers it early, late, or for one
state only changes nothing but the number of requests.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio

from entrypoint.fleet.errors import MachineGone, Unavailable
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import DEAD
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.planning.model.steps import BOOT_SECONDS, Gate, GateKind
from entrypoint.rollout.health import (
    Health,
    Reading,
    all_reported_pass,
    failing_outputs,
    is_settled,
    read_checks,
    read_start,
)
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.watched import POLL, GateFailed, Watched, check_ours, linger, look

SLICE = 20.0
"""Seconds of one long poll: how late a machine that rests or failed is noticed where the API watches for one state only."""
BOOT_PATIENCE = 60.0
"""Seconds that Fly may stay silent at the end of a boot watch."""
FEWER_ROWS_AFTER = 10.0
"""Seconds after which passing checks count although the API reports fewer of them than are configured."""
RESTS_FOR = 10.0
"""Seconds that a machine may rest without a word why before it counts as stopped by itself."""


async def pass_gate(
    machines: Machines, watched: Watched, gate: Gate, *, report: Callable[[str], None]
) -> Machine:
    """Wait for the gate, but for the boot watch (`watch_boot`). Returns the last observation; raises GateFailed."""
    if gate.kind in (GateKind.REST, GateKind.GONE):
        return await settle(machines, watched, timeout=gate.timeout)
    seen = await _come_up(machines, watched, gate)
    report("started" if seen.state == "started" else read_start(seen).progress)
    if gate.kind is GateKind.CHECKS:
        seen = await _become_healthy(machines, watched, seen, gate, report=report)
    return seen


async def watch_boot(machines: Machines, watched: Watched) -> None:
    """Watch a machine without checks stay up for BOOT_SECONDS. Raises GateFailed."""
    ends = anyio.current_time() + BOOT_SECONDS
    while (left := ends - anyio.current_time()) > 0:
        if await linger(machines, watched, "stopped", "failed", "suspended", timeout=left):
            _check_stays_up(await look(machines, watched, until=ends + BOOT_PATIENCE), watched)
    _check_stays_up(await look(machines, watched, until=ends + BOOT_PATIENCE), watched)


def _check_stays_up(seen: Machine, watched: Watched) -> None:
    check_ours(seen, watched)
    if watched.is_stale(seen):
        return
    reading = read_start(seen, came_up=True)
    failed = f"it did not stay up for {BOOT_SECONDS:.0f} s"
    if reading.health in (Health.BROKEN, Health.RESTS):
        raise GateFailed(f"{failed}: {reading.why}", said=reading.said)
    last = seen.last_exit
    if last is not None and not last.requested_stop:
        raise GateFailed(f"{failed}: its process ended with code {last.exit_code}")


async def settle(machines: Machines, watched: Watched, *, timeout: float) -> Machine:
    """Wait until the machine is between no two states, running or not."""
    deadline = anyio.current_time() + timeout
    while True:
        seen = await look(machines, watched, until=deadline)
        if seen.state in DEAD:
            raise GateFailed(f"it is {seen.state}")
        if is_settled(seen) and not watched.is_stale(seen):
            check_ours(seen, watched)
            return seen
        left = deadline - anyio.current_time()
        if left <= 0:
            raise GateFailed(f"it is {seen.state} and did not settle within {timeout:.0f} s")
        await linger(machines, watched, "stopped", "started", timeout=min(SLICE, left))


async def wait_gone(machines: Machines, machine: MachineId, *, timeout: float) -> None:
    """Wait until a machine is destroyed, or on its way out with nothing left to stop it. Raises GateFailed."""
    deadline = anyio.current_time() + timeout
    watched = Watched(machine=machine, version=Version(""))
    while True:
        left = deadline - anyio.current_time()
        await linger(machines, watched, "destroyed", timeout=min(SLICE, left))
        try:
            seen = await machines.get(machine)
        except MachineGone:
            return
        except Unavailable:
            if left <= 0:
                raise
            continue
        if seen.state in DEAD:
            return
        if left <= 0:
            raise GateFailed(f"it is {seen.state} and was not destroyed within {timeout:.0f} s")


async def _come_up(machines: Machines, watched: Watched, gate: Gate) -> Machine:
    deadline = anyio.current_time() + gate.timeout
    rests_since: float | None = None
    while True:
        left = deadline - anyio.current_time()
        if rests_since is None:
            await linger(machines, watched, "started", "stopped", "failed", timeout=min(SLICE, left))
        else:
            await linger(machines, watched, "started", timeout=min(RESTS_FOR, left))
        seen = await look(machines, watched, until=deadline)
        check_ours(seen, watched)
        reading = read_start(seen)
        now = anyio.current_time()
        if not watched.is_stale(seen):
            rests_since = _judge(reading, rests_since, now=now)
            if reading.health is Health.PASSED:
                return seen
        if now >= deadline:
            raise GateFailed(f"it is {seen.state} and did not start within {gate.timeout:.0f} s")


def _judge(reading: Reading, rests_since: float | None, *, now: float) -> float | None:
    """Since when it rests without a word why. Raises GateFailed where it is broken, or has rested too long."""
    if reading.health is Health.RESTS:
        since = now if rests_since is None else rests_since
        if now - since < RESTS_FOR:
            return since
    if reading.health in (Health.BROKEN, Health.RESTS):
        raise GateFailed(reading.why, said=reading.said)
    return None


async def _become_healthy(
    machines: Machines, watched: Watched, seen: Machine, gate: Gate, *, report: Callable[[str], None]
) -> Machine:
    deadline = anyio.current_time() + gate.timeout
    fewer_since: float | None = None
    rests_since: float | None = None
    progress = ""
    while True:
        stale = watched.is_stale(seen)
        reading = Reading(health=Health.WAITING, progress=progress) if stale else read_checks(seen, gate)
        if reading.progress != progress and seen.checks:
            progress = reading.progress
            report(progress)
        if reading.health is Health.PASSED:
            return seen
        now = anyio.current_time()
        try:
            rests_since = _judge(reading, rests_since, now=now)
        except GateFailed as failure:
            raise GateFailed(failure.why, said=(*failure.said, *failing_outputs(seen))) from failure
        if all_reported_pass(seen) and seen.state == "started" and not stale:
            fewer_since = now if fewer_since is None else fewer_since
            if now - fewer_since >= FEWER_ROWS_AFTER:
                return seen
        else:
            fewer_since = None
        if now >= deadline:
            raise GateFailed(_never_passed(seen, reading, gate), said=reading.said)
        await anyio.sleep(POLL)
        seen = await look(machines, watched, until=deadline)
        check_ours(seen, watched)


def _never_passed(seen: Machine, reading: Reading, gate: Gate) -> str:
    if not seen.checks:
        return f"none of its {gate.checks} checks reported within {gate.timeout:.0f} s"
    return f"never passed {gate.label} within {gate.timeout:.0f} s ({reading.progress})"
