"""Leases, on connections of their own: long polls must not keep a refresh waiting (machines-api §4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import anyio
import httpx

from entrypoint.adapters.machines.transport import Ambiguous, Call, Transport
from entrypoint.adapters.machines.wire import read_lease
from entrypoint.fleet.errors import LeaseHeld, LeaseLost, MachineGone, Unavailable
from entrypoint.kernel.ids import MachineId, Nonce, Version
from entrypoint.rollout.ports import Lease

PAUSE = 1.0
"""Seconds between attempts to take a lease that somebody else holds: Fly allows one a second and machine."""


class LeaseCalls:
    """Acquire, refresh, release."""

    def __init__(self, http: Transport, *, root: str) -> None:
        self._http = http
        self._root = root

    async def acquire(self, machine: MachineId, *, ttl: int, description: str, patience: float) -> Lease:
        """Take it, waiting for another holder. After an unclear answer the lease with our description is ours."""
        deadline = anyio.current_time() + patience
        while True:
            try:
                return self._read(
                    await self._http.send(self._acquire_call(machine, ttl, description)), machine
                )
            except LeaseHeld:
                if anyio.current_time() >= deadline:
                    raise
            except Ambiguous as error:
                found = await self._mine(machine, description)
                if found is not None:
                    return found
                if anyio.current_time() >= deadline:
                    raise Unavailable(str(error)) from error
            await anyio.sleep(PAUSE)

    async def refresh(self, lease: Lease, *, ttl: int) -> None:
        """The same POST with the nonce; the nonce must come back unchanged."""
        call = Call(
            method="POST",
            path=self._path(lease.machine),
            action="lease",
            identifier=lease.machine,
            what=f"refreshing the lease on machine {lease.machine}",
            repeatable=True,
            params=(("ttl", str(ttl)),),
            body={"ttl": ttl},
            nonce=lease.nonce,
        )
        try:
            fresh = self._read(await self._http.send(call), lease.machine)
        except LeaseHeld as error:
            raise LeaseLost(str(error), hint="Somebody else took the lease.") from error
        if fresh.nonce != lease.nonce:
            raise LeaseLost(f"the lease on machine {lease.machine} is another one now")

    async def release(self, lease: Lease) -> None:
        """Give it back; gone is fine."""
        call = Call(
            method="DELETE",
            path=self._path(lease.machine),
            action="unlease",
            identifier=lease.machine,
            what=f"releasing the lease on machine {lease.machine}",
            repeatable=True,
            nonce=lease.nonce,
            accept=frozenset({404, 409, 412}),
        )
        await self._http.send(call)

    def _path(self, machine: MachineId) -> str:
        return f"{self._root}/machines/{quote(machine, safe='')}/lease"

    def _acquire_call(self, machine: MachineId, ttl: int, description: str) -> Call:
        return Call(
            method="POST",
            path=self._path(machine),
            action="lease",
            identifier=machine,
            what=f"leasing machine {machine}",
            repeatable=False,
            params=(("ttl", str(ttl)),),
            body={"ttl": ttl, "description": description},
        )

    async def _mine(self, machine: MachineId, description: str) -> Lease | None:
        call = Call(
            method="GET",
            path=self._path(machine),
            action="read-lease",
            identifier=machine,
            what=f"reading the lease on machine {machine}",
            repeatable=True,
            accept=frozenset({404}),
        )
        response = await self._http.send(call)
        if response.status_code == 404:
            return None
        found = read_lease(_json(response))
        if found.get("description") != description:
            return None
        return self._read(response, machine)

    def _read(self, response: httpx.Response, machine: MachineId) -> Lease:
        found = read_lease(_json(response))
        nonce, version = found.get("nonce"), found.get("version")
        if not isinstance(nonce, str) or not nonce:
            raise MachineGone(f"leasing machine {machine}: the answer holds no nonce")
        return Lease(
            machine=machine,
            nonce=Nonce(nonce),
            version=Version(version) if isinstance(version, str) and version else None,
        )


def _json(response: httpx.Response) -> Any:
    try:
        return response.json() if response.content else {}
    except ValueError:
        return {}
