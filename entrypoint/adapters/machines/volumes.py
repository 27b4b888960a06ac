"""Lists volumes, and creates each exactly once. A volume has no unique name, so after an unclear answer the list decides."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.refusals import Conflicting, Settling
from entrypoint.adapters.machines.retry import Repeats
from entrypoint.adapters.machines.transport import Ambiguous, Transport
from entrypoint.adapters.machines.wire import read_volumes
from entrypoint.fleet.model import Volume
from entrypoint.kernel.ids import VolumeId
from entrypoint.kernel.json import JsonObject

if TYPE_CHECKING:
    from entrypoint.planning.model.steps import NewVolume

LOOKS = (0.5, 1.5, 3.0, 5.0)
"""Seconds before each read that looks for a volume whose create got no answer. Lists come from replicas that lag."""
UNCLEAR, CONFLICTS = 4, 6
"""So many of each kind are met before the last is raised."""


class Volumes:
    """The volumes of one app."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads

    async def list_all(self) -> tuple[Volume, ...]:
        """All volumes that are not being destroyed."""
        return await self._reads.list_volumes()

    async def create(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        """See rollout.ports.Machines."""
        call = Call(
            method="POST",
            path=f"{self._reads.root}/volumes",
            action="volume",
            identifier=self._reads.root,
            what=f"creating volume {wanted.name}",
            repeatable=False,
            body=volume_body(wanted),
        )
        repeats = Repeats(self._http.rest)
        while True:
            try:
                return _volume_in(await self._http.send(call))
            except Ambiguous as error:
                found = await self._look_for(wanted, known)
                if found is not None:
                    return found
                await repeats.rest(error, seconds=0, most=UNCLEAR, may_be_done=True)
            except (Settling, Conflicting) as error:
                await repeats.rest(error, seconds=2, most=CONFLICTS)

    async def extend(self, volume: VolumeId, *, size_gb: int) -> bool:
        """See rollout.ports.Machines. Idempotent."""
        call = Call(
            method="PUT",
            path=f"{self._reads.root}/volumes/{quote(volume, safe='')}/extend",
            action="extend",
            identifier=volume,
            what=f"extending volume {volume} to {size_gb} GB",
            repeatable=True,
            body={"size_gb": size_gb},
        )
        return (await self._http.send(call)).object().get("needs_restart") is True

    async def _look_for(self, wanted: NewVolume, known: Collection[VolumeId]) -> Volume | None:
        """A volume that is new and as requested; None if there is none."""
        for seconds in LOOKS:
            await anyio.sleep(seconds)
            for volume in await self.list_all():
                fits = volume.name == wanted.name and wanted.region in ("", volume.region)
                if fits and volume.attached_machine is None and volume.id not in known:
                    return volume
        return None


def volume_body(wanted: NewVolume) -> JsonObject:
    """The body of the create, as flyctl sends it, without nulls."""
    sent: JsonObject = {"name": wanted.name, "size_gb": wanted.size_gb, "encrypted": True}
    if wanted.region:
        sent["region"] = wanted.region
    if wanted.guest:
        sent["compute"] = dict(wanted.guest)
    if wanted.image:
        sent["compute_image"] = wanted.image
    if wanted.snapshot_retention is not None:
        sent["snapshot_retention"] = wanted.snapshot_retention
    if wanted.auto_backup is not None:
        sent["auto_backup_enabled"] = wanted.auto_backup
    return sent


def _volume_in(answer: Answer) -> Volume:
    """The volume in a success. Raises Ambiguous if there is none, because the volume may have been created."""
    found = tuple(read_volumes([answer.object()]))
    if not found or not found[0].id:
        error = answer.unexpected("not a volume")
        raise Ambiguous(str(error), hint=error.hint) from error
    return found[0]
