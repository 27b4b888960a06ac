"""`python -m tests.mutants --number 50 --seed 1`: flip conditions in the code that decides, one at a time, and see whether a test notices.

A condition is flipped by its opposite (`==` to `!=`, `<` to `>=`, `in` to `not in`, `and` to `or`, `not x` to `x`). Each mutant lives in a
copy of the checkout; the tests of its room run until the first one fails. Each is told with file and line as soon as it is tried; the exit code
is 1 where fewer than 95 in 100 were noticed.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "planning": [
        "tests/unit/planning",
        "tests/golden",
        "tests/property",
        "tests/unit/rollout",
        "tests/integration",
    ],
    "rollout": [
        "tests/unit/rollout",
        "tests/integration",
        "tests/property/test_rollouts.py",
        "tests/golden/test_comments.py",
    ],
    "modes": ["tests/unit/modes", "tests/integration"],
}
"""The tests of a room, those that fail soonest first. End-to-end tests run what is installed, not the copy."""
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
}
OPPOSITES |= {other: one for one, other in OPPOSITES.items()}
LEFT_OUT = (".venv", ".git", ".*_cache", "__pycache__", ".hypothesis", "build")
ENOUGH = 0.95
TIMEOUT = 900
"""Seconds for the tests of one mutant; one that runs for ever is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One flipped condition. `start` and `end` are offsets in the file's text."""

    file: Path
    line: int
    start: int
    end: int
    before: str
    after: str


def flip(node: ast.expr) -> ast.expr | None:
    """The opposite condition; None for what is none."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators):
            return ast.Compare(left=left, ops=[OPPOSITES[type(op)]()], comparators=comparators)
        case ast.BoolOp(op=ast.And(), values=values):
            return ast.BoolOp(op=ast.Or(), values=values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return ast.BoolOp(op=ast.And(), values=values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
    return None


def find_mutants(file: Path) -> list[Mutant]:
    """Every condition of a module, but for those in assertions."""
    text = file.read_text("utf-8")
    tree = ast.parse(text)
    asserted = {
        id(inner) for node in ast.walk(tree) if isinstance(node, ast.Assert) for inner in ast.walk(node)
    }
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr) or id(node) in asserted:
            continue
        flipped = flip(node)
        if flipped is None or node.end_lineno is None or node.end_col_offset is None:
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        before = text.encode()[start:end].decode()
        found.append(
            Mutant(
                file=file,
                line=node.lineno,
                start=start,
                end=end,
                before=before,
                after=f"({ast.unparse(flipped)})",
            )
        )
    return found


def passes(room: str, mutant: Mutant | None) -> bool:
    """Whether the tests of a room pass in a copy of the checkout, with the condition flipped."""
    with tempfile.TemporaryDirectory(prefix="flightplan-mutant-") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        if mutant is not None:
            target = copy / mutant.file.relative_to(ROOT)
            data = target.read_bytes()
            target.write_bytes(data[: mutant.start] + mutant.after.encode() + data[mutant.end :])
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        command += ["-m", "not packages and not schemathesis and not thorough and not every", *ROOMS[room]]
        vectors = os.environ.get("FLIGHTPLAN_VECTORS") or str(ROOT.parent / "shared" / "vectors")
        environment = {**os.environ, "FLIGHTPLAN_VECTORS": vectors}
        try:
            ended = subprocess.run(
                command, cwd=copy, env=environment, check=False, capture_output=True, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            return False
        if mutant is None and ended.returncode != 0:
            print(ended.stdout.decode(errors="replace")[-3000:], file=sys.stderr)
        return ended.returncode == 0


def room_of(mutant: Mutant) -> str:
    """The folder of `entrypoint/` that it lives in."""
    return mutant.file.relative_to(ROOT / "entrypoint").parts[0]


def try_mutant(mutant: Mutant) -> bool:
    """Whether a test notices it. Told at once: a run that is stopped has said what it found."""
    noticed = not passes(room_of(mutant), mutant)
    what = f"{mutant.file.relative_to(ROOT)}:{mutant.line}: {mutant.before}  →  {mutant.after}"
    print(f"{'noticed' if noticed else 'survived'}: {what}", flush=True)
    return noticed


def main() -> int:
    """Sample, try, print survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="part of a file's path")
    options = parser.parse_args()
    files = [file for room in ROOMS for file in sorted((ROOT / "entrypoint" / room).rglob("*.py"))]
    mutants = [mutant for file in files if options.only in str(file) for mutant in find_mutants(file)]
    sample = random.Random(options.seed).sample(mutants, min(options.number, len(mutants)))
    with ThreadPoolExecutor(options.workers) as pool:
        rooms = sorted({room_of(mutant) for mutant in sample})
        failing = [
            room for room, ok in zip(rooms, pool.map(lambda r: passes(r, None), rooms), strict=True) if not ok
        ]
        if failing:
            print(
                f"the tests of {', '.join(failing)} fail without any mutant: mend them first", file=sys.stderr
            )
            return 2
        noticed = list(pool.map(try_mutant, sample))
    share = sum(noticed) / len(noticed) if noticed else 1.0
    print(
        f"{sum(noticed)} of {len(noticed)} flipped conditions were noticed ({share:.0%}); {len(mutants)} can be flipped"
    )
    return 0 if share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
