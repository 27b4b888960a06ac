"""After the proof: leave on a few machines that this commit is green (fleet/marks.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.managed import is_managed
from entrypoint.fleet.marks import DONE, format_done
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.fleet.stamp import RunMarks, done_mark
from entrypoint.fleet.states import RUNNING
from entrypoint.modes.ports import Console
from entrypoint.rollout.ports import Machines

MOST = 3
"""Machines that carry it: one may be lost. Every later write carries it along."""
MOST_CHECKED = 1
"""Machines with checks that do: a metadata write can reset their reports, and until the next one they serve nothing."""


async def leave_done_mark(
    machines: Machines, marks: RunMarks | None, console: Console, *, wrote: bool
) -> None:
    """On a few machines. That it fails loses nothing but time: the next deploy looks further back."""
    mark = None if marks is None else done_mark(marks, wrote=wrote)
    if mark is None:
        return
    left = 0
    try:
        fleet = await machines.observe()
        for machine in _carriers(fleet.machines):
            await machines.set_metadata(machine.id, key=DONE, value=format_done(mark))
            left += 1
    except FleetError as error:
        console.note(f"done      the mark of this green deploy is on {left} machines only: {error}")


def _carriers(machines: Iterable[Machine]) -> Sequence[Machine]:
    """Those that carry one already first."""
    able = sorted(filter(_can_carry, machines), key=_preference)
    unchecked = [machine for machine in able if not machine.checks]
    return unchecked[:MOST] or able[:MOST_CHECKED]


def _can_carry(machine: Machine) -> bool:
    return is_managed(machine) and machine.host_status is HostStatus.OK


def _preference(machine: Machine) -> tuple[bool, bool, str]:
    return DONE not in machine.metadata, machine.state not in RUNNING, machine.id
