"""A story with a deploy that is killed at each of its requests, before and after the server executed it: `make crashes`.

What all these have in common is told once. At each request the process forks: in the child the deploy is killed there, and the story is told to its
end; the parent goes on to the next request. So a schedule costs what comes after its crash.
"""

from __future__ import annotations

import gc
import os
import traceback
import warnings
from collections.abc import Callable

import httpx

from tests.severed import Fate
from tests.simulator.virtual import forked

MOST_SAID = 16_000
"""Bytes of a child's last words: a pipe takes them without anybody reading."""

WARM = 6


def everywhere(tell: Callable[[Fate], None]) -> int:
    """How many schedules were told. `tell` plays the story with the fate of its deploy, and raises where its end is wrong."""
    _warm_up(tell)
    fork = _Forking()
    gc.collect()
    gc.freeze()  # otherwise each child's collections copy all memory
    try:
        tell(fork.fate)
    except BaseException:
        if fork.is_child:
            fork.end(traceback.format_exc())
        raise
    if fork.is_child:
        fork.end("")
    gc.unfreeze()
    assert fork.told, "no request was ever made"
    assert not fork.failed, "\n\n".join(fork.failed)
    return fork.told


def _warm_up(tell: Callable[[Fate], None]) -> None:
    """What is found out once a process (which requests keep to Fly's document) is found out here, not in each child."""
    whole = Fate(at=lambda _seen, _request: False, executed=False)
    tell(whole)
    for part in range(1, WARM):
        tell(Fate(at=lambda seen, _, part=part: seen == whole.seen * part // WARM, executed=True))  # type: ignore[misc]


class _Forking:
    """The fate of the parent is never to be killed."""

    def __init__(self) -> None:
        self.fate = Fate(at=self._at, executed=False)
        self.is_child = False
        self.told = 0
        self.failed: list[str] = []
        self._pipe = -1

    def _at(self, seen: int, _: httpx.Request) -> bool:
        return any(self._dies(seen, executed=executed) for executed in (False, True))

    def _dies(self, seen: int, *, executed: bool) -> bool:
        """Whether this is the process that is killed here."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # pytest-xdist has a thread; the child needs it for nothing
            pid = os.fork()
        if pid == 0:
            os.close(reading)
            forked()
            self.is_child, self._pipe = True, writing
            self.fate.executed = executed
            return True
        os.close(writing)
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read().decode(errors="replace")
        self.told += 1
        if status != 0:
            self.failed.append(f"killed {'after' if executed else 'before'} request {seen}:\n{said}")
        return False

    def end(self, said: str) -> None:
        """The end of the child."""
        try:
            os.write(self._pipe, said.encode()[-MOST_SAID:])
        finally:
            os._exit(1 if said else 0)
