"""immediate: all at once, nobody first. `width` is the whole group (planning/settings.py)."""

from __future__ import annotations

from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.strategy.arrange import Arrangement, GroupSteps, change_waves, create_waves


def arrange(steps: GroupSteps) -> Arrangement:
    """One group's waves."""
    return Arrangement(
        creates=create_waves(steps, first=0),
        changes=change_waves(steps, first=0),
        first_proof=FirstProof.NOBODY,
    )
