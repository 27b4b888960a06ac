"""After which ends a rollout is rolled back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.kernel.run import OnFailure
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.outcome import Halted, HaltKind, Proof, ProofRow
from entrypoint.rollout.undoable import is_to_be_undone
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual

ROW = ProofRow(
    machine=MachineId("a"),
    group=GroupName("web"),
    region=Region("ams"),
    was="started",
    now="gone",
    should="healthy",
    written=True,
)
PROVEN = Proof(verified=1, expected=1, problems=())
FAILED = Proof(verified=0, expected=1, problems=("why",), rows=(ROW,))
FOREIGN = Proof(verified=0, expected=1, problems=("why",), rows=(replace(ROW, written=False),))


def undone(
    halted: HaltKind | None,
    proof: Proof | None = None,
    *,
    on_failure: OnFailure = OnFailure.ROLLBACK,
    touched: bool = True,
    forward: bool = False,
) -> tuple[bool, HaltKind | None]:
    """Whether it is rolled back, and why it is halted now."""

    async def story() -> tuple[bool, HaltKind | None]:
        made = plan('[processes]\nweb = "bin/web"\n', machine("a"), on_failure=on_failure)
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        if touched:
            ((_, step),) = made.steps()
            rollout.ledger.touched.append(Touched(step=step, machine=MachineId("a")))
        rollout.halting.is_forward = forward
        if halted is not None:
            rollout.halting.halt(Halted(kind=halted, message="why"))
        found = is_to_be_undone(rollout, proof)
        return found, rollout.halting.halted.kind if rollout.halting.halted else None

    return virtual(story)


@pytest.mark.parametrize(
    ("halted", "is_undone"),
    [
        (HaltKind.UNHEALTHY, True),
        (HaltKind.REFUSED, True),
        (HaltKind.UNVERIFIED, True),
        (HaltKind.RELEASE_FAILED, False),
        (HaltKind.DRIFT, False),
        (HaltKind.CANCELLED, False),
        (None, False),
    ],
)
def test_a_halt(halted: HaltKind | None, *, is_undone: bool) -> None:
    assert undone(halted) == (is_undone, halted)
    assert undone(halted, FOREIGN) == (is_undone, halted)
    assert undone(halted, on_failure=OnFailure.HOLD) == (False, halted)
    assert undone(halted, touched=False) == (False, halted)
    assert undone(halted, forward=True) == (False, halted)


@pytest.mark.parametrize(
    ("proof", "is_undone"), [(None, False), (PROVEN, False), (FOREIGN, False), (FAILED, True)]
)
def test_a_proof_that_failed__halts(proof: Proof | None, *, is_undone: bool) -> None:
    assert undone(None, proof) == (is_undone, HaltKind.UNPROVEN if is_undone else None)
    assert undone(None, proof, on_failure=OnFailure.HOLD) == (False, None)


def test_the_first_reason__stands() -> None:
    assert undone(HaltKind.CANCELLED, FAILED) == (False, HaltKind.CANCELLED)
