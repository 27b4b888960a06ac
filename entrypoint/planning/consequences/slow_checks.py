"""Checks that cannot pass in the time that a deploy gives a machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.durations import parse_seconds
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.json import Json
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.model import objects
from entrypoint.planning.consequences.said import warn
from entrypoint.planning.model.steps import Create, GateKind, Update
from entrypoint.planning.reconcile import Reconciled

LONGEST_SERVICE_GRACE = 60.0
"""Seconds. Fly shortens a longer grace period of a service's check to this (flyctl appconfig/validation.go)."""


def slow_checks(group: Reconciled) -> Iterator[Finding]:
    """Fly first probes a machine after the grace period. A deploy that waits less long cannot succeed."""
    steps = [*group.changes, *group.creates]
    awaited = [s for s in steps if isinstance(s, Create | Update) and s.gate.kind is GateKind.CHECKS]
    if not awaited:
        return
    step = awaited[0]
    grace = max(_graces(step.config), default=0.0)
    if grace >= step.gate.timeout:
        yield warn(
            "gate-cannot-pass",
            f"No machine of {ticked(group.group)} can pass in time: its first check comes {grace:g} s after the start "
            f"(`grace_period`), and the deploy waits {step.gate.timeout:g} s.",
            hint=f"Set `wait-timeout` (or `[deploy] wait_timeout`) well above {grace:g}s, or shorten `grace_period`.",
        )


def _graces(config: Mapping[str, Json]) -> Iterator[float]:
    for service in objects(config.get("services")):
        for check in objects(service.get("checks")):
            yield min(_seconds(check), LONGEST_SERVICE_GRACE)
    named = config.get("checks")
    for found in named.values() if isinstance(named, Mapping) else ():
        if isinstance(found, Mapping):
            yield _seconds(found)


def _seconds(check: Mapping[str, Json]) -> float:
    text = check.get("grace_period")
    try:
        return parse_seconds(text) if isinstance(text, str) else 0.0
    except ValueError:
        return 0.0
