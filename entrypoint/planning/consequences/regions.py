"""Regions where a group, or the whole app, runs now but not after the deploy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.consequences.said import group_now, quoted, warn
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled


def regions_lost(groups: Sequence[Reconciled], seen: Sequence[Seen]) -> Iterator[Finding]:
    """First regions that the whole app leaves, then those of a group. Not for removed groups: the plan lists each of their machines."""
    before: dict[Region, set[GroupName]] = defaultdict(set)
    for s in seen:
        if not s.is_new:
            before[s.machine.region].add(group_now(s))
    after = {(a.group, a.region) for group in groups for a in group.after}
    left = set(before) - {region for _, region in after}
    yield from _of_the_app({region: before[region] for region in left})
    for group in groups:
        lost = [
            r for r in before if group.group in before[r] and (group.group, r) not in after and r not in left
        ]
        if lost and not group.is_gone:
            yield warn("region-lost", f"{ticked(group.group)} no longer runs in {quoted(sorted(lost))}.")


def _of_the_app(left: dict[Region, set[GroupName]]) -> Iterator[Finding]:
    by_groups: dict[tuple[GroupName, ...], list[Region]] = defaultdict(list)
    for region in sorted(left):
        by_groups[tuple(sorted(left[region]))].append(region)
    for names, regions in by_groups.items():
        yield warn(
            "region-lost",
            f"No group runs in {quoted(regions)} any more: {quoted(names)} {'does' if len(names) == 1 else 'do'} today.",
        )
