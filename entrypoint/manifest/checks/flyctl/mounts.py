"""What flyctl checks of mounts: V16 to V19."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.flyctl.report import Report
from entrypoint.manifest.syntax.tree import Path
from entrypoint.manifest.values import parse_volume_size

_WHOLE = 'Write whole gigabytes, such as "3gb".'
_TOGETHER = 'Threshold and increment belong together: 80 and "1gb".'


def validate_mounts(report: Report) -> None:
    """V16 to V19."""
    for index, mount in report.manifest.indexed("mounts"):
        path: Path = ("mounts", index)
        _size(report, mount, "initial_size", path)
        retention = mount.get("snapshot_retention")
        if isinstance(retention, int) and not 1 <= retention <= 60:
            report.error(
                "snapshot-retention",
                "snapshots are kept 1 to 60 days",
                *path,
                "snapshot_retention",
                hint="Write a number of days.",
            )
        increment = _size(report, mount, "auto_extend_size_increment", path)
        limit = _size(report, mount, "auto_extend_size_limit", path)
        _auto_extend(report, mount, increment, limit, path)


def _size(report: Report, mount: Mapping[str, Json], key: str, path: Path) -> int:
    size = mount.get(key)
    if not isinstance(size, str) or not size:
        return 0
    try:
        gigabytes = parse_volume_size(size)
    except ValueError as error:
        report.error("volume-size", f"{key}: {error}", *path, key, hint=_WHOLE)
        return 0
    if gigabytes < 1:
        report.error(
            "volume-size",
            f"{key} is less than 1 GB",
            *path,
            key,
            hint=_WHOLE,
        )
    return gigabytes


def _auto_extend(report: Report, mount: Mapping[str, Json], increment: int, limit: int, path: Path) -> None:
    """V19: if one of the three is set, all must be valid."""
    threshold = mount.get("auto_extend_size_threshold")
    threshold = threshold if isinstance(threshold, int) else 0
    if not (threshold or increment or limit):
        return
    bounds = (
        ("auto_extend_size_threshold", 50 <= threshold <= 99, "50 to 99 percent"),
        ("auto_extend_size_increment", 1 <= increment <= 100, "1 to 100 GB"),
        ("auto_extend_size_limit", limit == 0 or 1 <= limit <= 500, "1 to 500 GB"),
    )
    for key, holds, what in bounds:
        if not holds:
            missing = "" if mount.get(key) else "is missing and "
            report.error("auto-extend", f"{key} {missing}must be {what}", *path, key, hint=_TOGETHER)
