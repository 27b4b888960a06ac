"""The record of one rollout: the fleet as it was found, what was written to it, and the result of each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import GateKind, HealthGate, Step
from entrypoint.rollout.expectation import Expectation
from entrypoint.rollout.outcome import RolledBack, StepResult, StepStatus


@dataclass(slots=True, kw_only=True)
class Touched:
    """A machine that a write was sent for. `expected`: what the write made; None if its answer did not arrive."""

    step: Step
    machine: MachineId | None
    expected: Expectation | None = None
    up: bool = False
    """It has started with what we wrote, and has not failed since."""
    undone: RolledBack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a machine must be like at the end: the version that we left it at, and the gate that it had to pass."""

    expected: Expectation
    gate: HealthGate
    passed: bool
    """Its gate has held, so it did run. It may be stopped by the proxy afterwards."""

    @property
    def runs(self) -> bool:
        """Whether its gate is that of a running machine."""
        return self.gate.kind in (GateKind.CHECKS, GateKind.BOOT)


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What happened so far. Mutable; used only in the trio thread."""

    results: list[StepResult] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)
    made: dict[Slot, MachineId] = field(default_factory=dict)
    drained: set[MachineId] = field(default_factory=set)
    """Machines that we cordoned for their update, and have not uncordoned yet."""
    found: dict[MachineId, Machine] = field(default_factory=dict)
    """The fleet as it was found under leases. A rollback restores it."""
    names: set[str] = field(default_factory=set)
    """Names of the machines in `found`."""
    written: dict[MachineId, Written] = field(default_factory=dict)

    def note_found(self, machines: Iterable[Machine]) -> None:
        """Record machines as they are found under leases."""
        for machine in machines:
            self.found[machine.id] = machine
            self.names.add(machine.name)

    def find(self, machine: Machine) -> Machine:
        """The planned machine as it was found under leases; else as it was planned."""
        return self.found.get(machine.id, machine)

    def wrote(self, machine: MachineId) -> Mapping[str, Json] | None:
        """The config that this rollout sent; None if it sent none."""
        written = self.written.get(machine)
        return written.expected.wrote if written else None

    def fail_passed(self, machine: MachineId, *, why: str) -> None:
        """Note that a machine which had passed is no longer healthy."""
        self.written[machine] = replace(self.written[machine], passed=False)
        for touched in self.touched:
            if touched.machine == machine:
                touched.up = False
        self.results = [
            replace(result, status=StepStatus.FAILED, why=why) if result.machine == machine else result
            for result in self.results
        ]
