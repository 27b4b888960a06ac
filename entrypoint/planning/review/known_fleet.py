"""Rule 2: every machine that is written must be as our deploy left it, or as a counted review showed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import Fingerprints, bare_form, fleet_fingerprints, is_keyed
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.diff import diff_configs
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.steps import Destroy, Step, Update
from entrypoint.planning.review.items import (
    LACKS_KEY,
    FieldRefs,
    Foreign,
    Item,
    ItemKind,
    MachineRefs,
    Part,
    words,
)
from entrypoint.planning.review.record import Record

_UNLESS = (
    words(", unless the input"),
    Foreign(text="record-key"),
    words("is another one than at that deploy"),
)


def unknown_machines(plan: Plan, records: Sequence[Record], *, secret: Secret | None) -> tuple[Item, ...]:
    """One item for each group and set of fields that were changed by hand, on machines that would be written."""
    return tuple(item for group in plan.groups for item in _unknown_in(group, records, secret=secret))


def written_machine(step: Step) -> Machine | None:
    """The live machine that a step updates or destroys; None if there is none, or the step is done."""
    match step:
        case Update():
            return None if step.done else step.machine
        case Destroy():
            # If its host does not answer, its config is not known. Rule 3 checks that it was shown by id.
            gone = step.machine
            return gone if gone is not None and gone.host_status is HostStatus.OK else None
        case _:
            return None


def _unknown_in(group: GroupPlan, records: Sequence[Record], *, secret: Secret | None) -> Iterator[Item]:
    """A machine is known by the mark of any machine of the group, because a clone has its sibling's config."""
    seen = {print_ for record in records for print_ in record.fingerprints.values()}
    known = seen | {_mark(machine) for machine in group.machines}

    fingerprints = Fingerprints(secret=secret)

    def is_known(machine: Machine) -> bool:
        return not known.isdisjoint(fingerprints.spellings(machine))

    sibling = next((machine for machine in group.machines if is_known(machine)), None)
    edited: dict[tuple[bool, tuple[str, ...]], list[Machine]] = {}
    for step in group.steps:
        machine = written_machine(step)
        if machine is not None and not is_known(machine):
            lacks_key = not secret and _is_keyed(machine, records)
            fields = () if lacks_key else _fields(step, machine, sibling)
            edited.setdefault((lacks_key, fields), []).append(machine)
    for (lacks_key, fields), machines in sorted(edited.items(), key=lambda item: item[0]):
        refs = MachineRefs(group=group.name, ids=tuple(machine.id for machine in machines))
        may_be_other_key = secret and sibling is None and any(_is_keyed(m, ()) for m in machines)
        by_hand = (*_by_hand(refs, fields), *(_UNLESS if may_be_other_key else ()))
        yield _item(refs, machines, _without_the_key(refs) if lacks_key else by_hand, secret=secret)


def _mark(machine: Machine) -> str:
    return machine.metadata.get(marks.FINGERPRINT, "")


def _is_keyed(machine: Machine, records: Sequence[Record]) -> bool:
    """Whether it is on record by a hash that only a run with the same key can compare. What a review showed is newer than the mark."""
    shown = [record.fingerprints[machine.id] for record in records if machine.id in record.fingerprints]
    return any(map(is_keyed, shown or [_mark(machine)]))


def _fields(step: Step, machine: Machine, sibling: Machine | None) -> tuple[str, ...]:
    """The fields that differ from a sibling which is as a deploy left it; without one, those that this deploy changes."""
    if sibling is not None:
        changes = diff_configs(bare_form(sibling.config), bare_form(machine.config))
    else:
        changes = step.changes if isinstance(step, Update) else ()
    return tuple(dict.fromkeys(".".join(change.path) for change in changes))


def _by_hand(refs: MachineRefs, fields: tuple[str, ...]) -> tuple[Part, ...]:
    if not fields:
        return words("not as a deploy left it:"), refs
    return words("edited by hand:"), FieldRefs(paths=fields), words("on"), refs


def _without_the_key(refs: MachineRefs) -> tuple[Part, ...]:
    """Whether somebody edited such a machine is not known, and its fields say nothing about it."""
    were = "was" if len(refs.ids) == 1 else "were"
    return refs, words(f"{were} deployed or reviewed"), *LACKS_KEY


def _item(
    refs: MachineRefs, machines: Sequence[Machine], parts: tuple[Part, ...], *, secret: Secret | None
) -> Item:
    prints = fleet_fingerprints(machines, secret=secret)
    return Item(kind=ItemKind.HAND_EDITED, identity={"group": refs.group, "machines": prints}, parts=parts)
