"""How many machines of each group serve during the rollout, and the lowest number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import GroupPlan


@dataclass(slots=True, kw_only=True)
class Capacity:
    """Counts machines that serve, by group."""

    running: Counter[GroupName]
    lowest: dict[GroupName, int] = field(default_factory=dict)

    @classmethod
    def before(cls, groups: Iterable[GroupPlan]) -> Capacity:
        """The capacity when the plan was made."""
        return cls(running=Counter({group.name: group.running for group in groups}))

    def goes_down(self, group: GroupName) -> None:
        """One running machine of the group goes down for its update."""
        self.running[group] -= 1
        self.lowest[group] = min(self.lowest.get(group, self.running[group]), self.running[group])

    def is_back(self, group: GroupName) -> None:
        """It serves again."""
        self.running[group] += 1
