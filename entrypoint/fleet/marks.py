"""What a rollout writes into each machine's metadata, and how it is read back.

The marks let a later run recognise its own partial result (docs/decisions/002-partial-results.md): which plan wrote this
machine, what the machine was before, what its group asked for, and which planned place it fills.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import Digest, GroupName, Region

PLAN = "flightplan_plan"
BEFORE = "flightplan_before"
AFTER = "flightplan_after"
SLOT = "flightplan_slot"
NEW = "new"
"""BEFORE of a machine that the plan created."""

OWN_KEYS = frozenset({PLAN, BEFORE, AFTER, SLOT})
RELEASE_KEYS = frozenset({"fly_release_id", "fly_release_version", "fly_flyctl_version", "fly_builder_id"})
"""Keys that flyctl rewrites on every deploy without meaning (flyctl-deploy §3.8)."""
VOLATILE_KEYS = OWN_KEYS | RELEASE_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place of a machine that a plan creates: the nth new one of its group in its region."""

    group: GroupName
    region: Region
    index: int

    def __str__(self) -> str:
        return f"{self.group}/{self.region}/{self.index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks found on one machine.

    `before` is the base fingerprint and run class from before the write (`3f…:running`), or `new`; `after` the
    fingerprint of what fly.toml owned in the config; `slot` is only on machines that the plan created.
    """

    plan: Digest
    before: str
    after: str
    slot: str


def read_marks(machine: Machine) -> Marks | None:
    """The marks on `machine`, or None where no rollout of ours wrote it."""
    found: Mapping[str, str] = machine.metadata
    if PLAN not in found:
        return None
    return Marks(
        plan=Digest(found[PLAN]),
        before=found.get(BEFORE, ""),
        after=found.get(AFTER, ""),
        slot=found.get(SLOT, ""),
    )
