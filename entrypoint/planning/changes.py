"""What happens to one machine, given the config that its group should have: updated in place, started, replaced, or kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from entrypoint.fleet.managed import is_proxied
from entrypoint.fleet.model import HostStatus
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.desired import Desired
from entrypoint.planning.model.gates import gate_at_rest, gate_for, lease_span
from entrypoint.planning.model.mounts import standbys_of
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import Start, Update
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.replacement import Replacement
from entrypoint.planning.rewrite import OTHER_HOST, Rewrite, Rewrites

HOST_SILENT = "its host does not answer"
"""Why a machine is not changed, or is replaced."""
Change: TypeAlias = Update | Start | Replacement | Kept


def change_machine(
    seen: Seen,
    desired: Desired,
    rewrites: Rewrites,
    *,
    starts: bool,
    timeout: float,
    new_config: Mapping[str, Json],
    replaces_silent: bool,
) -> Change | tuple[Finding, ...]:
    """What happens to one machine. Findings where fly.toml cannot be converted, or the machine's volume cannot move.

    `rewrites`: those of its group. `starts`: policy `start = true`. `new_config`: the config of a new machine of the group, without a
    volume. `replaces_silent`: a machine whose host does not answer is replaced; otherwise, and if it has a volume, it is not changed:
    its data is on that host.
    """
    rewrite = rewrites.of(seen)
    if isinstance(rewrite, tuple):
        return rewrite
    if seen.machine.host_status is not HostStatus.OK:
        if seen.volumes or not replaces_silent:
            return Kept(group=seen.group, machine=seen.machine, reason=HOST_SILENT)
        return _replacement(seen, desired, _as_standby(new_config, seen), reason=HOST_SILENT, timeout=timeout)
    if rewrite.cannot == OTHER_HOST and seen.volumes:
        return (_cannot_move(seen),)
    if rewrite.cannot:
        config = desired.replaced_config(seen.machine)
        if isinstance(config, tuple):
            return config
        rests = seen.run is RunClass.RESTING and not starts
        return _replacement(seen, desired, config, reason=rewrite.cannot, timeout=timeout, rests=rests)
    is_same = rewrite.same_image and rewrite.is_same and (desired.image.sealed or seen.claimed)
    if is_same and not seen.claimed:
        return _keep_or_start(seen, starts=starts, timeout=timeout)
    rests = not (seen.run in (RunClass.RUNNING, RunClass.FAILED) if seen.claimed else seen.is_launched)
    start = starts and (
        seen.run is RunClass.PROXIED or (rests and seen.run in (RunClass.RESTING, RunClass.FAILED))
    )
    image_changes = not rewrite.same_image or not desired.image.sealed
    return Update(
        group=seen.group,
        machine=seen.machine,
        config=rewrite.config,
        before=f"{seen.before}:{seen.run.value}",
        after=desired.owned_fingerprint,
        changes=rewrite.changes,
        image_changes=image_changes,
        launch=start or not rests,
        as_found=is_proxied(seen.machine.config),
        start=start,
        serves=seen.is_warm,
        reason=_reason(seen, rewrite, image_changes=image_changes),
        gate=rewrite.gate,
        gate_if_resting=gate_at_rest(timeout=timeout),
        undo_gate=rewrite.undo_gate,
        lease=lease_span(seen.machine),
        done=is_same,
    )


def _keep_or_start(seen: Seen, *, starts: bool, timeout: float) -> Start | Kept:
    if starts and seen.run in (RunClass.RESTING, RunClass.FAILED):
        return Start(
            group=seen.group,
            machine=seen.machine,
            before=seen.before,
            reason="flightplan.toml: start = true",
            gate=gate_for(seen.machine.config, launch=True, timeout=timeout),
            lease=lease_span(seen.machine),
            done=seen.started,
        )
    return Kept(group=seen.group, machine=seen.machine, reason="config and image stay")


def replace_standby(seen: Seen, desired: Desired, *, timeout: float) -> Replacement | tuple[Finding, ...]:
    """The replacement of a standby whose primary is replaced."""
    config = desired.replaced_config(seen.machine)
    if isinstance(config, tuple):
        return config
    reason = "the machine that it stands by for is replaced"
    return _replacement(seen, desired, config, reason=reason, timeout=timeout)


def _cannot_move(seen: Seen) -> Finding:
    """A volume cannot move to another host (https://fly.io/docs/volumes/overview/)."""
    volumes = ", ".join(ticked(volume) for volume in seen.volumes)
    return Finding(
        rule="volume-cannot-move",
        severity=Severity.ERROR,
        message=f"Machine {ticked(seen.machine.id)} of {ticked(seen.group)} is to move to another dedicated host, and its volume {volumes} cannot",
        hint="Fork the volume (fly volumes fork), or leave host_dedication_id as it is.",
    )


def _as_standby(config: Mapping[str, Json], seen: Seen) -> Mapping[str, Json]:
    """The config of a new machine that replaces `seen`. It stays a standby if `seen` is one, unless it has services."""
    standbys = standbys_of(seen.machine.config)
    return {**config, "standbys": list(standbys)} if standbys and not config.get("services") else config


def _replacement(
    seen: Seen,
    desired: Desired,
    config: Mapping[str, Json],
    *,
    reason: str,
    timeout: float,
    rests: bool = False,
) -> Replacement:
    return Replacement(
        group=seen.group,
        id=seen.machine.id,
        region=seen.machine.region,
        machine=seen.machine,
        before=seen.before,
        reason=reason,
        volumes=seen.volumes,
        config=config,
        after=desired.owned_fingerprint,
        gate=gate_for(config, launch=not rests, timeout=timeout),
        skip_launch=rests,
        standby_for=next(iter(standbys_of(config)), None),
    )


def _reason(seen: Seen, rewrite: Rewrite, *, image_changes: bool) -> str:
    env = seen.machine.config.get("env")
    was = env.get("FLY_PROCESS_GROUP") if isinstance(env, Mapping) else None
    is_moved = isinstance(was, str) and was not in ("", seen.group)
    moved = f"moved from group {was}" if is_moved else ""
    words = (*rewrite.words, "image") if image_changes else rewrite.words
    return ": ".join(part for part in (moved, ", ".join(words)) if part) or "config"
