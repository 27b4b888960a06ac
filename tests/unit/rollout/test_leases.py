"""Leases are taken side by side, refreshed in time, and always given back."""

from __future__ import annotations

from itertools import pairwise

import anyio
import pytest

from entrypoint.fleet.errors import (
    FleetError,
    LeaseHeld,
    LeaseLost,
    MachineGone,
    Refused,
    Unauthorized,
    Unavailable,
)
from entrypoint.kernel.ids import MachineId
from entrypoint.rollout.leases import (
    ANSWER_WITHIN,
    LONG_TTL,
    LOOK_EVERY,
    MANY,
    PATIENCE,
    REFRESH_EVERY,
    RELEASE_WITHIN,
    TTL,
    Leases,
    choose_ttl,
    kept,
)
from entrypoint.rollout.ports import Lease
from tests.unit.rollout.strange import Lessor, virtual

A, B, C = MachineId("a"), MachineId("b"), MachineId("c")


async def hold(lessor: Lessor, *, seconds: float, ttl: int = TTL) -> tuple[list[str], Leases]:
    """Take all three, keep them for a while, and tell which were lost when."""
    leases, lost = Leases(lessor, ttl=ttl), []

    def on_lost(lease: Lease, error: FleetError) -> None:
        lost.append(f"{lease.machine} {lessor.now():.0f} {type(error).__name__}")

    lessor.now()
    await leases.acquire([A, B, C], description="d")
    async with kept(leases, on_lost=on_lost):
        await anyio.sleep(seconds)
    return lost, leases


def refreshed(lessor: Lessor, machine: str) -> list[float]:
    return [float(call.split()[2]) for call in lessor.calls if call.startswith(f"refresh {machine} ")]


def test_one_slow_refresh__keeps_no_other_waiting() -> None:
    lessor = Lessor(slow={("refresh", "a"): 500.0})
    lost, leases = virtual(lambda: hold(lessor, seconds=100))
    assert lost == []
    times = refreshed(lessor, "b")
    assert max(after - before for before, after in pairwise(times)) == REFRESH_EVERY
    assert (leases.nonce(A), leases.nonce(B)) == ("n-a", "n-b")


async def silent_until(lessor: Lessor, seconds: float, then: dict[tuple[str, str], FleetError]) -> None:
    """Refreshes of `a` go unanswered for a while."""
    lessor.refuses[("refresh", "a")] = Unavailable("HTTP 503")
    await anyio.sleep(seconds)
    lessor.refuses.update(then)


@pytest.mark.parametrize(
    ("then", "lost"),
    [
        ({("refresh", "a"): LeaseLost("lease not found")}, []),
        (
            {
                ("refresh", "a"): LeaseLost("lease not found"),
                ("acquire", "a"): LeaseHeld("held", holder="ann"),
            },
            ["a 55 LeaseHeld"],
        ),
    ],
    ids=["nobody took it", "somebody took it"],
)
def test_a_lease_that_lapsed_while_fly_was_silent__is_taken_again(
    then: dict[tuple[str, str], FleetError], lost: list[str]
) -> None:
    lessor = Lessor()

    async def story() -> tuple[list[str], Leases]:
        async with anyio.create_task_group() as group:
            group.start_soon(silent_until, lessor, 55.0, then)
            return await hold(lessor, seconds=65)
        raise AssertionError

    found, leases = virtual(story)
    assert found == lost
    assert (leases.nonce(A) is None) == bool(lost)


@pytest.mark.parametrize(
    ("error", "kept"),
    [(LeaseLost("cleared"), False), (Unauthorized("HTTP 401"), True), (Refused("HTTP 422"), True)],
)
def test_a_lease_that_was_cleared_or_is_refused__is_reported_once(error: FleetError, *, kept: bool) -> None:
    """One that is refused may still be held: a rollback needs it."""
    lost, leases = virtual(lambda: hold(Lessor(refuses={("refresh", "b"): error}), seconds=90))
    assert lost == [f"b {REFRESH_EVERY:.0f} {type(error).__name__}"]
    assert (leases.nonce(B) == "n-b") is kept


def test_a_machine_that_is_gone__needs_no_lease() -> None:
    lost, leases = virtual(lambda: hold(Lessor(refuses={("refresh", "c"): MachineGone("404")}), seconds=60))
    assert lost == []
    assert leases.nonce(C) is None


def test_a_refresh_that_finds_no_lease__is_no_loss_once_the_machine_is_being_destroyed() -> None:
    """The destroy ends the lease; its answer may come later than the next refresh (L18 of tests/simulator/README.md)."""
    lessor = Lessor(refuses={("refresh", "a"): LeaseLost("lease not found")})

    async def story() -> tuple[list[str], Leases]:
        leases, lost = Leases(lessor), list[str]()
        await leases.acquire([A, B], description="d")
        async with kept(leases, on_lost=lambda lease, _: lost.append(lease.machine)):
            leases.leaving(A)
            await anyio.sleep(25)
        return lost, leases

    lost, leases = virtual(story)
    assert lost == []
    assert leases.nonce(A) == "n-a", "the destroy may have to be repeated"
    assert not [call for call in lessor.calls if call.startswith("acquire a ")][1:]


def test_a_refresh_answered_after_the_machine_was_dropped__does_not_bring_it_back() -> None:
    lessor = Lessor(slow={("refresh", "a"): 3.0})

    async def story() -> Leases:
        leases = Leases(lessor)
        await leases.acquire([A], description="d")
        async with kept(leases, on_lost=lambda *_: None):
            await anyio.sleep(REFRESH_EVERY + 1)
            leases.drop(A)
            await anyio.sleep(5)
        return leases

    assert virtual(story).held() == ()


@pytest.mark.parametrize(("answer", "left"), [(1.0, 0), (30.0, 1)])
def test_the_release__waits_for_a_refresh_in_flight(answer: float, left: int) -> None:
    """A refresh that reaches Fly after the release brings the lease back (L21 of tests/simulator/README.md); one never answered may, and is counted."""
    lessor = Lessor(slow={("refresh", "a"): answer})

    async def story() -> tuple[int, float]:
        leases = Leases(lessor)
        lessor.now()
        await leases.acquire([A], description="d")
        async with kept(leases, on_lost=lambda *_: None):
            await anyio.sleep(REFRESH_EVERY + 0.1)
        await leases.release()
        return leases.left(), lessor.now()

    found, ended = virtual(story)
    assert found == left
    assert ended == pytest.approx(REFRESH_EVERY + min(answer, 0.1 + ANSWER_WITHIN), abs=0.01)
    assert [call.split()[0] for call in lessor.calls] == ["acquire", "refresh", "release"]


def test_a_lease_that_was_given_back__is_not_refreshed_while_others_are_still_being_given_back() -> None:
    """Some leases go back while the rest are kept: a refresh of what is released is refused, or brings it back (L21 of tests/simulator/README.md)."""
    lessor = Lessor(slow={("release", "a"): 2.0})

    async def story() -> int:
        leases = Leases(lessor)
        lessor.now()
        await leases.acquire([A, B, C], description="d")
        async with kept(leases, on_lost=lambda *_: None):
            await anyio.sleep(REFRESH_EVERY - 1)
            await leases.release([A, B])
            left = leases.left()
            await anyio.sleep(REFRESH_EVERY)
            await leases.acquire([A], description="d")
            await anyio.sleep(REFRESH_EVERY + LOOK_EVERY)
        return left

    assert virtual(story) == 0
    assert (refreshed(lessor, "b"), refreshed(lessor, "c")) == (
        [],
        [REFRESH_EVERY, 2 * REFRESH_EVERY, 3 * REFRESH_EVERY],
    )
    assert refreshed(lessor, "a") == [3 * REFRESH_EVERY], (
        "taken again, it is kept again, at the look nearest to half of its time"
    )


def test_a_refused_lease__is_raised_and_what_was_taken_is_given_back() -> None:
    lessor = Lessor(refuses={("acquire", "b"): LeaseHeld("held", holder="ann")}, slow={("acquire", "c"): 1.0})

    async def story() -> int:
        leases = Leases(lessor)
        with pytest.raises(LeaseHeld):
            await leases.acquire([A, B, C], description="d")
        await leases.release()
        return leases.left()

    assert virtual(story) == 0
    assert lessor.held == {"b"}, "c was answered after the refusal, and given back all the same"


def test_stopped_while_they_are_taken__gives_back_what_the_answers_bring() -> None:
    lessor = Lessor(slow={("acquire", "a"): 1.0, ("acquire", "b"): 30.0})

    async def story() -> tuple[float, int]:
        leases = Leases(lessor)
        lessor.now()
        with anyio.move_on_after(0.5):
            await leases.acquire([A, B, C], description="d")
        took = lessor.now()
        await leases.release()
        return took, leases.left()

    took, left = virtual(story)
    assert took < 2.5
    assert left == 0
    assert lessor.held == {"b"}, "only the answer that never came leaves a lease, and that lapses by itself"


@pytest.mark.parametrize(
    ("then", "left"), [("nothing", 1), ("it is destroyed", 0), ("it is leased again", 0), ("it expires", 0)]
)
def test_a_lease_that_could_not_be_given_back__counts_as_long_as_it_may_be_held(then: str, left: int) -> None:
    lessor = Lessor(refuses={("release", "a"): Unavailable("HTTP 503")})

    async def story() -> int:
        leases = Leases(lessor)
        lessor.now()
        await leases.acquire([A], description="d")
        await leases.release()
        match then:
            case "it is destroyed":
                leases.drop(A)
            case "it is leased again":
                await leases.acquire([A], description="d")
                lessor.refuses.clear()
                await leases.release()
            case "it expires":
                await anyio.sleep(TTL)
        return leases.left()

    assert virtual(story) == left


def test_releasing__is_bounded_and_counts_what_is_left() -> None:
    lessor = Lessor(slow={("release", "a"): 60.0}, refuses={("release", "b"): Unavailable("HTTP 503")})

    async def story() -> tuple[int, float]:
        leases = Leases(lessor)
        lessor.now()
        await leases.acquire([A, B, C], description="d")
        await leases.release()
        return leases.left(), lessor.now()

    left, took = virtual(story)
    assert left == 2
    assert took <= RELEASE_WITHIN


def test_while_one_is_waited_for__those_after_it_are_given_back_and_those_before_are_kept() -> None:
    """Two rollouts that want the same machines wait for each other in the order of the ids, never in a circle."""
    lessor = Lessor(refuses={("acquire", "b"): LeaseHeld("held", holder="ann")}, slow={("acquire", "b"): 0.5})

    async def story() -> Leases:
        leases = Leases(lessor)
        async with anyio.create_task_group() as group:
            group.start_soon(leases_end, lessor)
            await leases.acquire([C, B, A], description="d")
        return leases

    async def leases_end(lessor: Lessor) -> None:
        while not any(call.startswith("release c") for call in lessor.calls):
            await anyio.sleep(0.01)
        del lessor.refuses[("acquire", "b")]

    leases = virtual(story)
    calls = [call.rsplit(" ", 1)[0] for call in lessor.calls]
    assert sorted(calls[:3]) == ["acquire a", "acquire b", "acquire c"]
    assert calls[3:] == ["release c", "acquire b", "acquire c"]
    assert [lease.machine for lease in leases.held()] == [A, B, C]


@pytest.mark.parametrize(
    ("grants", "times"), [(600.0, [25.0, 50.0]), (40.0, [20.0, 40.0, 60.0]), (0.0, [10.0, 20.0])]
)
def test_a_lease_is_refreshed_at_half_of_what_is_granted(grants: float, times: list[float]) -> None:
    """Where the server does not say, it may be little."""
    lessor = Lessor(grants=grants)
    virtual(lambda: hold(lessor, seconds=65))
    assert refreshed(lessor, "b")[: len(times)] == times


def test_leases_of_thousands__last_longer_and_are_refreshed_less_often() -> None:
    """And the next run waits longer for those of a killed one."""
    assert (choose_ttl(MANY), choose_ttl(MANY + 1)) == (TTL, LONG_TTL)
    lessor = Lessor(grants=600.0)
    virtual(lambda: hold(lessor, seconds=125, ttl=LONG_TTL))
    assert refreshed(lessor, "b") == [60.0, 120.0]
    assert PATIENCE > LONG_TTL
