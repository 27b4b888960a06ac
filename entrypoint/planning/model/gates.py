"""The gate of a step: what must hold after it. Derived from the config that the step writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from entrypoint.fleet.managed import is_stopped_by_platform
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.fleet.states import NOT_RUNNING
from entrypoint.kernel.durations import SECOND, parse_duration
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import objects
from entrypoint.planning.model.steps import GateKind, HealthGate, LeaseSpan

DESTROY_TIMEOUT = 120.0
"""Seconds for a machine to be gone."""


def gate_for(config: Mapping[str, Json], *, launch: bool, timeout: float) -> HealthGate:
    """Health checks if the config has any, else boot. Three kinds of machines only have to reach a lasting state: one that is not
    started; one with a schedule, because its task may end within seconds; and a standby, which the platform starts and stops.
    """
    if not launch:
        return HealthGate(kind=GateKind.REST, label="stays stopped", timeout=timeout)
    if config.get("schedule"):
        return HealthGate(kind=GateKind.REST, label="runs on schedule", timeout=timeout)
    if config.get("standbys"):
        return HealthGate(kind=GateKind.REST, label="stands by", timeout=timeout)
    checks = list(_checks(config))
    if not checks:
        return HealthGate(kind=GateKind.BOOT, label="boot", timeout=timeout)
    return HealthGate(
        kind=GateKind.CHECKS,
        checks=tuple(dict.fromkeys(name for name, _ in checks)),
        label=", ".join(dict.fromkeys(label for _, label in checks)),
        timeout=timeout,
    )


def has_checks(config: Mapping[str, Json]) -> bool:
    """Whether the config has a health check."""
    return any(True for _ in _checks(config))


def gate_at_rest(*, timeout: float) -> HealthGate:
    """For a machine that is stopped and stays stopped."""
    return HealthGate(kind=GateKind.REST, label="stays stopped", timeout=timeout)


def gone_gate() -> HealthGate:
    """For a machine that is destroyed."""
    return HealthGate(kind=GateKind.GONE, label="gone", timeout=DESTROY_TIMEOUT)


def retire_gate(config: Mapping[str, Json]) -> HealthGate:
    """For a machine that is stopped before it is destroyed. Its stop_config says how long that may take."""
    stop = config.get("stop_config")
    text = stop.get("timeout") if isinstance(stop, Mapping) else None
    seconds = 0.0
    if isinstance(text, str | int) and not isinstance(text, bool):
        with suppress(ValueError):
            seconds = (parse_duration(text) if isinstance(text, str) else text) / SECOND
    return HealthGate(kind=GateKind.GONE, label="gone", timeout=DESTROY_TIMEOUT + max(0.0, seconds))


def lease_span(machine: Machine) -> LeaseSpan:
    """How long a machine is leased. WAVE for one that the proxy may have to start during the rollout: autostart, and stopped now or by
    autostop. NONE if its host does not answer.
    """
    if machine.host_status is not HostStatus.OK:
        return LeaseSpan.NONE
    wakes = any(service.get("autostart") is True for service in objects(machine.config.get("services")))
    may_rest = is_stopped_by_platform(machine.config) or machine.state in NOT_RUNNING
    return LeaseSpan.WAVE if wakes and may_rest else LeaseSpan.ROLLOUT


def _checks(config: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """For each configured check, the name under which Fly reports it, and a label. First service checks, then top-level ones.

    Fly reports a service's check as `servicecheck-<index in the service>-<type>-<the service's port>`, whatever port it probes. So two
    services with the same port and type share one report. A top-level check is reported under its key.
    """
    for service in objects(config.get("services")):
        port = service.get("internal_port")
        for place, check in enumerate(objects(service.get("checks"))):
            yield f"servicecheck-{place:02d}-{check.get('type') or 'tcp'}-{port}", _label(check, port=port)
    top = config.get("checks")
    for name, found in top.items() if isinstance(top, Mapping) else ():
        if isinstance(found, Mapping):
            yield name, _label(found, port=found.get("port"))


def _label(check: Mapping[str, Json], *, port: Json) -> str:
    kind = check.get("type") or "check"
    return (
        f"{kind} {check.get('path') or '/'}"
        if kind == "http"
        else f"{kind} {port if port is not None else ''}".strip()
    )
