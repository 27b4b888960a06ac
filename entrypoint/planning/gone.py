"""Machines that are destroyed because fly.toml does not name their group, and machines that an interrupted run destroyed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from entrypoint.fleet.extras import cordon_of
from entrypoint.kernel.ids import GroupName, VolumeId
from entrypoint.planning.model.gates import gone_gate, retire_gate
from entrypoint.planning.model.steps import Destroy, Swap
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled, destroy
from entrypoint.planning.review.record import Destroyed

_GONE = "its group is gone from fly.toml"
_SURPLUS = "more than the declared count"


def with_gone(
    groups: Sequence[Reconciled], seen: Sequence[Seen], *, vanished: Sequence[Destroyed]
) -> list[Reconciled]:
    """The groups of fly.toml, then the others. `vanished`: destroyed by the run that is resumed; those steps are done."""
    named = {group.group for group in groups}
    others = {s.group for s in seen} | {d.group for d in vanished}
    found = [_with_vanished(group, vanished) for group in groups]
    return found + [_gone_group(name, seen, vanished) for name in sorted(others - named)]


def vanished_of(destroyed: Sequence[Destroyed], live: Collection[str]) -> tuple[Destroyed, ...]:
    """Those of `destroyed` that do not exist any more. `destroyed`: the machines that the resumed plan destroys."""
    return tuple(d for d in destroyed if d.id not in live)


def with_left_over(groups: Sequence[Reconciled], left_over: Sequence[Seen]) -> list[Reconciled]:
    """The groups, with steps that destroy the machines which an interrupted deploy left over."""
    found = [
        replace(g, destroys=(*g.destroys, *(_left_over(s) for s in left_over if s.group == g.group)))
        for g in groups
    ]
    named = {group.group for group in groups}
    for name in sorted({s.group for s in left_over} - named):
        steps = tuple(_left_over(s) for s in left_over if s.group == name)
        found.append(replace(_gone_group(name, (), ()), destroys=steps))
    return found


def _left_over(seen: Seen) -> Destroy:
    """A machine that may serve requests finishes them first. A canary never serves any."""
    step = destroy(seen, reason="left over from an interrupted deploy")
    retire = not seen.machine.cordoned or cordon_of(seen.machine) is not None
    gate = retire_gate(seen.machine.config) if retire else step.gate
    return replace(step, swap=Swap.LEFT_OVER, retire=retire, gate=gate)


def _with_vanished(group: Reconciled, vanished: Sequence[Destroyed]) -> Reconciled:
    done = (_done(d, reason=_SURPLUS) for d in vanished if d.group == group.group and not d.replaced)
    return replace(group, destroys=_in_order([*group.destroys, *done]))


def _gone_group(name: GroupName, seen: Sequence[Seen], vanished: Sequence[Destroyed]) -> Reconciled:
    steps = [destroy(s, reason=_GONE) for s in seen if s.group == name]
    steps += [_done(d, reason=_GONE) for d in vanished if d.group == name]
    return Reconciled(
        group=name,
        is_new=False,
        is_gone=True,
        creates=(),
        changes=(),
        destroys=_in_order(steps),
        kept=(),
        replacements=(),
        findings=(),
        gate=None,
    )


def _in_order(steps: Sequence[Destroy]) -> tuple[Destroy, ...]:
    """Sorted by region and id, whether done or not, because a resumed run must have the same waves."""
    return tuple(sorted(steps, key=lambda step: (step.region, step.id)))


def _done(gone: Destroyed, *, reason: str) -> Destroy:
    return Destroy(
        group=gone.group,
        region=gone.region,
        id=gone.id,
        machine=None,
        before="",
        volumes=tuple(VolumeId(volume) for volume in gone.volumes),
        reason=reason,
        gate=gone_gate(),
    )
