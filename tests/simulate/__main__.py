"""`python -m tests.simulate [--minutes 10] [--seed N] [--only] [--workers 2] [--selftest]`: deploys that go wrong, until the time is over, or
one of them again. A twentieth of them goes through HTTP, with GitHub and the whole command (tests/simulate/play.py)."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, islice, takewhile
from multiprocessing import get_context

from tests.simulate.schedule import TOGETHER
from tests.simulate.selftest import self_test
from tests.simulate.told import Told, tell, tell_share

AHEAD = 2
"""Shares of seeds that each worker has or will have, so that none is idle."""


@dataclass(slots=True)
class Tally:
    """Numbers of one invocation."""

    kinds: Counter[str] = field(default_factory=Counter)
    cpu: dict[str, float] = field(default_factory=lambda: {"ports": 0.0, "http": 0.0})
    failed: int = 0

    def add(self, told: Told) -> None:
        """One more."""
        door, _, strategy = told.kind.partition(" ")
        self.kinds[door] += 1
        self.kinds[strategy] += 1
        self.cpu[door] += told.cpu
        self.failed += bool(told.text)

    def __str__(self) -> str:
        at_ports, http = self.kinds.pop("ports", 0), self.kinds.pop("http", 0)
        rate = at_ports / self.cpu["ports"] if self.cpu["ports"] else 0.0
        return (
            f"{at_ports} schedules at the ports ({rate:.1f} a second of CPU), {http} through HTTP; "
            f"{dict(sorted(self.kinds.items()))}; {self.failed} broke something"
        )


def main() -> int:
    """The exit code: 1 where something broke, or a fault of the engine was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1, help="the first; the next have the next numbers")
    parser.add_argument("--only", action="store_true", help="tell this one, and nothing else")
    parser.add_argument("--stop", type=int, default=3, help="end after so many failures")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--selftest", action="store_true", help="does it find faults of the engine?")
    options = parser.parse_args()
    if options.selftest:
        return self_test(first=options.seed, workers=options.workers)
    if options.only:
        print(text := tell(options.seed, always=True).text)
        return 1 if "WRONG" in text else 0
    tally, until = Tally(), time.monotonic() + 60 * options.minutes
    for told in _tell_all(options.seed, workers=options.workers, until=until):
        tally.add(told)
        if told.text:
            print(told.text, flush=True)
        if tally.failed >= options.stop:
            break
    print(tally)
    return 1 if tally.failed else 0


def _tell_all(first: int, *, workers: int, until: float) -> Iterator[Told]:
    """As they end. A worker that dies ends all, with BrokenProcessPool."""
    seeds = count(first)
    if workers == 1:
        yield from map(tell, takewhile(lambda _: time.monotonic() < until, seeds))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pending: set[Future[list[Told]]] = set()
        while True:
            while len(pending) < AHEAD * workers and time.monotonic() < until:
                pending.add(pool.submit(tell_share, _take_share(seeds)))
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield from future.result()


def _take_share(seeds: Iterator[int]) -> list[int]:
    """The next seeds, as far as they have one case: one worker plays them all, and the case without misfortune once."""
    first = next(seeds)
    return [first, *islice(seeds, TOGETHER - 1 - first % TOGETHER)]


if __name__ == "__main__":
    sys.exit(main())
