"""What a reviewer should know about volumes and unreachable hosts: what is created, what is kept unattached, who gets which volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from entrypoint.fleet.model import Fleet, HostStatus
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.json import Json
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.model import Manifest, objects
from entrypoint.planning.consequences.said import listed, note, quoted, warn
from entrypoint.planning.model.plan import VolumeRow
from entrypoint.planning.observed import mounted_volumes
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings
from entrypoint.planning.volumes import initial_size

_WAIT_OR_REPLACE = (
    "Wait until the host is back and deploy again, or set allow-destroy: all to replace the machines."
)
_RESTORE = (
    "The data is on that host. Wait until it is back; or restore the newest snapshot into a new volume "
    "(fly volumes create --snapshot-id), destroy the machine (fly machine destroy --force), and deploy again."
)


def note_volumes(group: Reconciled) -> Iterator[Finding]:
    """The findings of one group."""
    yield from _made(group)
    yield from _left_behind(group)
    yield from _silent(group)


def initial_sizes(
    groups: Sequence[Reconciled], *, manifest: Manifest, fleet: Fleet, settings: Settings
) -> Iterator[Finding]:
    """initial_size applies to new volumes only. Existing ones keep their size."""
    sizes = {volume.id: volume.size_gb for volume in fleet.volumes}
    for group in groups:
        wanted = initial_size(manifest, group.group)
        if wanted is None or settings.group(group.group).volume_size is not None:
            continue
        machines = [c.machine for c in group.changes] + [k.machine for k in group.kept]
        mounted = [volume for machine in machines for volume in mounted_volumes(machine.config)]
        differ = [
            f"{ticked(volume)} ({sizes[volume]} GB)"
            for volume in mounted
            if sizes.get(volume, wanted) != wanted
        ]
        if differ:
            yield note(
                "initial-size",
                f"`initial_size` of {ticked(group.group)} is {wanted} GB and is for new volumes only: {listed(differ)} "
                f"{'keeps' if len(differ) == 1 else 'keep'} {'its size' if len(differ) == 1 else 'their sizes'}.",
                hint=f'To make volumes larger, set `volume_size = "{wanted}gb"` for the group in flightplan.toml.',
            )


def note_shared(rows: Sequence[VolumeRow], groups: Sequence[Reconciled]) -> Iterator[Finding]:
    """A volume name that several groups use after the deploy: nothing decides which group gets which volume."""
    users = [(group.group, _mounted(group)) for group in groups]
    for row in rows:
        names = [group for group, mounted in users if group in row.groups and row.name in mounted]
        if len(names) > 1 and (row.attach or row.create):
            yield note(
                "volume-shared-name",
                f"Several groups use volumes {ticked(row.name)} in {row.region or 'any region'}: {quoted(names)}. A free one goes to the first that needs one.",
            )


def _mounted(group: Reconciled) -> set[Json]:
    """Names of volumes that the group mounts after the deploy."""
    return {mount.get("name") for after in group.after for mount in objects(after.config.get("mounts"))}


def _made(group: Reconciled) -> Iterator[Finding]:
    made = Counter(
        (step.new_volume.name, step.new_volume.region, step.new_volume.size_gb)
        for step in group.creates
        if step.new_volume is not None and step.done is None
    )
    for (name, region, size), number in made.items():
        yield note(
            "volume-created",
            f"{number} empty volume{'s' if number > 1 else ''} {ticked(name)} of {size} GB"
            f"{f' in {region}' if region else ''} {'are' if number > 1 else 'is'} created for {ticked(group.group)}, "
            f"{'one for each new machine' if number > 1 else 'for its new machine'}: none is free.",
        )


def _left_behind(group: Reconciled) -> Iterator[Finding]:
    for step in group.destroys:
        for volume in step.volumes:
            yield warn(
                "volume-left-behind",
                f"Volume {ticked(volume)} of {ticked(group.group)} is kept, attached to nothing, and still billed.",
            )


def _silent(group: Reconciled) -> Iterator[Finding]:
    """Machines that are not changed because their host does not answer: one finding for those with a volume, one for the others."""
    silent = [kept.machine for kept in group.kept if kept.machine.host_status is not HostStatus.OK]
    with_volume = [m.id for m in silent if m.config.get("mounts")]
    bare = [m.id for m in silent if m.id not in with_volume]
    for ids, hint in ((bare, _WAIT_OR_REPLACE), (with_volume, _RESTORE)):
        if ids:
            yield warn(
                "host-unreachable",
                f"The host of {quoted(ids)} of {ticked(group.group)} does not answer, so {'they are' if len(ids) > 1 else 'it is'} not changed. "
                "The rest is deployed",
                hint=hint,
            )
