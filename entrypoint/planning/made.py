"""Machines that an interrupted run of the resumed plan created, by the place that they fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrypoint.fleet.images import runs_image
from entrypoint.fleet.marks import Slot
from entrypoint.fleet.normalise import is_same_config, normal_config
from entrypoint.kernel.json import Json
from entrypoint.planning.desired import STANDBY_FOR, Desired
from entrypoint.planning.observed import Seen


def made_by_place(members: Sequence[Seen]) -> dict[str, Seen]:
    """By the place that each says it fills; the first, if there are several."""
    found: dict[str, Seen] = {}
    for seen in members:
        if seen.is_new and seen.marks is not None and seen.marks.slot is not None:
            found.setdefault(seen.marks.slot, seen)
    return found


def find_made(
    slot: Slot, by_place: Mapping[str, Seen], *, config: Mapping[str, Json], desired: Desired
) -> Seen | None:
    """The machine in this place. None also if somebody changed it since: then it belongs to the fleet, and the plan is another."""
    seen = by_place.get(str(slot))
    return seen if seen is not None and _is_as_made(seen, config, desired) else None


def _is_as_made(seen: Seen, config: Mapping[str, Json], desired: Desired) -> bool:
    """Whether its config is the one that it was created with. A standby's primary is not in `config`, so the live one counts."""
    live, wanted = seen.config, normal_config(config)
    if live.get("standbys"):
        stands_for = {k: v for k, v in _env(live).items() if k == STANDBY_FOR}
        wanted |= {"standbys": live["standbys"], "env": {**_env(wanted), **stands_for}}
    wanted |= {"mounts": live["mounts"]} if wanted.get("mounts") and live.get("mounts") else {}
    return runs_image(seen.machine, desired.image.ref) and is_same_config(live, wanted)


def _env(config: Mapping[str, Json]) -> Mapping[str, Json]:
    env = config.get("env")
    return env if isinstance(env, Mapping) else {}
