"""The whole platform at one moment. `advance` sets the time; no clock, no task and no HTTP in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.dice import Dice
from tests.simulator.state.ids import make_ulid
from tests.simulator.state.model import App, Machine
from tests.simulator.state.refusals import not_found
from tests.simulator.state.settings import Bounds, Switches, Timing
from tests.simulator.state.timers import Timer, Timers

REGIONS = (
    "ams",
    "arn",
    "bom",
    "cdg",
    "dfw",
    "ewr",
    "fra",
    "gru",
    "iad",
    "jnb",
    "lax",
    "lhr",
    "nrt",
    "ord",
    "sin",
    "sjc",
    "syd",
    "yyz",
)
NEAREST = "ams"
"""Where things go that nobody placed: the region next to the caller."""


def _nobody_listens(_owner: str) -> None:
    return


@dataclass(slots=True, kw_only=True)
class World:
    """Apps and what will happen to them. `now` is virtual seconds since the world began."""

    dice: Dice = field(default_factory=Dice)
    epoch: float = 1767225600.0
    """Unix seconds at virtual time 0; 2026-01-01 unless told."""
    speed: float = 1.0
    """How much faster the platform works than Fly; clients' own seconds (leases, waits, limits) are not touched."""
    timing: Timing = field(default_factory=Timing)
    switches: Switches = field(default_factory=Switches)
    behaviours: list[Behaviour] = field(default_factory=list)
    apps: dict[str, App] = field(default_factory=dict)
    now: float = 0.0
    timers: Timers = field(default_factory=Timers)
    changed: Callable[[str], None] = _nobody_listens
    """Called with the id of a machine whenever it changed."""
    full_hosts: set[str] = field(default_factory=set)
    """Machine ids whose host has no room."""
    full_regions: set[str] = field(default_factory=set)
    rooms: dict[str, int] = field(default_factory=dict)
    """Machines that a region still takes, where they are counted."""
    image_first_asked: dict[str, float] = field(default_factory=dict)
    image_revisions: dict[str, int] = field(default_factory=dict)
    """How often a tag was moved in the registry."""
    counted: int = 0

    def advance(self, now: float) -> None:
        """Let everything due until `now` happen, each thing at its own time."""
        while (timer := self.timers.pop_due(now)) is not None:
            self.now = max(self.now, timer.due)
            timer.act()
        if now > self.now:
            self.now = now

    def later(self, seconds: float, owner: str, act: Callable[[], None]) -> Timer:
        """Let `act` happen after `seconds` of the platform's work."""
        return self.timers.at(self.now + seconds / self.speed, owner, act)

    def takes(self, bounds: Bounds, *purpose: object) -> float:
        """How long this piece of work takes."""
        return self.dice.between(bounds, *purpose)

    def count(self) -> int:
        """The next running number."""
        self.counted += 1
        return self.counted

    def make_ulid(self) -> str:
        """A new id that sorts after all earlier ones."""
        return self.ulid_of_now()()

    def ulid_of_now(self) -> Callable[[], str]:
        """Makes such an id later, as it would be now."""
        moment, order = int((self.epoch + self.now) * 1000), self.count()
        return lambda: make_ulid(milliseconds=moment, order=order, dice=self.dice)

    def app(self, name: str) -> App:
        """The app of that name. Refuses where there is none."""
        if name not in self.apps:
            raise not_found("app not found")
        return self.apps[name]

    def machine(self, app: str, machine: str) -> Machine:
        """A machine that exists or was destroyed not long ago. Refuses otherwise."""
        found = self.app(app).machines.get(machine)
        if found is None or self.is_forgotten(found):
            raise not_found("machine not found")
        return found

    def is_forgotten(self, machine: Machine) -> bool:
        """Whether a destroyed machine is not served any more."""
        return machine.state == "destroyed" and self.now - machine.updated_at > self.timing.destroyed_visible
