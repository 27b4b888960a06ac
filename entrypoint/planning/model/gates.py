"""What must hold after a step, read from the config that the step writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import Gate, GateKind


def gate_for(config: Mapping[str, Json], *, launch: bool, timeout: float) -> Gate:
    """Checks where there are any, else boot. A machine that is not to run must only settle, and so must one with a schedule:
    its task may end within seconds, as it should."""
    if not launch:
        return Gate(kind=GateKind.REST, label="stays stopped", timeout=timeout)
    if config.get("schedule"):
        return Gate(kind=GateKind.REST, label="runs on schedule", timeout=timeout)
    checks = list(_checks(config))
    if not checks:
        return Gate(kind=GateKind.BOOT, label="boot", timeout=timeout)
    return Gate(
        kind=GateKind.CHECKS, checks=len(checks), label=", ".join(dict.fromkeys(checks)), timeout=timeout
    )


def _checks(config: Mapping[str, Json]) -> Iterator[str]:
    """A label for each configured check: service checks, then top-level ones."""
    services = config.get("services")
    for service in services if isinstance(services, list | tuple) else ():
        if not isinstance(service, Mapping):
            continue
        checks = service.get("checks")
        for check in checks if isinstance(checks, list | tuple) else ():
            if isinstance(check, Mapping):
                yield _label(check, port=service.get("internal_port"))
    top = config.get("checks")
    for check in top.values() if isinstance(top, Mapping) else ():
        if isinstance(check, Mapping):
            yield _label(check, port=check.get("port"))


def _label(check: Mapping[str, Json], *, port: Json) -> str:
    kind = check.get("type") or "check"
    return (
        f"{kind} {check.get('path') or '/'}"
        if kind == "http"
        else f"{kind} {port if port is not None else ''}".strip()
    )
