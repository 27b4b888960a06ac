"""The checks that a configuration asks for, under the names of their reports."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.simulator.state.model import Config

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One configured check; `port` is the one it probes."""

    name: str
    port: int | None
    grace: float
    interval: float


def read_seconds(value: object, *, default: float) -> float:
    """A duration: Go text ("1m30s") or whole nanoseconds, as older clients send."""
    if isinstance(value, bool) or value is None:
        return default
    if isinstance(value, int | float):
        return float(value) / 1e9
    parts = _PART.findall(str(value))
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else default


def list_probes(config: Config) -> list[Probe]:
    """The checks of a configuration under the names that the platform gives them: one report a name.

    A service's check is named by its number within the service and by the service's port, whatever port it probes; of two services
    on one port, checks of the same number and type are one.
    """
    probes: dict[str, Probe] = {}
    for name, check in (config.get("checks") or {}).items():
        probes.setdefault(name, _make_probe(name, check, port=check.get("port")))
    for service in config.get("services") or []:
        port = service.get("internal_port")
        for number, check in enumerate(service.get("checks") or []):
            name = f"servicecheck-{number:02d}-{check.get('type') or 'tcp'}-{port}"
            probes.setdefault(name, _make_probe(name, check, port=check.get("port") or port))
    return list(probes.values())


def _make_probe(name: str, check: Config, *, port: int | None) -> Probe:
    return Probe(
        name=name,
        port=port,
        grace=read_seconds(check.get("grace_period"), default=1.0),
        interval=read_seconds(check.get("interval"), default=15.0),
    )
