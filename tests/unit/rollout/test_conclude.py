"""The outcome of a rollout: what a halt says beside its reason."""

from __future__ import annotations

from collections.abc import Callable

from entrypoint.kernel.ids import MachineId
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.conclude import conclude
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.outcome import Halted, HaltKind, Outcome
from entrypoint.rollout.ports import Release
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual


def halted(kind: HaltKind) -> Callable[[Rollout], None]:
    return lambda rollout: rollout.halting.halt(Halted(kind=kind, message="why"))


def nothing(_: Rollout) -> None:
    """It went through."""


def concluded(happens: Callable[[Rollout], None]) -> Outcome:
    async def story() -> Outcome:
        made = plan('[processes]\nweb = "bin/web"\n', machine("a"))
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        rollout.release.row = Release(id="r", version=2)
        happens(rollout)
        return conclude(rollout, rolled_back=(), proof=None, verified=None, leases_left=0)

    return virtual(story)


def test_a_halt__says_what_is_left_behind() -> None:
    def leave(rollout: Rollout, *, kind: HaltKind = HaltKind.CANCELLED) -> None:
        halted(kind)(rollout)
        rollout.release.running_on = MachineId("task")
        rollout.ledger.drained.update({MachineId("b"), MachineId("a")})

    found = concluded(leave).halted
    assert found is not None
    cordoned, still = found.detail
    assert "not uncordoned again: a, b." in cordoned
    assert "may still run on machine task" in still
    found = concluded(lambda rollout: leave(rollout, kind=HaltKind.UNHEALTHY)).halted
    assert found is not None
    assert len(found.detail) == 1, "only a signal leaves the command running"
    found = concluded(halted(HaltKind.CANCELLED)).halted
    assert found is not None
    assert found.detail == ()
    assert concluded(nothing).halted is None


def test_a_step_that_was_never_begun__is_in_the_outcome() -> None:
    assert [(r.machine, r.why) for r in concluded(nothing).results] == [("a", "never begun")]
