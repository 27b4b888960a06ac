"""`python -m tests.mutants --number 50 --seed 1`: flip conditions in the code that decides, one at a time, and see whether a test notices.

Each flip is made in a copy of the checkout, where the tests that run its lines are run, the fastest first, until one fails. That test must
pass without the flip, or it is not believed. What was tried is told at once, with the test that noticed; the exit code is 1 where fewer
than 95 in 100 were noticed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate, count
from pathlib import Path
from queue import SimpleQueue
from shutil import copytree
from subprocess import PIPE

from tests.mutants.flips import Mutant, find_mutants
from tests.mutants.measure import PYTEST, ROOMS, Measured, copy_checkout, environment, measure

ENOUGH = 0.95
FIRST, SECOND = 12, 60
"""So many tests are tried before all others are: most flips are noticed by a fast test, and few files need to be collected."""
SLOWER = 3
"""A run that takes so many times the CPU that was measured, and a minute, is one that never ends: noticed."""
TIMES = count(1)


class Place:
    """A copy of the checkout, and a process that runs tests in it."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        script = str(Path(__file__).parent / "warm.py")
        self._warm = subprocess.Popen([sys.executable, script], stdin=PIPE, stdout=PIPE, text=True)

    def first_failing(self, tests: list[str], *, seconds: int) -> str | None:
        """The test that fails first, or how the run ended otherwise; None where all pass."""
        chosen, ended, output = (
            self.checkout.parent / name for name in ("chosen.json", "ended.json", "output.txt")
        )
        chosen.write_text(json.dumps(tests), "utf-8")
        ended.unlink(missing_ok=True)
        job = {
            "folder": str(self.checkout),
            "output": str(output),
            "arguments": [
                *PYTEST,
                "-x",
                *("-W", "ignore:Module already imported so cannot be rewritten"),
                "-p",
                "no:cov",
                "-p",
                "no:xdist",
                *sorted({test.split("::")[0] for test in tests}),
            ],
            "environment": environment(MUTANTS_TESTS=str(chosen), MUTANTS_ENDED=str(ended)),
            "seconds": seconds,
        }
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        print(json.dumps(job), file=self._warm.stdin, flush=True)
        code = int(self._warm.stdout.readline())
        if code in (0, 5):  # 5: none of these tests is there any more
            return None
        told = json.loads(ended.read_text("utf-8")) if ended.exists() else {}
        failing = [name for name, (passed, _) in told.items() if not passed]
        if failing:
            return failing[0]
        if code in (1, 2):  # a test file that cannot be loaded: plans are made there, too
            return "a run that ended before its tests"
        if code < 0:
            return f"a run that ended by signal {-code}"
        raise RuntimeError(output.read_text("utf-8")[-3000:])

    @contextmanager
    def flipped(self, mutant: Mutant) -> Iterator[None]:
        """The file has the mutant meanwhile, and a time of its own: what is compiled is known by a file's time and size."""
        target = self.checkout / mutant.file
        data, times = target.read_bytes(), target.stat()
        target.write_bytes(mutant.applied(data))
        os.utime(target, (next(TIMES),) * 2)
        try:
            yield
        finally:
            target.write_bytes(data)
            os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))

    def close(self) -> None:
        """End the process."""
        self._warm.communicate()


class Trial:
    """Tries mutants, one at a time in each place. `seconds` of tests, as measured, are spent on one."""

    def __init__(self, measured: Measured, places: list[Place], seconds: float) -> None:
        self._measured = measured
        self._seconds = seconds
        self._sound: set[str] = set()
        self._places: SimpleQueue[Place] = SimpleQueue()
        for place in places:
            self._places.put(place)

    def noticed(self, mutant: Mutant) -> bool:
        """Whether a test notices it. Told at once: a run that is stopped has said what it found."""
        found = self._measured.tests_of(mutant.file, mutant.lines)
        spent = accumulate(self._measured.seconds[name] for name in found)
        tests = [name for name, seconds in zip(found, spent, strict=True) if seconds <= self._seconds]
        place = self._places.get()
        try:
            by = self._noticed_by(place, mutant, tests)
        finally:
            self._places.put(place)
        if by is not None:
            print(f"noticed: {mutant}\n    by {by}", flush=True)
        elif found:
            print(f"survived {len(tests)} of {len(found)} tests that run it: {mutant}", flush=True)
        else:
            print(f"survived, no test runs it: {mutant}", flush=True)
        return by is not None

    def _noticed_by(self, place: Place, mutant: Mutant, tests: list[str]) -> str | None:
        for some in (tests[:FIRST], tests[FIRST:SECOND], tests[SECOND:]):
            left = some
            while left:
                with place.flipped(mutant):
                    failed = place.first_failing(left, seconds=self._most(left))
                if failed is None:
                    break
                if failed not in left or failed in self._sound:
                    return failed
                if place.first_failing([failed], seconds=self._most([failed])) is None:
                    self._sound.add(failed)
                    return failed
                left = left[left.index(failed) + 1 :]
        return None

    def _most(self, tests: list[str]) -> int:
        return int(60 + SLOWER * sum(self._measured.seconds[test] for test in tests))


def main() -> int:
    """Sample, try, print survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=50, help="0: every one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="part of what is told of it: planning/diff.py:34")
    parser.add_argument(
        "--seconds",
        type=float,
        default=float("inf"),
        help="of tests, as measured, that are spent on one mutant",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flightplan-mutants-") as folder:
        first = copy_checkout(Path(folder))
        measured = measure(first, options.workers)
        for name in measured.failed:
            print(f"left out, fails without any mutant: {name}", flush=True)
        files = [
            str(file.relative_to(first)) for room in ROOMS for file in sorted((first / room).rglob("*.py"))
        ]
        mutants = [m for file in files for m in find_mutants(first, file) if options.only in str(m)]
        number = min(options.number or len(mutants), len(mutants))
        sample = random.Random(options.seed).sample(mutants, number)
        copies = [first, *(Path(folder) / str(n) / "checkout" for n in range(1, options.workers))]
        for copy in copies[1:]:
            copytree(first, copy)
        places = [Place(copy) for copy in copies]
        trial = Trial(measured, places, options.seconds)
        with ThreadPoolExecutor(options.workers) as pool:
            noticed = list(pool.map(trial.noticed, sample))
        for place in places:
            place.close()
    share = sum(noticed) / len(noticed) if noticed else 1.0
    print(
        f"{sum(noticed)} of {len(noticed)} flipped conditions were noticed ({share:.0%}); {len(mutants)} can be flipped"
    )
    return 0 if share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
