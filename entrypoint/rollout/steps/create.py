"""Creates a machine."""

from __future__ import annotations

from dataclasses import replace

from entrypoint.fleet.errors import AlreadyMade, NotSent, VersionConflict
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Region, VolumeId
from entrypoint.kernel.json import JsonObject
from entrypoint.planning.model.gates import gate_at_rest
from entrypoint.planning.model.mounts import standbys_of
from entrypoint.planning.model.steps import Create
from entrypoint.rollout.bodies import create_body, machine_name
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import Expectation, expect_written
from entrypoint.rollout.gate import settle
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.ports import Lease
from entrypoint.rollout.volumes import volume_for


async def create(run: GatedStep, step: Create) -> None:
    """Create it and wait for its gate. If another run has created it, only wait: an interrupted one, or one that the plan did not see."""
    rollout = run.rollout
    if step.done is not None:
        await _only_wait(run, step, step.done)
        return
    volume = await volume_for(rollout, step)
    body = _body(rollout, step, volume=None if volume is None else volume.id)
    touched = run.touch(None)
    try:
        made = await _write(run, step, body, region=step.region if volume is None else volume.region)
    except AlreadyMade as found:
        run.untouch()  # a rollback leaves it to that run
        await _only_wait(run, step, found.machine)
        return
    except VersionConflict:
        run.untouch()  # another run has made it, or somebody
        raise
    touched.machine = run.machine = rollout.ledger.made[step.slot] = made.id
    touched.expected = expect_written(made, wrote=body)
    if made.nonce:
        rollout.leases.add(Lease(machine=made.id, nonce=made.nonce, version=made.version))
    run.say("created")
    if step.rests_after:
        await _show_and_rest(run, step, touched.expected)
        return
    await run.pass_gate(step.gate, touched.expected, passed=_stands_by(rollout, step))


def _body(rollout: Rollout, step: Create, *, volume: VolumeId | None = None) -> JsonObject:
    return create_body(
        step,
        plan=rollout.job.digest,
        release=rollout.release.row,
        made=rollout.ledger.made,
        volume=volume,
        released=rollout.release.mark,
        run=rollout.job.marks,
    )


async def _write(run: GatedStep, step: Create, body: JsonObject, *, region: Region) -> Machine:
    """Raises FleetError; AlreadyMade and VersionConflict only if it was not created here."""
    rollout = run.rollout
    name = machine_name(step.slot, plan=rollout.job.digest, taken=rollout.ledger.names)
    asked = 0

    async def ask() -> Machine:
        nonlocal asked
        asked += 1
        try:
            return await rollout.machines.create(
                name=name,
                region=region,
                config=body,
                skip_launch=step.skip_launch or bool(body.get("standbys")),
                lease_ttl=rollout.leases.ttl,
                routed=step.routed,
                adopts=asked > 1,  # an attempt without an answer may have created it
            )
        except NotSent:
            if asked == 1:
                run.untouch()
            raise

    return await rollout.halting.write(ask)


async def _only_wait(run: GatedStep, step: Create, done: MachineId) -> None:
    """Wait for the gate of `done`, which an interrupted run has created, and whose lease may outlast those of the others."""
    rollout = run.rollout
    rollout.ledger.made[step.slot] = done
    await rollout.leases.acquire([done], description=rollout.job.description)
    live = rollout.ledger.found.get(done)
    if step.standby_for is not None and live is not None:
        primary = rollout.ledger.made[step.standby_for]
        if standbys_of(live.config) != (primary,):
            await _stand_by_anew(run, step, live)
            return
    if step.extra:
        # A rollback destroys it, whichever run created it, because the machine that it replaces still serves.
        run.touch(done)
    if not step.rests_after:
        await run.gate_done(done, step.gate)
    elif (expected := await run.found_done(done, step.gate)) is not None:
        await _show_and_rest(run, step, expected)


async def _stand_by_anew(run: GatedStep, step: Create, live: Machine) -> None:
    """Make a standby of an interrupted run one of the primary that this run has created: the other is gone, and it would never start."""
    rollout = run.rollout
    run.machine = live.id
    body = _body(rollout, step)
    touched = run.touch(live.id)
    written = await rollout.halting.write(
        lambda: rollout.machines.update(
            live.id,
            config=body,
            region=live.region,
            expects=live.version,
            nonce=rollout.leases.nonce(live.id),
            skip_launch=True,
        )
    )
    touched.expected = expect_written(written, previous=live.version, wrote=body)
    await run.pass_gate(step.gate, touched.expected, passed=_stands_by(rollout, step))


def _stands_by(rollout: Rollout, step: Create) -> str:
    return f"standby for {rollout.ledger.made[step.standby_for]}" if step.standby_for else ""


async def _show_and_rest(run: GatedStep, step: Create, expected: Expectation) -> None:
    await run.hold_gate(step.gate, expected)
    await _rest(run, expected, timeout=step.gate.timeout)
    run.finish("showed that it runs, and is stopped again")


async def _rest(run: GatedStep, expected: Expectation, *, timeout: float) -> None:
    rollout, machine = run.rollout, expected.machine
    await rollout.halting.write(lambda: rollout.machines.stop(machine, nonce=rollout.leases.nonce(machine)))
    gate = gate_at_rest(timeout=timeout)
    written = rollout.ledger.written[machine]
    rollout.ledger.written[machine] = replace(written, gate=gate)  # from now on it is not expected to run
    seen = await settle(rollout.machines, expected, timeout=timeout)
    run.keep_account(seen, gate=gate, expected=expected, passed=True)
