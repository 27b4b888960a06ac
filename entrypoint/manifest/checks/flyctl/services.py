"""What flyctl checks of services and their checks: V8 to V11."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.durations import SECOND, format_duration
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.flyctl.report import Report
from entrypoint.manifest.model import Manifest, indexed, strings
from entrypoint.manifest.syntax.tree import Path

BOUNDS = "Fly keeps a service check's times between 1 second and 1 minute."


def validate_services(report: Report) -> None:
    """V8, V9; V10 and V11 are warnings."""
    for path, service in _all_services(report.manifest):
        names = strings(service.get("processes"))
        if not names and report.manifest.has_processes:
            groups = ", ".join(f'"{group}"' for group in report.manifest.groups[:6])
            report.error(
                "service-without-processes",
                "a service must say which groups it belongs to where [processes] exists",
                *path,
                hint=f"Add processes = [{groups}], or those of them that listen.",
            )
        for index, name in enumerate(names):
            report.known_group(name, *path, "processes", index)
        if path[0] == "services" and not service.get("ports") and not _is_orphan(service):
            report.warn(
                "service-without-ports",
                "a service without ports gets no traffic",
                *path,
                hint="Add [[services.ports]].",
            )
        for check_path, check in _service_checks(path, service):
            _service_check_durations(report, check, check_path)


def _is_orphan(service: Mapping[str, Json]) -> bool:
    """Whether the section has checks but no port. The rule orphan-check reports that."""
    checks = service.get("http_checks") or service.get("tcp_checks")
    return bool(checks) and not service.get("internal_port")


def _all_services(manifest: Manifest) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    http = manifest.values.get("http_service")
    if isinstance(http, Mapping):
        yield ("http_service",), http
    for index, service in manifest.indexed("services"):
        yield ("services", index), service


def _service_checks(path: Path, service: Mapping[str, Json]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    for kind in ("checks",) if path[0] == "http_service" else ("tcp_checks", "http_checks"):
        for index, check in indexed(service.get(kind)):
            yield (*path, kind, index), check


def _service_check_durations(report: Report, check: Mapping[str, Json], path: Path) -> None:
    """V11: Fly changes these to the nearest allowed value."""
    for key in ("interval", "timeout", "grace_period"):
        value = check.get(key)
        if not isinstance(value, int):
            continue
        if value < SECOND and not (key == "grace_period" and value == 0):
            report.warn(
                "check-duration", f"{key} {format_duration(value)} is raised to 1 s", *path, key, hint=BOUNDS
            )
        elif value > 60 * SECOND:
            report.warn(
                "check-duration",
                f"{key} {format_duration(value)} is lowered to 1 minute",
                *path,
                key,
                hint=BOUNDS,
            )
