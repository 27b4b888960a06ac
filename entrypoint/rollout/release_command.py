"""Run `[deploy].release_command`, once.

On a machine of its own, as flyctl does (machines_releasecommand.go): create without launching, start, wait for its end, read the
exit event; the machine destroys itself. Its name follows from the plan, so that a run that was interrupted is found, waited for and
believed instead of repeated: the API still shows destroyed machines for a while.
"""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.model import ExitEvent, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model import ReleaseRun
from entrypoint.rollout.bodies import release_body, release_name
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.gate import POLL, SLICE
from entrypoint.rollout.outcome import ReleaseResult

_SETTLE_WITHIN = 300.0
_ENDED = ("failed", "destroyed", "launch_failed")


async def run_release(rollout: Rollout, run: ReleaseRun) -> ReleaseResult:
    """Run it, or take over the run of an interrupted rollout of the same plan. Raises FleetError."""
    begun = anyio.current_time()
    earlier = await rollout.machines.find(name=release_name(rollout.digest))
    if earlier is not None and earlier.last_exit is not None and earlier.last_exit.exit_code == 0:
        return _result(run, earlier.last_exit, begun=begun, adopted=True)
    if earlier is not None and earlier.state in ("started", "starting"):
        rollout.progress.say("release", "an interrupted run has begun it; waiting for that")
        return _result(
            run, await _wait_for_exit(rollout, earlier.id, timeout=run.timeout), begun=begun, adopted=True
        )
    machine = await rollout.write(
        lambda: rollout.machines.create(
            name=release_name(rollout.digest),
            region=run.region,
            config=release_body(run.config, plan=rollout.digest, release=rollout.release),
            skip_launch=True,
            lease_ttl=None,
        )
    )
    await _start(rollout, machine)
    return _result(
        run, await _wait_for_exit(rollout, machine.id, timeout=run.timeout), begun=begun, adopted=False
    )


async def _start(rollout: Rollout, machine: Machine) -> None:
    deadline = anyio.current_time() + _SETTLE_WITHIN
    while machine.state != "stopped" and anyio.current_time() < deadline:
        left = deadline - anyio.current_time()
        asked = anyio.current_time()
        if await rollout.machines.wait(
            machine.id, version=None, states=("stopped",), timeout=max(1.0, min(60.0, left))
        ):
            break
        machine = await rollout.machines.get(machine.id)
        if anyio.current_time() - asked < POLL:
            await anyio.sleep(POLL)
    await rollout.write(lambda: rollout.machines.start(machine.id, nonce=None))


async def _wait_for_exit(rollout: Rollout, machine: MachineId, *, timeout: float | None) -> ExitEvent | None:
    """The exit; None if it did not end in time or its end cannot be read any more."""
    deadline = None if timeout is None else anyio.current_time() + timeout
    while True:
        asked = anyio.current_time()
        left = SLICE if deadline is None else max(1.0, min(SLICE, deadline - asked))
        await rollout.machines.wait(
            machine, version=None, states=("destroyed", "stopped", "failed"), timeout=left
        )
        try:
            seen = await rollout.machines.get(machine)
        except MachineGone:
            return None
        if seen.last_exit is not None or seen.state in _ENDED:
            return seen.last_exit
        if deadline is not None and anyio.current_time() >= deadline:
            return None
        if anyio.current_time() - asked < POLL:
            await anyio.sleep(POLL)


def _result(run: ReleaseRun, exit_: ExitEvent | None, *, begun: float, adopted: bool) -> ReleaseResult:
    return ReleaseResult(
        command=run.command,
        exit_code=exit_.exit_code if exit_ else None,
        seconds=anyio.current_time() - begun,
        adopted=adopted,
    )
