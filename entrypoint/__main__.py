"""`python -m entrypoint` and the console script `flightplan`."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import TextIO

GARBAGE_THRESHOLD = 100_000
"""New objects before a garbage collection, instead of some hundred. Until the first request 70,000 are made, and none is garbage:
collecting takes a tenth of the start."""

HTTPX_COMMAND_LINE = "httpx._main"
"""httpx loads it, with click and rich, wherever somebody has installed those: as much work as the rest of httpx."""


def main() -> None:
    """Run app.main, and exit with its code."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    sys.modules[HTTPX_COMMAND_LINE] = None  # type: ignore[assignment]  # documented: importing it is an ImportError
    try:
        from entrypoint.app import Process
        from entrypoint.app import main as run
    except KeyboardInterrupt:  # nothing has begun, and nothing can write outputs yet
        sys.exit(130)
    process = Process(
        arguments=sys.argv[1:],
        environ=os.environ,
        out=_writer(sys.stdout),
        err=_writer(sys.stderr),
        is_terminal=sys.stdout.isatty(),
        answers=_answers(),
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, signal.SIG_IGN
        )  # app.main listens, and restores this: after it, no signal may change the end
    # All output is written. A cancelled run may leave a thread that waits for GitHub. An interpreter that shuts down around such a thread
    # can abort, which would change the exit code.
    os._exit(run(process))


def _answers() -> int | None:
    """Standard input, if it and standard output are a terminal: a person must see the question to answer it."""
    is_person = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    return sys.stdin.fileno() if is_person else None


def _writer(stream: TextIO) -> Callable[[str], None]:
    """A function that writes without a buffer and never fails: neither a closed pipe nor a character that it cannot encode may end a rollout."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")

    def write(text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            # The interpreter flushes once more at its end. That must go nowhere too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

    return write


if __name__ == "__main__":
    main()
