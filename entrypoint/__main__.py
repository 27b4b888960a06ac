"""`python -m entrypoint` and the console script `flightplan`."""

from __future__ import annotations

import os
import sys

from entrypoint.app import Process
from entrypoint.app import main as run


def main() -> None:
    """Hand the process to app.main."""
    process = Process(
        arguments=sys.argv[1:],
        environ=os.environ,
        out=lambda text: _write(sys.stdout, text),
        err=lambda text: _write(sys.stderr, text),
    )
    sys.exit(run(process))


def _write(stream: object, text: str) -> None:
    print(text, end="", file=stream, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
