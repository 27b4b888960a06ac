"""What a deploy may touch: the inputs `groups` and `regions`."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Empty: everything."""

    groups: frozenset[GroupName] = frozenset()
    regions: frozenset[Region] = frozenset()

    @property
    def is_all(self) -> bool:
        """Whether nothing is asked for."""
        return not self.groups and not self.regions

    def has_group(self, group: GroupName) -> bool:
        """Whether machines of the group may be touched at all."""
        return not self.groups or group in self.groups

    def has(self, group: GroupName, region: Region) -> bool:
        """Whether machines there may be touched."""
        return self.has_group(group) and (not self.regions or region in self.regions)

    def reason(self, group: GroupName) -> str:
        """Why a machine that it does not have is left alone."""
        return f"not among the input {'regions' if self.has_group(group) else 'groups'}"


EVERYTHING = Selection()
