"""What flyctl checks of mounts: V16 to V19."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.json import Json
from entrypoint.manifest.source import Path
from entrypoint.manifest.validate_report import Report
from entrypoint.manifest.values import parse_volume_size


def validate_mounts(report: Report) -> None:
    """V16 to V19."""
    for index, mount in report.manifest.indexed("mounts"):
        path: Path = ("mounts", index)
        _size(report, mount, "initial_size", path)
        retention = mount.get("snapshot_retention")
        if isinstance(retention, int) and not 1 <= retention <= 60:
            report.error("snapshot-retention", "snapshots are kept 1 to 60 days", *path, "snapshot_retention")
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


def _auto_extend(report: Report, mount: Mapping[str, Json], increment: int, limit: int, path: Path) -> None:
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
