"""How flyctl's own rules report: by the path of a decoded value."""

from __future__ import annotations

from entrypoint.kernel.findings import Severity
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import Problems, group_hint, quote
from entrypoint.manifest.syntax.tree import Node, Path


class Report:
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

    def known_group(self, name: str, *path: str | int) -> None:
        """V9, V20: a group that [processes] does not have."""
        if self.manifest.has_group(name):
            return
        hint = group_hint(name, self.manifest.groups)
        self.error("unknown-group", f"there is no group {quote(name)}", *path, hint=hint)

    def _node(self, path: Path) -> Node:
        """The node, or that of the nearest section above it."""
        for end in range(len(path), -1, -1):
            found = self.manifest.nodes.get(path[:end])
            if found is not None:
                return found
        return self.manifest.source.root
