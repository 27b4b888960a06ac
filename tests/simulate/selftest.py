"""Does the simulation find faults? Each replaces a function of the engine by a faulty one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.transport import Ambiguous
from entrypoint.adapters.machines.writes import Writes
from entrypoint.fleet.errors import Unavailable
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Nonce, Version
from entrypoint.planning.model.steps import Start
from entrypoint.rollout import checks_gate, execute, proof, release_command, restore, routing, undo
from entrypoint.rollout import looks as shared
from entrypoint.rollout.bodies import update_body
from entrypoint.rollout.expectation import look
from entrypoint.rollout.halting import Halting
from entrypoint.rollout.health import read_start
from entrypoint.rollout.leases import Leases
from entrypoint.rollout.steps import update as updates
from tests.ports.door import PortMachines, PortTransport
from tests.simulate.schedule import draw, forget_references, play

MOST = 2000
"""Schedules within which each must be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`replaced` makes the replacements: (owner, name, what stands there instead)."""

    name: str
    replaced: Callable[[], tuple[tuple[Any, str, Any], ...]]


def _unrefreshed() -> tuple[tuple[Any, str, Any], ...]:
    async def keep(_self: Leases, *, on_lost: object) -> None:
        await anyio.sleep_forever()

    return ((Leases, "keep", keep),)


def _old_instance() -> tuple[tuple[Any, str, Any], ...]:
    """It believes that a machine runs as soon as its version is there."""

    async def looks(machines: Any, expected: Any, *, until: float) -> Machine:
        seen = await look(machines, expected, until=until)
        passing = tuple(replace(c, status="passing", updated_at=None) for c in seen.checks)
        return replace(seen, state="started", checks=passing, last_exit=None)

    def reads(machine: Machine, _gate: object) -> Any:
        return read_start(machine)

    return ((shared, "look", looks), (checks_gate, "read_checks", reads))


def _undo_without_starts() -> tuple[tuple[Any, str, Any], ...]:
    whole = undo._undo_step

    async def skips(rollout: Any, touched: Any) -> str:
        return undo.STOPPED_AGAIN if isinstance(touched.step, Start) else await whole(rollout, touched)

    return ((undo, "_undo_step", skips),)


def _not_looked_up() -> tuple[tuple[Any, str, Any], ...]:
    """After an unclear answer it makes another one."""
    create, send = Writes.create, PortTransport.send

    async def sends(self: PortTransport, call: Call) -> Answer:
        try:
            return await send(self, call)
        except Ambiguous as error:
            raise _UnclearCreate if call.action == "create" else error from error

    async def creates(self: Writes, *, name: str, **rest: Any) -> Machine:
        for attempt in range(1, 5):
            with suppress(_UnclearCreate):
                return await create(self, name=name if attempt == 1 else f"{name}-{attempt}", **rest)
        raise Unavailable("four creates without an answer")

    return ((PortTransport, "send", sends), (Writes, "create", creates))


def _halt_ignored() -> tuple[tuple[Any, str, Any], ...]:
    def halt(self: Halting, halted: Any) -> None:
        self.halted = self.halted or halted

    return ((Halting, "halt", halt),)


def _release_forgotten() -> tuple[tuple[Any, str, Any], ...]:
    async def records(_rollout: object, _identity: str) -> None:
        return

    return (
        (release_command, "record_release", records),
        (release_command, "is_released", lambda _r, _i: False),
    )


def _version_not_sent() -> tuple[tuple[Any, str, Any], ...]:
    write = Writes.update

    async def writes(self: Writes, machine: MachineId, **rest: Any) -> Machine:
        return await write(self, machine, **{**rest, "expects": Version("")})

    return ((Writes, "update", writes),)


def _cordon_kept() -> tuple[tuple[Any, str, Any], ...]:
    async def puts_back(_rollout: object, **_: object) -> None:
        return

    return ((execute, "put_back_left", puts_back),)


def _impatient_drain() -> tuple[tuple[Any, str, Any], ...]:
    return ((routing, "DRAIN_SECONDS", 0.0),)


def _standby_of_nobody() -> tuple[tuple[Any, str, Any], ...]:
    def bodies(*args: Any, **rest: Any) -> dict[str, Any]:
        return {key: value for key, value in update_body(*args, **rest).items() if key != "standbys"}

    return ((updates, "update_body", bodies),)


def _volume_destroyed() -> tuple[tuple[Any, str, Any], ...]:
    destroy = PortMachines.destroy

    async def destroys(self: PortMachines, machine: MachineId, *, nonce: Nonce | None) -> None:
        mine = [v.id for v in await self.list_volumes() if v.attached_machine == machine]
        await destroy(self, machine, nonce=nonce)
        if mine:
            await anyio.sleep(8.0)  # until the machine has let it go
        for volume in mine:
            path = f"/v1/apps/acme-shop/volumes/{volume}"
            await self.http.send(
                Call(
                    method="DELETE",
                    path=path,
                    action="volume",
                    identifier=volume,
                    what="",
                    repeatable=True,
                    accept=frozenset({404, 409, 412}),
                )
            )

    return ((PortMachines, "destroy", destroys),)


def _proof_of_stopped() -> tuple[tuple[Any, str, Any], ...]:
    return ((proof, "is_as_gated", lambda _machine, _gate, passed: True),)


def _restored_at_rest() -> tuple[tuple[Any, str, Any], ...]:
    async def runs(*_: object) -> str:
        return ""

    update = PortMachines.update

    async def rests(self: PortMachines, machine: MachineId, **rest: Any) -> Machine:
        image = str(rest["config"]["image"])
        return await update(self, machine, **{**rest, "skip_launch": rest["skip_launch"] or ":v41" in image})

    return ((restore, "_run_as_recorded", runs), (PortMachines, "update", rests))


class _UnclearCreate(Exception):
    """What nobody looks at."""


FAULTS = (
    Fault(name="a lease is not refreshed", replaced=_unrefreshed),
    Fault(name="a gate believes what it sees of the old instance", replaced=_old_instance),
    Fault(name="an undo skips starts", replaced=_undo_without_starts),
    Fault(name="a create is not looked up", replaced=_not_looked_up),
    Fault(name="a lane ignores the halt", replaced=_halt_ignored),
    Fault(name="a release command is not remembered", replaced=_release_forgotten),
    Fault(name="a version is not sent with an update", replaced=_version_not_sent),
    Fault(name="a cordon is not undone on cancel", replaced=_cordon_kept),
    Fault(name="a drain does not wait", replaced=_impatient_drain),
    Fault(name="a standby is rewritten to nobody", replaced=_standby_of_nobody),
    Fault(name="a volume is destroyed with its machine", replaced=_volume_destroyed),
    Fault(name="the proof counts a stopped machine", replaced=_proof_of_stopped),
    Fault(name="a rollback leaves machines at rest", replaced=_restored_at_rest),
)


@contextmanager
def replacing(fault: Fault) -> Iterator[None]:
    """The engine with that fault."""
    replaced = fault.replaced()
    before = [getattr(owner, name) for owner, name, _ in replaced]
    try:
        for owner, name, instead in replaced:
            setattr(owner, name, instead)
        yield
    finally:
        for (owner, name, _), whole in zip(replaced, before, strict=True):
            setattr(owner, name, whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """After how many schedules, and by what. `schedules` 0: not at all."""

    name: str
    schedules: int
    by: str
    seconds: float


def find(number: int, *, first: int = 1, most: int = MOST) -> Found:
    """Play with the fault of that number until something breaks."""
    fault, begun = FAULTS[number], time.process_time()
    for count, seed in enumerate(range(first, first + most), start=1):
        schedule = draw(seed)  # its way is drawn by the engine as it should be
        with replacing(fault):
            try:
                wrong = play(schedule).wrong
            except Exception:  # a replacement that does not fit its function any more finds nothing
                continue
        if wrong and not play(schedule).wrong:  # what breaks without the fault proves nothing
            return Found(name=fault.name, schedules=count, by=wrong[0], seconds=time.process_time() - begun)
    return Found(name=fault.name, schedules=0, by="", seconds=time.process_time() - begun)


def self_test(*, first: int, workers: int) -> int:
    """A table; 1 where a fault was not found."""
    missed = 0
    with get_context("spawn").Pool(workers) as pool:
        for found in pool.imap(_Finding(first), range(len(FAULTS))):
            missed += not found.schedules
            after = f"{found.schedules:>5}" if found.schedules else "   no"
            print(f"{found.name:<52} {after}  {found.seconds:6.1f} s  {found.by[:110]}", flush=True)
    print(f"{len(FAULTS) - missed} of {len(FAULTS)} faults of the engine found, each within {MOST} schedules")
    return 1 if missed else 0


@dataclass(frozen=True, slots=True)
class _Finding:
    first: int

    def __call__(self, number: int) -> Found:
        forget_references()
        return find(number, first=self.first)
