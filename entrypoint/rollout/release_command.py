"""Run `[deploy].release_command`, once.

On a machine of its own, as flyctl does (machines_releasecommand.go): create without launching, start, wait for its end, read the
exit event; the machine destroys itself. Its name follows from the deploy (release_mark.py), so that a run that was interrupted is found,
waited for and believed instead of repeated: the API still shows destroyed machines for a while. One that failed is run again, under
the next name.
"""

from __future__ import annotations

from contextlib import suppress

import anyio

from entrypoint.fleet.errors import MachineGone, Refused, Unavailable
from entrypoint.fleet.model import ExitEvent, Machine
from entrypoint.fleet.states import ENDED, LEAVING, RESTING, UP
from entrypoint.planning.model.plan import ReleaseRun
from entrypoint.rollout.bodies import release_body, release_name
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import POLL
from entrypoint.rollout.outcome import Halted, HaltKind, ReleaseResult
from entrypoint.rollout.release_mark import is_released, record_release, release_identity

_SETTLE_WITHIN = 300.0
_SETTLE_SLICE = 10.0
"""Seconds to wait for the machine to rest before it is started all the same: some servers leave it `created`."""
_ENDS = ("destroyed", "stopped", "failed")
_SLICE = 2.0
"""Seconds of one long poll: the end must not be missed where the API watches for one of the states only."""
_EXIT_WITHIN = 5.0
"""Seconds that Fly may need to tell the exit of a machine that has ended."""
_MOST_FAILURES = 20


async def run_release(rollout: Rollout, run: ReleaseRun) -> ReleaseResult:
    """Run it, unless it has succeeded for this deploy, or take over the run of an interrupted job. Raises FleetError."""
    begun, identity = anyio.current_time(), release_identity(rollout.job)
    if is_released(rollout, identity):
        rollout.progress.say("release", "it has succeeded for this deploy before, and is not run again")
        result = ReleaseResult(command=run.command, exit_code=0, seconds=0.0, adopted=True)
    else:
        result = await _run(rollout, run, identity, begun=begun)
        if result.exit_code == 0:
            await record_release(rollout, identity)
    if result.exit_code == 0:
        rollout.release.mark = identity
    return result


async def _run(rollout: Rollout, run: ReleaseRun, identity: str, *, begun: float) -> ReleaseResult:
    name, earlier = await _earlier(rollout, identity)
    if earlier is not None and earlier.last_exit is not None:
        return _result(run, earlier, earlier.last_exit, begun=begun, adopted=True)
    machine = earlier
    if machine is None:
        machine = await rollout.halting.write(
            lambda: rollout.machines.create(
                name=name,
                region=run.region,
                config=release_body(
                    run.config, plan=rollout.job.digest, release=rollout.release.row, run=rollout.job.marks
                ),
                skip_launch=True,
                lease_ttl=None,
            )
        )
    else:
        rollout.progress.say("release", "an interrupted run has begun it; going on with that")
    if machine.state not in UP:
        await _start(rollout, machine)
    rollout.release.running_on = machine.id
    seen = await _wait_for_end(rollout, machine, name=name, timeout=run.timeout)
    rollout.release.running_on = None
    exit_ = seen.last_exit if seen is not None else None
    return _result(run, machine, exit_, begun=begun, adopted=earlier is not None, ended=seen is not None)


async def _earlier(rollout: Rollout, identity: str) -> tuple[str, Machine | None]:
    """The run to go on with or to believe; or None, and the name for a new one. Failures are passed over."""
    for attempt in range(_MOST_FAILURES):
        name = release_name(identity, attempt=attempt)
        found = await rollout.machines.find(name=name)
        if found is None or (found.last_exit is not None and found.last_exit.exit_code == 0):
            return name, found
        if found.last_exit is None and found.state not in ENDED | LEAVING:
            return name, found
    return release_name(identity, attempt=_MOST_FAILURES), None


async def _start(rollout: Rollout, machine: Machine) -> None:
    """Start it as soon as it is ready; until then the API refuses."""
    deadline = anyio.current_time() + _SETTLE_WITHIN
    while True:
        await rollout.machines.wait(machine.id, version=None, states=("stopped",), timeout=_SETTLE_SLICE)
        try:
            await rollout.halting.write(lambda: rollout.machines.start(machine.id, nonce=None))
        except Refused:
            state = (await rollout.machines.get(machine.id)).state
            if state not in RESTING or anyio.current_time() >= deadline:
                raise
        else:
            return


async def _wait_for_end(
    rollout: Rollout, machine: Machine, *, name: str, timeout: float | None
) -> Machine | None:
    """The machine after its end, as far as it can still be read; None if it did not end in time.

    Read the moment the wait speaks: the record of a machine that has destroyed itself may go at once (machines-api §8). Its exit
    may be told a little later than its state.
    """
    machines, ended_since = rollout.machines, float("inf")
    deadline = float("inf") if timeout is None else anyio.current_time() + timeout
    while True:
        begun = anyio.current_time()
        left = deadline - begun
        with suppress(Unavailable):
            await machines.wait(machine.id, version=None, states=_ENDS, timeout=max(1.0, min(_SLICE, left)))
        try:
            seen = await machines.get(machine.id)
        except MachineGone:
            return await machines.find(name=name) or machine
        except Unavailable:
            if left <= 0:
                raise
        else:
            now = anyio.current_time()
            ended_since = min(ended_since, now) if seen.state in ENDED else float("inf")
            if seen.last_exit is not None or now - ended_since >= _EXIT_WITHIN:
                return seen
            if left <= 0 and seen.state not in ENDED:
                return None
        await anyio.sleep(max(0.0, begun + POLL - anyio.current_time()))


def _result(
    run: ReleaseRun,
    machine: Machine,
    exit_: ExitEvent | None,
    *,
    begun: float,
    adopted: bool,
    ended: bool = True,
) -> ReleaseResult:
    return ReleaseResult(
        command=run.command,
        exit_code=exit_.exit_code if exit_ else None,
        seconds=anyio.current_time() - begun,
        ended=ended,
        machine=machine.id,
        adopted=adopted,
    )


def release_failed(result: ReleaseResult) -> Halted:
    """Why the rollout stops here, in words."""
    where = f" on machine {result.machine}" if result.machine else ""
    if result.exit_code is not None:
        ended = f"ended with exit code {result.exit_code}"
    elif result.ended:
        ended = f"ended{where}, and Fly does not say with which code"
    else:
        ended = f"did not end in time and still runs{where}"
    return Halted(
        kind=HaltKind.RELEASE_FAILED,
        message=f"The release command {ended}. No machine was touched.",
        hint="Its output is in the app's logs (fly logs). Mend it and run the workflow again.",
    )
