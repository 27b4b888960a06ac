"""Writes single keys of a machine's metadata: idempotent, makes no new version, and needs no lease."""

from __future__ import annotations

from urllib.parse import quote

from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.transport import Transport
from entrypoint.kernel.ids import MachineId


class Labels:
    """The metadata requests of one app."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        """Set one key."""
        call = Call(
            method="POST",
            path=self._path(machine, key),
            action="metadata",
            identifier=machine,
            what=f"marking machine {machine}",
            repeatable=True,
            body={"value": value},
        )
        await self._http.send(call)

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        """Remove one key. No error if the key or the machine does not exist."""
        call = Call(
            method="DELETE",
            path=self._path(machine, key),
            action="metadata",
            identifier=machine,
            what=f"unmarking machine {machine}",
            repeatable=True,
            accept=frozenset({404}),
        )
        await self._http.send(call)

    def _path(self, machine: MachineId, key: str) -> str:
        return f"{self._reads.path(machine)}/metadata/{quote(key, safe='')}"
