"""What flyctl itself refuses: `Config.Validate` (internal/appconfig/validation.go), rule by rule, with positions.

V1 to V22 are our numbers of flyctl's rules, in its order. With an error from here, `fly deploy` refuses the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from entrypoint.kernel.durations import SECOND
from entrypoint.kernel.json import Json
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.checks.flyctl.mounts import validate_mounts
from entrypoint.manifest.checks.flyctl.report import Report
from entrypoint.manifest.checks.flyctl.services import validate_services
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import Problems, quote
from entrypoint.manifest.values import split_command

POLICIES = ("always", "never", "on-failure")
_POLICY_WORDS = {"no": "Did you mean `never`?", "on-fail": "Did you mean `on-failure`?"}


def validate(manifest: Manifest, problems: Problems) -> None:
    """Run every rule."""
    report = Report(manifest, problems)
    rules: tuple[Callable[[Report], None], ...] = (
        _build_strategies,
        _deploy,
        _top_checks,
        validate_services,
        _commands,
        validate_mounts,
        _restarts,
        _compression,
    )
    for rule in rules:
        rule(report)


def _build_strategies(report: Report) -> None:
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
            "build-strategies",
            f"[build] names more than one way to build: {', '.join(used)}",
            "build",
            hint=f"{used[0]} is used: remove the rest.",
        )


def _deploy(report: Report) -> None:
    """V2, V3, V4."""
    deploy = report.manifest.table("deploy")
    _command(report, deploy.get("release_command"), "deploy", "release_command")
    strategy = deploy.get("strategy")
    if strategy and Strategy.named(str(strategy)) is None:
        report.error(
            "deploy-strategy",
            f"there is no strategy {quote(strategy)}",
            "deploy",
            "strategy",
            hint=_one_of(strategy, tuple(Strategy)),
        )
    if strategy == Strategy.CANARY and report.manifest.tables("mounts"):
        report.error(
            "canary-with-mounts",
            "canary does not work with mounts",
            "deploy",
            "strategy",
            hint="Use rolling.",
        )


def _command(report: Report, command: Json, *path: str | int) -> None:
    if not isinstance(command, str):
        return
    try:
        split_command(command)
    except ValueError as error:
        report.error(
            "command-syntax",
            f"the command cannot be split into words: {error}",
            *path,
            hint="Close the quote, or escape it with a backslash.",
        )


def _top_checks(report: Report) -> None:
    """V5, V6, V7."""
    for name, check in report.manifest.table("checks").items():
        if not isinstance(check, Mapping):
            continue
        if check.get("type") not in ("http", "tcp"):
            report.error(
                "check-type",
                f"check {quote(name)} needs a type",
                "checks",
                name,
                "type",
                hint='Write type = "http" or "tcp".',
            )
        interval, timeout = check.get("interval"), check.get("timeout")
        if isinstance(interval, int) and interval < 2 * SECOND:
            report.error(
                "check-interval",
                "a check's interval is at least 2 s",
                "checks",
                name,
                "interval",
                hint='Write interval = "15s".',
            )
        if isinstance(timeout, int) and timeout > 60 * SECOND:
            report.error(
                "check-timeout",
                "a check's timeout is at most 60 s",
                "checks",
                name,
                "timeout",
                hint='Write timeout = "5s".',
            )


def _commands(report: Report) -> None:
    """V12, V14."""
    for name, command in report.manifest.table("processes").items():
        _command(report, command, "processes", name)
    _command(report, report.manifest.values.get("console_command"), "console_command")


def _restarts(report: Report) -> None:
    """V20, V21."""
    for index, restart in report.manifest.indexed("restart"):
        for place, name in enumerate(strings(restart.get("processes"))):
            report.known_group(name, "restart", index, "processes", place)
        policy = restart.get("policy", "")
        if policy not in POLICIES:
            report.error(
                "restart-policy",
                f"there is no restart policy {quote(policy)}" if policy else "this restart has no policy",
                "restart",
                index,
                "policy",
                hint=_POLICY_WORDS.get(str(policy)) or _one_of(policy, POLICIES),
            )


def _compression(report: Report) -> None:
    """V22."""
    build = report.manifest.table("build")
    compression, level = build.get("compression"), build.get("compression_level")
    if compression and compression not in ("gzip", "zstd"):
        report.error(
            "build-compression",
            f"there is no compression {quote(compression)}",
            "build",
            "compression",
            hint="Use gzip or zstd.",
        )
    if isinstance(level, int) and not 0 <= level <= 9:
        report.error(
            "build-compression",
            f"compression_level {level} is not 0 to 9",
            "build",
            "compression_level",
            hint="7 is the default.",
        )


def _one_of(word: Json, words: tuple[str, ...]) -> str:
    close = nearest(str(word), words)
    return f"Did you mean {quote(close)}?" if close else f"There are {', '.join(words)}."
