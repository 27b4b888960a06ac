"""One updated machine back to its recorded config, image and run state, and the proof that it got there."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.fleet.images import live_digest, live_reference, pinned
from entrypoint.fleet.marks import PLAN
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import covers, normal_config
from entrypoint.fleet.states import NOT_RUNNING
from entrypoint.kernel.images import is_same_image
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import Update
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.gate import pass_gate, settle
from entrypoint.rollout.watched import GateFailed, Watched, look, watch_written


async def restore(rollout: Rollout, step: Update, watched: Watched | None) -> str:
    """What was done, in a word; empty if our write had never arrived. Raises FleetError, GateFailed."""
    recorded = rollout.live.get(step.machine.id, step.machine)
    live = await rollout.machines.get(recorded.id)
    never_ours = watched is None and live.metadata.get(PLAN) != rollout.digest
    if live.version == recorded.version or never_ours:
        return ""
    if _differs(live, recorded) == "":
        back = Watched(machine=live.id, version=live.version)  # an attempt before this one wrote it
    elif watched is None or watched.is_ours(live):
        back = await _write_back(rollout, recorded, live)
    else:
        raise GateFailed("somebody else changed it meanwhile; it was left as they made it")
    if recorded.state in NOT_RUNNING:
        await _rest_again(rollout, back, timeout=step.undo_gate.timeout)
    elif recorded.state != "failed":  # that one ran no better before
        await _run_again(rollout, step, back)
    differs = _differs(await look(rollout.machines, back, until=0.0), recorded)
    if differs:
        raise GateFailed(f"it was written back, and {differs}")
    return "restored"


async def _write_back(rollout: Rollout, recorded: Machine, live: Machine) -> Watched:
    """The recorded config; a tag that has moved since gives another image, and then the digest is asked for."""
    written = await _update(rollout, recorded.config, recorded, live)
    watched = watch_written(written, previous=live.version, wrote=recorded.config)
    exact = pinned(recorded)
    if None in (live_digest(written), live_digest(recorded)) or exact == live_reference(recorded):
        return watched
    if live_digest(written) == live_digest(recorded):
        return watched
    config = {**recorded.config, "image": exact}
    again = await _update(rollout, config, recorded, written)
    return watch_written(again, previous=written.version, wrote=config)


async def _update(rollout: Rollout, config: Mapping[str, Json], recorded: Machine, live: Machine) -> Machine:
    return await rollout.write(
        lambda: rollout.machines.update(
            recorded.id,
            config=config,
            region=recorded.region,
            expects=live.version,
            nonce=rollout.leases.nonce(recorded.id),
            skip_launch=recorded.state in NOT_RUNNING,
        )
    )


async def _rest_again(rollout: Rollout, back: Watched, *, timeout: float) -> None:
    seen = await settle(rollout.machines, back, timeout=timeout)
    if seen.state == "started":
        nonce = rollout.leases.nonce(back.machine)
        await rollout.write(lambda: rollout.machines.stop(back.machine, nonce=nonce))


async def _run_again(rollout: Rollout, step: Update, back: Watched) -> None:
    seen = await settle(rollout.machines, back, timeout=step.undo_gate.timeout)
    if seen.state != "started":
        nonce = rollout.leases.nonce(back.machine)
        await rollout.write(lambda: rollout.machines.start(back.machine, nonce=nonce))
    await pass_gate(rollout.machines, back, step.undo_gate, report=lambda _: None)


def _differs(seen: Machine, recorded: Machine) -> str:
    """How it is not as recorded, in words; empty where it is."""
    if not covers(normal_config(seen.config), normal_config(recorded.config)):
        return "its config is not the recorded one"
    was, now = live_digest(recorded), live_digest(seen)
    if was and now and was != now:
        return f"runs image {now} instead of the recorded one"
    if not was and not is_same_image(live_reference(seen), live_reference(recorded)):
        return f"runs image {live_reference(seen)} instead of the recorded one"
    return ""
