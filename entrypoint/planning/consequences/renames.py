"""A removed group and a new group that do the same work: probably a rename."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json, canonical
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.model import objects
from entrypoint.planning.consequences.said import listed, quoted, warn
from entrypoint.planning.model.steps import Destroy
from entrypoint.planning.reconcile import Reconciled


def renames(groups: Sequence[Reconciled]) -> Iterator[Finding]:
    """A renamed group does not keep its counts and regions, unless they are declared for the new name."""
    for gone in groups:
        steps = [step for step in gone.destroys if step.machine is not None]
        if not gone.is_gone or not steps:
            continue
        come = next((group for group in groups if group.is_new and _is_same_work(steps, group)), None)
        if come is not None:
            yield _finding(gone, steps, come)


def _finding(gone: Reconciled, steps: Sequence[Destroy], come: Reconciled) -> Finding:
    had = Counter(s.region for s in steps if s.machine is not None and not s.machine.config.get("standbys"))
    gets = Counter(step.region for step in come.creates if step.standby_for is None)
    standbys = sum(step.standby_for is not None for step in come.creates)
    message = f"{ticked(come.group)} looks like {ticked(gone.group)} under a new name: it does the same work."
    if had != gets:
        became = _places(gets) + (f" and {standbys} standby{'s' if standbys > 1 else ''}" if standbys else "")
        message += f" {_places(had)} become {became}."
    volumes = sorted(volume for step in steps for volume in step.volumes)
    if volumes:
        message += f" The data on {quoted(volumes)} is not moved."
    counts = ",".join(f"{region}:{n}" for region, n in sorted(had.items()))
    keep = "" if had == gets else f"To keep them: {ticked(f'scale: {come.group}={counts}')}. "
    return warn(
        "group-renamed",
        message,
        hint=f"{keep}The new machines are created and checked before the old ones are destroyed.",
    )


def _places(counts: Counter[Region]) -> str:
    """For example: 3 machines in ams and fra."""
    total = counts.total()
    return (
        f"{total} machine{'' if total == 1 else 's'} in {listed(sorted(counts))}" if total else "no machine"
    )


def _is_same_work(steps: Sequence[Destroy], group: Reconciled) -> bool:
    """Whether they have the same command or, where neither sets one, the same ports."""
    if not group.creates:
        return False
    new = _work(group.creates[0].config)
    return new is not None and any(_work(step.machine.config) == new for step in steps if step.machine)


def _work(config: Mapping[str, Json]) -> str | None:
    init = config.get("init")
    command = (
        {k: v for k, v in init.items() if k in ("cmd", "entrypoint", "exec") and v}
        if isinstance(init, Mapping)
        else {}
    )
    if command:
        return canonical(command)
    ports = sorted(
        str(p.get("port")) for s in objects(config.get("services")) for p in objects(s.get("ports"))
    )
    return canonical({"ports": ports}) if ports else None
