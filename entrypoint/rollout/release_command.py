"""Run `[deploy].release_command`, once.

On a machine of its own, as flyctl does (machines_releasecommand.go): create without launching, start, wait for its end, read
the exit event. Two things differ. Its name follows from the plan, so that an interrupted run's release machine is found and
waited for instead of run twice; and it is not `auto_destroy`ed but destroyed by us when the rollout has ended, because until the
first machine is marked it is the only proof that the command ran.
"""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import FleetError, MachineGone
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model import ReleaseRun
from entrypoint.rollout.bodies import release_body, release_name
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.gate import POLL, SLICE
from entrypoint.rollout.outcome import ReleaseResult

_SETTLE_WITHIN = 300.0


async def run_release(rollout: Rollout, run: ReleaseRun) -> tuple[ReleaseResult, MachineId]:
    """The result and the machine to destroy later. Raises FleetError."""
    begun = anyio.current_time()
    body = release_body(run.config, plan=rollout.digest, release=rollout.release) | {"auto_destroy": False}
    machine = await rollout.write(
        lambda: rollout.machines.create(
            name=release_name(rollout.digest),
            region=run.region,
            config=body,
            skip_launch=True,
            lease_ttl=None,
        )
    )
    adopted = machine.last_start is not None or machine.state == "started"
    if adopted:
        rollout.progress.say("release", "found the run that was interrupted; waiting for it")
    else:
        await _start(rollout, machine)
    exit_code = await _wait_for_exit(rollout, machine.id, timeout=run.timeout)
    seconds = anyio.current_time() - begun
    return ReleaseResult(
        command=run.command, exit_code=exit_code, seconds=seconds, adopted=adopted
    ), machine.id


async def _start(rollout: Rollout, machine: Machine) -> None:
    deadline = anyio.current_time() + _SETTLE_WITHIN
    while machine.state != "stopped" and anyio.current_time() < deadline:
        left = deadline - anyio.current_time()
        if await rollout.machines.wait(
            machine.id, version=None, states=("stopped",), timeout=max(1.0, min(60.0, left))
        ):
            break
        machine = await rollout.machines.get(machine.id)
        await anyio.sleep(POLL)
    await rollout.write(lambda: rollout.machines.start(machine.id, nonce=None))


async def _wait_for_exit(rollout: Rollout, machine: MachineId, *, timeout: float | None) -> int | None:
    """The exit code; None if it did not end in time or its end cannot be read any more."""
    deadline = None if timeout is None else anyio.current_time() + timeout
    while True:
        asked = anyio.current_time()
        left = SLICE if deadline is None else max(1.0, min(SLICE, deadline - asked))
        await rollout.machines.wait(
            machine, version=None, states=("stopped", "destroyed", "failed"), timeout=left
        )
        try:
            seen = await rollout.machines.get(machine)
        except MachineGone:
            return None
        if seen.last_exit is not None:
            return seen.last_exit.exit_code
        if seen.state in ("failed", "destroyed"):
            return None
        if deadline is not None and anyio.current_time() >= deadline:
            return None
        if anyio.current_time() - asked < POLL:
            await anyio.sleep(POLL)


async def destroy_release(rollout: Rollout, machine: MachineId) -> None:
    """Tidy up; a machine left behind is found by name by the next run and harms nobody."""
    try:
        await rollout.machines.destroy(machine, nonce=None)
    except FleetError as error:
        rollout.progress.say("release", f"its machine {machine} could not be destroyed: {error}", ok=False)
