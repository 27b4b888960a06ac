"""What the parts of one rollout share while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from entrypoint.fleet.errors import Unavailable
from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import Machine
from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.ids import Digest, GroupName, MachineId, Version
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Gate, Step
from entrypoint.rollout.leases import Leases
from entrypoint.rollout.outcome import Halted, HaltKind, RolledBack, StepResult
from entrypoint.rollout.ports import Machines, Release
from entrypoint.rollout.progress import Progress
from entrypoint.rollout.watched import ASK_AGAIN, Watched

T = TypeVar("T")

CANCEL_GRACE = 2.0
"""Seconds that a request already sent may take after a signal, before its answer is given up."""
WRITE_PATIENCE = 90.0
"""Seconds that Fly may stay silent before a write is given up, and with it the rollout."""


@dataclass(slots=True, kw_only=True)
class Touched:
    """A machine that a write was sent for. `watched` is what the write made, if its answer arrived."""

    step: Step
    machine: MachineId | None
    watched: Watched | None = None
    up: bool = False
    """It has come up on what we wrote, and nothing was seen since that says otherwise."""
    undone: RolledBack | None = None


@dataclass(slots=True, kw_only=True)
class Rollout:
    """Mutable, and only ever touched from the one trio thread."""

    plan: Plan
    machines: Machines
    progress: Progress
    leases: Leases
    begun: float
    marks: RunMarks | None = None
    """What every machine that is written is marked with; None on a laptop."""
    release: Release | None = None
    releasing: MachineId | None = None
    """The machine on which the release command runs now."""
    halted: Halted | None = None
    results: list[StepResult] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)
    made: dict[Slot, MachineId] = field(default_factory=dict)
    versions: dict[MachineId, Version] = field(default_factory=dict)
    """The version that each written machine must have in the end."""
    gates: dict[MachineId, Gate] = field(default_factory=dict)
    """What each written machine had to pass."""
    live: dict[MachineId, Machine] = field(default_factory=dict)
    """The fleet as it was found under lease."""
    running: Counter[GroupName] = field(default_factory=Counter)
    lowest: dict[GroupName, int] = field(default_factory=dict)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The stages and what comes before them: cancelled by the first failure and by a signal."""
    aftermath: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The rollback: cancelled by a signal only."""
    proving: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The proof: cancelled by a signal only."""
    _writes: set[anyio.CancelScope] = field(default_factory=set)

    @property
    def digest(self) -> Digest:
        return self.plan.digests.plan

    def halt(self, halted: Halted) -> None:
        """Stop: nothing new is begun. The first reason stands."""
        if self.halted is None:
            self.halted = halted
        self.scope.cancel()

    async def write(self, call: Callable[[], Awaitable[T]]) -> T:
        """Await a mutating request without letting a failure elsewhere cut it off: its answer tells what is live.

        While Fly is silent it is repeated: every write of the port is executed once, however often it is asked for. After a
        signal it gets CANCEL_GRACE seconds more. Once the rollout is stopped, none is begun.
        """
        await checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True) as scope:
            self._writes.add(scope)
            try:
                return await self._repeat(call)
            finally:
                self._writes.discard(scope)
        raise AssertionError("a shielded scope that nobody cancels always returns")

    async def _repeat(self, call: Callable[[], Awaitable[T]]) -> T:
        until = anyio.current_time() + WRITE_PATIENCE
        while True:
            try:
                return await call()
            except Unavailable:
                if self.halted is not None or anyio.current_time() >= until:
                    raise
                await anyio.sleep(ASK_AGAIN)

    async def stop_on(self, stop: anyio.Event) -> None:
        """Wait for the signal, then stop everything within CANCEL_GRACE seconds."""
        await stop.wait()
        self.halt(Halted(kind=HaltKind.CANCELLED, message="The run was cancelled; nothing new was begun."))
        self.aftermath.cancel()
        self.proving.cancel()
        await anyio.sleep(CANCEL_GRACE)
        for scope in list(self._writes):
            scope.shield = False

    def takes(self, group: GroupName) -> None:
        """One running machine of the group goes down for its update."""
        self.running[group] -= 1
        self.lowest[group] = min(self.lowest.get(group, self.running[group]), self.running[group])

    def returns(self, group: GroupName) -> None:
        """It is back."""
        self.running[group] += 1
