"""Starts a stopped machine whose config does not change."""

from __future__ import annotations

from entrypoint.planning.model.steps import Start
from entrypoint.rollout.expectation import expect_written
from entrypoint.rollout.gated_step import GatedStep


async def start(run: GatedStep, step: Start) -> None:
    """Start it, and wait for its gate."""
    machine = step.machine
    run.machine = machine.id
    if step.done:
        await run.gate_done(machine.id, step.gate)
        return
    expected = expect_written(machine)
    run.touch(machine.id).expected = expected
    run.say("starting")
    await run.wake()
    await run.pass_gate(step.gate, expected)
