"""Rule 3: every machine that is destroyed or replaced, and every volume that it leaves behind, was shown by id.

One counted record must show it, with consent (`allow-destroy`), and with the count (or absence) of the group that is asked for now. A
record of a plan that could not be deployed is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import assert_never

from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.kernel.json import Json, canonical
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.model.plan import Count, Plan
from entrypoint.planning.model.steps import Destroy
from entrypoint.planning.review.items import Foreign, Item, ItemKind, MachineRefs, Part, words
from entrypoint.planning.review.record import Destroyed, Record, destroyed_by


def not_shown(plan: Plan, records: Sequence[Record], *, exempt: AbstractSet[MachineId]) -> tuple[Item, ...]:
    """One item for each machine that was not shown. `exempt`: machines that our runs created since the last green deploy."""
    return tuple(
        _item(gone, plan.counts.get(gone.group))
        for gone in _going(plan)
        if not (gone.id in exempt and not gone.volumes) and not _is_shown(gone, plan, records)
    )


def _going(plan: Plan) -> Iterator[Destroyed]:
    """The machines that will be destroyed, without those that a strategy swaps. What an interrupted run has destroyed does not count."""
    for _, step in plan.steps():
        if isinstance(step, Destroy) and not step.done and step.swap is None:
            yield destroyed_by(step)


def _is_shown(gone: Destroyed, plan: Plan, records: Sequence[Record]) -> bool:
    return any(
        is_same_count(record, plan, gone.group)
        and _consents(record.allow_destroy, gone)
        and any(_shows(shown, gone) for shown in record.destroys)
        for record in records
    )


def _consents(allowed: AllowDestroy, gone: Destroyed) -> bool:
    """Whether a record's `allow-destroy` covers the machine."""
    match allowed:
        case AllowDestroy.NONE:
            return False
        case AllowDestroy.SURPLUS:
            return not gone.volumes and not gone.replaced
        case AllowDestroy.ALL:
            return True
        case _:
            assert_never(allowed)


def _shows(shown: Destroyed, gone: Destroyed) -> bool:
    return (shown.id, shown.group) == (gone.id, gone.group) and set(gone.volumes) <= set(shown.volumes)


def is_same_count(record: Record, plan: Plan, group: GroupName) -> bool:
    """Whether a review asked for the same count of a group as now. False if either does not know the group."""
    if group not in record.counts or group not in plan.counts:
        return False
    return canonical(_json(record.counts[group])) == canonical(_json(plan.counts[group]))


def _json(count: Count) -> Json:
    return count if count is None or isinstance(count, int | str) else dict(count)


def _item(gone: Destroyed, count: Count) -> Item:
    verb = "would be replaced" if gone.replaced else "would be destroyed"
    parts: list[Part] = [MachineRefs(group=gone.group, ids=(gone.id,)), words(verb)]
    if gone.volumes:
        parts += [words("and leave behind"), Foreign(text=", ".join(gone.volumes))]
    parts.append(words(", and no review that asks for this count of the group showed it"))
    return Item(
        kind=ItemKind.DESTRUCTION_NOT_SHOWN,
        identity={
            "machine": gone.id,
            "group": gone.group,
            "volumes": sorted(gone.volumes),
            "replaced": gone.replaced,
            "count": _json(count),
        },
        parts=tuple(parts),
    )
