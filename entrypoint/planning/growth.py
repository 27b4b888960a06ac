"""Which existing volumes get a snapshot before the deploy, and which are made larger (policies `snapshot` and `volume_size`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from entrypoint.fleet.model import Fleet, HostStatus, Volume
from entrypoint.fleet.states import UP
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.model import objects
from entrypoint.planning.model.gates import gate_for
from entrypoint.planning.model.plan import Growth, Snapshot
from entrypoint.planning.model.steps import Create, Update
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings


def plan_snapshots(*, seen: Sequence[Seen], fleet: Fleet, settings: Settings) -> tuple[Snapshot, ...]:
    """One for each volume of a group with `snapshot = true`, if its host answers."""
    well = {volume.id for volume in fleet.volumes if volume.host_status is HostStatus.OK}
    return tuple(
        Snapshot(group=s.group, volume=volume)
        for s in seen
        if settings.group(s.group).snapshot and s.machine.host_status is HostStatus.OK and not s.is_new
        for volume in s.volumes
        if volume in well
    )


def plan_growths(
    groups: Sequence[Reconciled], *, seen: Sequence[Seen], fleet: Fleet, settings: Settings
) -> tuple[Growth, ...]:
    """Volumes that are smaller than `volume_size` of their group, of machines that are kept."""
    written = {
        step.machine.id
        for group in groups
        for step in group.changes
        if isinstance(step, Update) and step.launch and not step.done
    }
    return tuple(
        Growth(
            group=s.group,
            volume=volume.id,
            machine=s.machine,
            size_gb=wanted,
            was_gb=volume.size_gb,
            restarts=s.machine.state in UP and s.machine.id not in written,
            gate=gate_for(s.machine.config, launch=True, timeout=settings.wait_timeout),
        )
        for s, volume, wanted in _sized(groups, seen=seen, fleet=fleet, settings=settings)
        if volume.size_gb < wanted
    )


def plan_first_growths(
    groups: Sequence[Reconciled], *, fleet: Fleet, settings: Settings
) -> tuple[Growth, ...]:
    """Free volumes for new machines that are smaller than `volume_size` of the group. They grow before their machine is created."""
    return tuple(
        Growth(
            group=step.group,
            volume=volume.id,
            machine=None,
            size_gb=wanted,
            was_gb=volume.size_gb,
            restarts=False,
            gate=step.gate,
        )
        for step, volume, wanted in _given(groups, fleet=fleet, settings=settings)
        if volume.size_gb < wanted
    )


def find_too_large(
    groups: Sequence[Reconciled], *, seen: Sequence[Seen], fleet: Fleet, settings: Settings
) -> Iterator[Finding]:
    """Volumes that are larger than `volume_size`: a volume cannot shrink. Those that Fly extends by itself may be larger."""
    for s, volume, wanted in _sized(groups, seen=seen, fleet=fleet, settings=settings):
        if volume.size_gb > wanted and not _extends_itself(s.machine.config):
            yield _too_large(s.group, volume, wanted=wanted)
    for step, volume, wanted in _given(groups, fleet=fleet, settings=settings):
        if volume.size_gb > wanted and not _extends_itself(step.config):
            yield _too_large(step.group, volume, wanted=wanted)


def _sized(
    groups: Sequence[Reconciled], *, seen: Sequence[Seen], fleet: Fleet, settings: Settings
) -> Iterator[tuple[Seen, Volume, int]]:
    """Each machine that is kept, its volume, and `volume_size` of its group in GB."""
    leaves = {step.id for group in groups for step in group.destroys}
    volumes = {volume.id: volume for volume in fleet.volumes if volume.host_status is HostStatus.OK}
    for s in seen:
        wanted = settings.group(s.group).volume_size
        if wanted is None or s.machine.id in leaves or s.machine.host_status is not HostStatus.OK:
            continue
        yield from ((s, volumes[id_], wanted) for id_ in s.volumes if id_ in volumes)


def _given(
    groups: Sequence[Reconciled], *, fleet: Fleet, settings: Settings
) -> Iterator[tuple[Create, Volume, int]]:
    """Each new machine that gets a free volume, that volume, and `volume_size` of its group in GB."""
    volumes = {volume.id: volume for volume in fleet.volumes}
    for group in groups:
        wanted = settings.group(group.group).volume_size
        for step in group.creates:
            if wanted is not None and step.volume in volumes and step.done is None:
                yield step, volumes[step.volume], wanted


def _extends_itself(config: Mapping[str, Json]) -> bool:
    return any(mount.get("extend_threshold_percent") for mount in objects(config.get("mounts")))


def _too_large(group: GroupName, volume: Volume, *, wanted: int) -> Finding:
    return Finding(
        rule="volume-too-large",
        severity=Severity.ERROR,
        message=f"Volume {ticked(volume.id)} of {ticked(group)} has {volume.size_gb} GB, flightplan.toml asks for {wanted}, and no volume can shrink",
        hint=f'Set volume_size = "{volume.size_gb}gb" or more.',
    )
