"""What SIGINT and SIGTERM do before a task listens for them, after it has ended, and while outputs are written.

By default Python would raise KeyboardInterrupt anywhere, and end silently after SIGTERM: without outputs and without a report.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Until `hold` is called, a signal raises KeyboardInterrupt, because nothing was begun. After that it is kept in `received`."""

    def __init__(self) -> None:
        self.received: list[signal.Signals] = []
        self._is_held = False

    def hold(self) -> None:
        """Keep signals from now on."""
        self._is_held = True

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """The handler."""
        if not self._is_held:
            self._is_held = True  # the next signal must not interrupt the ending
            raise KeyboardInterrupt
        self.received.append(signal.Signals(number))


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Handle signals inside the block. Nothing happens outside the main thread, which gets no signals."""
    found = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    before = {number: signal.signal(number, found.handle) for number in SIGNALS}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
