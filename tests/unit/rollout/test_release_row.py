"""The release record: what it is closed with, once, and that `running` is never its last word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import anyio
import pytest

from entrypoint.kernel.json import Json
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.outcome import Halted, HaltKind, Proof
from entrypoint.rollout.ports import Release
from entrypoint.rollout.release_row import ReleaseRow
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual

PROVEN = Proof(verified=1, expected=1, problems=(), rows=())
UNPROVEN = Proof(verified=0, expected=1, problems=("web a in ams: is gone",), rows=())


class Rows:
    """Release rows, and how each was closed. `slow`: seconds before a status is answered."""

    def __init__(self, slow: Mapping[str, float] | None = None) -> None:
        self.slow = slow or {}
        self.closed: list[str] = []

    async def open(self, *, image: str, strategy: str, definition: Mapping[str, Json]) -> Release | None:
        return Release(id="r", version=2)

    async def close(self, release: Release, *, status: str) -> None:
        await anyio.sleep(self.slow.get(status, 0.0))
        self.closed.append(status)


def told(rows: Rows, story: Callable[[Rollout, ReleaseRow], Awaitable[None]]) -> list[str]:
    """What the rows of a rollout are closed with."""

    async def whole() -> None:
        made = plan('[processes]\nweb = "bin/web"\n', machine("a"))
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        row = ReleaseRow(rollout, rows)
        async with anyio.create_task_group() as group:
            group.start_soon(row.tell)
            await story(rollout, row)
            group.cancel_scope.cancel()

    virtual(whole)
    return rows.closed


def halt(rollout: Rollout, kind: HaltKind | None) -> None:
    if kind is not None:
        rollout.halting.halt(Halted(kind=kind, message="why"))


@pytest.mark.parametrize(
    ("kind", "proof", "status"),
    [
        (None, PROVEN, "complete"),
        (None, UNPROVEN, "failed"),
        (None, None, "failed"),
        (HaltKind.UNHEALTHY, None, "failed"),
        (HaltKind.UNHEALTHY, PROVEN, "failed"),
        (HaltKind.CANCELLED, None, "interrupted"),
    ],
)
def test_its_last_word(kind: HaltKind | None, proof: Proof | None, status: str) -> None:
    async def story(rollout: Rollout, row: ReleaseRow) -> None:
        await row.open()
        halt(rollout, kind)
        await row.close(proof)

    assert told(Rows(), story) == [status]


@pytest.mark.parametrize(("kind", "closed"), [(HaltKind.CANCELLED, []), (HaltKind.UNHEALTHY, ["failed"])])
def test_a_cancelled_run__has_no_time_for_a_slow_answer(kind: HaltKind, closed: list[str]) -> None:
    async def story(rollout: Rollout, row: ReleaseRow) -> None:
        await row.open()
        halt(rollout, kind)
        await row.close(None)

    assert told(Rows({"failed": 2, "interrupted": 2}), story) == closed


def test_of_a_proven_rollout__it_is_closed_meanwhile_and_once() -> None:
    async def story(_: Rollout, row: ReleaseRow) -> None:
        await row.open()
        row.proven()
        before = anyio.current_time()
        await anyio.sleep(9)
        await row.close(PROVEN)
        assert anyio.current_time() == pytest.approx(before + 10), "it waits for the end of that"

    assert told(Rows({"complete": 10}), story) == ["complete"]


@pytest.mark.parametrize(("slow", "closed"), [(0, ["complete", "failed"]), (9, ["failed"])])
def test_a_rollout_that_is_halted_after_its_proof__has_another_last_word(
    slow: float, closed: list[str]
) -> None:
    async def story(rollout: Rollout, row: ReleaseRow) -> None:
        await row.open()
        row.proven()
        await anyio.sleep(1)
        halt(rollout, HaltKind.REFUSED)
        await row.close(PROVEN)

    assert told(Rows({"complete": slow}), story) == closed


@pytest.mark.parametrize("is_proven", [True, False])
@pytest.mark.parametrize(("slow", "closed"), [(9, []), (0.5, ["running"])])
def test_that_it_runs__is_not_told_any_more_once_it_is_closed(
    slow: float, closed: list[str], is_proven: bool
) -> None:
    async def story(_: Rollout, row: ReleaseRow) -> None:
        await row.open()
        await anyio.sleep(1)
        if is_proven:
            row.proven()
        await row.close(PROVEN)

    assert told(Rows({"running": slow}), story) == [*closed, "complete"]


def test_without_a_record__nothing_is_told() -> None:
    async def story(_: Rollout, row: ReleaseRow) -> None:
        row.proven()
        await row.close(PROVEN)

    assert told(Rows(), story) == []
