"""Whether a rollout that ended is rolled back: if the policy says so, and no `forward` stage has begun."""

from __future__ import annotations

from typing import assert_never

from entrypoint.kernel.run import OnFailure
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import Halted, HaltKind, Proof


def is_to_be_undone(rollout: Rollout, proof: Proof | None) -> bool:
    """True after a failed gate, a refusal, or a proof with problems of written machines, which halts the rollout here."""
    halting = rollout.halting
    if rollout.plan.on_failure is not OnFailure.ROLLBACK or not rollout.ledger.touched or halting.is_forward:
        return False
    if halting.halted is None and proof is not None and proof.failed:
        halting.halt(
            Halted(
                kind=HaltKind.UNPROVEN,
                message="Every gate passed, but afterwards the fleet was not as planned.",
                detail=proof.problems,
            )
        )
    return halting.halted is not None and _is_undoable(halting.halted.kind)


def _is_undoable(kind: HaltKind) -> bool:
    match kind:
        case HaltKind.UNHEALTHY | HaltKind.REFUSED | HaltKind.UNPROVEN | HaltKind.UNVERIFIED:
            return True
        case HaltKind.RELEASE_FAILED | HaltKind.DRIFT | HaltKind.CANCELLED:
            return False
        case _:
            assert_never(kind)
