"""Machines that an interrupted run of the resumed plan created, by the place that they fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrypoint.fleet.images import runs_image
from entrypoint.fleet.marks import Slot
from entrypoint.fleet.normalise import is_same_config, normal_config
from entrypoint.kernel.json import Json
from entrypoint.planning.desired import STANDBY_FOR, Desired
from entrypoint.planning.observed import Seen


def find_made(
    slot: Slot, members: Sequence[Seen], *, config: Mapping[str, Json], desired: Desired
) -> Seen | None:
    """The machine in this place. None also if somebody changed it since: then it belongs to the fleet, and the plan is another."""
    for seen in members:
        if seen.is_new and seen.marks is not None and seen.marks.slot == str(slot):
            return seen if _is_as_made(seen, config, desired) else None
    return None


def _is_as_made(seen: Seen, config: Mapping[str, Json], desired: Desired) -> bool:
    """Whether its config is the one that it was created with. A standby's primary is not in `config`, so the live one counts."""
    live, wanted = normal_config(seen.machine.config), normal_config(config)
    if live.get("standbys"):
        stands_for = {k: v for k, v in _env(live).items() if k == STANDBY_FOR}
        wanted |= {"standbys": live["standbys"], "env": {**_env(wanted), **stands_for}}
    wanted |= {"mounts": live["mounts"]} if wanted.get("mounts") and live.get("mounts") else {}
    return runs_image(seen.machine, desired.image.ref) and is_same_config(live, wanted)


def _env(config: Mapping[str, Json]) -> Mapping[str, Json]:
    env = config.get("env")
    return env if isinstance(env, Mapping) else {}
