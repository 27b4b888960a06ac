"""rolling: first one machine alone, then the others, `width` at a time (flyctl: spearhead, then a pool)."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.strategy.arrange import (
    Arrangement,
    GroupSteps,
    Phase,
    change_waves,
    create_waves,
    in_order,
    taking_away,
)


def arrange(steps: GroupSteps) -> Arrangement:
    """One group's waves."""
    return Arrangement(
        creates=create_waves(steps, first=1),
        changes=change_waves(steps, first=1),
        first_proof=FirstProof.FIRST_RUNNING,
    )


def phases(groups: Sequence[GroupSteps], *, order: tuple[tuple[GroupName, ...], ...]) -> list[Phase]:
    """All creates and changes, then the machines that are destroyed."""
    return [*in_order(groups, order=order, arrange=arrange), taking_away(groups)]
