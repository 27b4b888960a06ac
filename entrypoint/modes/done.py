"""After a green deploy: mark a few machines with its commit (fleet/marks.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.managed import is_managed
from entrypoint.fleet.marks import DONE, DoneMark, format_done, newest_commits, newest_done, next_run
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.fleet.stamp import RunMarks, done_mark
from entrypoint.fleet.states import RUNNING
from entrypoint.modes.ports import Console
from entrypoint.rollout.ports import Machines

MOST = 3
"""Machines that get the mark, since one may be lost. Every later write to such a machine keeps it."""
MOST_CHECKED = 1
"""The same, where all machines have checks: a metadata write can reset what a machine's checks reported, and it serves nothing until they
report again."""
_ATTEMPTS = 3
"""The mark is written at most so often. Another run may overwrite it at the same moment."""


async def leave_done_mark(
    machines: Machines, marks: RunMarks | None, console: Console, *, contained: Collection[str], wrote: bool
) -> None:
    """Mark a few machines. If that fails, only time is lost: the next deploy looks further back.

    This run holds no lock any more, or never did where there was nothing to do. So another run may have marked its commit meanwhile.
    Where this commit does not contain that one, its mark stays, since it may be newer. Where it does (`contained`), ours gets a higher
    number.
    """
    mark = None if marks is None else done_mark(marks, wrote=wrote)
    if mark is None:
        return
    left = 0
    try:
        for _ in range(_ATTEMPTS):
            seen = await machines.list_machines()
            if newest_done(seen, key=mark.key) == mark:
                return
            found = _on_top(mark, seen, contained=contained)
            if found is None:
                console.note("done      another deploy has marked its commit meanwhile: that mark stays")
                return
            mark, left = found, 0
            for machine in _carriers(seen):
                await machines.set_metadata(machine.id, key=DONE, value=format_done(mark))
                left += 1
    except FleetError as error:
        console.warn(f"done      the mark of this green deploy is on {left} machines only: {error}")


def _on_top(mark: DoneMark, machines: Sequence[Machine], *, contained: Collection[str]) -> DoneMark | None:
    """Our mark with the highest number; None where another run wrote or marked a commit that this one does not contain."""
    newest = next_run(machines, key=mark.key) - 1
    if newest < mark.run:
        return mark
    if newest_commits(machines, key=mark.key) - {mark.commit, *contained}:
        return None
    done = newest_done(machines, key=mark.key)
    return replace(mark, run=newest + 1) if done is not None and done.run >= mark.run else mark


def _carriers(machines: Iterable[Machine]) -> Sequence[Machine]:
    """The machines to mark; first those that have a mark."""
    able = sorted(filter(_can_carry, machines), key=_preference)
    unchecked = [machine for machine in able if not machine.checks]
    return unchecked[:MOST] or able[:MOST_CHECKED]


def _can_carry(machine: Machine) -> bool:
    return is_managed(machine) and machine.host_status is HostStatus.OK


def _preference(machine: Machine) -> tuple[bool, bool, str]:
    return DONE not in machine.metadata, machine.state not in RUNNING, machine.id
