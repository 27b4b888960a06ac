"""The inputs `groups` and `regions`: a plan for a part of the app. All other machines are kept, with this reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import assert_never

from entrypoint.fleet.marks import Slot
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import MachineId, Region
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import group_hint, quote
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.selection import Selection
from entrypoint.planning.model.steps import Cordon, Discard, Route, is_done
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The groups after the selection. `leaves_out`: something else is left to do, so this is not a deploy of the whole app."""

    groups: tuple[Reconciled, ...]
    leaves_out: bool


def select(groups: Iterable[Reconciled], selection: Selection) -> Selected:
    """The groups, with only the steps of the selection. Applied twice, the result is the same."""
    if selection.is_all:
        return Selected(groups=tuple(groups), leaves_out=False)
    made = [_select(group, selection) for group in groups]
    return Selected(groups=tuple(group for group, _ in made), leaves_out=any(out for _, out in made))


def divide(seen: Sequence[Seen], selection: Selection) -> tuple[list[Seen], list[Seen]]:
    """The machines that may be changed, and the others."""
    within = [s for s in seen if selection.has(s.group, s.machine.region)]
    return within, [s for s in seen if not selection.has(s.group, s.machine.region)]


def _select(group: Reconciled, selection: Selection) -> tuple[Reconciled, bool]:
    inside = _leaving(group, selection)
    creates = [
        (step, selection.has(step.group, step.region) if step.replaces is None else step.replaces in inside)
        for step in group.creates
    ]
    changes = [(step, selection.has(step.group, step.region)) for step in group.changes]
    destroys = [(step, step.id in inside) for step in group.destroys]
    out = [step for step, is_in in (*creates, *changes, *destroys) if not is_in]
    machines = [
        step.machine for step, is_in in (*changes, *destroys) if not is_in and step.machine is not None
    ]
    reason = selection.reason(group.group)
    found = replace(
        group,
        creates=tuple(step for step, is_in in creates if is_in),
        changes=tuple(step for step, is_in in changes if is_in),
        routing=tuple(
            _routing(group, selection, slots={step.slot for step, is_in in creates if is_in}, leaving=inside)
        ),
        destroys=tuple(step for step, is_in in destroys if is_in),
        kept=(
            *group.kept,
            *(Kept(group=group.group, machine=machine, reason=reason) for machine in machines),
        ),
        replacements=tuple(item for item in group.replacements if item.id in inside),
        findings=group.findings if selection.has_group(group.group) else (),
    )
    return found, any(not is_done(step) for step in out) or found.findings != group.findings


def _routing(
    group: Reconciled, selection: Selection, *, slots: AbstractSet[Slot], leaving: AbstractSet[MachineId]
) -> Iterator[Route | Cordon | Discard]:
    """The routing steps of the selected machines."""
    for step in group.routing:
        match step:
            case Route():
                if step.slot in slots or (step.machine and selection.has(step.group, step.region)):
                    yield step
            case Cordon():
                if step.machine.id in leaving:
                    yield step
            case Discard():
                if step.slot in slots:
                    yield step
            case _:
                assert_never(step)


def _leaving(group: Reconciled, selection: Selection) -> frozenset[MachineId]:
    """Machines that may be destroyed. A replacement is selected only if both its machines are, and a standby of a new machine only if that
    machine is.
    """
    new_places = {step.replaces: step.region for step in group.creates if step.replaces is not None}
    stand_by = {step.replaces: step.standby_for for step in group.creates if step.standby_for is not None}
    alone = {id_ for id_, slot in stand_by.items() if not selection.has(slot.group, slot.region)}
    return frozenset(
        step.id
        for step in group.destroys
        if step.id not in alone
        and selection.has(step.group, step.region)
        and selection.has(step.group, new_places.get(step.id, step.region))
    )


def note_left_out(*, leaves_out: bool) -> tuple[Finding, ...]:
    """A notice if something is left out, because it then counts as not deployed (docs/gate.md)."""
    if not leaves_out:
        return ()
    return (
        Finding(
            rule="leaves-out",
            severity=Severity.NOTICE,
            message="The inputs groups and regions leave out changes. "
            "The commit counts as not deployed until a deploy leaves out nothing",
        ),
    )


def find_unknown(selection: Selection, *, manifest: Manifest, regions: Iterable[Region]) -> Iterator[Finding]:
    """Errors for names that do not exist: such a filter would deploy nothing and be green. `regions`: those of the app."""
    for group in sorted(selection.groups - set(manifest.groups)):
        yield Finding(
            rule="groups-unknown",
            severity=Severity.ERROR,
            message=f"Input groups names {quote(group)}, which fly.toml does not have",
            hint=group_hint(group, manifest.groups),
        )
    known = sorted(set(regions) - {Region("")})
    for region in sorted(selection.regions - set(known)):
        yield Finding(
            rule="regions-unknown",
            severity=Severity.ERROR,
            message=f"Input regions names {quote(region)}, where the app has no machine and will get none",
            hint=f"Regions are {', '.join(known)}." if known else "",
        )
