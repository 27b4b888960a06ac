"""Whether Fly has capacity for the machines that the plan creates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from entrypoint.fleet.preflight import Placement
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.json import Json, canonical
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.model import objects
from entrypoint.planning.consequences.said import quoted, warn
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.preflight import Room
from entrypoint.planning.model.steps import Create, is_done
from entrypoint.planning.sizes import size_words


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRoom:
    """A question about capacity, and the groups that it is about."""

    groups: tuple[GroupName, ...]
    placement: Placement


def wanted_room(plan: Plan, *, organization: str) -> tuple[WantedRoom, ...]:
    """One question for each region, size and volume name. Empty if the organization is unknown, because the API needs it."""
    if not organization:
        return ()
    found: dict[tuple[Region, str, str], list[Create]] = {}
    for _, step in plan.steps():
        if isinstance(step, Create) and not is_done(step):
            key = (step.region, canonical(_guest(step)), _volume_name(step))
            found.setdefault(key, []).append(step)
    return tuple(
        WantedRoom(
            groups=tuple(dict.fromkeys(step.group for step in steps)),
            placement=Placement(
                organization=organization,
                region=region,
                guest=_guest(steps[0]),
                count=len(steps),
                volume_name=volume,
            ),
        )
        for (region, _, volume), steps in found.items()
    )


def answered(wanted: WantedRoom, room: int | None) -> Room:
    """The question with its answer."""
    asked = wanted.placement
    return Room(
        groups=wanted.groups,
        region=asked.region,
        size=size_words(asked.guest),
        volume_name=asked.volume_name,
        wanted=asked.count,
        room=room,
    )


def warn_of_no_room(rooms: Sequence[Room]) -> Iterator[Finding]:
    """A warning where Fly has capacity for fewer machines than the plan creates."""
    for asked in rooms:
        if asked.room is None or asked.room >= asked.wanted:
            continue
        size = f" ({asked.size})" if asked.size else ""
        where = f"in {ticked(asked.region)}" if asked.region else "in any region"
        many = f"the {asked.wanted} machines" if asked.wanted > 1 else "the machine"
        room = f"capacity {where} now for {asked.room} of" if asked.room else f"no capacity {where} now for"
        yield warn(
            "no-room",
            f"Fly has {room} {many}{size} that {quoted(asked.groups)} get{'' if len(asked.groups) > 1 else 's'}.",
            hint="The region is full, or the organization is at its limit. Choose another region or size, or ask Fly for more.",
        )


def _guest(step: Create) -> Mapping[str, Json]:
    found = step.config.get("guest")
    return found if isinstance(found, Mapping) else {}


def _volume_name(step: Create) -> str:
    """The volume name of the mount. A machine must be on its volume's host."""
    names = (mount.get("name") for mount in objects(step.config.get("mounts")))
    return next((name for name in names if isinstance(name, str)), "")
