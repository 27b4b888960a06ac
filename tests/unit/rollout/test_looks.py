"""Looks that are shared: when a list is asked for, what of it is believed, and that nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from entrypoint.fleet.errors import MachineGone, Unavailable
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.rollout.expectation import Expectation, HealthGateFailed
from entrypoint.rollout.gate import pass_gate
from entrypoint.rollout.looks import APART, AT_MOST, LIKELY_FROM, LIST_WITHIN, SOON, TOGETHER, WITHOUT, Looks
from tests.unit.rollout.strange import Strange, rows, seen, virtual

GATE = HealthGate(kind=GateKind.CHECKS, checks=("c0",), label="http /up", timeout=60)


@dataclass(slots=True, kw_only=True)
class Listing(Strange):
    """Machines that run and pass, in lists and alone, unless `listed` or `alone` say otherwise."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    listed: dict[str, Machine | None] = field(default_factory=dict)
    alone: dict[str, Machine | None] = field(default_factory=dict)
    takes: float = 0.0
    """Seconds that a list takes."""
    fails: bool = False
    known: int = 0
    """How many machines there are beside those asked for."""
    asked: list[tuple[float, str]] = field(default_factory=list)

    def _row(self, name: str, rows_: dict[str, Machine | None]) -> Machine | None:
        return rows_.get(name, well(name))

    async def get(self, machine: MachineId) -> Machine:
        self.asked.append((self.now(), machine))
        found = self._row(machine, self.alone)
        if found is None:
            raise MachineGone("404")
        return found

    async def list_machines(self) -> tuple[Machine, ...]:
        self.asked.append((self.now(), "list"))
        await anyio.sleep(self.takes)
        if self.fails:
            raise Unavailable("HTTP 503")
        names = [f"m{number}" for number in range(max(9, self.known))]
        return tuple(row for name in names if (row := self._row(name, self.listed)) is not None)

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        await anyio.sleep(0.01)
        return states[0]

    @property
    def lists(self) -> list[float]:
        return [at for at, what in self.asked if what == "list"]

    @property
    def gets(self) -> list[str]:
        return sorted(what for _, what in self.asked if what != "list")


def well(ident: str, **changes: Any) -> Machine:
    values: dict[str, Any] = {"checks": rows("passing"), "last_start": 1}
    return seen(**values | {"id": MachineId(ident)} | changes)


def expected(name: str) -> Expectation:
    return Expectation(machine=MachineId(name), version=Version("new"))


def look_at(
    server: Listing, dues: dict[str, float], *, until: float = 60.0
) -> dict[str, tuple[float, Machine]]:
    """When each was seen, and how. What is not running is doubted."""

    async def story() -> dict[str, tuple[float, Machine]]:
        found: dict[str, tuple[float, Machine]] = {}
        begun, looks = anyio.current_time(), Looks(server)
        server.now()

        async def one(name: str, due: float) -> None:
            machine = await looks.look(
                expected(name), due=begun + due, until=begun + until, doubts=lambda m: m.state != "started"
            )
            found[name] = (anyio.current_time() - begun, machine)

        async with anyio.create_task_group() as group:
            for name, due in dues.items():
                group.start_soon(one, name, due)
        return found

    return virtual(story)


def test_many_that_are_due_together__share_a_list_when_the_last_is_due() -> None:
    server = Listing(takes=0.03)
    found = look_at(server, {"m0": 1.0, "m1": 1.1, "m2": 1.3, "m3": 1.4})
    assert server.lists == pytest.approx([1.4])
    assert server.gets == []
    assert [at for at, _ in found.values()] == pytest.approx([1.43] * 4)
    assert found["m2"][1].id == "m2"


def test_whoever_is_due_while_another_gathers__waits_for_nobody_who_comes_later() -> None:
    found = look_at(Listing(), {"m0": 1.0, "m1": 1.4, "m2": 1.8})
    assert {name: at for name, (at, _) in found.items()} == pytest.approx({"m0": 1.4, "m1": 1.4, "m2": 1.8})


def test_few_that_are_due__are_read_themselves() -> None:
    server = Listing()
    look_at(server, {"m0": 1.0, "m1": 1.0, "m2": 1.0 + TOGETHER + 0.1, "m3": 9.0})
    assert server.lists == []
    assert server.gets == ["m0", "m1", "m2", "m3"]


def test_bad_news_and_a_missing_row__the_machine_itself_must_say() -> None:
    server = Listing(
        listed={"m0": well("m0", state="stopped"), "m1": None}, alone={"m1": well("m1", name="x")}
    )
    found = look_at(server, dict.fromkeys(("m0", "m1", "m2"), 0.5))
    assert len(server.lists) == 1
    assert server.gets == ["m0", "m1"]
    assert found["m0"][1].state == "started"
    assert found["m1"][1].name == "x"


def test_a_machine_that_is_gone__fails() -> None:
    server = Listing(listed={"m1": None}, alone={"m1": None})
    with pytest.raises(BaseExceptionGroup) as failure:
        look_at(server, dict.fromkeys(("m0", "m1", "m2"), 0.5))
    assert failure.value.subgroup(HealthGateFailed) is not None


@pytest.mark.parametrize("held", [False, True])
def test_a_list_that_does_not_come__holds_nobody_up_and_is_left_out_for_a_while(held: bool) -> None:
    server = Listing(fails=not held, takes=300.0 if held else 0.0)
    names = ("m0", "m1", "m2")
    found = look_at(server, dict.fromkeys(names, 1.0) | {f"{n}": 1.0 for n in ("m3",)})
    assert max(at for at, _ in found.values()) <= 1.0 + LIST_WITHIN + 2.1
    assert server.gets == ["m0", "m1", "m2", "m3"]
    later = Listing(fails=True)
    look_at(
        later,
        dict.fromkeys(names, 1.0)
        | {"m3": 3.0, "m4": 3.0, "m5": 3.0, "m6": 2 + WITHOUT, "m7": 2 + WITHOUT, "m8": 2 + WITHOUT},
    )
    assert later.lists == pytest.approx([1.0, 2 + WITHOUT])


def test_lists_are_a_second_apart_but_for_two() -> None:
    server = Listing(known=12)
    look_at(server, {f"m{n}": 1.0 + 0.55 * (n // 3) for n in range(12)})
    assert server.lists == pytest.approx([1.0, 1.55, 2.1, 1.0 + 2 * APART], abs=0.03)


def test_of_a_large_app_a_list_has_pages__few_are_read_themselves() -> None:
    server = Listing(known=2500)
    look_at(server, dict.fromkeys(("m0", "m1", "m2"), 1.0) | dict.fromkeys(("m3", "m4", "m5"), 5.0))
    assert len(server.lists) == 1, "how large it is, the first list shows"
    assert server.gets == ["m3", "m4", "m5"]


def test_whoever_looks_for_all_is_cancelled__the_others_look_themselves() -> None:
    async def story(server: Listing) -> list[str]:
        looks, found = Looks(server), list[str]()

        async def one(name: str, scope: anyio.CancelScope) -> None:
            with scope:
                await looks.look(expected(name), due=0.0, until=60.0, doubts=lambda _: False)
                found.append(name)

        scopes = [anyio.CancelScope() for _ in range(4)]
        async with anyio.create_task_group() as group:
            for number, scope in enumerate(scopes):
                group.start_soon(one, f"m{number}", scope)
            await anyio.sleep(0.5)  # the list is under way
            scopes[0].cancel()
        return sorted(found)

    for first in range(4):  # whoever it is
        server = Listing(takes=2.0)
        assert len(virtual(lambda server=server: story(server))) == 3, first  # type: ignore[misc]


def test_how_long_checks_take__is_learned_and_bounded() -> None:
    looks = Looks(Listing())
    assert looks.first_look(GATE) == SOON
    with looks.gating(), looks.gating(), looks.gating():
        assert looks.first_look(GATE) == LIKELY_FROM, (
            "a list is rarer than a read, so it waits until most checks pass"
        )
    passed = replace(rows("passing")[0], updated_at=11_700)
    looks.learn(GATE, seen(checks=(passed,), last_start=10_000), seconds=2.5)
    assert looks.first_look(GATE) == pytest.approx(1.7)
    looks.learn(GATE, seen(checks=(replace(passed, updated_at=12_000),), last_start=10_000), seconds=1.2)
    assert looks.first_look(GATE) == pytest.approx(1.2), "whole seconds say less than what was seen"
    looks.learn(GATE, seen(checks=(passed,), last_start=10_000), seconds=9.0)
    assert looks.first_look(GATE) == pytest.approx(1.2), "the shortest counts"
    other = replace(GATE, label="tcp")
    looks.learn(other, seen(), seconds=40.0)
    assert looks.first_look(other) == AT_MOST, "a machine that falls over is noticed"


def test_the_next_list__is_somebodys_or_ones_own() -> None:
    async def story(server: Listing) -> tuple[float, float]:
        looks, begun = Looks(server), anyio.current_time()
        server.now()
        async with anyio.create_task_group() as group:
            for name in ("m0", "m1", "m2"):
                group.start_soon(_look, looks, name, begun + 2.0)
            await looks.next_list(within=5.0)
            first = anyio.current_time() - begun
        await looks.next_list(within=5.0)
        return first, anyio.current_time() - begun

    server = Listing()
    assert virtual(lambda: story(server)) == pytest.approx((2.0, 7.0))
    assert server.lists == pytest.approx([2.0, 7.0])


def test_the_newest_list__is_shown_unless_it_is_too_old() -> None:
    async def story() -> list[bool]:
        looks = Looks(Listing(takes=2.0))
        begun = anyio.current_time()
        shown = [looks.newest(since=begun) is not None]
        await looks.next_list(within=0.0)
        return shown + [looks.newest(since=begun + since) is not None for since in (0.0, 1.0)]

    assert virtual(story) == [False, True, False], "it is as old as its request"


async def _look(looks: Looks, name: str, due: float) -> None:
    await looks.look(expected(name), due=due, until=60.0, doubts=lambda _: False)


def pass_all(server: Listing, beside: Callable[[], Coroutine[Any, Any, None]]) -> tuple[list[str], float]:
    """Five machines through their gate at once, and `beside` meanwhile: who passed, and how long it took."""

    async def story() -> tuple[list[str], float]:
        looks, passed = Looks(server), list[str]()
        server.now()

        async def one(name: str) -> None:
            await pass_gate(
                server, expected(name), GATE, report=lambda _: None, wake=server.wake, looks=looks
            )
            passed.append(name)

        async with anyio.create_task_group() as group:
            group.start_soon(beside)
            for number in range(5):
                group.start_soon(one, f"m{number}")
        return sorted(passed), server.now()

    return virtual(story)


def test_a_wave_passes_by_one_list() -> None:
    server = Listing()
    passed, took = pass_all(server, anyio.lowlevel.checkpoint)
    assert passed == ["m0", "m1", "m2", "m3", "m4"]
    assert len(server.lists) == 1
    assert server.gets == []
    assert took == pytest.approx(APART, abs=0.02)


def test_a_row_that_does_not_say_when_it_was_started__is_no_proof() -> None:
    """Its reports may be of the run before."""
    bare = {f"m{n}": replace(well(f"m{n}"), last_start=None) for n in range(5)}
    failing = {"m3": well("m3", checks=rows("critical"))}
    server = Listing(listed=dict(bare), alone=dict(failing))

    async def mend() -> None:
        await anyio.sleep(4)
        server.alone.clear()

    passed, took = pass_all(server, mend)
    assert passed == ["m0", "m1", "m2", "m3", "m4"]
    assert took >= 4
    assert set(server.gets) == {"m0", "m1", "m2", "m3", "m4"}
