"""Takes snapshots of volumes. The answer does not tell their id, so each is awaited in the list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

import anyio

from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.retry import Repeats
from entrypoint.adapters.machines.transport import Ambiguous, Transport
from entrypoint.fleet.errors import MachineGone, Refused, Unavailable
from entrypoint.kernel.ids import VolumeId

FIRST_LOOK, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between reads of the list: from the first to the longest, each 1.5 times as long."""
SHOWS_WITHIN = 120.0
"""Seconds until a snapshot must be in the list, and done. On Fly it took up to 30."""
UNCLEAR_FOR = 30.0
"""Seconds after which a snapshot whose request got no answer counts as not taken."""
UNCLEAR, MISSING = 3, 4
"""So many of each kind are met before the last is raised. A new volume may not be found for a moment."""
_DONE = frozenset({"", "created"})
_FAILED = frozenset({"failed", "error"})


class Snapshots:
    """The snapshots of one app's volumes."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads

    async def list_ids(self, volume: VolumeId) -> frozenset[str]:
        """All of them, done or not."""
        return frozenset(await self._list(volume))

    async def take(self, volume: VolumeId, *, known: Collection[str]) -> str | None:
        """See rollout.ports.Machines."""
        call = Call(
            method="POST",
            path=self._path(volume),
            action="snapshot",
            identifier=volume,
            what=f"taking a snapshot of volume {volume}",
            repeatable=False,
        )
        repeats = Repeats(self._http.rest)
        while True:
            try:
                await self._http.send(call)
                return await self._await_new(volume, known, within=SHOWS_WITHIN)
            except Ambiguous as error:
                try:
                    return await self._await_new(volume, known, within=UNCLEAR_FOR)
                except Unavailable:
                    await repeats.rest(error, seconds=0, most=UNCLEAR, may_be_done=True)
            except MachineGone as error:
                await repeats.rest(error, seconds=2, most=MISSING)
            except Refused as error:
                if (
                    "uninitialized volume" in str(error).lower()
                ):  # seen on Fly: the volume was never mounted, so it is empty
                    return None
                raise

    async def _await_new(self, volume: VolumeId, known: Collection[str], *, within: float) -> str:
        """The id of the new snapshot, once it is done. Raises Unavailable if it does not come, Refused if it failed."""
        deadline, pause = anyio.current_time() + within, FIRST_LOOK
        while True:
            for id_, status in (await self._list(volume)).items():
                if id_ not in known and status in _FAILED:
                    raise Refused(f"the snapshot {id_} of volume {volume} {status}")
                if id_ not in known and status in _DONE:
                    return id_
            if anyio.current_time() >= deadline:
                raise Unavailable(
                    f"the snapshot of volume {volume} was not done within {within:.0f} s",
                    hint="See fly volumes snapshots list. Run it again, or leave out snapshot = true.",
                )
            await anyio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 1.5)

    async def _list(self, volume: VolumeId) -> Mapping[str, str]:
        """The status of each snapshot, by id."""
        answer = await self._http.send(
            Call(
                method="GET",
                path=self._path(volume),
                action="snapshots",
                identifier=volume,
                what=f"listing the snapshots of volume {volume}",
                repeatable=True,
            )
        )
        found: Any = answer.json() or []
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        return {str(row["id"]): str(row.get("status") or "").lower() for row in rows if row.get("id")}

    def _path(self, volume: VolumeId) -> str:
        return f"{self._reads.root}/volumes/{quote(volume, safe='')}/snapshots"
