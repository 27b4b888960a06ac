"""Stops a rollout: the first reason counts, nothing new is begun, and requests that were sent get their answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from entrypoint.fleet.errors import NotSent
from entrypoint.rollout.outcome import Halted, HaltKind
from entrypoint.rollout.patience import patiently

R = TypeVar("R")
T = TypeVar("T")

CANCEL_GRACE = 2.0
"""Seconds that a request may still take after a signal. Then its answer is not waited for any longer."""
WRITE_PATIENCE = 90.0
"""Seconds. If Fly does not answer a write for so long, the rollout ends."""


@dataclass(slots=True, kw_only=True)
class Halting:
    """How a rollout is stopped. Mutable; used only in the trio thread."""

    drop_waiting: Callable[[], None]
    """See rollout.ports.Machines."""
    halted: Halted | None = None
    is_forward: bool = False
    """A stage has begun after which nothing is rolled back."""
    work: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The stages and what comes before them. The first failure or a signal cancels it."""
    undoing: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The rollback. Only a signal cancels it."""
    verifying: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The request to the app. Only a signal cancels it."""
    giving_back: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The return of the leases after a successful rollout. Only a signal cancels it."""
    settling: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """What is done after a rollback, or instead of one. Only a signal cancels it."""
    proving: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """The proof. Only a signal cancels it."""
    _writes: set[anyio.CancelScope] = field(default_factory=set)

    @property
    def was_cancelled(self) -> bool:
        """Whether a signal ended it."""
        return self.halted is not None and self.halted.kind is HaltKind.CANCELLED

    def halt(self, halted: Halted) -> None:
        """Stop: nothing new is begun. The first reason is kept."""
        if self.halted is None:
            self.halted = halted
            self.drop_waiting()
        self.work.cancel()

    async def write(self, call: Callable[[], Awaitable[T]]) -> T:
        """Await a write. A failure elsewhere does not cancel it, because only its answer tells what is live.

        It is repeated if Fly does not answer; the port executes every write once, however often it is called. After a signal it gets
        CANCEL_GRACE seconds more. Once the rollout is stopped, no write is begun.
        """
        await checkpoint_if_cancelled()
        async with self._shielded():
            until = anyio.current_time() + WRITE_PATIENCE
            return await patiently(call, until=until, is_over=lambda: self.halted is not None)
        raise AssertionError("a shielded scope that nobody cancels always returns")

    async def write_after(self, read: Callable[[], Awaitable[R]], call: Callable[[R], Awaitable[T]]) -> T:
        """Await a write that needs what a read shows. Once the rollout is stopped while it reads, no write is begun.

        If Fly does not answer, both are repeated.
        """

        async def both() -> T:
            seen = await read()
            await checkpoint_if_cancelled()
            async with self._shielded():
                return await call(seen)
            raise AssertionError("a shielded scope that nobody cancels always returns")

        until = anyio.current_time() + WRITE_PATIENCE
        return await patiently(both, until=until, is_over=lambda: self.halted is not None)

    @asynccontextmanager
    async def _shielded(self) -> AsyncIterator[None]:
        """Not cancelled by a failure elsewhere, unless it is still to be sent; by a signal, after CANCEL_GRACE."""
        try:
            with anyio.CancelScope(shield=True) as scope:
                self._writes.add(scope)
                try:
                    yield
                finally:
                    self._writes.discard(scope)
        except NotSent:
            await checkpoint()  # raises the cancellation that it was dropped for
            raise

    async def stop_on(self, stop: anyio.Event) -> None:
        """Wait for the signal, then stop everything within CANCEL_GRACE seconds."""
        await stop.wait()
        self.halt(Halted(kind=HaltKind.CANCELLED, message="The run was cancelled; nothing new was begun."))
        self.drop_waiting()  # those of a rollback, too
        self.undoing.cancel()
        self.verifying.cancel()
        self.giving_back.cancel()
        self.settling.cancel()
        self.proving.cancel()
        await anyio.sleep(CANCEL_GRACE)
        for scope in list(self._writes):
            scope.shield = False
