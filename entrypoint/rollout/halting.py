"""Stopping a rollout: the first reason counts, nothing new is begun, and the answer of a request already sent is awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from entrypoint.rollout.outcome import Halted, HaltKind
from entrypoint.rollout.patience import patiently

T = TypeVar("T")

CANCEL_GRACE = 2.0
"""Seconds that a request already sent may take after a signal, before its answer is given up."""
WRITE_PATIENCE = 90.0
"""Seconds that Fly may not answer before a write is given up, and with it the rollout."""


@dataclass(slots=True, kw_only=True)
class Halting:
    """Mutable, and only ever touched from the one trio thread."""

    halted: Halted | None = None
    is_forward: bool = False
    """A stage has begun after which nothing is rolled back."""
    work: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The stages and what comes before them: cancelled by the first failure and by a signal."""
    undoing: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The rollback: cancelled by a signal only."""
    verifying: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Asking the app's URL: cancelled by a signal only."""
    giving_back: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The return of the leases after a rollout that went well: cancelled by a signal only."""
    proving: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The proof: cancelled by a signal only."""
    _writes: set[anyio.CancelScope] = field(default_factory=set)

    @property
    def was_cancelled(self) -> bool:
        """Whether a signal ended it."""
        return self.halted is not None and self.halted.kind is HaltKind.CANCELLED

    def halt(self, halted: Halted) -> None:
        """Stop: nothing new is begun. The first reason stands."""
        if self.halted is None:
            self.halted = halted
        self.work.cancel()

    async def write(self, call: Callable[[], Awaitable[T]]) -> T:
        """Await a mutating request without letting a failure elsewhere cut it off: its answer tells what is live.

        While Fly does not answer, it is repeated: every write of the port is executed once, however often it is asked for. After a signal
        it gets CANCEL_GRACE seconds more. Once the rollout is stopped, none is begun.
        """
        await checkpoint_if_cancelled()
        with anyio.CancelScope(shield=True) as scope:
            self._writes.add(scope)
            try:
                until = anyio.current_time() + WRITE_PATIENCE
                return await patiently(call, until=until, is_over=lambda: self.halted is not None)
            finally:
                self._writes.discard(scope)
        raise AssertionError("a shielded scope that nobody cancels always returns")

    async def stop_on(self, stop: anyio.Event) -> None:
        """Wait for the signal, then stop everything within CANCEL_GRACE seconds."""
        await stop.wait()
        self.halt(Halted(kind=HaltKind.CANCELLED, message="The run was cancelled; nothing new was begun."))
        self.undoing.cancel()
        self.verifying.cancel()
        self.giving_back.cancel()
        self.proving.cancel()
        await anyio.sleep(CANCEL_GRACE)
        for scope in list(self._writes):
            scope.shield = False
