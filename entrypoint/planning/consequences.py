"""What a reviewer should know before merging: not wrong, but felt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.fleet.model import Fleet
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.planning.model import Create, GateKind, Update, is_done
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.waves import GroupSteps


def find_consequences(
    *, fleet: Fleet, seen: Sequence[Seen], groups: Sequence[Reconciled], ordered: Sequence[GroupSteps]
) -> Iterator[Finding]:
    """All of them, group by group."""
    widths = {steps.group: steps.width for steps in ordered}
    for group in groups:
        yield from _availability(group, seen, width=widths.get(group.group, 1))
        yield from _no_checks(group)
        yield from _stays_stopped(group)
        yield from _losses(group)
    yield from _unmanaged(fleet)


def _availability(group: Reconciled, seen: Sequence[Seen], *, width: int) -> Iterator[Finding]:
    warm = {s.machine.id for s in seen if s.group == group.group and s.is_warm}
    touched = [c for c in group.changes if isinstance(c, Update) and c.machine.id in warm and not is_done(c)]
    running = len(warm)
    if not touched:
        return
    if running == 1:
        yield _warn(
            "single-machine-restart",
            f"`{group.group}` runs on one machine: it is down while that restarts.",
            hint=f"Run two: scale `{group.group}=2`, or a count in flightplan.toml.",
        )
    else:
        down = min(width, len(touched)) if width >= running else max(1, min(width, len(touched) - 1))
        yield _note(
            "rolling-capacity",
            f"`{group.group}` runs on {running - down} of {running} machines while it rolls.",
        )


def _no_checks(group: Reconciled) -> Iterator[Finding]:
    gated = [s for s in (*group.creates, *group.changes) if isinstance(s, Create | Update) and not is_done(s)]
    if any(s.gate.kind is GateKind.BOOT for s in gated):
        yield _note(
            "no-health-check",
            f"`{group.group}` has no health check. A machine of it counts as healthy once it has run for 10 s.",
            hint="Add a check: [[http_service.checks]], [[services.tcp_checks]] or [checks.NAME] with processes.",
        )


def _stays_stopped(group: Reconciled) -> Iterator[Finding]:
    resting = [
        c
        for c in group.changes
        if isinstance(c, Update) and not c.launch and not c.machine.config.get("standbys")
    ]
    if resting:
        yield _note(
            "stays-stopped",
            f"{len(resting)} stopped machine{'s' if len(resting) > 1 else ''} of `{group.group}` "
            f"{'are' if len(resting) > 1 else 'is'} updated and stay{'' if len(resting) > 1 else 's'} stopped.",
        )


def _losses(group: Reconciled) -> Iterator[Finding]:
    for step in group.destroys:
        for volume in step.volumes:
            yield _warn(
                "volume-left-behind",
                f"Volume `{volume}` of `{group.group}` is kept, attached to nothing, and still billed.",
            )
    left = {k.machine.region for k in group.kept} | {c.machine.region for c in group.changes}
    left |= {c.region for c in group.creates}
    for region in sorted({step.region for step in group.destroys} - left):
        yield _warn("region-lost", f"`{group.group}` no longer runs in {region}.")


def _unmanaged(fleet: Fleet) -> Iterator[Finding]:
    strangers = [
        m
        for m in fleet.machines
        if not m.metadata.get("fly_platform_version") and m.state not in ("destroyed", "destroying")
    ]
    if strangers:
        ids = ", ".join(f"`{m.id}`" for m in strangers[:5]) + (" …" if len(strangers) > 5 else "")
        yield _note(
            "unmanaged-machines",
            f"{len(strangers)} machine{'s' if len(strangers) > 1 else ''} without fly_platform_version "
            f"{'are' if len(strangers) > 1 else 'is'} left alone: {ids}.",
        )


def _warn(rule: str, message: str, *, hint: str = "") -> Finding:
    return Finding(rule=rule, severity=Severity.WARNING, message=message, hint=hint)


def _note(rule: str, message: str, *, hint: str = "") -> Finding:
    return Finding(rule=rule, severity=Severity.NOTICE, message=message, hint=hint)
