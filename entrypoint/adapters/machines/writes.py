"""Create and update, each exactly once, even if answers are lost: after an unclear answer, read before repeating.

A create is recognised by its name, an update by version and marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.leases import LeaseCalls
from entrypoint.adapters.machines.reads import Reads, machine_in
from entrypoint.adapters.machines.refusals import (
    Conflicting,
    ImageUnknown,
    NameTaken,
    Settling,
    VolumeClaimed,
)
from entrypoint.adapters.machines.retry import Repeats
from entrypoint.adapters.machines.transport import Ambiguous, Transport
from entrypoint.fleet.errors import (
    AlreadyMade,
    FleetError,
    MachineGone,
    Unavailable,
    VersionConflict,
)
from entrypoint.fleet.images import runs_image
from entrypoint.fleet.marks import STEP_KEYS, VOLATILE_KEYS
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.ids import MachineId, Nonce, Region, Version
from entrypoint.kernel.json import Json, JsonObject

LOOKS = (0.5, 1.5, 3.0)
"""Seconds before each read after an unclear write. Reads come from replicas that lag."""
UNCLEAR, DYING, CONFLICTS, SETTLES = 4, 20, 6, 30
"""So many of each kind are met before the last is raised."""
IMAGE_TRIES, IMAGE_PAUSE = 6, 10.0
"""On Fly, a manifest was unknown for 15 to 50 s after its push."""
CLAIM_TRIES, CLAIM_PAUSE = 37, 5.0
"""Attempts, and seconds between them: three minutes for a volume to be released."""


class Writes:
    """The two requests that have a config."""

    def __init__(self, http: Transport, *, reads: Reads, leases: LeaseCalls) -> None:
        self._http = http
        self._reads = reads
        self._leases = leases

    async def create(
        self,
        *,
        name: str,
        region: Region,
        config: Mapping[str, Json],
        skip_launch: bool,
        lease_ttl: int | None,
        routed: bool = True,
        adopts: bool = True,
    ) -> Machine:
        """See rollout.ports.Machines."""
        body = _body(config, region=region, skip_launch=skip_launch, routed=routed)
        body |= {"name": name} | ({"lease_ttl": lease_ttl} if lease_ttl is not None else {})
        call = self._create_call(name, body)
        repeats, unclear = Repeats(self._http.rest), False
        while True:
            try:
                made = await self._made(await self._http.send(call))
                return await self._leased(made, lease_ttl=lease_ttl)
            except Ambiguous as error:
                unclear = True
                found = await self._look_for(name)
                if found is not None and await self._is_alive(found):
                    return await self._adopt(found, config, error, lease_ttl=lease_ttl, ours=True)
                await repeats.rest(error, seconds=0, most=UNCLEAR, may_be_done=True)
            except NameTaken as taken:
                found = taken.machine or await self._look_for(name)
                if found is not None and await self._is_alive(found):
                    if not adopts and not unclear:
                        made = _ours(await self._reads.get(found), config, because=taken)
                        raise AlreadyMade(str(taken), machine=made.id) from taken
                    return await self._adopt(found, config, taken, lease_ttl=lease_ttl, ours=unclear)
                await repeats.rest(taken, seconds=3, most=DYING, may_be_done=unclear)
            except ImageUnknown as error:
                await repeats.rest(error, seconds=IMAGE_PAUSE, most=IMAGE_TRIES, may_be_done=unclear)
            except VolumeClaimed as error:
                await repeats.rest(error, seconds=CLAIM_PAUSE, most=CLAIM_TRIES, may_be_done=unclear)
            except (Settling, Conflicting) as error:
                await repeats.rest(error, seconds=2, most=CONFLICTS, may_be_done=unclear)

    async def update(
        self,
        machine: MachineId,
        *,
        config: Mapping[str, Json],
        region: Region,
        expects: Version,
        nonce: Nonce | None,
        skip_launch: bool,
        routed: bool = True,
    ) -> Machine:
        """See rollout.ports.Machines."""
        body = _body(config, region=region, skip_launch=skip_launch, routed=routed)
        body |= {"current_version": expects} if expects else {}
        call = Call(
            method="POST",
            path=self._reads.path(machine),
            action="update",
            identifier=machine,
            what=f"updating machine {machine}",
            repeatable=False,
            body=body,
            nonce=nonce,
        )
        repeats, unclear = Repeats(self._http.rest), False
        while True:
            try:
                return await self._updated(await self._http.send(call), machine, expects=expects)
            except (Ambiguous, VersionConflict, Conflicting) as error:
                unclear = unclear or isinstance(error, Ambiguous)
                live = await self._look_at(machine, expects, patient=unclear)
                if live.version != expects:
                    return _ours(live, config, because=error)
                if isinstance(error, VersionConflict) and not unclear:
                    raise
                await repeats.rest(error, seconds=1, most=UNCLEAR, may_be_done=unclear)
            except ImageUnknown as error:
                await repeats.rest(error, seconds=IMAGE_PAUSE, most=IMAGE_TRIES, may_be_done=unclear)
            except (Settling, VolumeClaimed) as error:
                await repeats.rest(error, seconds=1, most=SETTLES, may_be_done=unclear)

    def _create_call(self, name: str, body: JsonObject) -> Call:
        """The request. Creates are rate-limited by app, not by machine."""
        return Call(
            method="POST",
            path=f"{self._reads.root}/machines",
            action="create",
            identifier=self._reads.root,
            what=f"creating machine {name}",
            repeatable=False,
            body=body,
        )

    async def _made(self, answer: Answer) -> Machine:
        """The machine in a success. Raises Ambiguous if there is none, because it may have been created."""
        try:
            made = machine_in(answer)
        except Unavailable as error:
            raise Ambiguous(str(error), hint=error.hint) from error
        self._reads.made(made.id)
        return made if made.version else replace(await self._reads.get(made.id), nonce=made.nonce)

    async def _leased(self, made: Machine, *, lease_ttl: int | None) -> Machine:
        """The machine, with the lease that its create asked for also where the answer does not have it. Another's lease is left alone."""
        if lease_ttl is None or made.nonce:
            return made
        with suppress(FleetError):
            return replace(made, nonce=(await self._leases.recover(made.id, ttl=lease_ttl)).nonce)
        return made

    async def _updated(self, answer: Answer, machine: MachineId, *, expects: Version) -> Machine:
        """The machine in a success; if the answer lacks the new version, it is read."""
        try:
            written = machine_in(answer)
        except Unavailable:
            return await self._reads.get(machine)
        return written if written.version not in ("", expects) else await self._reads.get(machine)

    async def _look_for(self, name: str) -> MachineId | None:
        for seconds in LOOKS:
            await anyio.sleep(seconds)
            found = await self._reads.find_alive(name=name)
            if found is not None:
                return found
        return None

    async def _is_alive(self, machine: MachineId) -> bool:
        """Whether the machine with the name exists; if it is being destroyed, its name will be free in a moment."""
        self._reads.made(machine)
        try:
            return (await self._reads.get(machine)).state not in LEAVING
        except MachineGone:
            return False

    async def _look_at(self, machine: MachineId, expects: Version, *, patient: bool) -> Machine:
        """The machine, read until it has another version than `expects`, for as long as LOOKS say."""
        await anyio.sleep(LOOKS[0])
        live = await self._reads.get(machine)
        for seconds in LOOKS[1:] if patient else ():
            if live.version != expects:
                break
            await anyio.sleep(seconds)
            live = await self._reads.get(machine)
        return live

    async def _adopt(
        self,
        machine: MachineId,
        config: Mapping[str, Json],
        because: FleetError,
        *,
        lease_ttl: int | None,
        ours: bool,
    ) -> Machine:
        """The machine of this name, leased. `ours`: this call created it, and its lost answer had our lease.

        Else another run of the same plan created it. Raises LeaseHeld if that run still works on it.
        """
        live = _ours(await self._reads.get(machine), config, because=because)
        if lease_ttl is None:
            return live
        if ours:
            lease = await self._leases.recover(machine, ttl=lease_ttl)
        else:
            lease = await self._leases.acquire(
                machine, ttl=lease_ttl, description="flightplan", patience=lease_ttl + 5
            )
        return replace(live, nonce=lease.nonce)


def _body(config: Mapping[str, Json], *, region: Region, skip_launch: bool, routed: bool) -> JsonObject:
    body: JsonObject = {"config": dict(config)}
    if region:
        body["region"] = region
    if skip_launch:
        body["skip_launch"] = True
    if not routed:
        body["skip_service_registration"] = True
    return body


def _ours(live: Machine, config: Mapping[str, Json], *, because: FleetError) -> Machine:
    """The machine, if it is what we sent: same image, metadata and marks. Raises VersionConflict if it is not."""
    sent = config.get("metadata")
    wanted = {k: v for k, v in sent.items() if isinstance(v, str)} if isinstance(sent, Mapping) else {}
    image = config.get("image")
    stable = {k for k in wanted if k not in VOLATILE_KEYS} | STEP_KEYS
    if all(live.metadata.get(key) == wanted.get(key) for key in stable) and runs_image(
        live, image if isinstance(image, str) else None
    ):
        return live
    raise VersionConflict(
        str(because), hint="The machine was changed after the plan was made. Try again."
    ) from because
