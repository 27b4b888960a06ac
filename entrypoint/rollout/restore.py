"""Restores one updated machine to its recorded config, image and run state, and checks the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from entrypoint.fleet.extras import Cordoned, cordon_of
from entrypoint.fleet.images import live_digest, live_reference, pinned
from entrypoint.fleet.marks import CORDON, PLAN
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import is_same_config
from entrypoint.fleet.states import NOT_RUNNING
from entrypoint.kernel.images import is_same_image
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import Update
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import Expectation, HealthGateFailed, expect_written, look
from entrypoint.rollout.gate import pass_gate, settle
from entrypoint.rollout.health import serves
from entrypoint.rollout.routing import put_back, take_out
from entrypoint.rollout.starting import start_machine


class NotHealthy(Exception):
    """The machine is as recorded, but does not pass its gate. The message is ours."""


async def restore(
    rollout: Rollout, step: Update, expected: Expectation | None, *, on_written: Callable[[], None]
) -> str:
    """Restore a machine. Returns what was done, in a word; empty if our write never arrived. `on_written` is called after the write.

    Raises FleetError; HealthGateFailed if it is not as recorded; NotHealthy if it is, but does not run as it should.
    """
    recorded = rollout.ledger.find(step.machine)
    live = await rollout.machines.get(recorded.id)
    never_ours = expected is None and live.metadata.get(PLAN) != rollout.job.digest
    if live.version == recorded.version or never_ours:
        if live.version == recorded.version and recorded.id in rollout.ledger.drained:
            await put_back(rollout, recorded.id)  # at once: it was never updated, so it can serve
        return ""
    await rollout.leases.acquire([recorded.id], description=rollout.job.description)
    if not _differs(live, recorded):
        back = Expectation(machine=live.id, version=live.version)  # an attempt before this one wrote it
    elif expected is None or expected.is_ours(live):
        back = await _write_back(rollout, recorded, await _drained(rollout, step, live))
    else:
        raise HealthGateFailed("somebody else changed it meanwhile; it was left as it is")
    on_written()
    ails = await _run_as_recorded(rollout, step, recorded, back)
    if recorded.id in rollout.ledger.drained:
        await put_back(rollout, recorded.id)  # after a metadata write its checks may begin anew
        ails = ails or await _run_as_recorded(rollout, step, recorded, back)
    differs = _differs(await look(rollout.machines, back, until=0.0), recorded)
    if differs:
        raise HealthGateFailed(f"it was written back, and {differs}")
    if ails:
        raise NotHealthy(ails)
    return "restored"


async def _drained(rollout: Rollout, step: Update, live: Machine) -> Machine:
    """Drain the machine before it is restored, if its update drained it and it may be serving now."""
    if not step.drain or live.cordoned or not serves(live):
        return live
    await take_out(rollout, live.id, Cordoned.DRAIN, drains=True)
    return replace(live, cordoned=True)


async def _run_as_recorded(rollout: Rollout, step: Update, recorded: Machine, back: Expectation) -> str:
    """Stop it or let it run, as it was before. Returns why it does not run as it should; empty if it does."""
    if recorded.state in NOT_RUNNING:
        await _rest_again(rollout, back, timeout=step.undo_gate.timeout)
        return ""
    try:
        await _run_again(rollout, step, back, was_healthy=_was_healthy(recorded))
    except HealthGateFailed as failure:
        return failure.why
    return ""


def _was_healthy(recorded: Machine) -> bool:
    """Whether it was healthy before our write. If not, it need not become healthy."""
    return recorded.state != "failed" and all(check.status != "critical" for check in recorded.checks)


async def _write_back(rollout: Rollout, recorded: Machine, live: Machine) -> Expectation:
    """Write the recorded config, with the digest of the image that ran, because its tag may have moved."""
    marks = {
        k: v for k, v in recorded.metadata.items() if k != CORDON or cordon_of(recorded) is not Cordoned.DRAIN
    }
    if recorded.id in rollout.ledger.drained:
        marks[CORDON] = Cordoned.UPDATED.value
    config: Mapping[str, Json] = {**recorded.config, "image": pinned(recorded), "metadata": marks}
    written = await rollout.halting.write(
        lambda: rollout.machines.update(
            recorded.id,
            config=config,
            region=recorded.region,
            expects=live.version,
            nonce=rollout.leases.nonce(recorded.id),
            skip_launch=recorded.state in NOT_RUNNING,
            routed=not live.cordoned,
        )
    )
    return expect_written(written, previous=live.version, wrote=config)


async def _rest_again(rollout: Rollout, back: Expectation, *, timeout: float) -> None:
    seen = await settle(rollout.machines, back, timeout=timeout)
    if seen.state == "started":
        nonce = rollout.leases.nonce(back.machine)
        await rollout.halting.write(lambda: rollout.machines.stop(back.machine, nonce=nonce))
        await settle(rollout.machines, back, timeout=timeout)


async def _run_again(rollout: Rollout, step: Update, back: Expectation, *, was_healthy: bool) -> None:
    async def wake() -> None:
        await start_machine(rollout, back.machine)

    seen = await settle(rollout.machines, back, timeout=step.undo_gate.timeout)
    if not was_healthy:
        return
    if seen.state != "started":
        await wake()
    await pass_gate(rollout.machines, back, step.undo_gate, report=lambda _: None, wake=wake)


def _differs(seen: Machine, recorded: Machine) -> str:
    """How it differs from what was recorded, in words; empty if it does not."""
    if not is_same_config(seen.config, recorded.config):
        return "its config is not the recorded one"
    was, now = live_digest(recorded), live_digest(seen)
    if was and now and was != now:
        return f"runs image {now} instead of the recorded one"
    if not was and not is_same_image(live_reference(seen), live_reference(recorded)):
        return f"runs image {live_reference(seen)} instead of the recorded one"
    return ""
