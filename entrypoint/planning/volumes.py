"""Which free volume each new machine gets. Groups may share a volume's name, never a volume."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from entrypoint.fleet.model import Fleet, HostStatus, Volume
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.planning.desired import with_volume
from entrypoint.planning.model.steps import Create
from entrypoint.planning.observed import mounted_volumes
from entrypoint.planning.reconcile import Reconciled


def assign_volumes(
    groups: Sequence[Reconciled], *, fleet: Fleet, left: Collection[str] = ()
) -> list[Reconciled]:
    """The same groups; their creates have volumes, or a finding says which one is missing.

    `left` are volumes that an interrupted run of this plan has detached: they were not free when it was planned.
    """
    free = [volume for volume in _free_volumes(fleet) if volume.id not in left]
    return [_assign(group, free) for group in groups]


def _assign(group: Reconciled, free: list[Volume]) -> Reconciled:
    creates, findings = [], list(group.findings)
    for step in group.creates:
        name = _mount_name(step.config)
        if step.volume is not None or name is None or step.replaces is not None:
            creates.append(step)
            continue
        found = next((v for v in free if v.name == name and step.region in ("", v.region)), None)
        if found is None:
            findings.append(_missing(step, name))
            creates.append(step)
            continue
        free.remove(found)
        config = with_volume(step.config, found.id)
        creates.append(replace(step, volume=found.id, region=found.region, config=config))
    return replace(group, creates=tuple(creates), findings=tuple(findings))


def _free_volumes(fleet: Fleet) -> list[Volume]:
    """machines-api §5.5: nobody's, by their own word and by every machine's mounts, on a host that answers."""
    mounted = {volume for machine in fleet.machines for volume in mounted_volumes(machine.config)}
    return [
        volume
        for volume in sorted(fleet.volumes, key=lambda v: v.id)
        if volume.attached_machine is None
        and volume.id not in mounted
        and volume.host_status is HostStatus.OK
    ]


def _mount_name(config: Mapping[str, Json]) -> str | None:
    mounts = config.get("mounts")
    first = mounts[0] if isinstance(mounts, list | tuple) and mounts else None
    name = first.get("name") if isinstance(first, Mapping) else None
    return name if isinstance(name, str) else None


def _missing(step: Create, name: str) -> Finding:
    where = f" in {step.region}" if step.region else ""
    region = f" --region {step.region}" if step.region else ""
    return Finding(
        rule="volume-missing",
        severity=Severity.ERROR,
        message=f"A new machine of `{step.group}`{where} needs a volume `{name}` of its own, and none is free there",
        hint=f"Create it first, one for each new machine: fly volumes create {name}{region}.",
    )
