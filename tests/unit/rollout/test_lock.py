"""The app's lock: made, waited for, taken over and given back, on a server of its own manners; and what it is made of."""

from __future__ import annotations

import pytest

from entrypoint.fleet.errors import FleetError, LeaseHeld, Unavailable
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import Plan
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.leases import PATIENCE, RELEASE_WITHIN
from entrypoint.rollout.lock import NAME, PAUSE, give_back_lock, take_lock
from tests.unit.planning.kit import NEW, OLD, machine, plan
from tests.unit.rollout.strange import EVER, OURS, Door, seen, virtual

WEB = '[processes]\nweb = "bin/web"\n'
RELEASE = f'{WEB}[deploy]\nrelease_command = "bin/migrate"\n'


def opened(door: Door, made: Plan | None = None) -> Rollout:
    given = made or plan(RELEASE, machine("a"))
    return begin(given, machines=door, progress=LiveLog(lambda _: None, section=lambda _: None))


def take(door: Door, made: Plan | None = None) -> tuple[str, float]:
    """Whose machine is the lock, or the error; and after how many seconds."""

    async def story() -> tuple[str, float]:
        door.now()
        rollout = opened(door, made)
        try:
            machine = await take_lock(rollout)
        except FleetError as error:
            return type(error).__name__, door.now()
        assert rollout.leases.nonce(machine) is not None
        return machine, door.now()

    return virtual(story)


def test_where_nobody_is__it_is_made_with_its_lease() -> None:
    door = Door()
    assert take(door) == (OURS, 0)
    assert door.calls == ["create 0"]
    bare = Door(leases_with_create=False)
    assert take(bare) == (OURS, 0)
    assert bare.calls == ["create 0", f"acquire {OURS} 0"], "a server that gives no lease with a create"


THEIRS = seen("created", id=MachineId("theirs"), name=NAME)


@pytest.mark.parametrize(
    ("door", "whose", "seconds"),
    [
        (Door(theirs=THEIRS, there=10, leased=EVER), OURS, 10),
        (Door(theirs=THEIRS, leased=25), THEIRS.id, 25),
        (Door(theirs=THEIRS, there=70, leased=EVER), OURS, 70),
        (Door(theirs=THEIRS, leased=EVER), LeaseHeld.__name__, PATIENCE),
        (Door(theirs=seen("destroying", id=THEIRS.id), there=6), OURS, 6),
        (Door(theirs=seen("launch_failed", id=THEIRS.id), there=6), OURS, 6),
    ],
    ids=["given back", "lapses", "given back late", "kept", "it goes", "it never was"],
)
def test_where_somebody_is__it_is_waited_for(door: Door, whose: str, seconds: float) -> None:
    found, took = take(door)
    assert found == whose
    assert seconds <= took <= seconds + 3 * PAUSE


def given_back(door: Door, *, taken: bool = True) -> tuple[bool, list[str], float, bool]:
    """Whether it is surely gone, what was asked for, after how many seconds, and whether its lease is still held."""

    async def story() -> tuple[bool, list[str], float, bool]:
        door.now()
        rollout = opened(door)
        if taken:
            await take_lock(rollout)
        gone = await give_back_lock(rollout, OURS)
        return gone, door.calls[taken:], door.now(), bool(rollout.leases.held())

    return virtual(story)


def test_given_back__it_is_deleted_with_its_lease() -> None:
    asked = [f"destroy {OURS}"]
    assert given_back(Door()) == (True, asked, 0, False)
    assert given_back(Door(), taken=False) == (True, [], 0, False), "lost to somebody else, and theirs"
    assert given_back(Door(refuses_destroy=Unavailable("HTTP 503"))) == (False, asked, 0, True)
    assert given_back(Door(hangs=EVER)) == (False, asked, RELEASE_WITHIN, True)


@pytest.mark.parametrize(
    ("made", "image", "region"),
    [
        (plan(RELEASE, machine("a", region="fra")), NEW, "ams"),
        (plan(WEB, machine("a", region="fra")), NEW, "fra"),
        (plan(f"{WEB}[env]\nA = 'b'\n", machine("a", region="fra"), ref=None), OLD, "fra"),
        (plan(RELEASE, machine("a", region="fra"), ref=None), OLD, "ams"),
    ],
    ids=["release command", "update", "update, no image", "release command, no image"],
)
def test_it_is_valid_for_fly__with_an_image_and_a_place_of_the_plan(
    made: Plan, image: str, region: str
) -> None:
    door = Door()
    take(door, made)
    assert door.config is not None
    assert (door.config["image"], door.region) == (image, region)
