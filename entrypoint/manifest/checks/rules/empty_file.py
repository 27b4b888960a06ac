"""A fly.toml that sets nothing (docs/rules/empty-file.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity, Span
from entrypoint.manifest.model import Manifest

ID = "empty-file"
SUMMARY = "fly.toml is empty, or has comments only: a deploy would remove services, checks and mounts."
_START = Span(line=1, column=1, end_line=1, end_column=1)


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl accepts it: one group `app` that runs the image's own command, without a service. A failed template gives such a file."""
    if manifest.source.root.value == {}:
        yield Finding(
            rule=ID,
            severity=Severity.ERROR,
            message="fly.toml sets nothing: a deploy would leave one group without services, checks and mounts",
            hint="If a step makes this file, see what it wrote. fly config save writes the file from what is live.",
            file=manifest.source.file,
            span=_START,
        )
