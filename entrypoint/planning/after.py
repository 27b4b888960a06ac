"""The machines of a group after the deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from entrypoint.fleet.extras import CANARY
from entrypoint.fleet.managed import is_stopped_by_platform
from entrypoint.fleet.states import RUNNING
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import objects
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import Create, Start, Update


class Running(StrEnum):
    """Whether a machine runs, and who starts it."""

    RUNS = "runs"
    ON_DEMAND = "the proxy starts it when a request comes"
    SCHEDULED = "its schedule starts it"
    STANDBY = "it starts when another one's host is lost"
    RESTS = "nothing starts it"


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """A machine after the deploy. `id` is None for a new one."""

    id: MachineId | None
    group: GroupName
    region: Region
    config: Mapping[str, Json]
    running: Running
    made: bool = False


def machines_after(
    *, kept: Sequence[Kept], changes: Sequence[Update | Start], creates: Sequence[Create]
) -> tuple[After, ...]:
    """All machines of the group after the deploy, without those that a strategy creates and destroys during it."""
    return (*_left(kept), *_changed(changes), *_made(creates))


def _left(kept: Sequence[Kept]) -> Iterator[After]:
    for left in kept:
        machine = left.machine
        yield After(
            id=machine.id,
            group=left.group,
            region=machine.region,
            config=machine.config,
            running=_running(machine.config, up=machine.state in RUNNING),
        )


def _changed(changes: Sequence[Update | Start]) -> Iterator[After]:
    for step in changes:
        config = step.config if isinstance(step, Update) else step.machine.config
        up = isinstance(step, Start) or step.launch or step.start
        yield After(
            id=step.machine.id,
            group=step.group,
            region=step.region,
            config=config,
            running=_running(config, up=up),
        )


def _made(creates: Sequence[Create]) -> Iterator[After]:
    for step in creates:
        if step.extra == CANARY:
            continue
        up = step.standby_for is None
        yield After(
            id=None,
            group=step.group,
            region=step.region,
            config=step.config,
            running=_running(step.config, up=True) if up else Running.STANDBY,
            made=True,
        )


def _running(config: Mapping[str, Json], *, up: bool) -> Running:
    if config.get("standbys"):
        return Running.STANDBY
    if config.get("schedule"):
        return Running.SCHEDULED
    if is_stopped_by_platform(config):
        return Running.ON_DEMAND
    if up:
        return Running.RUNS
    services = objects(config.get("services"))
    wakes = any(service.get("autostart") is True and service.get("ports") for service in services)
    return Running.ON_DEMAND if wakes else Running.RESTS
