"""`python -m entrypoint` and the console script `flightplan`."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import TextIO

_ALL_THAT_IS_LOADED = 100_000
"""New objects between two looks for garbage, instead of some hundred. A first request needs 70,000, and none of them is garbage: looking for
any takes a tenth of the start."""


def main() -> None:
    """Hand the process to app.main."""
    gc.set_threshold(_ALL_THAT_IS_LOADED)
    try:
        from entrypoint.app import Process
        from entrypoint.app import main as run
    except KeyboardInterrupt:  # nothing was begun, and there is nobody yet who could say so
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
        signal.signal(number, signal.SIG_IGN)  # app.main listens, and gives this back: its end is the end
    # All that was said is written. A cancelled run may leave a thread that waits for GitHub; an interpreter that takes itself apart around
    # it can end in an abort, and the exit code would be that one's.
    os._exit(run(process))


def _answers() -> int | None:
    """Where a person can answer: only one who sees the question, too."""
    is_person = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    return sys.stdin.fileno() if is_person else None


def _writer(stream: TextIO) -> Callable[[str], None]:
    """Writes at once, and never fails: no reader's end and no character that it cannot take may end a rollout."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")

    def write(text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            # The interpreter flushes once more at its end: let that go nowhere, too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

    return write


if __name__ == "__main__":
    main()
