"""Ends a cancelled job in time, even if something hangs.

The runner sends SIGINT, SIGTERM after 7.5 s, and SIGKILL after 10 s, the last to the docker client only: a container that is still running
then goes on (actions/runner ProcessInvoker.cs). So the first signal starts a timer that nothing can delay.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

SECONDS = 5.8
EXIT_CODE = 130


def arm(seconds: float = SECONDS, *, exit_now: Callable[[int], None] = os._exit) -> threading.Timer:
    """End the process after `seconds`, without cleaning up. Cancel the timer when it is not needed any more."""
    timer = threading.Timer(seconds, exit_now, args=(EXIT_CODE,))
    timer.daemon = True
    timer.start()
    return timer
