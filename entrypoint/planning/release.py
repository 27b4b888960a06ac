"""`[deploy].release_command`: the machine that runs it (flyctl machines_releasecommand.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrypoint.fleet.normalise import normal_config
from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.convert.tasks import release_config
from entrypoint.manifest.model import Manifest
from entrypoint.planning.desired import deployed
from entrypoint.planning.model.plan import ReleaseRun
from entrypoint.planning.observed import Seen
from entrypoint.planning.settings import Settings

DEFAULT_TIMEOUT = 300.0
"""Seconds; flyctl deploy/machines.go."""
GUEST: JsonObject = {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}
"""shared-cpu-2x. The size where no machine of the default group shows one (flyctl, inferReleaseCommandGuest)."""


def plan_release(
    manifest: Manifest, settings: Settings, seen: Sequence[Seen], *, region: Region, image: str
) -> ReleaseRun | None:
    """The run; None without a release command, or if fly.toml cannot be converted (the groups report that)."""
    made, command = release_config(manifest, compat=settings.compat), manifest.deploy.release_command
    if made is None or made.config is None or command is None:
        return None
    timeout = manifest.deploy.release_command_timeout
    config: JsonObject = {"guest": _guest(manifest, seen), **made.config}
    return ReleaseRun(
        command=command,
        config=deployed(config, manifest=manifest, image=image),
        region=region,
        timeout=DEFAULT_TIMEOUT if timeout is None else (timeout or None),
    )


def release_intent(manifest: Manifest, settings: Settings) -> Json:
    """What the files ask for. Region and size are left out: they follow from the live fleet, which may be in the middle of this plan,
    and must still give the same intent.
    """
    made = release_config(manifest, compat=settings.compat)
    if made is None:
        return None
    deploy = manifest.deploy
    return {
        "command": deploy.release_command,
        "config": None if made.config is None else normal_config(made.config),
        "timeout": deploy.release_command_timeout,
    }


def _guest(manifest: Manifest, seen: Sequence[Seen]) -> Mapping[str, Json]:
    """The size of the default group's machine with the most memory."""
    guests = [s.machine.config.get("guest") for s in seen if s.group == manifest.default_group]
    known = [guest for guest in guests if isinstance(guest, Mapping)]
    return max(known, key=_memory, default=GUEST)


def _memory(guest: Mapping[str, Json]) -> int:
    memory = guest.get("memory_mb")
    return memory if isinstance(memory, int) else 0
