"""Machines that the plan writes, while somebody holds their lease. The deploy waits for them, but not for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from entrypoint.fleet.model import HeldLease
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.consequences.said import MOST_NAMES, note
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.preflight import MachineLease
from entrypoint.planning.model.steps import is_done, machine_of

_LONGEST = 80
"""Characters. Longer foreign text is cut."""


def leases_in_the_way(plan: Plan, leases: Mapping[MachineId, HeldLease]) -> tuple[MachineLease, ...]:
    """The leases on machines that the plan writes, in its order."""
    written: dict[MachineId, GroupName] = {}
    for _, step in plan.steps():
        machine = machine_of(step)
        if machine is not None and not is_done(step):
            written.setdefault(machine.id, step.group)
    return tuple(
        MachineLease(
            group=group,
            machine=machine,
            owner=lease.owner,
            description=lease.description,
            seconds_left=lease.seconds_left,
        )
        for machine, group in written.items()
        if (lease := leases.get(machine)) is not None
    )


def note_leases(held: Sequence[MachineLease]) -> Iterator[Finding]:
    """A note for each of the first leases, and one with the number of the others."""
    for lease in held[:MOST_NAMES]:
        why = f", for {ticked(_short(lease.description))}" if lease.description else ""
        lasts = f" It ends in {_words(lease.seconds_left)}." if lease.seconds_left is not None else ""
        yield note(
            "lease-held",
            f"{ticked(_short(lease.owner) or 'somebody')} holds the lease on {ticked(lease.machine)} of {ticked(lease.group)} now{why}.{lasts}",
            hint="Deploy when they are done: a deploy waits 130 s for a lease, and then stops before it writes anything.",
        )
    if len(held) > MOST_NAMES:
        yield note("lease-held", f"Leases on {len(held) - MOST_NAMES} more machines are held now.")


def _short(text: str) -> str:
    """Foreign text, shortened."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
