"""The first part of a gate: until the machine runs. Starts it again where the proxy has stopped it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.rollout.expectation import Expectation, HealthGateFailed, check_ours, long_poll, pace
from entrypoint.rollout.health import Health, Reading, read_start
from entrypoint.rollout.looks import Looks
from entrypoint.rollout.ports import Machines

SLICE = 20.0
"""Seconds of one long poll. So late is a stopped or failed machine noticed on a server that waits for one state only."""
RESTS_FOR = 10.0
"""Seconds that a machine may be stopped without an exit event before it counts as ended."""
ASLEEP_FOR = 3.0
"""Seconds before a machine that was never seen running counts as stopped by the proxy. Its update may still be in progress."""

Wake = Callable[[], Awaitable[object]]


async def come_up(
    machines: Machines, expected: Expectation, *, timeout: float, wake: Wake, looks: Looks
) -> Machine:
    """Wait until it runs. Starts it if the proxy has stopped it. Raises HealthGateFailed."""
    up = StartGate(machines, expected, wake=wake, looks=looks, after=at_once)
    return await up.come_up(timeout=timeout)


def at_once() -> float:
    """Look without waiting any longer."""
    return 0.0


class StartGate:
    """The part of a gate until the machine runs. It is read `after` seconds after the API says that it runs."""

    def __init__(
        self,
        machines: Machines,
        expected: Expectation,
        *,
        wake: Wake,
        looks: Looks,
        after: Callable[[], float],
    ) -> None:
        self._machines = machines
        self._expected = expected
        self._looks = looks
        self._after = after
        self._rest = Rest(wake, asleep_for=ASLEEP_FOR)
        self.since = 0.0
        """When the API said that it runs."""

    async def come_up(self, *, timeout: float) -> Machine:
        """Wait until it runs. Raises HealthGateFailed."""
        expected = self._expected
        deadline = anyio.current_time() + timeout
        while True:
            begun = anyio.current_time()
            reached = await self._wait(left=deadline - begun)
            self.since = anyio.current_time()
            due = self.since + (self._after() if reached == "started" else 0.0)
            seen = await self._looks.look(expected, due=due, until=deadline, doubts=self._doubts)
            check_ours(seen, expected)
            reading = read_start(seen)
            if not expected.is_stale(seen):
                if reading.health is Health.PASSED:
                    return seen
                await self._rest.judge(reading)
            if anyio.current_time() >= deadline:
                raise HealthGateFailed(f"it is {seen.state} and did not start within {timeout:.0f} s")
            await pace(begun)

    async def _wait(self, *, left: float) -> str | None:
        if self._rest.since is not None:
            return await long_poll(self._machines, self._expected, "started", timeout=min(ASLEEP_FOR, left))
        states = ("started", "stopped", "failed")
        return await long_poll(self._machines, self._expected, *states, timeout=min(SLICE, left))

    def _doubts(self, seen: Machine) -> bool:
        return is_foreign(seen, self._expected) or not is_believed(seen, read_start(seen))


class Rest:
    """Since when a machine is stopped that should run, and what follows from that."""

    def __init__(self, wake: Wake, *, asleep_for: float) -> None:
        self._wake = wake
        self._asleep_for = asleep_for
        self.since: float | None = None

    async def judge(self, reading: Reading) -> None:
        """Start it if the proxy has stopped it. Raises HealthGateFailed if it is broken, or stopped for too long."""
        if reading.health is Health.BROKEN:
            raise HealthGateFailed(reading.why, said=reading.said)
        if reading.health not in (Health.RESTS, Health.ASLEEP):
            self.since = None
            return
        now = anyio.current_time()
        self.since = now if self.since is None else self.since
        if reading.health is Health.RESTS and now - self.since >= RESTS_FOR:
            raise HealthGateFailed(reading.why, said=reading.said)
        if reading.health is Health.ASLEEP and now - self.since >= self._asleep_for:
            self.since = None
            await self._wake()


def is_believed(seen: Machine, reading: Reading) -> bool:
    """Whether a list's row is enough: the machine still waits, or it has passed and the row tells its last start. Without that time, its
    reports may be from an earlier start.
    """
    has_passed = reading.health is Health.PASSED and seen.last_start is not None
    return has_passed or reading.health is Health.WAITING


def is_foreign(seen: Machine, expected: Expectation) -> bool:
    """Whether another writer has changed the machine."""
    return not expected.is_ours(seen) and not expected.is_stale(seen)


def kept_asleep(what: str, timeout: float) -> str:
    """The reason for a machine that did not pass because the proxy kept stopping it."""
    return f"it {what} within {timeout:.0f} s: the proxy stopped it again and again (autostop)"
