"""Start, stop, cordon, destroy. Idempotent requests are repeated; before others are repeated, the machine is read. If a machine is changing
its state, the request is repeated until it is done.
"""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.refusals import Conflicting, Settling
from entrypoint.adapters.machines.retry import Repeats
from entrypoint.adapters.machines.transport import Ambiguous, Transport
from entrypoint.fleet.errors import LeaseLost, MachineGone, NoCapacity, Refused
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import DEAD, LEAVING, NOT_RUNNING, UP
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.kernel.json import Json

LOOKS = (0.5, 1.5)
"""Seconds before each read after an unclear start."""
UNCLEAR, CONFLICTS, FULL, SETTLES = 4, 6, 3, 60
"""So many of each kind are met before the last is raised."""
_DOING = {"start": "starting", "stop": "stopping", "cordon": "cordoning", "uncordon": "uncordoning"}


class Power:
    """The requests that have no config."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        """Start, exactly once, so that a task does not run twice. Repeated as long as the machine changes its state."""
        repeats = Repeats(self._http.rest)
        while True:
            try:
                answer = await self._post(before.id, "start", nonce=nonce, repeatable=False)
            except Ambiguous as error:
                if await self._has_started(before, looks=LOOKS):
                    return
                await repeats.rest(error, seconds=0, most=UNCLEAR, may_be_done=True)
            except Settling as error:
                if await self._has_started(before, looks=(0.0,)):
                    return
                await repeats.rest(error, seconds=1, most=SETTLES)
            except NoCapacity as error:
                await repeats.rest(error, seconds=5, most=FULL)
            except Conflicting as error:
                await repeats.rest(error, seconds=1, most=CONFLICTS)
            else:
                refusal = _refusal_inside(answer)
                if refusal is None:
                    return
                await repeats.rest(refusal, seconds=1, most=SETTLES)

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Stop. No error if it is stopped."""
        repeats = Repeats(self._http.rest)
        while True:
            try:
                await self._post(machine, "stop", nonce=nonce, repeatable=True, body={})
            except (Settling, Conflicting) as error:
                if (await self._reads.get(machine)).state in NOT_RUNNING | DEAD:
                    return
                await repeats.rest(error, seconds=1, most=SETTLES)
            else:
                return

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Destroy by force. No error for 404. fly-go sends `kill` for `force`.

        A destroy ends the machine's lease. So after a lost answer the next attempt may be refused because of its nonce; if the machine is
        being destroyed then, that is a success.
        """
        repeats, force = Repeats(self._http.rest), [("force", "true")]
        while True:
            call = Call(
                method="DELETE",
                path=self._reads.path(machine),
                action="destroy",
                identifier=machine,
                what=f"destroying machine {machine}",
                repeatable=True,
                params=tuple(force),
                nonce=nonce,
                accept=frozenset({404}),
            )
            try:
                await self._http.send(call)
            except LeaseLost:
                if await self._is_going(machine):
                    return
                raise
            except (Settling, Conflicting) as error:
                force = [("force", "true"), ("kill", "true")]
                await repeats.rest(error, seconds=1, most=SETTLES)
            else:
                return

    async def _is_going(self, machine: MachineId) -> bool:
        try:
            return (await self._reads.get(machine)).state in LEAVING
        except MachineGone:
            return True

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Cordon; idempotent. Does not change the version."""
        await self._route(machine, "cordon", nonce=nonce)

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Uncordon; idempotent. Does not change the version."""
        await self._route(machine, "uncordon", nonce=nonce)

    async def _route(self, machine: MachineId, verb: str, *, nonce: Nonce | None) -> None:
        repeats = Repeats(self._http.rest)
        while True:
            try:
                await self._post(machine, verb, nonce=nonce, repeatable=True)
            except (Settling, Conflicting) as error:
                await repeats.rest(error, seconds=1, most=CONFLICTS)
            else:
                return

    async def _has_started(self, before: Machine, *, looks: tuple[float, ...]) -> bool:
        """Whether it runs, has run since `before`, or was destroyed, as a task destroys itself."""
        for seconds in looks:
            await anyio.sleep(seconds)
            try:
                now = await self._reads.get(before.id)
            except MachineGone:
                return True
            if now.state in UP or (now.last_start, now.last_exit) != (before.last_start, before.last_exit):
                return True
        return False

    async def _post(
        self,
        machine: MachineId,
        verb: str,
        *,
        nonce: Nonce | None,
        repeatable: bool,
        body: Mapping[str, Json] | None = None,
    ) -> Answer:
        call = Call(
            method="POST",
            path=f"{self._reads.path(machine)}/{verb}",
            action=verb,
            identifier=machine,
            what=f"{_DOING[verb]} machine {machine}",
            repeatable=repeatable,
            body=body,
            nonce=nonce,
        )
        return await self._http.send(call)


def _refusal_inside(answer: Answer) -> Refused | None:
    """The refusal in a successful answer: `start` may answer 200 with `status: error` and a message."""
    body = answer.object()
    if body.get("status") != "error":
        return None
    said = " ".join(str(body.get("message") or body.get("error") or "it does not start").split())[:300]
    return Refused(f"{answer.what}: {said}{answer.request_id}")
