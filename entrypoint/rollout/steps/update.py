"""Replaces a machine's config in place. If the plan says so, the machine is cordoned meanwhile."""

from __future__ import annotations

from entrypoint.fleet.extras import Cordoned, cordon_of, is_unproven
from entrypoint.planning.model.steps import GateKind, HealthGate, Update
from entrypoint.rollout.bodies import update_body
from entrypoint.rollout.expectation import Expectation, expect_written
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.routing import put_back, take_out
from entrypoint.rollout.running import runs_now


async def update(run: GatedStep, step: Update) -> None:
    """Update it and wait for its gate. If an interrupted run has updated it, only wait."""
    rollout, machine = run.rollout, step.machine
    run.machine = machine.id
    runs = runs_now(rollout, step)
    starts = step.start and not runs
    gate = step.gate if runs or starts else step.gate_if_resting
    if step.done:
        await run.gate_done(machine.id, gate, starts=starts)
        return
    touched = run.touch(machine.id)
    serves = step.serves and runs
    if serves:
        rollout.capacity.goes_down(step.group)
    drains = await _drain(run, step, runs=runs)
    run.say("updating")
    expected = touched.expected = await _write(run, step, runs=runs, drains=drains)
    if starts or (runs and step.config.get("standbys")):  # it may have taken over from its primary
        await run.settle_and_start(expected, timeout=gate.timeout)
    if drains:
        await run.hold_gate(gate, expected)
        await _come_back(run, gate, expected)
    else:
        await run.pass_gate(gate, expected)
    if serves:
        rollout.capacity.is_back(step.group)


async def _drain(run: GatedStep, step: Update, *, runs: bool) -> bool:
    """Drain it if the step says so. Returns whether it must be uncordoned afterwards. A person's cordon is not changed."""
    found = run.rollout.ledger.find(step.machine)
    ours = cordon_of(found) is not None
    if not step.drain or (found.cordoned and not ours) or not (runs or ours):
        return False
    run.say("draining")
    why = Cordoned.UPDATED if is_unproven(found) else Cordoned.DRAIN
    await take_out(run.rollout, found.id, why, drains=runs)
    return True


async def _write(run: GatedStep, step: Update, *, runs: bool, drains: bool) -> Expectation:
    rollout, machine = run.rollout, step.machine
    body = update_body(
        step,
        plan=rollout.job.digest,
        release=rollout.release.row,
        released=rollout.release.mark,
        run=rollout.job.marks,
        cordoned=Cordoned.UPDATED if drains else None,
    )
    written = await rollout.halting.write(
        lambda: rollout.machines.update(
            machine.id,
            config=body,
            region=machine.region,
            expects=machine.version,
            nonce=rollout.leases.nonce(machine.id),
            skip_launch=not runs,
            routed=not (drains or rollout.ledger.find(machine).cordoned),
        )
    )
    return expect_written(written, previous=machine.version, wrote=body)


async def _come_back(run: GatedStep, gate: HealthGate, expected: Expectation) -> None:
    """Uncordon it. The metadata write that removes the mark may let its checks begin anew, so they must pass once more."""
    await put_back(run.rollout, expected.machine)
    if gate.kind is GateKind.CHECKS:
        await run.hold_gate(gate, run.rollout.ledger.written[expected.machine].expected)
    run.finish("stays stopped" if gate.kind is GateKind.REST else "healthy, and uncordoned again")
