"""Makes volumes larger, and restarts a machine if the API says that it needs that to see the new size."""

from __future__ import annotations

from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import Growth
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.rollout.boot import watch_boot
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import HealthGateFailed, expect_written
from entrypoint.rollout.gate import pass_gate
from entrypoint.rollout.outcome import GrownVolume, Halted, HaltKind
from entrypoint.rollout.starting import start_machine


async def grow_volumes(rollout: Rollout) -> bool:
    """Grow the volumes one by one. Returns whether the rollout may continue. Raises FleetError."""
    for growth in rollout.plan.growths:
        needs_restart = await rollout.halting.write(
            lambda growth=growth: rollout.machines.extend_volume(growth.volume, size_gb=growth.size_gb)  # type: ignore[misc]
        )
        machine = growth.machine.id if growth.machine else None
        restarted = machine if needs_restart and growth.restarts else None
        rollout.volumes.grown.append(
            GrownVolume(volume=growth.volume, group=growth.group, size_gb=growth.size_gb, restarted=restarted)
        )
        whose = machine or f"a new machine of {growth.group}"
        rollout.progress.say("volume", f"{growth.volume} of {whose} has {growth.size_gb} GB now")
        if restarted is not None and not await _restart(rollout, growth, restarted):
            return False
    return True


async def _restart(rollout: Rollout, growth: Growth, machine: MachineId) -> bool:
    await rollout.leases.acquire([machine], description=rollout.job.description)
    await rollout.halting.write(lambda: rollout.machines.stop(machine, nonce=rollout.leases.nonce(machine)))
    await start_machine(rollout, machine)
    try:
        await _pass(rollout, machine, growth.gate)
    except HealthGateFailed as failure:
        rollout.halting.halt(
            Halted(
                kind=HaltKind.UNHEALTHY,
                message=f"It was restarted because its volume grew, and then {failure.why}",
                detail=failure.said,
                group=growth.group,
                machine=machine,
            )
        )
        return False
    return True


async def _pass(rollout: Rollout, machine: MachineId, gate: HealthGate) -> None:
    async def wake() -> None:
        await start_machine(rollout, machine)

    expected = expect_written(await rollout.machines.get(machine))
    await pass_gate(rollout.machines, expected, gate, report=lambda _: None, wake=wake)
    if gate.kind is GateKind.BOOT:
        await watch_boot(rollout.machines, expected, timeout=gate.timeout, wake=wake)
