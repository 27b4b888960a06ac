"""How a process ends before its time: killed at one of its requests or at a moment, wherever it waits then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Never

import anyio

from tests.severed import KilledError
from tests.simulator.http.call import Call


@dataclass(slots=True, kw_only=True)
class Fate:
    """`kill` and `cancel`: at which request of the process; the first is 1. `executed`: whether the server still does the last one.

    Dead, it sends nothing any more, whatever its cleaning up tries.
    """

    kill: int | None = None
    executed: bool = True
    cancel: int | None = None
    stop: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope | None = None
    """All that the process does, for a kill at a moment."""
    dead: bool = False
    seen: int = 0
    on_request: Callable[[str, Call], None] = lambda _operation, _call: None
    """Told of every request that is sent."""

    def reaches(self, operation: str, call: Call) -> bool:
        """A request is about to be sent. Whether it is the last. Raises KilledError for a process that is dead already."""
        if self.dead:
            raise KilledError
        self.seen += 1
        if self.seen == self.cancel:
            self.stop.set()
        ends = self.seen == self.kill
        if not ends or self.executed:
            self.on_request(operation, call)
        return ends

    async def die(self) -> Never:
        """The process is gone."""
        self.kill_now()
        raise KilledError

    def kill_now(self) -> None:
        """The process is gone, wherever it waits."""
        self.dead = True
        if self.scope is not None:
            self.scope.cancel()
