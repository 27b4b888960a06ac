"""Lock and leases before anything is written: at once where nobody is at work, else given back, waited for, and taken in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from entrypoint.fleet.errors import LeaseHeld, Unavailable
from entrypoint.fleet.model import Fleet, HeldLease, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.lock import NAME, PAUSE
from entrypoint.rollout.secure import secure
from tests.unit.planning.kit import fleet, machine, plan
from tests.unit.rollout.strange import OURS, Door, seen, virtual

TEXT = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
RELEASE = f'{TEXT}[deploy]\nrelease_command = "bin/migrate"\n'
SLEEPY = {"services": [{"protocol": "tcp", "internal_port": 80, "autostart": True, "autostop": "stop"}]}
A, W = machine("a", "worker"), machine("w", config=SLEEPY)
"""`w` is leased in its wave only: the proxy may have to start it."""
THEIRS = seen("created", id=MachineId("theirs"), name=NAME)


@dataclass(slots=True, kw_only=True)
class Shop(Door):
    """Somebody holds machines until some second; `unread`: so often a look at leases fails; from second `moves` on it is another fleet."""

    foreign: Mapping[str, float] = field(default_factory=dict)
    unread: int = 0
    moves: float = 1e9

    async def observe(self) -> Fleet:
        a = replace(A, state="stopped") if self.now() >= self.moves else A
        return fleet(a, W)

    async def get(self, machine: MachineId) -> Machine:
        return next(m for m in (await self.observe()).machines if m.id == machine)

    async def lease_of(self, machine: MachineId) -> HeldLease | None:
        self.calls.append(f"look {machine} {self.now():.0f}")
        if self.unread:
            self.unread -= 1
            raise Unavailable("HTTP 503")
        until = self.foreign.get(machine, 0.0)
        if self.now() >= until:
            return None
        return HeldLease(owner="ann", description="", seconds_left=until - self.now())

    async def _do(self, call: str, machine: MachineId) -> None:
        if call == "acquire" and self.now() < self.foreign.get(machine, 0.0):
            raise LeaseHeld("held", holder="ann")
        await Door._do(self, call, machine)


def secured(shop: Shop, *, text: str = TEXT) -> tuple[bool, list[str], list[str], float]:
    """Whether the fleet has moved, what is held, whose machine the lock was said to be, and after how many seconds."""

    async def story() -> tuple[bool, list[str], list[str], float]:
        shop.now()
        progress, said = LiveLog(lambda _: None, section=lambda _: None), list[str]()
        rollout = begin(plan(text, A, W), machines=shop, progress=progress)
        moved = await secure(rollout, locked=said.append)
        return bool(moved), [lease.machine for lease in rollout.leases.held()], said, shop.now()

    return virtual(story)


def test_where_nobody_is_at_work__all_is_taken_at_once() -> None:
    shop = Shop()
    assert secured(shop) == (False, ["a"], [], 0)
    assert sorted(shop.calls) == ["acquire a 0", "look w 0"], "what is leased later is looked at"
    assert secured(Shop(), text=RELEASE) == (False, ["a", OURS], [OURS], 0)


@pytest.mark.parametrize(
    ("shop", "text", "lock", "seconds"),
    [
        (Shop(foreign={"w": 20}), TEXT, None, 20),
        (Shop(foreign={"w": 20}), RELEASE, OURS, 20),
        (Shop(foreign={"a": 20}), TEXT, None, 20),
        (Shop(foreign={"a": 20}), RELEASE, OURS, 20),
        (Shop(theirs=THEIRS, leased=20), RELEASE, THEIRS.id, 20),
        (Shop(unread=1), TEXT, None, 0),
    ],
    ids=["later", "later, locked", "at once", "at once, locked", "the lock", "a look that failed"],
)
def test_where_somebody_is__it_is_waited_for_and_all_is_taken_then(
    shop: Shop, text: str, lock: str | None, seconds: float
) -> None:
    locks = [lock] if lock else []
    moved, held, said, took = secured(shop, text=text)
    assert (moved, held, said) == (False, ["a", *locks], locks)
    assert seconds <= took <= seconds + 2 * PAUSE
    assert sum("release a" in call for call in shop.calls) == ("a" not in shop.foreign), (
        "nothing is held while it waits"
    )
    assert sum(call.startswith("create") for call in shop.calls) <= 2 * len(locks)


@pytest.mark.parametrize("moves", [0.0, 10.0, 20.5])
def test_whoever_was_at_work_has_changed_what_was_planned__says_so(moves: float) -> None:
    shop = Shop(theirs=THEIRS, leased=21, moves=moves)
    moved, _, said, _ = secured(shop, text=RELEASE)
    assert (moved, said) == (True, [] if moves == 0 else [THEIRS.id])
