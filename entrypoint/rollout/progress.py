"""What a rollout reports while it runs. report/outcome/live.py turns it into log lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.planning.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineEvent:
    """One state change of one machine. `what`: our text ("updating", "started", "1/1 checks"). `note` may be foreign."""

    group: GroupName
    machine: MachineId
    region: Region
    what: str
    seconds: float
    """Since the step began."""
    final: bool = False
    """The step ended with this event; `ok` says how."""
    ok: bool = True
    note: str = ""


class Progress(Protocol):
    """Called as it happens. Must not raise and not wait."""

    def begin(self, plan: Plan, *, by: str, headline: str) -> None:
        """The rollout of an approved plan begins."""
        ...

    def machine(self, event: MachineEvent) -> None:
        """A machine changed state."""
        ...

    def say(self, topic: str, text: str, *, ok: bool | None = None, seconds: float | None = None) -> None:
        """Something happened that is not about one machine: release, leases, rollback, proof."""
        ...
