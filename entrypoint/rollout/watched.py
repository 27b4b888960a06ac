"""One machine under watch: what we wrote, and whether what is seen now is still that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.marks import PLAN
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.kernel.json import Json
from entrypoint.planning.images import parse_reference
from entrypoint.planning.normalise import covers, normal_config
from entrypoint.rollout.ports import Machines


class GateFailed(Exception):
    """The machine did not pass. `why` is ours, `said` what it or Fly said (foreign text)."""

    def __init__(self, why: str, *, said: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """`version` is what our write made, `previous` what was there before: a lagging replica may still show that."""

    machine: MachineId
    version: Version
    previous: Version | None = None
    wrote: Mapping[str, Json] | None = None
    """The config we sent; None where nothing was written."""
    since: int = 0
    """Exits up to this moment (ms) are of the version before: not every server starts a new list with each version."""

    def is_ours(self, seen: Machine) -> bool:
        """Our version; or another one of the very config that we wrote (servers may count up again while they launch it)."""
        if seen.version == self.version:
            return True
        return self.wrote is not None and seen.version != self.previous and _is_written(seen, self.wrote)

    def is_stale(self, seen: Machine) -> bool:
        """An answer from before our write."""
        return self.previous is not None and seen.version == self.previous


def watch_written(
    written: Machine, *, previous: Version | None = None, wrote: Mapping[str, Json] | None = None
) -> Watched:
    """From the answer to a write: the exits that it shows are old."""
    return Watched(
        machine=written.id,
        version=written.version,
        previous=previous,
        wrote=wrote,
        since=written.last_exit.timestamp if written.last_exit else 0,
    )


async def look(machines: Machines, watched: Watched) -> Machine:
    """The machine now, without the exits of the version before. Raises GateFailed for a machine that is gone."""
    try:
        seen = await machines.get(watched.machine)
    except MachineGone as error:
        raise GateFailed("it is gone: somebody destroyed it") from error
    if seen.last_exit is not None and watched.since and seen.last_exit.timestamp <= watched.since:
        return replace(seen, last_exit=None)
    return seen


def check_ours(seen: Machine, watched: Watched) -> None:
    """Raises GateFailed where somebody else has written since."""
    if not watched.is_ours(seen) and not watched.is_stale(seen):
        raise GateFailed(f"somebody else changed it: version {seen.version} instead of {watched.version}")


def _is_written(seen: Machine, wrote: Mapping[str, Json]) -> bool:
    marks = wrote.get("metadata")
    plan = marks.get(PLAN) if isinstance(marks, Mapping) else None
    return (
        seen.metadata.get(PLAN) == plan
        and _same_image(seen, wrote)
        and covers(normal_config(seen.config), normal_config(wrote))
    )


def _same_image(seen: Machine, wrote: Mapping[str, Json]) -> bool:
    asked, found = wrote.get("image"), seen.config.get("image")
    if asked == found or not isinstance(asked, str) or not isinstance(found, str):
        return asked == found
    one, other = parse_reference(asked), parse_reference(found)
    if one is None or other is None or one.repo != other.repo:
        return False
    return one.digest == other.digest if one.digest and other.digest else one.tag == other.tag
