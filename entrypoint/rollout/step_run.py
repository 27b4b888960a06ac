"""Runs one step: sends its request, then waits for its gate. Each kind of step is a file of rollout/steps/."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_never

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Update,
    is_done,
    machine_of,
)
from entrypoint.rollout.expectation import HealthGateFailed
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.outcome import HaltKind, StepStatus
from entrypoint.rollout.steps.create import create
from entrypoint.rollout.steps.destroy import destroy, discard
from entrypoint.rollout.steps.route import cordon, route
from entrypoint.rollout.steps.start import start
from entrypoint.rollout.steps.update import update
from entrypoint.rollout.wave_leases import lease_alone, leased_for_wave


class StepRun(GatedStep):
    """One running step. `take` sends the request and waits for the gate; `watch` does the boot watch."""

    async def take(self) -> None:
        """Send the request and wait for the gate, without the boot watch. A failure halts the rollout, unless the stage is `forward`."""
        await checkpoint_if_cancelled()  # nothing new is begun once something has failed
        await self._see_through(self._take)

    async def watch(self) -> None:
        """Do the boot watch. A failure halts the rollout."""
        await self._see_through(self.watch_boot)

    def end_unwatched(self) -> None:
        """The rollout ends before the boot watch has begun."""
        if self.watches:
            self._stop_short()

    async def _see_through(self, part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except HealthGateFailed as failure:
            self.fail(HaltKind.UNHEALTHY, failure.why, said=failure.said)
        except FleetError as error:
            self.fail(HaltKind.REFUSED, str(error), hint=error.hint)
        except anyio.get_cancelled_exc_class():
            self._stop_short()
            raise
        else:
            await self._end_lease()

    def _stop_short(self) -> None:
        if (
            isinstance(self.step, Create)
            and not is_done(self.step)
            and self.touched is None
            and not self.machine
        ):
            return  # its request was not sent, so it was never begun
        self.record(StepStatus.UNKNOWN, "stopped before its gate had passed")

    async def _end_lease(self) -> None:
        """Give back a lease that was taken for this step only. A failed step keeps it for the rollback."""
        machine = leased_for_wave(self.step)
        if self.finished and machine is not None:
            await self.rollout.leases.release([machine.id])

    async def _take(self) -> None:
        step = self.step
        if self.is_forward:
            await lease_alone(self.rollout, step)
        match step:
            case Create():
                await create(self, step)
            case Update():
                await update(self, step)
            case Start():
                await start(self, step)
            case Route():
                await route(self, step)
            case Cordon():
                await cordon(self, step)
            case Discard():
                await discard(self, step)
            case Destroy():
                await destroy(self, step)
            case _:
                assert_never(step)


def existing_machine(step: Step) -> MachineId | None:
    """The live machine that a step changes; None if it does not exist yet, or is destroyed."""
    machine = machine_of(step)
    return None if machine is None else machine.id
