"""What a reviewer should know before merging: all topics, in the order of the comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.fleet.extras import is_cordoned_by_hand
from entrypoint.fleet.marks import LOCK
from entrypoint.fleet.model import Fleet, Machine
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.durations import about_in_words
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.secrets import Secret
from entrypoint.manifest.model import DEFAULT_GROUP, Manifest
from entrypoint.planning.addresses import DEPLOYED
from entrypoint.planning.after import Running
from entrypoint.planning.consequences.beside import beside
from entrypoint.planning.consequences.images import images, moving_tag, other_app
from entrypoint.planning.consequences.outside import changed_outside
from entrypoint.planning.consequences.prepared import Prepared, no_address, note_prepared
from entrypoint.planning.consequences.regions import regions_lost
from entrypoint.planning.consequences.renames import renames
from entrypoint.planning.consequences.run_state import run_state
from entrypoint.planning.consequences.said import listed, note, warn
from entrypoint.planning.consequences.sizes import smaller
from entrypoint.planning.consequences.slow_checks import slow_checks
from entrypoint.planning.consequences.storage import initial_sizes, note_shared, note_volumes
from entrypoint.planning.consequences.traffic import checks_lost, gate_falls, traffic
from entrypoint.planning.machine_checks import find_untested
from entrypoint.planning.model.forecast import Forecast
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.plan import Stage, VolumeRow
from entrypoint.planning.model.steps import GateKind, Swap, Update
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings


def find_consequences(
    *,
    manifest: Manifest,
    settings: Settings,
    fleet: Fleet,
    seen: Sequence[Seen],
    groups: Sequence[Reconciled],
    stages: Sequence[Stage],
    volumes: Sequence[VolumeRow],
    image: Image,
    live_images: Sequence[str],
    expected: Forecast,
    prepared: Prepared,
    secret: Secret | None,
) -> Iterator[Finding]:
    """All findings: first those of the whole app, then those of each group."""
    gone = {step.id for group in groups for step in group.destroys}
    live = {s.machine.id for s in seen} - gone
    yield from other_app(manifest, fleet.app.name)
    yield from images(image, live_images)
    yield from _no_processes(manifest, groups)
    yield from _first_deploy(fleet, seen, groups)
    yield from beside(groups, settings)
    for group in groups:
        yield from _availability(group, seen, stages, expected)
        yield from run_state(group, live=live)
        yield from slow_checks(group)
        yield from smaller(group)
        yield from _stays_empty(group, settings)
        yield from _cordoned(group)
        yield from _ill_already(group)
        yield from note_volumes(group)
    yield from regions_lost(groups, seen)
    yield from note_shared(volumes, groups)
    yield from initial_sizes(groups, manifest=manifest, fleet=fleet, settings=settings)
    yield from note_prepared(prepared)
    yield from no_address(fleet, groups, prepared=prepared, mode=settings.policy.addresses)
    yield from changed_outside(groups, secret=secret)
    yield from renames(groups)
    yield from traffic(groups, seen)
    yield from gate_falls(groups, seen)
    yield from _no_checks([group for group in groups if not checks_lost(group, seen)])
    yield from find_untested(groups, manifest=manifest, settings=settings)
    yield from _unmanaged(fleet)
    yield from moving_tag(image)


def _no_processes(manifest: Manifest, groups: Sequence[Reconciled]) -> Iterator[Finding]:
    """[processes] was deleted: every group becomes the one group `app`. This is often a mistake."""
    gone = [group.group for group in groups if group.is_gone]
    if manifest.has_processes or not gone:
        return
    names = ", ".join(ticked(name) for name in gone)
    yield warn(
        "processes-removed",
        f"There is no [processes] in fly.toml: every group becomes the one group `{DEFAULT_GROUP}` that runs the image's own "
        f"command, and the machines of {names} are destroyed",
        hint="Keep [processes], or declare counts by region for `app`, if that is not intended.",
    )


def _first_deploy(fleet: Fleet, seen: Sequence[Seen], groups: Sequence[Reconciled]) -> Iterator[Finding]:
    creates = [step for group in groups for step in group.creates]
    if any(not s.is_new for s in seen) or not creates:
        return
    if fleet.app.status in DEPLOYED:
        yield warn(
            "fleet-empty",
            f"App {ticked(fleet.app.name)} was deployed before and has no machines now: every group would be created again",
            hint="If it should have machines, wait: Fly's list may lag. If a group is to stay empty, set when_empty = leave.",
        )


def _availability(
    group: Reconciled, seen: Sequence[Seen], stages: Sequence[Stage], expected: Forecast
) -> Iterator[Finding]:
    warm = [s for s in seen if s.group == group.group and s.is_warm]
    running, up = len(warm), sum(s.is_launched for s in warm)
    down = max(
        (
            sum(isinstance(step, Update) and step.serves and not step.done for step in wave.steps)
            for stage in stages
            for lane in stage.lanes
            if lane.group == group.group
            for wave in lane.waves
        ),
        default=0,
    )
    if not down:
        return
    took = expected.groups.get(group.group)
    while_ = f", about {about_in_words(took.likely)}" if took else ""
    if running == 1:
        yield warn(
            "single-machine-restart",
            f"{ticked(group.group)} runs on one machine: it is down while that restarts{while_}.",
            hint=_second(group, has_volume=any(s.machine.config.get("mounts") for s in warm)),
        )
        return
    if up == running == down:
        yield warn(
            "all-at-once",
            f"{ticked(group.group)} is down while it restarts: all {running} machines are updated at once{while_}.",
            hint="Set `strategy: rolling`, or a smaller `max_unavailable`, to keep a part of them up.",
        )
        return
    yield note(
        "rolling-capacity",
        f"{ticked(group.group)} runs on {running - down} of {running} machines during the rollout{while_}."
        if up == running
        else f"{ticked(group.group)} is started and stopped by the proxy: {up} of {running} machines run now, "
        f"and at most {down} {'is' if down == 1 else 'are'} updated at a time.",
    )


def _second(group: Reconciled, *, has_volume: bool) -> str:
    """How the group could have a second machine that stays up."""
    if group.creates:
        return ""
    after = [machine for machine in group.after if machine.running is not Running.STANDBY]
    if any(machine.running is Running.RESTS for machine in after):
        return "Set `start = true` for it in flightplan.toml to run its stopped machines too."
    if has_volume or len(after) > 1:
        return ""
    return f"Run two: `scale: {group.group}=2`, or a count in flightplan.toml."


def _no_checks(groups: Sequence[Reconciled]) -> Iterator[Finding]:
    names = [ticked(group.group) for group in groups if _boots_only(group)]
    if names:
        yield note(
            "no-health-check",
            f"{listed(names)} {'have' if len(names) > 1 else 'has'} no health check: a machine counts as healthy once it has run for 10 s.",
            hint="Add one with `[checks.NAME]` and `processes`.",
        )


def _boots_only(group: Reconciled) -> bool:
    made = [step for step in group.creates if step.done is None and (step.replaces is None or step.extra)]
    awaited = [step for step in made if step.standby_for is None]
    updated = [c for c in group.changes if isinstance(c, Update) and c.launch and not c.done]
    return GateKind.BOOT in {step.gate.kind for step in awaited} | {step.gate.kind for step in updated}


def _stays_empty(group: Reconciled, settings: Settings) -> Iterator[Finding]:
    if group.is_new and not group.creates and settings.group(group.group).when_empty == "leave":
        yield note(
            "stays-empty", f"{ticked(group.group)} has no machines and gets none (when_empty = leave)."
        )


def _cordoned(group: Reconciled) -> Iterator[Finding]:
    machines = [c.machine for c in group.changes if isinstance(c, Update)] + [k.machine for k in group.kept]
    machines += [s.machine for s in group.destroys if s.swap is Swap.TAKEN_OVER and s.machine is not None]
    ids = [ticked(machine.id) for machine in machines if is_cordoned_by_hand(machine)]
    if ids:
        yield warn(
            "cordoned",
            f"Fly sends no requests to {', '.join(ids)} of {ticked(group.group)}: cordoned by hand, which this deploy does not change",
            hint="fly machine uncordon ID.",
        )


def _ill_already(group: Reconciled) -> Iterator[Finding]:
    """A machine that the deploy does not touch may be unhealthy. A reviewer should know."""
    ids = [ticked(kept.machine.id) for kept in group.kept if _is_ill(kept.machine)]
    if ids:
        yield warn(
            "unhealthy-already",
            f"{', '.join(ids)} of {ticked(group.group)} {'is' if len(ids) == 1 else 'are'} not healthy now, "
            f"and this deploy does not change {'it' if len(ids) == 1 else 'them'}",
        )


def _is_ill(machine: Machine) -> bool:
    critical = any(check.status == "critical" for check in machine.checks)
    return machine.state == "failed" or (machine.state == "started" and critical)


def _unmanaged(fleet: Fleet) -> Iterator[Finding]:
    """flyctl does not touch these machines either. Machines made for one command are not listed: they destroy themselves."""
    strangers = sorted(
        m.id
        for m in fleet.machines
        if m.state not in LEAVING
        and LOCK not in m.metadata
        and m.metadata.get("fly_platform_version") != "v2"
    )
    if strangers:
        ids = ", ".join(ticked(machine) for machine in strangers[:5]) + (" …" if len(strangers) > 5 else "")
        yield note(
            "unmanaged-machines",
            f"{len(strangers)} machine{'s' if len(strangers) > 1 else ''} without fly_platform_version v2 "
            f"{'are' if len(strangers) > 1 else 'is'} not changed: {ids}.",
        )
