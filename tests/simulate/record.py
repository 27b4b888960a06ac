"""What the invariants are told of a schedule: its runs, their requests as they were done, and what others did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Step
from entrypoint.rollout.outcome import HaltKind, Outcome
from tests.ports.door import make_ported
from tests.ports.fate import Fate
from tests.simulate.case import Case
from tests.simulate.misfortune import Misfortune
from tests.simulator.faults import Rule
from tests.simulator.http.simulator import Simulator
from tests.simulator.state.model import App, Machine

CURRENT: ContextVar[Run | None] = ContextVar("the run that a task belongs to", default=None)


@dataclass(slots=True, kw_only=True)
class Sent:
    """A request of a run, as it began."""

    at: float
    operation: str
    machine: str
    body: Any


@dataclass(slots=True, kw_only=True)
class Run:
    """One process of ours. `result` is a word as of the action's output; "killed", and "refused" for what ends without an outcome."""

    number: int
    commit: str
    fate: Fate
    begun: float
    misfortunes: tuple[Misfortune, ...] = ()
    plan: Plan | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    """By the machine that each is for."""
    outcome: Outcome | None = None
    result: str = "killed"
    ended: float | None = None
    halted: tuple[float, HaltKind] | None = None
    nonces: dict[str, str] = field(default_factory=dict)
    """Leases that were given to it: machine by nonce."""
    sent: list[Sent] = field(default_factory=list)
    wrote: set[str] = field(default_factory=set)
    """Machines that a request of it was done to."""
    made: set[str] = field(default_factory=set)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The configs at its begin."""
    names: frozenset[str] = frozenset()
    """Of the machines that its plan knows."""
    states: dict[str, str] = field(default_factory=dict)
    cordoned: set[str] = field(default_factory=set)
    note: str = ""
    proved_at: float = 0.0
    """When the fleet was last read before the outcome."""
    releases: bool = False
    """Whether it has made the machine of the release command."""
    recorded: bool = False
    """Whether it has marked a machine with the success of the release command."""
    updated: set[str] = field(default_factory=set)
    """Machines whose config it has replaced."""

    def misfortunes_of(self, *kinds: str) -> bool:
        """Whether any of these kinds was ahead of the schedule."""
        return any(m.kind in kinds for m in self.misfortunes)

    @property
    def is_over(self) -> bool:
        return self.ended is not None


@dataclass(slots=True, kw_only=True)
class Record:
    """Everything of one schedule. `wrong` is what broke, each once."""

    case: Case
    sim: Simulator
    door: Callable[..., MachinesClient] = make_ported
    """What leads to the simulator: tests.ports.door.make_ported, or tests.ports.wire.make_wired."""
    runs: list[Run] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    touched: dict[str, float] = field(default_factory=dict)
    """When somebody else last touched a group; "*" is all of them."""
    foreign: set[str] = field(default_factory=set)
    """Machines that somebody else touched."""
    promised: dict[str, int] = field(default_factory=dict)
    """How few machines of a group may serve while the present run works."""
    serving: dict[str, bool] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    passed: set[tuple[str, str]] = field(default_factory=set)
    """Machines, each in a version, that were seen to run with all their checks passing."""
    stable: frozenset[str] = frozenset()
    """Volumes that were there at the beginning."""

    rules: tuple[Rule, ...] = ()
    is_ill: bool = False
    """An image, or the site, was ill."""

    @property
    def app(self) -> App:
        return self.sim.world.apps["acme-shop"]

    @property
    def now(self) -> float:
        return self.sim.world.now

    def say(self, wrong: str) -> None:
        """Something is broken."""
        if wrong not in self.wrong:
            self.wrong.append(wrong)

    def alive(self) -> dict[str, Machine]:
        """The machines that live, by id."""
        return {id_: m for id_, m in self.app.machines.items() if m.state not in ("destroyed", "destroying")}

    def is_foreign(self, group: str) -> bool:
        """Whether somebody else has touched the group."""
        return "*" in self.touched or group in self.touched

    def touch(self, machines: list[str], *, group: str | None = None) -> None:
        """Somebody else has touched these machines."""
        for ident in machines:
            self.foreign.add(ident)
            machine = self.app.machines.get(ident)
            if machine is not None:
                self.touched[machine.group] = self.now
        if group is not None:
            self.touched[group] = self.now

    def run_of(self, number: str) -> Run | None:
        """The run that a request says it is of."""
        return next((run for run in self.runs if str(run.number) == number), None)
