"""What a strategy makes of a group's steps, before they are put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from entrypoint.fleet.extras import cordon_of, is_cordoned_by_hand, retires
from entrypoint.kernel.ids import Region
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.desired import Desired
from entrypoint.planning.model.gates import gate_at_rest, lease_span
from entrypoint.planning.model.steps import Cordon, Route
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings
from entrypoint.planning.strategy import bluegreen, canary
from entrypoint.planning.strategy.drain import drained


def shape_group(
    group: Reconciled, *, desired: Desired, members: Sequence[Seen], settings: Settings, region: Region
) -> Reconciled:
    """`members` are its live machines, those that the plan being resumed has made among them."""
    if group.gate is None or group.is_new:
        return group
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
    """What an interrupted rollout of ours cordoned, and stays, gets requests again, also where it is updated: another one may be taken
    before it, and then too few would serve."""
    switched = {step.replaces for step in group.creates if step.extra and step.done is not None}
    retiring = {
        step.machine.id
        for step in group.routing
        if isinstance(step, Cordon) and step.machine.id in switched and retires(step.machine)
    }
    going = {step.id for step in group.destroys if step.swap is None}
    routes = [
        Route(
            group=group.group,
            region=seen.machine.region,
            slot=None,
            machine=seen.machine,
            reason="cordoned by an interrupted deploy",
            gate=gate_at_rest(timeout=timeout),
            lease=lease_span(seen.machine),
        )
        for seen in members
        if not seen.is_new
        and cordon_of(seen.machine) is not None
        and not is_cordoned_by_hand(seen.machine)
        and seen.machine.id not in retiring | going
    ]
    return replace(group, routing=(*routes, *group.routing))
