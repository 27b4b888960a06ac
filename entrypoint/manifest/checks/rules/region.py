"""The primary region (docs/rules/region.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "region"
SUMMARY = "primary_region is not one of the regions that Fly's documentation lists."
REGIONS = (
    *("ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad"),
    *("jnb", "lax", "lhr", "nrt", "ord", "sin", "sjc", "syd", "yyz"),
)


def check(manifest: Manifest) -> Iterator[Finding]:
    """Only a notice: the list changes, and machines in a closed region keep running."""
    region = manifest.primary_region
    if region and region not in REGIONS:
        yield finding_at(
            manifest,
            ("primary_region",),
            rule=ID,
            severity=Severity.NOTICE,
            message=f"{quote(region)} is not in the list of Fly's regions that this version has",
            hint=f"They are {', '.join(REGIONS)}.",
        )
