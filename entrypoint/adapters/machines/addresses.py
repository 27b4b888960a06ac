"""The app's addresses (`ip_assignments`)."""

from __future__ import annotations

from typing import Any

from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.transport import Ambiguous, Transport
from entrypoint.fleet.model import Address, AddressKind


class Addresses:
    """The addresses of one app."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads

    async def list_all(self) -> tuple[Address, ...] | None:
        """See rollout.ports.Machines."""
        return await self._reads.list_addresses()

    async def allocate(self, kind: AddressKind) -> Address:
        """See rollout.ports.Machines."""
        call = Call(
            method="POST",
            path=f"{self._reads.root}/ip_assignments",
            action="address",
            identifier=self._reads.root,
            what=f"allocating the address {kind}",
            repeatable=False,
            body={"type": kind.value},
        )
        try:
            found: dict[str, Any] = (await self._http.send(call)).object()
        except Ambiguous:
            made = [address for address in await self.list_all() or () if address.kind is kind]
            if not made:
                raise
            return made[0]
        return Address(kind=kind, ip=str(found.get("ip") or ""))
