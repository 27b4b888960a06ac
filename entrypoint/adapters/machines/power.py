"""Start, stop, cordon, destroy: what is idempotent is repeated, what is not is looked at first; machines that settle are waited for."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.refusals import Conflicting, Settling
from entrypoint.adapters.machines.retry import Repeats
from entrypoint.adapters.machines.transport import Ambiguous, Call, Transport
from entrypoint.fleet.errors import LeaseLost, MachineGone, NoCapacity, Refused
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import DEAD, LEAVING, NOT_RUNNING, UP
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.kernel.json import Json

LOOKS = (0.5, 1.5)
"""Seconds before each look for an unclear start."""
UNCLEAR, CONFLICTS, FULL, SETTLES = 4, 6, 3, 60
"""How often each is met before it is raised."""
_DOING = {"start": "starting", "stop": "stopping", "cordon": "cordoning", "uncordon": "uncordoning"}


class Power:
    """The calls that carry no config."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads

    async def start(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Start, once: a task that has run already is not run again. While the machine settles, ask again."""
        before = await self._reads.get(machine)
        repeats = Repeats()
        while True:
            try:
                answer = await self._post(machine, "start", nonce=nonce, repeatable=False)
            except Ambiguous as error:
                if await self._has_started(before, looks=LOOKS):
                    return
                await repeats.rest(error, seconds=0, most=UNCLEAR)
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
        """Stop; idempotent, and fine where it rests."""
        repeats = Repeats()
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
        """Destroy by force; 404 is done. `kill` is the name that fly-go gives to force.

        A destroy ends the machine's lease: where an earlier attempt was executed and its answer lost, the next may be refused for
        its nonce. Then a machine that is on its way out is done too.
        """
        repeats, force = Repeats(), [("force", "true")]
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
        """Take it out of routing; idempotent, and it stays at its version."""
        await self._route(machine, "cordon", nonce=nonce)

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Put it into routing; idempotent, and it stays at its version."""
        await self._route(machine, "uncordon", nonce=nonce)

    async def _route(self, machine: MachineId, verb: str, *, nonce: Nonce | None) -> None:
        repeats = Repeats()
        while True:
            try:
                await self._post(machine, verb, nonce=nonce, repeatable=True)
            except (Settling, Conflicting) as error:
                await repeats.rest(error, seconds=1, most=CONFLICTS)
            else:
                return

    async def _has_started(self, before: Machine, *, looks: tuple[float, ...]) -> bool:
        """Whether it runs, has run since `before`, or is gone, as a task that removes itself is."""
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
    """`start` may answer 200 with `status: error` and a message in it (machines-api §5.3)."""
    body = answer.object()
    if body.get("status") != "error":
        return None
    said = " ".join(str(body.get("message") or body.get("error") or "it does not start").split())[:300]
    return Refused(f"{answer.what}: {said}{answer.request_id}")
