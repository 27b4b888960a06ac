"""Wait until a machine has passed its gate, or say why it will not."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.planning.model import BOOT_SECONDS, Gate, GateKind
from entrypoint.rollout.health import (
    Health,
    Reading,
    all_reported_pass,
    failing_outputs,
    read_checks,
    read_gate,
    read_start,
)
from entrypoint.rollout.ports import Machines

SLICE = 20.0
"""Seconds of one long poll: how late a machine that rests or failed is noticed where the API watches for one state only."""
POLL = 1.0
"""Seconds between health readings; Fly allows five a second and machine."""
FEWER_ROWS_AFTER = 10.0
"""Seconds after which passing checks count although the API reports fewer of them than are configured."""


class GateFailed(Exception):
    """The machine did not pass. `why` is ours, `said` what it or Fly said (foreign text)."""

    def __init__(self, why: str, *, said: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.said = said


async def pass_gate(
    machines: Machines,
    machine: MachineId,
    gate: Gate,
    *,
    version: Version,
    previous: Version | None,
    report: Callable[[str], None],
) -> Machine:
    """Wait for the gate, but for the boot watch (`watch_boot`). Returns the last observation; raises GateFailed.

    `version` is what our write made, `previous` what was there before: a lagging replica may still show it.
    """
    if gate.kind in (GateKind.REST, GateKind.GONE):
        return await _settle(machines, machine, gate, version=version)
    seen = await _come_up(machines, machine, gate, version=version, previous=previous)
    report("started" if seen.state == "started" else read_start(seen).progress)
    if gate.kind is GateKind.CHECKS:
        seen = await _become_healthy(machines, seen, gate, report=report)
    return seen


async def watch_boot(machines: Machines, machine: MachineId, *, version: Version) -> None:
    """Watch a machine without checks stay up for BOOT_SECONDS. Raises GateFailed."""
    begun = anyio.current_time()
    while (left := BOOT_SECONDS - (anyio.current_time() - begun)) > 0:
        asked = anyio.current_time()
        state = await machines.wait(
            machine, version=version, states=("stopped", "failed", "suspended"), timeout=left
        )
        if state is not None:
            break
        await anyio.sleep(min(POLL, left) if anyio.current_time() - asked < POLL else 0)
    seen = await _get(machines, machine)
    reading = read_start(seen)
    if reading.health is Health.BROKEN:
        raise GateFailed(f"it did not stay up for {BOOT_SECONDS:.0f} s: {reading.why}", said=reading.said)
    last = seen.last_exit
    if last is not None and not last.requested_stop:
        raise GateFailed(
            f"it did not stay up for {BOOT_SECONDS:.0f} s: its process ended with code {last.exit_code}"
        )


async def _come_up(
    machines: Machines, machine: MachineId, gate: Gate, *, version: Version, previous: Version | None
) -> Machine:
    deadline = anyio.current_time() + gate.timeout
    while True:
        left = deadline - anyio.current_time()
        asked = anyio.current_time()
        await machines.wait(
            machine,
            version=version,
            states=("started", "stopped", "failed"),
            timeout=max(1.0, min(SLICE, left)),
        )
        seen = await _get(machines, machine)
        if seen.version == version:
            reading = read_start(seen)
            if reading.health is Health.PASSED:
                return seen
            if reading.health is Health.BROKEN:
                raise GateFailed(reading.why, said=reading.said)
        elif seen.version != previous:
            raise GateFailed(f"somebody else changed it: version {seen.version} instead of {version}")
        if anyio.current_time() >= deadline:
            raise GateFailed(f"it is {seen.state} and did not start within {gate.timeout:.0f} s")
        if anyio.current_time() - asked < POLL:
            await anyio.sleep(POLL)


async def _become_healthy(
    machines: Machines, seen: Machine, gate: Gate, *, report: Callable[[str], None]
) -> Machine:
    deadline = anyio.current_time() + gate.timeout
    version, fewer_since = seen.version, None
    progress = ""
    while True:
        reading = read_checks(seen, gate)
        if reading.progress != progress and seen.checks:
            progress = reading.progress
            report(progress)
        if reading.health is Health.PASSED:
            return seen
        if reading.health is Health.BROKEN:
            raise GateFailed(reading.why, said=(*reading.said, *failing_outputs(seen)))
        now = anyio.current_time()
        fewer_since = (fewer_since or now) if all_reported_pass(seen) else None
        if fewer_since is not None and now - fewer_since >= FEWER_ROWS_AFTER:
            return seen
        if now >= deadline:
            raise GateFailed(_never_passed(reading, gate), said=reading.said)
        await anyio.sleep(POLL)
        seen = await _get(machines, seen.id)
        if seen.version != version:
            raise GateFailed(f"somebody else changed it: version {seen.version} instead of {version}")


def _never_passed(reading: Reading, gate: Gate) -> str:
    if reading.health is Health.WAITING and not reading.said:
        return f"none of its {gate.checks} checks reported within {gate.timeout:.0f} s"
    return f"never passed {gate.label} within {gate.timeout:.0f} s ({reading.progress})"


async def _settle(machines: Machines, machine: MachineId, gate: Gate, *, version: Version) -> Machine:
    deadline = anyio.current_time() + gate.timeout
    while True:
        seen = await _get(machines, machine)
        if read_gate(seen, gate).health is Health.PASSED:
            return seen
        left = deadline - anyio.current_time()
        if left <= 0:
            raise GateFailed(f"it is {seen.state} and did not settle within {gate.timeout:.0f} s")
        asked = anyio.current_time()
        await machines.wait(
            machine, version=version, states=("stopped", "started"), timeout=max(1.0, min(SLICE, left))
        )
        if anyio.current_time() - asked < POLL:
            await anyio.sleep(POLL)


async def _get(machines: Machines, machine: MachineId) -> Machine:
    try:
        return await machines.get(machine)
    except MachineGone as error:
        raise GateFailed("it is gone: somebody destroyed it") from error
