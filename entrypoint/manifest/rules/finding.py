"""Make a rule's finding at a node."""

from __future__ import annotations

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import format_path
from entrypoint.manifest.source import Node, Path


def finding_at(
    manifest: Manifest,
    node: Node,
    path: Path,
    *,
    rule: str,
    severity: Severity,
    message: str,
    hint: str = "",
    on_key: bool = False,
) -> Finding:
    """A finding at the node's value, or at its key."""
    source = manifest.source
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        hint=hint,
        file=source.file,
        span=source.key_span(node) if on_key else source.value_span(node),
        path=format_path(path),
    )
