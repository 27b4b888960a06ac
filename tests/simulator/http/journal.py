"""The record of every request, in the order of arrival: what tests compare and people read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request and its answer. `at` and `answered_at` are virtual seconds; `status` 0 means no answer was given."""

    order: int
    at: float
    method: str
    path: str
    query: list[tuple[str, str]]
    operation: str
    app: str | None
    machine: str | None
    body: Any
    nonce: str | None
    actor: str
    status: int = 0
    answered_at: float | None = None
    fault: str | None = None
    reply: Any = None

    @property
    def mutates(self) -> bool:
        """Whether the request could have changed something."""
        return self.method not in {"GET", "HEAD"}


@dataclass(slots=True)
class Journal:
    """Entries in order."""

    entries: list[Entry] = field(default_factory=list)

    def open(self, **words: Any) -> Entry:
        """Write down that a request came."""
        entry = Entry(order=len(self.entries) + 1, **words)
        self.entries.append(entry)
        return entry

    def find(self, operation: str, *, machine: str | None = None, status: int | None = None) -> list[Entry]:
        """The entries of one operation, of one machine and status if given."""
        return [
            entry
            for entry in self.entries
            if entry.operation == operation
            and (machine is None or entry.machine == machine)
            and (status is None or entry.status == status)
        ]

    def to_json(self, *, since: int = 0) -> list[dict[str, Any]]:
        """As GET /_sim/journal shows it, without the first `since`."""
        return [json.loads(json.dumps(asdict(entry), default=str)) for entry in self.entries[since:]]
