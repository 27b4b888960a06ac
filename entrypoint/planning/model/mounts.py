"""What belongs to one machine in a config: the volume that it mounts (only the first, as in flyctl), and its standby primaries."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.ids import MachineId, VolumeId
from entrypoint.kernel.json import Json, JsonObject, copy_object


def mount_name(config: Mapping[str, Json]) -> str | None:
    """The name of the volume that the config mounts; None without a mount or without a name."""
    mounts = config.get("mounts")
    first = mounts[0] if isinstance(mounts, list | tuple) and mounts else None
    name = first.get("name") if isinstance(first, Mapping) else None
    return name if isinstance(name, str) else None


def with_volume(config: Mapping[str, Json], volume: VolumeId) -> JsonObject:
    """The config with its first mount on `volume`."""
    result = copy_object(config)
    mounts = result.get("mounts")
    if isinstance(mounts, list) and mounts and isinstance(mounts[0], Mapping):
        mounts[0] = {**mounts[0], "volume": volume}
    return result


def standbys_of(config: Mapping[str, Json]) -> tuple[MachineId, ...]:
    """The machines that the config stands by for."""
    found = config.get("standbys")
    return tuple(MachineId(m) for m in found if isinstance(m, str)) if isinstance(found, list | tuple) else ()
