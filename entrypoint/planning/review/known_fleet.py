"""Rule 2: every machine that is written must be as our deploy left it, or as a counted review showed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import config_form, machine_fingerprint, machine_spellings
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.diff import diff_configs
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.steps import Destroy, Step, Update
from entrypoint.planning.review.items import FieldRefs, Item, ItemKind, MachineRefs, words
from entrypoint.planning.review.record import Record


def unknown_machines(plan: Plan, records: Sequence[Record], *, secret: Secret | None) -> tuple[Item, ...]:
    """One item for each group and set of fields that were changed by hand, on machines that would be written."""
    seen = {print_ for record in records for print_ in record.fingerprints.values()}
    return tuple(item for group in plan.groups for item in _unknown_in(group, seen, secret=secret))


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


def _unknown_in(group: GroupPlan, seen: set[str], *, secret: Secret | None) -> Iterator[Item]:
    """A machine is known by the mark of any machine of the group, because a clone has its sibling's config."""
    known = seen | {machine.metadata.get(marks.FINGERPRINT, "") for machine in group.machines}

    def is_known(machine: Machine) -> bool:
        return not known.isdisjoint(machine_spellings(machine, secret=secret))

    sibling = next((machine for machine in group.machines if is_known(machine)), None)
    edited: dict[tuple[str, ...], list[Machine]] = {}
    for step in group.steps:
        machine = written_machine(step)
        if machine is not None and not is_known(machine):
            edited.setdefault(_fields(step, machine, sibling), []).append(machine)
    for fields, machines in sorted(edited.items()):
        yield _item(group.name, fields, machines, secret=secret)


def _fields(step: Step, machine: Machine, sibling: Machine | None) -> tuple[str, ...]:
    """The fields that differ from a sibling which is as a deploy left it; without one, those that this deploy changes."""
    if sibling is not None:
        changes = diff_configs(config_form(sibling.config), config_form(machine.config))
    else:
        changes = step.changes if isinstance(step, Update) else ()
    return tuple(dict.fromkeys(".".join(change.path) for change in changes))


def _item(
    group: GroupName, fields: tuple[str, ...], machines: Sequence[Machine], *, secret: Secret | None
) -> Item:
    prints: Mapping[str, str] = {m.id: machine_fingerprint(m, secret=secret) for m in machines}
    what = (
        (words("edited by hand:"), FieldRefs(paths=fields), words("on"))
        if fields
        else (words("not as a deploy left it:"),)
    )
    return Item(
        kind=ItemKind.HAND_EDITED,
        identity={"group": group, "machines": dict(prints)},
        parts=(*what, MachineRefs(group=group, ids=tuple(m.id for m in machines))),
    )
