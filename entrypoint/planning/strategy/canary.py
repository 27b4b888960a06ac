"""canary: in each group one machine tests the new version before any serving machine is changed. Then rolling.

The canary is an extra machine that gets no requests and is destroyed once it has passed. If the plan creates a machine of the group anyway,
that one tests, and is kept. A canary of flyctl gets requests from the beginning, and is left behind if it fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from entrypoint.fleet.extras import CANARY
from entrypoint.fleet.marks import Slot
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import Compat
from entrypoint.planning.desired import Desired
from entrypoint.planning.made import find_made, made_by_place
from entrypoint.planning.model.gates import gate_for, gone_gate
from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.model.steps import Create, Discard, Route, Step, Update
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.strategy import rolling
from entrypoint.planning.strategy.arrange import GroupSteps, Phase, Track
from entrypoint.planning.strategy.unrouted import unrouted

PLACE = 0
"""Index of a canary's slot. The indexes of other machines begin at 1."""
REASON = "cordoned; shows that the new version runs"


def shape(group: Reconciled, *, desired: Desired, members: Sequence[Seen], region: Region) -> Reconciled:
    """The group with a canary, if it needs one and can have one."""
    updates = [change for change in group.changes if isinstance(change, Update) and _shows(change, desired)]
    if not updates or _has_no_canary(desired):
        return group
    made_anyway = next((c for c in group.creates if c.standby_for is None and c.replaces is None), None)
    if made_anyway is not None:
        made = find_made(made_anyway.slot, made_by_place(members), config=made_anyway.config, desired=desired)
        create, route = unrouted(made_anyway, made)
        others = tuple(step for step in group.creates if step is not made_anyway)
        return replace(group, creates=(create, *others), routing=(*group.routing, route))
    if any(update.done for update in updates):  # the canary had passed before the interruption
        return group
    extra, discard = _extra(updates, desired, members, region=region, timeout=updates[0].gate.timeout)
    return replace(group, creates=(*group.creates, extra), routing=(*group.routing, discard))


def _shows(update: Update, desired: Desired) -> bool:
    """Whether a canary can show this update. A canary of a scheduled machine would run its task once more, which flyctl accepts."""
    return desired.compat is Compat.FLYCTL or not update.config.get("schedule")


def _has_no_canary(desired: Desired) -> bool:
    """Whether the group can have no canary: there is no volume for a further machine, or its scheduled task would run twice."""
    config = desired.new_config
    return isinstance(config, tuple) or bool(config.get("mounts")) or bool(config.get("schedule"))


def _extra(
    updates: Sequence[Update], desired: Desired, members: Sequence[Seen], *, region: Region, timeout: float
) -> tuple[Create, Discard]:
    group = desired.group
    base = [seen for seen in members if not seen.is_new]
    where = region if any(u.region == region for u in updates) else updates[0].region
    slot = Slot(group=group, region=where, index=PLACE)
    config = desired.canary_config([seen.machine for seen in base])
    made = find_made(slot, made_by_place(members), config=config, desired=desired)
    create = Create(
        group=group,
        region=where,
        slot=slot,
        config=config,
        after=desired.owned_fingerprint,
        standby_for=None,
        volume=None,
        reason=REASON,
        gate=gate_for(config, launch=True, timeout=timeout),
        done=made.machine.id if made else None,
        routed=False,
        extra=CANARY,
    )
    return create, Discard(group=group, region=where, slot=slot, reason="it has passed", gate=gone_gate())


def phases(groups: Sequence[GroupSteps], *, order: tuple[tuple[GroupName, ...], ...]) -> list[Phase]:
    """First the canaries of all groups. If one fails, no serving machine of any group was changed."""
    tracks, rest = [], []
    for group in groups:
        first = [step for step in group.creates if not step.routed]
        routing = [step for step in group.routing if isinstance(step, Discard) or _is_made(step)]
        rest.append(replace(group, creates=tuple(step for step in group.creates if step.routed)))
        if first:
            waves: list[list[Step]] = [list(first), list(routing)]
            tracks.append(Track(group=group.group, waves=waves, first_proof=FirstProof.FIRST_RUNNING))
    return [Phase(tracks=tracks), *rolling.phases(rest, order=order)]


def _is_made(step: object) -> bool:
    return isinstance(step, Route) and step.machine is None
