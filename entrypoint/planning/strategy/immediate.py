"""immediate: all machines at once. `width` is the whole group (planning/settings.py)."""

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
        creates=create_waves(steps, first=0),
        changes=change_waves(steps, first=0),
        first_proof=FirstProof.NOBODY,
    )


def phases(groups: Sequence[GroupSteps], *, order: tuple[tuple[GroupName, ...], ...]) -> list[Phase]:
    """All creates and changes, then the machines that are destroyed."""
    return [*in_order(groups, order=order, arrange=arrange), taking_away(groups)]
