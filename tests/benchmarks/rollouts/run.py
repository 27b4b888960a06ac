"""Measure, print, and on request write docs/benchmarks.md anew.

FLYCTL names the program to be beside; without one only ours is measured. ALL=1 measures everything, which takes hours; WRITE=1 writes the page;
VIRTUAL=1 leaves out what takes real time.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.rollouts import comparison
from tests.benchmarks.rollouts.beside import OURS, DidNotDeploy, run_flyctl, run_ours
from tests.benchmarks.rollouts.cases import ALL, SOME, Case
from tests.benchmarks.rollouts.figures import Figures
from tests.benchmarks.rollouts.table import HEAD, to_chart, to_row, to_table
from tests.benchmarks.rollouts.virtual import run_virtual

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by make bench WRITE=1 -->", "<!-- /measured -->"
WAITERS = 3
"""flyctls at once, each on a simulator of its own, beside ours: it mostly waits."""


def run() -> None:
    """Everything that was asked for."""
    cases = ALL if os.environ.get("ALL") else SOME
    found = shutil.which(os.environ.get("FLYCTL") or "flyctl")
    begun, load = time.time(), os.getloadavg()[0]
    print(f"Load before: {load:.1f}.\n\nOn virtual time:\n\n{HEAD}", flush=True)
    virtual = [_told(run_virtual(case)[0]) for case in cases]
    real: list[Figures] = []
    if not os.environ.get("VIRTUAL"):
        print(f"\nOver loopback, in real time:\n\n{HEAD}", flush=True)
        paths = {one.case: one.path for one in virtual}
        real = _over_loopback(cases, paths, Path(found).resolve() if found else None)
        print(f"\n{to_chart(real)}")
    after = os.getloadavg()[0]
    print(f"\nLoad after: {after:.1f}. It took {time.time() - begun:.0f} s.")
    if os.environ.get("WRITE"):
        _write(virtual, real, load=(load, after))
        print(f"{PAGE} and {comparison.PAGE.name} are written.")


def _over_loopback(cases: Sequence[Case], paths: dict[Case, float], program: Path | None) -> list[Figures]:
    """Ours one after the other; beside it, flyctl's. One run of ours does not count: while it deploys, Python compiles what the image has
    compiled, and the first simulators for flyctl start.
    """
    with ThreadPoolExecutor(WAITERS) as pool:
        theirs = [
            pool.submit(run_flyctl, case, program, path=paths[case])
            for case in (cases if program is not None else ())
            if program is not None
        ]
        run_ours(cases[0], path=paths[cases[0]])
        ours = [_told(run_ours(case, path=paths[case])) for case in cases]
        found = [*ours, *(made for one in theirs if (made := _result(one)) is not None)]
    return sorted(found, key=lambda one: (cases.index(one.case), one.program != OURS))


def _result(waiting: Future[Figures]) -> Figures | None:
    """None where it did not deploy; why is printed."""
    try:
        return _told(waiting.result())
    except DidNotDeploy as error:
        print(f"{error.case}: {str(error)[-200:]}", flush=True)
        return None


def _told(one: Figures) -> Figures:
    print(to_row(one), flush=True)
    return one


def _write(virtual: Sequence[Figures], real: Sequence[Figures], *, load: tuple[float, float]) -> None:
    """Between the marks; the rest of the page is written by hand."""
    text = PAGE.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    day = datetime.now(UTC)
    said = f"Measured on {day.day} {day:%B %Y} on {os.cpu_count()} cores; load {load[0]:.1f} at the beginning, {load[1]:.1f} at the end."
    parts = [BEGIN, said]
    if real:
        parts += ["### Over loopback, in real time", to_table(real), to_chart(real)]
    parts += ["### On virtual time", to_table(virtual), to_chart(virtual), END]
    PAGE.write_text(before + "\n\n".join(parts) + after, "utf-8")
    compared = comparison.replace_times(comparison.PAGE.read_text("utf-8"), real)
    comparison.PAGE.write_text(compared, "utf-8")
