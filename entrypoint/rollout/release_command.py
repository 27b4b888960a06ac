"""Runs `[deploy].release_command`, once for each deploy (release_mark.py tells which deploy a run belongs to)."""

from __future__ import annotations

from contextlib import suppress

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.managed import group_name
from entrypoint.fleet.marks import commit_mark
from entrypoint.fleet.model import RELEASE_GROUP, Fleet
from entrypoint.fleet.states import RESTING
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import ReleaseRun
from entrypoint.rollout.bodies import release_body, release_name
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.leases import TTL
from entrypoint.rollout.outcome import Halted, HaltKind, ReleaseResult
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.release_mark import is_released, record_release, release_identity
from entrypoint.rollout.task_machine import Task, follow_task, run_task


async def run_release(rollout: Rollout, run: ReleaseRun) -> ReleaseResult:
    """Run it, unless it has succeeded for this deploy. If an interrupted job has begun it, wait for that run. Raises FleetError."""
    begun, identity = anyio.current_time(), release_identity(rollout.job)
    if is_released(rollout, identity):
        rollout.progress.say("release", "it succeeded for this deploy before, and is not run again")
        result = ReleaseResult(command=run.command, exit_code=0, seconds=0.0, adopted=True)
    else:
        result = await _run(rollout, run, identity, begun=begun)
        if result.exit_code == 0:
            await record_release(rollout, identity)
    if result.exit_code == 0:
        rollout.release.mark = identity
    return result


async def follow_release(rollout: Rollout) -> None:
    """Watch how the release command of a killed job ends, while this run waits for that job's leases. Fly forgets a destroyed machine
    after a while; then the command would be run again. Never raises FleetError.
    """
    run = rollout.plan.release
    if run is None:
        return
    with suppress(FleetError):
        rollout.release.seen = await follow_task(rollout, _task(rollout, run, release_identity(rollout.job)))


def _task(rollout: Rollout, run: ReleaseRun, identity: str) -> Task:
    return Task(
        name=lambda attempt: release_name(identity, attempt=attempt),
        region=run.region,
        config=release_body(
            run.config, plan=rollout.job.digest, release=rollout.release.row, run=rollout.job.marks
        ),
        timeout=run.timeout,
        seen=rollout.release.seen,
    )


async def _run(rollout: Rollout, run: ReleaseRun, identity: str, *, begun: float) -> ReleaseResult:
    def running(machine: MachineId | None) -> None:
        rollout.release.running_on = machine

    end = await run_task(
        rollout,
        _task(rollout, run, identity),
        on_adopted=lambda: rollout.progress.say(
            "release", "an interrupted run has started it; waiting for its end"
        ),
        on_running=running,
    )
    rollout.release.running_on = None
    return ReleaseResult(
        command=run.command,
        exit_code=end.exit_code,
        seconds=anyio.current_time() - begun,
        ended=end.ended,
        machine=end.machine,
        adopted=end.adopted,
        began=begun - rollout.job.begun,
        oom_killed=end.oom_killed,
    )


async def remove_left_releases(machines: Machines, fleet: Fleet, *, key: str) -> None:
    """Destroy the release machines of killed runs of this key that do not run. Never raises FleetError.

    Only a run of the same commit would still ask them, and a later deploy has ended well since.
    """
    for machine in fleet.machines:
        is_ours = group_name(machine) == RELEASE_GROUP and commit_mark(machine, key=key) is not None
        if is_ours and machine.state in RESTING:
            with suppress(FleetError):
                lease = await machines.acquire_lease(
                    machine.id, ttl=TTL, description="flightplan", patience=0.0
                )
                await machines.destroy(machine.id, nonce=lease.nonce)


def release_failed(result: ReleaseResult) -> Halted:
    """Why the rollout stops after a failed release command."""
    where = f" on machine {result.machine}" if result.machine else ""
    if result.exit_code is not None:
        memory = " because its machine was out of memory" if result.oom_killed else ""
        ended = f"ended with exit code {result.exit_code}{memory}"
    elif result.ended:
        ended = f"ended{where}, and Fly does not tell its exit code"
    else:
        ended = f"did not end in time and still runs{where}"
    return Halted(
        kind=HaltKind.RELEASE_FAILED,
        message=f"The release command {ended}. No machine was changed.",
        hint="Give it more memory in fly.toml: `[deploy.release_command_vm] memory`."
        if result.oom_killed
        else "Its output is in the app's logs (fly logs). Fix the command, and deploy again.",
    )
