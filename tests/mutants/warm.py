"""Runs tests in children of a process that has loaded what takes long: `python warm.py` reads a job from each line, and answers its exit code.

It must have loaded nothing of the product, nor of its tests: those come from the folder that the job names.
"""

from __future__ import annotations

import json
import os
import resource
import sys


def main() -> None:
    """One job after the other; a child's exit code is below 0 where a signal ended it."""
    del sys.path[0]  # this folder
    for module in (
        "pytest",
        "hypothesis",
        "trio.testing",
        "anyio",
        "httpx",
        "jinja2",
        "tomlkit",
        "github",
        "yaml",
    ):
        __import__(module)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_run(**json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(*, folder: str, output: str, arguments: list[str], environment: dict[str, str], seconds: int) -> int:
    """`seconds` of CPU, then SIGXCPU ends it: one that waits is ended by pytest-timeout."""
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    os.chdir(folder)
    os.environ.update(environment)
    sys.path.insert(0, folder)
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (0, 1, 2):
        os.dup2(said, stream)
    return int(pytest.main(arguments))


if __name__ == "__main__":
    main()
