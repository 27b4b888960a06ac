"""What SIGINT and SIGTERM do while nobody listens for them: before a task's loop listens, after it has ended, while outputs are written.

Python would raise KeyboardInterrupt anywhere, and end silently at SIGTERM: without outputs, and without a report of what was done.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Until `hold` is called a signal raises KeyboardInterrupt: nothing has been begun. From then on it is kept in `received`."""

    def __init__(self) -> None:
        self.received: list[signal.Signals] = []
        self._is_held = False

    def hold(self) -> None:
        """From now on what is done is finished, or somebody listens."""
        self._is_held = True

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """The handler."""
        if not self._is_held:
            self._is_held = True  # one is enough: the next must not interrupt the ending
            raise KeyboardInterrupt
        self.received.append(signal.Signals(number))


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """While the block lasts. Only the main thread gets signals: elsewhere nothing is changed."""
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
