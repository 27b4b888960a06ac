"""What a machine should be like after a write, and whether an observation still matches."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import anyio

from entrypoint.fleet.errors import MachineGone, Unavailable
from entrypoint.fleet.images import runs_image
from entrypoint.fleet.marks import PLAN
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import is_same_config
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.kernel.json import Json
from entrypoint.rollout.patience import patiently
from entrypoint.rollout.ports import Machines

POLL = 1.0
"""Seconds between readings, however fast the server answers. Fly allows five per second and machine."""


class HealthGateFailed(Exception):
    """The machine did not pass. `why`: text of ours. `said`: what the machine or Fly reported (foreign text)."""

    def __init__(self, why: str, *, said: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """`version`: the one that our write made. `previous`: the one before, which a lagging replica may still show."""

    machine: MachineId
    version: Version
    previous: Version | None = None
    wrote: Mapping[str, Json] | None = None
    """The config that we sent; None if nothing was written."""
    since: int = 0
    """Milliseconds since 1970. Exits up to then are of the previous version, because some servers keep them in the list."""

    def is_ours(self, seen: Machine) -> bool:
        """Whether it is our version, or another version with exactly our config: servers may count up again when they launch it."""
        if seen.version == self.version:
            return True
        return self.wrote is not None and seen.version != self.previous and _is_written(seen, self.wrote)

    def is_stale(self, seen: Machine) -> bool:
        """Whether the answer is from before our write."""
        return self.previous is not None and seen.version == self.previous


def expect_written(
    written: Machine, *, previous: Version | None = None, wrote: Mapping[str, Json] | None = None
) -> Expectation:
    """The expectation after a write, from its answer. The exits in that answer are old."""
    return Expectation(
        machine=written.id,
        version=written.version,
        previous=previous,
        wrote=wrote,
        since=written.last_exit.timestamp if written.last_exit else 0,
    )


async def look(machines: Machines, expected: Expectation, *, until: float) -> Machine:
    """The machine now, without exits of the previous version. Raises HealthGateFailed if it was destroyed.

    If Fly does not answer, it is asked again until the time `until`; then this raises Unavailable.
    """
    try:
        seen = await patiently(lambda: machines.get(expected.machine), until=until)
    except MachineGone as error:
        raise HealthGateFailed("it is gone: somebody destroyed it") from error
    return without_old_exits(seen, expected)


def without_old_exits(seen: Machine, expected: Expectation) -> Machine:
    """The machine without an exit from before the expectation."""
    if seen.last_exit is not None and expected.since and seen.last_exit.timestamp <= expected.since:
        return replace(seen, last_exit=None)
    return seen


async def long_poll(machines: Machines, expected: Expectation, *states: str, timeout: float) -> str | None:
    """Wait for one of the states, for at least a second. Returns the one that was reached, if the API tells."""
    with suppress(Unavailable):
        return await machines.wait(
            expected.machine, version=expected.version or None, states=states, timeout=max(1.0, timeout)
        )
    return None


async def pace(begun: float) -> None:
    """Sleep until POLL seconds after `begun`, so that a loop of fast answers is not a busy loop."""
    await anyio.sleep_until(begun + POLL)


def check_ours(seen: Machine, expected: Expectation) -> None:
    """Raises HealthGateFailed if somebody else has written since."""
    if not expected.is_ours(seen) and not expected.is_stale(seen):
        raise HealthGateFailed(
            f"somebody else changed it: version {seen.version} instead of {expected.version}"
        )


def _is_written(seen: Machine, wrote: Mapping[str, Json]) -> bool:
    marks = wrote.get("metadata")
    plan = marks.get(PLAN) if isinstance(marks, Mapping) else None
    image = wrote.get("image")
    return (
        seen.metadata.get(PLAN) == plan
        and runs_image(seen, image if isinstance(image, str) else None)
        and is_same_config(seen.config, wrote)
    )
