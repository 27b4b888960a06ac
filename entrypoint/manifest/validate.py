"""What flyctl itself refuses: `Config.Validate` (internal/appconfig/validation.go), rule by rule, with the place.

Ids V1 to V22 are those of the flytoml specification §2. Every error here is a file that `fly deploy` would not take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from entrypoint.kernel.findings import Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.source import Node, Path
from entrypoint.manifest.values import parse_volume_size, split_command

STRATEGIES = ("canary", "rolling", "immediate", "bluegreen")
POLICIES = ("always", "never", "on-failure")
SECOND = 10**9


def validate(manifest: Manifest, problems: Problems) -> None:
    """Run every rule."""
    report = _Report(manifest, problems)
    rules: tuple[Callable[[_Report], None], ...] = (
        _build_strategies,
        _deploy,
        _top_checks,
        _services,
        _commands,
        _mounts,
        _restarts,
        _compression,
    )
    for rule in rules:
        rule(report)


class _Report:
    """Reports at decoded paths."""

    def __init__(self, manifest: Manifest, problems: Problems) -> None:
        self.manifest = manifest
        self._problems = problems

    def error(self, rule: str, message: str, *path: str | int, hint: str = "", on_key: bool = False) -> None:
        self._problems.add(
            rule, message, node=self._node(path), path=path, hint=hint, flyctl_rejects=True, on_key=on_key
        )

    def warn(self, rule: str, message: str, *path: str | int, hint: str = "") -> None:
        self._problems.add(
            rule, message, node=self._node(path), path=path, hint=hint, severity=Severity.WARNING
        )

    def _node(self, path: Path) -> Node:
        """The node, or that of the nearest section above it."""
        for end in range(len(path), -1, -1):
            found = self.manifest.nodes.get(path[:end])
            if found is not None:
                return found
        return self.manifest.source.root


def _build_strategies(report: _Report) -> None:
    """V1, a warning."""
    build = report.manifest.table("build")
    used = [
        name
        for name, keys in (
            ("image", ("image",)),
            ("builder", ("builder", "buildpacks")),
            ("dockerfile", ("dockerfile", "build-target")),
            ("builtin", ("builtin",)),
        )
        if any(build.get(key) for key in keys)
    ]
    if len(used) > 1:
        report.warn(
            "build-strategies", f"[build] names more than one way to build: {', '.join(used)}", "build"
        )


def _deploy(report: _Report) -> None:
    """V2, V3, V4."""
    deploy = report.manifest.table("deploy")
    _command(report, deploy.get("release_command"), "deploy", "release_command")
    strategy = deploy.get("strategy")
    if strategy and strategy not in STRATEGIES:
        report.error(
            "deploy-strategy",
            f"there is no strategy {strategy!r}",
            "deploy",
            "strategy",
            hint=f"Strategies are {', '.join(STRATEGIES)}.",
        )
    if strategy == "canary" and report.manifest.tables("mounts"):
        report.error(
            "canary-with-mounts",
            "canary does not work with mounts",
            "deploy",
            "strategy",
            hint="Use rolling.",
        )


def _command(report: _Report, command: Json, *path: str | int) -> None:
    if not isinstance(command, str):
        return
    try:
        split_command(command)
    except ValueError as error:
        report.error("command-syntax", f"the command cannot be split into words: {error}", *path)


def _top_checks(report: _Report) -> None:
    """V5, V6, V7."""
    for name, check in report.manifest.table("checks").items():
        if not isinstance(check, Mapping):
            continue
        if check.get("type") not in ("http", "tcp"):
            report.error("check-type", f"check {name!r} needs type http or tcp", "checks", name, "type")
        interval, timeout = check.get("interval"), check.get("timeout")
        if isinstance(interval, int) and interval < 2 * SECOND:
            report.error("check-interval", "a check's interval is at least 2 s", "checks", name, "interval")
        if isinstance(timeout, int) and timeout > 60 * SECOND:
            report.error("check-timeout", "a check's timeout is at most 60 s", "checks", name, "timeout")


def _services(report: _Report) -> None:
    """V8, V9; V10 and V11 are warnings."""
    for path, service in _all_services(report.manifest):
        names = strings(service.get("processes"))
        if not names and report.manifest.has_processes:
            groups = list(report.manifest.groups)
            report.error(
                "service-without-processes",
                "a service must say which groups it belongs to where [processes] exists",
                *path,
                hint=f"Add processes = {groups!r}, or those of them that listen.".replace("'", '"'),
            )
        for index, name in enumerate(names):
            if name not in report.manifest.groups:
                report.error(
                    "unknown-group",
                    f"there is no group {name!r}",
                    *path,
                    "processes",
                    index,
                    hint=f"Groups are {', '.join(report.manifest.groups)}.",
                )
        if path[0] == "services" and not service.get("ports"):
            report.warn(
                "service-without-ports",
                "a service without ports gets no traffic",
                *path,
                hint="Add [[services.ports]].",
            )
        for check_path, check in _service_checks(path, service):
            _service_check_durations(report, check, check_path)


def _all_services(manifest: Manifest) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    http = manifest.values.get("http_service")
    if isinstance(http, Mapping):
        yield ("http_service",), http
    for index, service in enumerate(manifest.tables("services")):
        yield ("services", index), service


def _service_checks(path: Path, service: Mapping[str, Json]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    for kind in ("checks",) if path[0] == "http_service" else ("tcp_checks", "http_checks"):
        checks = service.get(kind)
        for index, check in enumerate(checks if isinstance(checks, list) else ()):
            if isinstance(check, Mapping):
                yield (*path, kind, index), check


def _service_check_durations(report: _Report, check: Mapping[str, Json], path: Path) -> None:
    """V11: the platform moves these to its bounds."""
    for key in ("interval", "timeout", "grace_period"):
        value = check.get(key)
        if not isinstance(value, int):
            continue
        if value < SECOND and not (key == "grace_period" and value == 0):
            report.warn("check-duration", f"{key} below 1 s is raised to 1 s", *path, key)
        elif value > 60 * SECOND:
            report.warn("check-duration", f"{key} above 1 minute is lowered to 1 minute", *path, key)


def _commands(report: _Report) -> None:
    """V12, V14."""
    for name, command in report.manifest.table("processes").items():
        _command(report, command, "processes", name)
    _command(report, report.manifest.values.get("console_command"), "console_command")


def _mounts(report: _Report) -> None:
    """V16 to V19."""
    for index, mount in enumerate(report.manifest.tables("mounts")):
        path = ("mounts", index)
        _size(report, mount, "initial_size", path)
        retention = mount.get("snapshot_retention")
        if isinstance(retention, int) and not 1 <= retention <= 60:
            report.error("snapshot-retention", "snapshots are kept 1 to 60 days", *path, "snapshot_retention")
        increment = _size(report, mount, "auto_extend_size_increment", path)
        limit = _size(report, mount, "auto_extend_size_limit", path)
        _auto_extend(report, mount, increment, limit, path)


def _size(report: _Report, mount: Mapping[str, Json], key: str, path: Path) -> int:
    size = mount.get(key)
    if not isinstance(size, str) or not size:
        return 0
    try:
        gigabytes = parse_volume_size(size)
    except ValueError as error:
        report.error(
            "volume-size", f"{key}: {error}", *path, key, hint='Write whole gigabytes, such as "3gb".'
        )
        return 0
    if gigabytes < 1:
        report.error(
            "volume-size",
            f"{key} is less than 1 GB",
            *path,
            key,
            hint='Write whole gigabytes, such as "3gb".',
        )
    return gigabytes


def _auto_extend(report: _Report, mount: Mapping[str, Json], increment: int, limit: int, path: Path) -> None:
    """V19: any of the three asks for the others."""
    threshold = mount.get("auto_extend_size_threshold")
    threshold = threshold if isinstance(threshold, int) else 0
    if not (threshold or increment or limit):
        return
    if not 50 <= threshold <= 99:
        report.error(
            "auto-extend",
            "auto_extend_size_threshold must be 50 to 99 percent",
            *path,
            "auto_extend_size_threshold",
        )
    if not 1 <= increment <= 100:
        report.error(
            "auto-extend",
            "auto_extend_size_increment must be 1 to 100 GB",
            *path,
            "auto_extend_size_increment",
        )
    if limit and not 1 <= limit <= 500:
        report.error(
            "auto-extend", "auto_extend_size_limit must be 1 to 500 GB", *path, "auto_extend_size_limit"
        )


def _restarts(report: _Report) -> None:
    """V20, V21."""
    for index, restart in enumerate(report.manifest.tables("restart")):
        for place, name in enumerate(strings(restart.get("processes"))):
            if name not in report.manifest.groups:
                report.error(
                    "unknown-group",
                    f"there is no group {name!r}",
                    "restart",
                    index,
                    "processes",
                    place,
                    hint=f"Groups are {', '.join(report.manifest.groups)}.",
                )
        policy = restart.get("policy", "")
        if policy not in POLICIES:
            report.error(
                "restart-policy",
                f"there is no restart policy {policy!r}",
                "restart",
                index,
                "policy",
                hint=f"Policies are {', '.join(POLICIES)}.",
            )


def _compression(report: _Report) -> None:
    """V22."""
    build = report.manifest.table("build")
    compression, level = build.get("compression"), build.get("compression_level")
    if compression and compression not in ("gzip", "zstd"):
        report.error("build-compression", "compression is gzip or zstd", "build", "compression")
    if isinstance(level, int) and not 0 <= level <= 9:
        report.error("build-compression", "compression_level is 0 to 9", "build", "compression_level")
