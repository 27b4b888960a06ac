"""How a strategy changes a group's steps, before they are put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from entrypoint.fleet.extras import cordon_of, is_cordoned_by_hand, is_unproven, retires
from entrypoint.fleet.states import LAUNCHED
from entrypoint.kernel.ids import Region
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.desired import Desired
from entrypoint.planning.model.gates import gate_at_rest, gate_for, lease_span
from entrypoint.planning.model.steps import Cordon, HealthGate, Route, gate_of
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings
from entrypoint.planning.strategy import bluegreen, canary
from entrypoint.planning.strategy.drain import drained


def shape_group(
    group: Reconciled, *, desired: Desired, members: Sequence[Seen], settings: Settings, region: Region
) -> Reconciled:
    """The group with the steps of its strategy. `members`: its live machines, including those that the resumed plan has created."""
    policy = settings.group(group.group)
    match settings.strategy:
        case Strategy.ROLLING:
            shaped = drained(group, wanted=policy.drain)
        case Strategy.IMMEDIATE:
            shaped = drained(group, wanted=False)
        case Strategy.CANARY:
            shaped = drained(group, wanted=policy.drain)
            if not policy.singleton:
                shaped = canary.shape(shaped, desired=desired, members=members, region=region)
        case Strategy.BLUEGREEN:
            shaped = group if policy.singleton else bluegreen.shape(group, desired=desired, members=members)
            shaped = drained(shaped, wanted=policy.drain)
        case _:
            assert_never(settings.strategy)
    return _with_routes(shaped, members, timeout=settings.wait_timeout)


def _with_routes(group: Reconciled, members: Sequence[Seen], *, timeout: float) -> Reconciled:
    """Machines that our interrupted rollout cordoned, and that are kept, are uncordoned first. Also those that are updated later:
    otherwise too few would serve while others are updated before them. And those that it created, and that its rollback could not destroy.
    """
    switched = {step.replaces for step in group.creates if step.extra and step.done is not None}
    retiring = {
        step.machine.id
        for step in group.routing
        if isinstance(step, Cordon) and step.machine.id in switched and retires(step.machine)
    }
    going = {step.id for step in group.destroys if step.swap is None}
    ahead = {step.machine.id for step in group.changes if not step.done}
    ahead |= {step.id for step in group.destroys if step.swap is not None}
    made = {step.done: step.gate for step in group.creates if step.done is not None and step.routed}
    done = {step.machine.id: gate_of(step) for step in group.changes if step.done} | made
    routes = [
        _back(
            seen,
            gate=done.get(seen.machine.id),
            until_update=seen.machine.id in ahead,
            timeout=timeout,
        )
        for seen in members
        if (not seen.is_new or seen.machine.id in made)
        and cordon_of(seen.machine) is not None
        and not is_cordoned_by_hand(seen.machine)
        and seen.machine.id not in retiring | going
    ]
    return replace(group, routing=(*routes, *group.routing))


def _back(seen: Seen, *, gate: HealthGate | None, until_update: bool, timeout: float) -> Route:
    """The step that uncordons a machine. `gate`: of its update, if the resumed plan has done it."""
    machine, unproven = seen.machine, is_unproven(seen.machine)
    if not unproven:
        gate = gate_at_rest(timeout=timeout)
    return Route(
        group=seen.group,
        region=machine.region,
        slot=None,
        machine=machine,
        reason="cordoned by an interrupted deploy",
        gate=gate or gate_for(machine.config, launch=machine.state in LAUNCHED, timeout=timeout),
        unproven=unproven,
        until_update=unproven and until_update,
        lease=lease_span(machine),
    )
