"""The mark of a green deploy: which machines carry it, and whose mark stays where several runs leave theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from entrypoint.fleet.errors import Unavailable
from entrypoint.fleet.marks import COMMIT, DONE, CommitMark, DoneMark, format_commit, format_done
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.ids import MachineId
from entrypoint.modes.done import leave_done_mark
from tests.bench import Recording
from tests.unit.planning.kit import machine
from tests.unit.rollout.strange import Strange, rows, virtual

KEY, OURS, OLDER, FOREIGN = "e" * 12, "a" * 40, "b" * 40, "c" * 40
A, B, C, D = (machine(name) for name in "abcd")


@dataclass(slots=True, kw_only=True)
class Marked(Strange):
    """Machines that take metadata. `meanwhile`: what another run writes, by the number of the write before it; None: Fly fails."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    machines: dict[str, Machine]
    meanwhile: dict[int, DoneMark | None] = field(default_factory=dict)
    written: list[tuple[str, str]] = field(default_factory=list)

    async def list_machines(self) -> tuple[Machine, ...]:
        self.calls.append("list_machines")
        return tuple(self.machines.values())

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        if self.meanwhile.get(len(self.written), value) is None:
            raise Unavailable("HTTP 503")
        self.written.append((machine, value))
        self._set(machine, key, value)
        later = self.meanwhile.get(len(self.written))
        if later is not None:
            self._set(machine, DONE, format_done(later))

    def _set(self, ident: str, key: str, value: str) -> None:
        self.machines[ident] = labelled(self.machines[ident], {key: value})


def labelled(live: Machine, more: dict[str, str]) -> Machine:
    return replace(live, config={**live.config, "metadata": {**live.metadata, **more}})


def done(run: int, commit: str = OURS) -> DoneMark:
    return DoneMark(run=run, commit=commit, key=KEY, inputs={})


def proven(live: Machine, run: int, commit: str) -> Machine:
    return labelled(live, {DONE: format_done(done(run, commit))})


def wrote(live: Machine, run: int, commit: str) -> Machine:
    return labelled(live, {COMMIT: format_commit(CommitMark(commit=commit, key=KEY, run=run))})


def leave(
    machines: Sequence[Machine],
    *,
    meanwhile: dict[int, DoneMark | None] | None = None,
    contained: frozenset[str] = frozenset({OLDER}),
    before: DoneMark | None = None,
    known: bool = True,
    **given: Any,
) -> tuple[Marked, list[str]]:
    """Run 5 of commit OURS leaves its mark; `before`: the newest that it had found. What the server then holds, and what was said."""
    server = Marked(machines={m.id: m for m in machines}, meanwhile=meanwhile or {})
    commit = CommitMark(commit=OURS, key=KEY, run=5)
    marks = RunMarks(commit=commit, done=before, inputs={}, secret=None) if known else None
    console = Recording()

    async def story() -> None:
        await leave_done_mark(server, marks, console, contained=contained, **{"wrote": True, **given})

    virtual(story)
    return server, console.log


def carriers(*machines: Machine) -> list[str]:
    return [name for name, _ in leave(machines)[0].written]


def test_three_machines_carry_it__those_that_carry_one_already_then_those_that_run() -> None:
    assert carriers(A, B, C, D) == ["a", "b", "c"]
    assert carriers(machine("a", state="stopped"), B, C, proven(D, 4, OLDER)) == ["d", "b", "c"]


def test_of_machines_with_checks__one_carries_it_and_only_where_there_are_no_others() -> None:
    checked = [replace(live, checks=rows("passing")) for live in (A, B)]
    assert carriers(*checked, C) == ["c"]
    assert carriers(*checked) == ["a"]


def test_what_is_no_machine_of_the_app_or_does_not_answer__carries_none() -> None:
    assert carriers(
        replace(A, host_status=HostStatus.UNREACHABLE), labelled(B, {"fly_platform_version": "v1"}), C
    ) == ["c"]


@pytest.mark.parametrize(
    ("live", "run"),
    [
        ([A], 5),
        ([proven(A, 4, OLDER)], 5),
        ([wrote(A, 5, OURS)], 5),
        ([wrote(A, 5, OURS), proven(B, 4, OLDER)], 5),
        ([proven(A, 5, OLDER)], 6),
        ([proven(A, 7, OLDER)], 8),
        ([wrote(A, 6, OLDER), proven(B, 5, OLDER)], 7),
        ([wrote(A, 5, FOREIGN)], None),
        ([proven(A, 5, FOREIGN)], None),
        ([proven(A, 4, FOREIGN)], 5),
    ],
    ids=[
        "none yet",
        "an older one",
        "its own writes",
        "its own writes, over an older one",
        "one of a commit that it contains, at once",
        "a later one of such a commit",
        "later writes of such a commit",
        "a commit that it does not contain was written at once",
        "such a commit was proven at once",
        "such a commit was proven before",
    ],
)
def test_whose_mark_stays(live: list[Machine], run: int | None) -> None:
    server, said = leave(live)
    assert {value for _, value in server.written} == ({format_done(done(run))} if run else set())
    assert ["another deploy has marked its commit meanwhile" in line for line in said] == [True] * (
        run is None
    )


def test_a_mark_that_another_run_overwrites__is_written_again_on_top_a_few_times() -> None:
    server, _ = leave([A], meanwhile={1: done(5, OLDER)})
    assert [value for _, value in server.written] == [format_done(done(5)), format_done(done(6))]
    server, _ = leave([A], meanwhile={n: done(4 + n, OLDER) for n in range(1, 9)})
    assert len(server.written) == 3
    server, said = leave([A], meanwhile={1: done(5, FOREIGN)})
    assert (len(server.written), len(said)) == (1, 1)


def test_it_is_left_once__and_looked_at_once_more() -> None:
    assert leave([A])[0].calls == ["list_machines"] * 2


def test_where_fly_fails__it_says_how_many_machines_carry_it() -> None:
    server, said = leave([A, B, C], meanwhile={2: None})
    assert len(server.written) == 2
    assert ["is on 2 machines only: HTTP 503" in line for line in said] == [True]


def test_without_a_commit_or_where_the_newest_says_the_same__nothing_is_asked() -> None:
    assert leave([A], known=False)[0].calls == []
    assert leave([A], before=done(4), wrote=False)[0].calls == []
    assert leave([A], before=done(4), wrote=True)[0].calls != []
