"""Machines whose create got no answer are found with one list of all machines, or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from entrypoint.fleet.errors import Unavailable
from entrypoint.fleet.marks import PLAN, SLOT
from entrypoint.fleet.model import Machine
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.unanswered import find_unanswered
from tests.unit.planning.kit import plan
from tests.unit.rollout.strange import Strange, seen, virtual

MADE = plan('[processes]\nweb = "bin/web"\n', scale="web=3")
CREATES = [step for _, step in MADE.steps() if isinstance(step, Create)]


@dataclass(slots=True, kw_only=True)
class Listed(Strange):
    """What each list shows; the last one from then on."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    lists: Sequence[Sequence[Machine]]

    async def list_machines(self) -> tuple[Machine, ...]:
        self.calls.append("list")
        if not self.lists:
            raise Unavailable("HTTP 503")
        return tuple(self.lists[min(len(self.calls), len(self.lists)) - 1])


def made(number: int, *, of: Plan = MADE, digest: str = "") -> Machine:
    marks = {PLAN: digest or of.digests.plan, SLOT: str(CREATES[number].slot)}
    return seen(id=f"m{number}", config={"metadata": marks})


def find(*lists: Sequence[Machine], known: bool = False) -> tuple[list[str | None], list[str]]:
    """The machine of each create, and what was asked."""
    server = Listed(lists=lists)
    touched = [Touched(step=step, machine=made(n).id if known else None) for n, step in enumerate(CREATES)]

    async def story() -> None:
        server.now()
        rollout = begin(MADE, machines=server, progress=LiveLog(lambda _: None, section=lambda _: None))
        await find_unanswered(rollout, touched, until=5.0)

    virtual(story)
    return [t.machine for t in touched], server.calls


def test_where_all_were_answered__nothing_is_asked() -> None:
    assert find(known=True) == (["m0", "m1", "m2"], [])


def test_one_list_finds_all() -> None:
    assert find([made(0), made(1), made(2)]) == (["m0", "m1", "m2"], ["list"])


def test_a_list_that_lags__is_read_once_more_and_what_is_not_there_was_never_created() -> None:
    assert find([made(2)], [made(0), made(2)]) == (["m0", None, "m2"], ["list", "list"])


def test_a_machine_of_another_plan__is_none_of_them() -> None:
    assert find([made(0, digest="another")])[0] == [None, None, None]


def test_where_fly_does_not_answer__that_is_raised() -> None:
    with pytest.raises(Unavailable):
        find()
