"""Leases. They have connections of their own, so that a refresh never waits for a long poll."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.refusals import Conflicting, Settling
from entrypoint.adapters.machines.transport import Ambiguous, Transport
from entrypoint.adapters.machines.wire import read_held_lease, read_lease, read_nonce
from entrypoint.fleet.errors import FleetError, LeaseHeld, LeaseLost
from entrypoint.fleet.model import HeldLease
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.kernel.json import JsonObject
from entrypoint.rollout.ports import Lease

PAUSE = 1.0
"""Seconds between attempts to take a lease that somebody else holds. Fly allows one per second and machine."""
TIMEOUT = 5.0
"""Seconds for one answer; more for a lease that lasts more than ten times that. After a refresh without an answer there must be time for
another before the lease ends. A short time makes a busy server busier: it still carries out what nobody waits for any more."""


class LeaseCalls:
    """The lease requests of one app.

    Each description ends with a random mark of this process, so that another run of the same plan does not believe that our leases are its
    own.
    """

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads
        self._mark = secrets.token_hex(4)

    async def acquire(self, machine: MachineId, *, ttl: int, description: str, patience: float) -> Lease:
        """Take it, waiting for another holder. A lease with our description is ours: its answer was lost, here or in a call that was given up."""
        deadline = anyio.current_time() + patience
        what, unclear, looked = f"leasing machine {machine}", False, False
        description = f"{description} {self._mark}".strip()
        call = self._post(machine, what, ttl=ttl, description=description)
        while True:
            try:
                return _lease_in(await self._http.send(call), machine)
            except (LeaseHeld, Ambiguous, Settling, Conflicting) as error:
                unclear = unclear or isinstance(error, Ambiguous)
                if (unclear or not looked) and (found := await self._find(machine, description=description)):
                    with suppress(LeaseLost):
                        return await self._renewed(found, ttl=ttl)
                looked = True
                if anyio.current_time() + PAUSE > deadline:
                    raise
            await anyio.sleep(PAUSE)

    async def recover(self, machine: MachineId, *, ttl: int) -> Lease:
        """The lease that came with a create whose answer was lost; else a new one. Raises LeaseHeld if somebody else holds one.

        A lease from `lease_ttl` has no description; leases of other runs have one.
        """
        found = await self._find(machine, description="")
        if found is not None:
            with suppress(LeaseLost):
                return await self._renewed(found, ttl=ttl)
        return await self.acquire(machine, ttl=ttl, description="", patience=0)

    async def _renewed(self, found: Lease, *, ttl: int) -> Lease:
        """A lease of ours that was found: it may be about to expire, so it is refreshed. Raises LeaseLost if it has."""
        return replace(found, lasts=await self.refresh(found, ttl=ttl))

    async def refresh(self, lease: Lease, *, ttl: int) -> float | None:
        """Refresh it: the same POST with the nonce, which the answer must repeat. Gives up after a third of `ttl`."""
        what = f"refreshing the lease on machine {lease.machine}"
        call = self._post(lease.machine, what, ttl=ttl, holding=lease, patience=ttl / 3)
        try:
            refreshed = _lease_in(await self._http.send(call), lease.machine)
        except LeaseHeld as error:
            raise LeaseLost(str(error), hint=error.hint) from error
        if (
            refreshed.nonce != lease.nonce
        ):  # made anew by this request: ours had ended, and somebody may have changed the machine since
            with suppress(FleetError):
                await self.release(refreshed)
            raise LeaseLost(
                f"{what}: it had ended before its time, or somebody has cleared it",
                hint="Another program may work on this machine. Try again when it is done.",
            )
        return refreshed.lasts

    async def release(self, lease: Lease) -> None:
        """Give it back. No error if it has expired. Fly answers 403 if somebody else has it then."""
        call = Call(
            method="DELETE",
            path=self._path(lease.machine),
            action="unlease",
            identifier=lease.machine,
            what=f"releasing the lease on machine {lease.machine}",
            repeatable=True,
            nonce=lease.nonce,
            timeout=TIMEOUT,
            accept=frozenset({403, 404, 409, 412}),
        )
        await self._http.send(call)

    async def look(self, machine: MachineId) -> HeldLease | None:
        """The lease on a machine now; None if there is none, or the server does not say. Raises FleetError."""
        answer = await self._read(machine)
        if not answer.is_success:
            return None
        found = read_lease(answer.object())
        return read_held_lease(found, date=answer.headers.get("date", "")) if found else None

    async def _find(self, machine: MachineId, *, description: str) -> Lease | None:
        """The lease on `machine`, if it has this description. GET shows the nonce to every token that may see the app."""
        answer = await self._read(machine)
        found = read_lease(answer.object()) if answer.is_success else {}
        if read_nonce(found) is None or (found.get("description") or "") != description:
            return None
        return _lease_in(answer, machine)

    async def _read(self, machine: MachineId) -> Answer:
        call = Call(
            method="GET",
            path=self._path(machine),
            action="read-lease",
            identifier=machine,
            what=f"reading the lease on machine {machine}",
            repeatable=True,
            timeout=TIMEOUT,
            accept=frozenset({404, 405, 501}),
        )
        return await self._http.send(call)

    def _path(self, machine: MachineId) -> str:
        return f"{self._reads.path(machine)}/lease"

    def _post(
        self,
        machine: MachineId,
        what: str,
        *,
        ttl: int,
        description: str = "",
        holding: Lease | None = None,
        patience: float = 60.0,
    ) -> Call:
        """`ttl` is in body and query, because some servers read only one of them."""
        body: JsonObject = {"ttl": ttl} | ({"description": description} if description else {})
        return Call(
            method="POST",
            path=self._path(machine),
            action="lease",
            identifier=machine,
            what=what,
            repeatable=holding is not None,
            params=(("ttl", str(ttl)),),
            body=body,
            nonce=holding.nonce if holding else None,
            timeout=max(TIMEOUT, min(ttl, holding.lasts or ttl if holding else ttl) / 10),
            patience=patience,
        )


def _lease_in(answer: Answer, machine: MachineId) -> Lease:
    found = read_lease(answer.json())
    nonce, version = read_nonce(found), found.get("version")
    if nonce is None:
        raise answer.unexpected("not a lease")
    return Lease(
        machine=machine,
        nonce=nonce,
        version=Version(version) if isinstance(version, str) and version else None,
        lasts=read_held_lease(found, date=answer.headers.get("date", "")).seconds_left,
    )
