"""Volume sizes that are not whole gigabytes (docs/rules/volume-size-rounded.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, scoped
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.values import parse_volume_size

ID = "volume-size-rounded"
SUMMARY = "A volume size is rounded down to whole gigabytes."
_WHOLE = r"[+-]?[0-9]+ ?(?:|gi?b?|ti?b?)"


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl counts in thousands, and cuts: 1.5gb is 1 GB, 1700mb is 1 GB."""
    for mount in scoped(manifest, "mounts"):
        for key in ("initial_size", "auto_extend_size_increment", "auto_extend_size_limit"):
            size = mount.values.get(key)
            if not isinstance(size, str) or not size or re.fullmatch(_WHOLE, size, re.IGNORECASE):
                continue
            try:
                gigabytes = parse_volume_size(size)
            except ValueError:
                continue
            if gigabytes >= 1 and not _is_exact(size, gigabytes):
                yield finding_at(
                    manifest,
                    (*mount.path, key),
                    rule=ID,
                    severity=Severity.WARNING,
                    message=f"{quote(size)} becomes {gigabytes} GB",
                    hint=f'Write whole gigabytes: {key} = "{gigabytes}gb".',
                )


def _is_exact(size: str, gigabytes: int) -> bool:
    """1000mb is 1 GB; 1001mb is not."""
    digits = re.match(r"[+]?([0-9]+) ?m", size, re.IGNORECASE)
    return digits is not None and int(digits[1]) == gigabytes * 1000
