"""The second part of a gate: from when the machine runs until its checks pass."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.planning.model.steps import HealthGate
from entrypoint.rollout.expectation import Expectation, HealthGateFailed, check_ours
from entrypoint.rollout.health import (
    Health,
    Reading,
    failing_outputs,
    read_checks,
    reports,
    reports_under_other_names,
)
from entrypoint.rollout.looks import Looks
from entrypoint.rollout.start_gate import Rest, Wake, is_believed, is_foreign, kept_asleep

OTHER_NAMES_AFTER = 10.0
"""Seconds after which passing reports under other names count, if there are as many as expected."""


class ChecksGate:
    """The part of a gate from when the machine runs until its checks pass."""

    def __init__(
        self,
        expected: Expectation,
        gate: HealthGate,
        *,
        report: Callable[[str], None],
        wake: Wake,
        looks: Looks,
    ) -> None:
        self._looks = looks
        self._expected = expected
        self._gate = gate
        self._report = report
        self._rest = Rest(wake, asleep_for=0.0)
        self._progress = ""
        self._slept = False

    async def become_healthy(self, seen: Machine, *, since: float) -> Machine:
        """Wait until every expected check passes. `since`: when the machine began to run. Raises HealthGateFailed."""
        deadline = anyio.current_time() + self._gate.timeout
        due = since + self._looks.first_look(self._gate)
        others_since: float | None = None
        while True:
            reading = self._read(seen)
            if reading.health is Health.PASSED:
                self._looks.learn(self._gate, seen, seconds=due - since)
                return seen
            await self._judge(reading, seen)
            now = anyio.current_time()
            if reading.health is Health.WAITING and self._pass_otherwise(seen):
                others_since = now if others_since is None else others_since
                if now - others_since >= OTHER_NAMES_AFTER:
                    return seen
            else:
                others_since = None
            if now >= deadline:
                raise HealthGateFailed(self._never_passed(seen, reading), said=reading.said)
            apart = self._looks.apart(now - since)
            due = max(due, now - apart) + apart
            seen = await self._looks.look(self._expected, due=due, until=deadline, doubts=self._doubts)
            check_ours(seen, self._expected)

    async def hold(self) -> bool:
        """Whether the checks pass now."""
        now = anyio.current_time()
        seen = await self._looks.look(
            self._expected, due=now, until=now + self._gate.timeout, doubts=self._doubts
        )
        check_ours(seen, self._expected)
        return self._read(seen).health is Health.PASSED

    def _doubts(self, seen: Machine) -> bool:
        reading = read_checks(seen, self._gate)
        return is_foreign(seen, self._expected) or not is_believed(seen, reading)

    def _read(self, seen: Machine) -> Reading:
        if self._expected.is_stale(seen):
            return Reading(health=Health.WAITING, progress=self._progress)
        reading = read_checks(seen, self._gate)
        if reading.progress != self._progress and seen.checks:
            self._progress = reading.progress
            self._report(reading.progress)
        return reading

    async def _judge(self, reading: Reading, seen: Machine) -> None:
        self._slept = self._slept or reading.health is Health.ASLEEP
        try:
            await self._rest.judge(reading)
        except HealthGateFailed as failure:
            raise HealthGateFailed(failure.why, said=(*failure.said, *failing_outputs(seen))) from failure

    def _pass_otherwise(self, seen: Machine) -> bool:
        running = seen.state == "started" and not self._expected.is_stale(seen)
        return running and reports_under_other_names(seen, self._gate)

    def _never_passed(self, seen: Machine, reading: Reading) -> str:
        gate = self._gate
        if self._slept and seen.state != "started":
            return kept_asleep(f"never passed {gate.label}", gate.timeout)
        if not reports(seen):
            return f"none of its {len(gate.checks)} checks reported within {gate.timeout:.0f} s"
        return f"never passed {gate.label} within {gate.timeout:.0f} s ({reading.progress})"
