"""What was asked and answered, in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Entry:
    """One request. `login` is who asked; the token itself is never kept. `status` 0: the connection was cut."""

    operation: str
    method: str
    path: str
    query: str
    login: str | None
    agent: str
    api_version: str
    body: Any
    status: int = 0
    fault: bool = False
    violations: list[str] = field(default_factory=list)


class Journal(list[Entry]):
    """The entries, oldest first."""

    def operations(self) -> list[str]:
        """Their names, in order."""
        return [entry.operation for entry in self]

    def asked(self, operation: str) -> int:
        """How often an operation was asked for, faults included."""
        return self.operations().count(operation)

    def violations(self) -> list[str]:
        """Everything that GitHub's OpenAPI document does not allow, in requests and in our own answers."""
        return [f"{entry.method} {entry.path}: {text}" for entry in self for text in entry.violations]

    def dump(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [asdict(entry) for entry in self]
