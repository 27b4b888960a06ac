"""The boot watch: a machine without checks must run for BOOT_SECONDS."""

from __future__ import annotations

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.planning.model.steps import BOOT_SECONDS
from entrypoint.rollout.expectation import (
    POLL,
    Expectation,
    HealthGateFailed,
    check_ours,
    long_poll,
    look,
    pace,
)
from entrypoint.rollout.health import Health, read_start
from entrypoint.rollout.looks import Looks
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.start_gate import Wake, come_up, kept_asleep

BOOT_PATIENCE = 60.0
"""Seconds. If Fly does not answer at the end of a boot watch, it is asked again for so long."""


async def watch_boot(
    machines: Machines, expected: Expectation, *, timeout: float, wake: Wake, looks: Looks | None = None
) -> Machine:
    """Wait until a machine without checks has run for BOOT_SECONDS. Raises HealthGateFailed.

    If the proxy stops it meanwhile, it is started and watched again, for `timeout` seconds in total.
    """
    looks = looks or Looks(machines)
    deadline = anyio.current_time() + timeout
    while True:
        seen = await _watch_once(machines, expected, looks)
        if _check_stays_up(seen, expected) is not Health.ASLEEP:
            return seen
        left = deadline - anyio.current_time()
        if left <= 0:
            raise HealthGateFailed(kept_asleep(f"did not stay up for {BOOT_SECONDS:.0f} s", timeout))
        await wake()
        await come_up(machines, expected, timeout=max(left, POLL), wake=wake, looks=looks)


async def _watch_once(machines: Machines, expected: Expectation, looks: Looks) -> Machine:
    """The machine after BOOT_SECONDS, or as soon as it does not run."""

    def doubts(seen: Machine) -> bool:
        is_well = expected.is_ours(seen) and read_start(seen).health is Health.PASSED
        return not is_well or seen.last_exit is not None or seen.last_start is None

    ends = anyio.current_time() + BOOT_SECONDS
    while (left := ends - anyio.current_time()) > 0:
        begun = anyio.current_time()
        if await long_poll(machines, expected, "stopped", "failed", "suspended", timeout=left):
            seen = await look(machines, expected, until=ends + BOOT_PATIENCE)
            if _check_stays_up(seen, expected) is Health.ASLEEP:
                return seen
        await pace(begun)
    now = anyio.current_time()
    return await looks.look(expected, due=now, until=ends + BOOT_PATIENCE, doubts=doubts)


def _check_stays_up(seen: Machine, expected: Expectation) -> Health:
    check_ours(seen, expected)
    if expected.is_stale(seen):
        return Health.WAITING
    reading = read_start(seen)
    failed = f"it did not stay up for {BOOT_SECONDS:.0f} s"
    if reading.health in (Health.BROKEN, Health.RESTS):
        raise HealthGateFailed(f"{failed}: {reading.why}", said=reading.said)
    last = seen.last_exit
    if last is not None and not last.requested_stop:
        memory = ", out of memory" if last.oom_killed else ""
        raise HealthGateFailed(f"{failed}: its process ended with code {last.exit_code}{memory}")
    return reading.health
