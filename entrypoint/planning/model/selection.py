"""Which machines a deploy may change: the inputs `groups` and `regions`."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The chosen groups and regions. An empty set: all."""

    groups: frozenset[GroupName] = frozenset()
    regions: frozenset[Region] = frozenset()

    @property
    def is_all(self) -> bool:
        """Whether everything may be changed."""
        return not self.groups and not self.regions

    def has_group(self, group: GroupName) -> bool:
        """Whether machines of the group may be changed, in some region."""
        return not self.groups or group in self.groups

    def has(self, group: GroupName, region: Region) -> bool:
        """Whether machines of the group in this region may be changed."""
        return self.has_group(group) and (not self.regions or region in self.regions)

    def reason(self, group: GroupName) -> str:
        """Why a machine that is not chosen is kept."""
        return f"not among the input {'regions' if self.has_group(group) else 'groups'}"


EVERYTHING = Selection()
