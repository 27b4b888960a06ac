"""What runs that were killed have left: it goes, once nobody holds it. What only looks like it stays."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from entrypoint.fleet.errors import LeaseHeld
from entrypoint.fleet.marks import COMMIT, LOCK, PLAN
from entrypoint.fleet.model import RELEASE_GROUP, TEST_GROUP, Machine
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.rollout.left_behind import remove_left
from entrypoint.rollout.lock import NAME
from entrypoint.rollout.ports import Lease
from tests.unit.planning.kit import fleet, machine
from tests.unit.rollout.strange import Strange, virtual

KEY = "0" * 12
OURS = f"{'a' * 40} {KEY} 7"
RELEASE = {"fly_process_group": RELEASE_GROUP, COMMIT: OURS}
TEST = {"fly_process_group": TEST_GROUP, PLAN: "p"}


@dataclass(slots=True, kw_only=True)
class Cleared(Strange):
    """Machines that can be leased, but for those that are `held`, and destroyed."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        if machine in self.held:
            raise LeaseHeld("somebody holds it")
        return Lease(machine=machine, nonce=Nonce("n"), version=None)

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        assert nonce == "n"
        self.gone.append(machine)


def left(*machines: Machine, held: set[str] | None = None) -> list[str]:
    server = Cleared(held=held or set())

    async def story() -> None:
        await remove_left(server, fleet(*machines), key=KEY)

    virtual(story)
    return sorted(server.gone)


LOCKED = machine("l", name=NAME, config={"metadata": {LOCK: "p"}})


@pytest.mark.parametrize(
    ("found", "goes"),
    [
        (LOCKED, True),
        (machine("l", name=NAME), False),
        (machine("l", config={"metadata": {LOCK: "p"}}), False),
        (machine("t", config={"metadata": TEST}), True),
        (machine("t", config={"metadata": {"fly_process_group": TEST_GROUP}}), False),
        (machine("t", config={"metadata": {"fly_process_group": "web", PLAN: "p"}}), False),
        (machine("r", state="created", config={"metadata": RELEASE}), True),
        (machine("r", state="started", config={"metadata": RELEASE}), False),
        (machine("r", state="stopped", config={"metadata": RELEASE}), True),
        (
            machine(
                "r", state="created", config={"metadata": {**RELEASE, COMMIT: OURS.replace(KEY, "1" * 12)}}
            ),
            False,
        ),
        (machine("r", state="created", config={"metadata": {"fly_process_group": RELEASE_GROUP}}), False),
        (machine("r", state="created", config={"metadata": {**RELEASE, "fly_process_group": "web"}}), False),
    ],
    ids=[
        "lock",
        "its name alone",
        "its mark alone",
        "test",
        "flyctl's test",
        "a member with our mark",
        "release",
        "release that runs",
        "release that has ended",
        "release of another key",
        "flyctl's release",
        "a member of a commit of ours",
    ],
)
def test_what_goes(found: Machine, *, goes: bool) -> None:
    other = machine("a")
    assert left(found, other) == ([found.id] if goes else [])
    assert left(other, found, held={found.id}) == [], "its holder is at work"


def test_all_of_it_goes() -> None:
    tests = [machine(name, config={"metadata": TEST}) for name in ("t", "u")]
    assert left(LOCKED, *tests) == ["l", "t", "u"]
    assert left(LOCKED, *tests, held={"l", "t"}) == ["u"]
