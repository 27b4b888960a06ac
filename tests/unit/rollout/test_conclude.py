"""The end of a rollout: the release row's last word, and what a halt says beside its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import anyio
import pytest

from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.json import Json
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.conclude import conclude
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.outcome import Halted, HaltKind, Outcome, Proof
from entrypoint.rollout.ports import Release
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual

PROVEN = Proof(verified=1, expected=1, problems=(), rows=())
UNPROVEN = Proof(verified=0, expected=1, problems=("web a in ams: is gone",), rows=())


class Rows:
    """Release rows, and how each was closed. `slow`: seconds before it answers."""

    def __init__(self, *, slow: float = 0.0) -> None:
        self.slow = slow
        self.closed: list[str] = []

    async def open(self, *, image: str, strategy: str, definition: Mapping[str, Json]) -> Release | None:
        raise AssertionError("it is open")

    async def close(self, release: Release, *, status: str) -> None:
        await anyio.sleep(self.slow)
        self.closed.append(status)


def halted(kind: HaltKind) -> Callable[[Rollout], None]:
    return lambda rollout: rollout.halting.halt(Halted(kind=kind, message="why"))


def nothing(_: Rollout) -> None:
    """It went through."""


def concluded(
    happens: Callable[[Rollout], None], *, proof: Proof | None = None, rows: Rows | None = None
) -> Outcome:
    async def story() -> Outcome:
        made = plan('[processes]\nweb = "bin/web"\n', machine("a"))
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        rollout.release.row = Release(id="r", version=2)
        happens(rollout)
        return await conclude(
            rollout, releases=rows, rolled_back=(), proof=proof, verified=None, leases_left=0
        )

    return virtual(story)


@pytest.mark.parametrize(
    ("happens", "proof", "status"),
    [
        (nothing, PROVEN, "complete"),
        (nothing, UNPROVEN, "failed"),
        (nothing, None, "failed"),
        (halted(HaltKind.UNHEALTHY), None, "failed"),
        (halted(HaltKind.UNHEALTHY), PROVEN, "failed"),
        (halted(HaltKind.CANCELLED), None, "interrupted"),
    ],
)
def test_the_last_word_of_the_release_row(
    happens: Callable[[Rollout], None], proof: Proof | None, status: str
) -> None:
    rows = Rows()
    concluded(happens, proof=proof, rows=rows)
    assert rows.closed == [status]


@pytest.mark.parametrize(("kind", "closed"), [(HaltKind.CANCELLED, []), (HaltKind.UNHEALTHY, ["failed"])])
def test_a_cancelled_run__has_no_time_for_a_slow_answer(kind: HaltKind, closed: list[str]) -> None:
    rows = Rows(slow=2)
    concluded(halted(kind), rows=rows)
    assert rows.closed == closed


def test_a_halt__says_what_is_left_behind() -> None:
    def leave(rollout: Rollout, *, kind: HaltKind = HaltKind.CANCELLED) -> None:
        halted(kind)(rollout)
        rollout.release.running_on = MachineId("task")
        rollout.ledger.drained.update({MachineId("b"), MachineId("a")})

    found = concluded(leave).halted
    assert found is not None
    cordoned, still = found.detail
    assert "not uncordoned again: a, b." in cordoned
    assert "still runs on machine task" in still
    found = concluded(lambda rollout: leave(rollout, kind=HaltKind.UNHEALTHY)).halted
    assert found is not None
    assert len(found.detail) == 1, "only a signal leaves the command running"
    found = concluded(halted(HaltKind.CANCELLED)).halted
    assert found is not None
    assert found.detail == ()
    assert concluded(nothing).halted is None


def test_a_step_that_was_never_begun__is_in_the_outcome() -> None:
    assert [(r.machine, r.why) for r in concluded(nothing).results] == [("a", "never begun")]
