"""One request to the Machines API, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from entrypoint.adapters.machines.retry import PATIENCE

READ_TIMEOUT = 30.0
LEASING = frozenset({"lease", "unlease"})
"""Actions on leases. They are wanted also where a rollout stops."""


class Call(NamedTuple):
    """A request. `action` and `identifier`: the key of its rate limit. `what`: its name in errors.

    `repeatable`: executing it twice does no harm, so it is repeated after an unclear answer.
    """

    method: str
    path: str
    action: str
    identifier: str
    what: str
    repeatable: bool
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    nonce: str | None = None
    timeout: float = READ_TIMEOUT
    """Seconds until the first byte of the answer."""
    patience: float = PATIENCE
    """Seconds after which it is not repeated."""
    accept: frozenset[int] = frozenset()
    """Statuses of refusals that are returned as answers."""

    @property
    def changes(self) -> bool:
        """Whether it changes the app, leases left aside."""
        return self.method != "GET" and self.action not in LEASING
