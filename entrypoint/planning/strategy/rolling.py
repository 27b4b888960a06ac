"""rolling: one machine goes first and alone, the rest follow `width` at a time (flyctl: spearhead, then a pool)."""

from __future__ import annotations

from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.strategy.arrange import Arrangement, GroupSteps, change_waves, create_waves


def arrange(steps: GroupSteps) -> Arrangement:
    """One group's waves."""
    return Arrangement(
        creates=create_waves(steps, first=1),
        changes=change_waves(steps, first=1),
        first_proof=FirstProof.FIRST_RUNNING,
    )
