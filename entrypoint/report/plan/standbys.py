"""How many of a group's machines are standbys, now and after the deploy. The table counts them separately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.fleet.extras import CANARY
from entrypoint.kernel.json import Json
from entrypoint.planning.model.plan import GroupPlan
from entrypoint.planning.model.steps import Create, Destroy, Start, Update, is_done


def standbys_now(group: GroupPlan, region: str) -> int:
    """Standbys that exist now, including those that an interrupted run has created."""
    return sum(map(_is_standby, _kept(group, region))) + sum(_now(group, region))


def standbys_after(group: GroupPlan, region: str) -> int:
    """Standbys after the deploy, without those that a strategy destroys again."""
    return sum(map(_is_standby, _kept(group, region))) + sum(_after(group, region))


def _now(group: GroupPlan, region: str) -> Iterator[bool]:
    for step in group.steps:
        if step.region != region:
            continue
        if isinstance(step, Create) and is_done(step):
            yield step.standby_for is not None
        elif isinstance(step, Update | Start) or (isinstance(step, Destroy) and not step.done):
            yield step.machine is not None and _is_standby(step.machine.config)


def _after(group: GroupPlan, region: str) -> Iterator[bool]:
    for step in group.steps:
        if step.region != region:
            continue
        if isinstance(step, Create):
            yield step.standby_for is not None and step.extra != CANARY
        elif isinstance(step, Update):
            yield _is_standby(step.config)
        elif isinstance(step, Start):
            yield _is_standby(step.machine.config)


def _kept(group: GroupPlan, region: str) -> Iterator[Mapping[str, Json]]:
    return (kept.machine.config for kept in group.kept if kept.machine.region == region)


def _is_standby(config: Mapping[str, Json]) -> bool:
    return bool(config.get("standbys"))
