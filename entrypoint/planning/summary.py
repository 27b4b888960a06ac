"""The plan's steps counted per group and region, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from entrypoint.fleet.extras import CANARY
from entrypoint.kernel.ids import Region
from entrypoint.planning.consequences.run_state import is_down
from entrypoint.planning.model.gates import gate_at_rest
from entrypoint.planning.model.plan import Counts, GroupPlan
from entrypoint.planning.model.steps import (
    Create,
    Destroy,
    GateKind,
    Route,
    Start,
    Step,
    Swap,
    Update,
    is_done,
)
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.strategy.arrange import GroupSteps


def summarise_groups(
    groups: Sequence[Reconciled], *, seen: Sequence[Seen], ordered: Sequence[GroupSteps]
) -> tuple[GroupPlan, ...]:
    """One GroupPlan for each group, in the order given."""
    return tuple(
        _summarise(group, seen=seen, steps=steps) for group, steps in zip(groups, ordered, strict=True)
    )


def _summarise(group: Reconciled, *, seen: Sequence[Seen], steps: GroupSteps) -> GroupPlan:
    everything: tuple[Step, ...] = (*group.creates, *group.changes, *group.destroys, *group.routing)
    regions = sorted({step.region for step in everything} | {kept.machine.region for kept in group.kept})
    members = [s for s in seen if s.group == group.group]
    return GroupPlan(
        name=group.group,
        is_new=group.is_new,
        is_gone=group.is_gone,
        regions=tuple((region, _count(group, everything, region)) for region in regions),
        steps=everything,
        kept=group.kept,
        gate=_gate(group),
        running=sum(s.is_warm for s in members),
        width=steps.width,
        volumes=tuple(sorted({volume for s in members for volume in s.volumes})),
        is_down=is_down(group),
    )


def _gate(group: Reconciled) -> str:
    """What the deploy waits for, in words. If no machine is started, that is neither checks nor boot."""
    ahead = [step for step in (*group.creates, *group.changes) if not is_done(step)]
    resting = [label for step in ahead if (label := _rest(step))]
    if ahead and len(resting) == len(ahead):
        return ", ".join(dict.fromkeys(resting))
    return group.gate.label if group.gate else ""


def _rest(step: Create | Update | Start) -> str:
    """Why a machine does not run after the step; empty if it does."""
    match step:
        case Create():
            return step.gate.label if step.gate.kind is GateKind.REST else ""
        case Update():
            if step.config.get("standbys"):
                return "stands by"
            return "" if step.launch or step.start else gate_at_rest(timeout=step.gate.timeout).label
        case Start():
            return ""
        case _:
            assert_never(step)


def _count(group: Reconciled, steps: Sequence[Step], region: Region) -> Counts:
    """The counts of one region. Machines whose steps an interrupted run has done count as kept."""
    here = [step for step in steps if step.region == region]
    ahead = [step for step in here if not is_done(step)]
    stays = [
        step
        for step in here
        if is_done(step) and isinstance(step, Create | Update | Start) and not _is_canary(step)
    ]
    kept = sum(kept.machine.region == region for kept in group.kept) + len(stays)
    canaries = [step for step in ahead if _is_canary(step)]
    creates = [step for step in ahead if isinstance(step, Create) and step not in canaries]
    destroys = [step for step in ahead if isinstance(step, Destroy)]
    now = kept + sum(isinstance(step, Update | Start | Destroy) for step in ahead)
    return Counts(
        create=sum(step.replaces is None for step in creates),
        update=sum(isinstance(step, Update) for step in ahead),
        replace=sum(step.replaced for step in destroys),
        destroy=sum(not step.replaced and step.swap is None for step in destroys),
        swap=sum(step.swap is Swap.TAKEN_OVER for step in destroys),
        remove=sum(step.swap is Swap.LEFT_OVER for step in destroys),
        canary=len(canaries),
        route=sum(isinstance(step, Route) and step.machine is not None for step in ahead),
        keep=kept,
        start=sum(isinstance(step, Start) or (isinstance(step, Update) and step.start) for step in ahead),
        now=now,
        after=now + len(creates) - len(destroys),
        new_standbys=sum(step.standby_for is not None for step in creates),
    )


def _is_canary(step: Step) -> bool:
    return isinstance(step, Create) and step.extra == CANARY
