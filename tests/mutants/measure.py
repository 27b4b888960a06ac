"""Which tests run which lines of the code that decides, and how long each takes: measured once, kept in build/mutants.

A test file that changed is measured again. Of a module that changed since, every line counts as run by each test that ran any of it; of a
new one, by every test. Remove the file that is kept, and all is measured anew. Tests that start the command as a process run what is
installed, so they are not asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "mutants" / "measured.json"
ROOMS = ("entrypoint/planning", "entrypoint/rollout", "entrypoint/modes")
TESTS = ("tests/unit", "tests/golden", "tests/property", "tests/integration")
ANY_LINE = -1
LEFT_OUT = (".venv", ".git", ".*_cache", ".hypothesis", "build")
PYTEST = [
    *("-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "tests.mutants.plugin"),
    *("-m", "not packages and not schemathesis and not thorough and not every"),
]


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds` of each test that passes, and what it ran: node id → file → a number whose bit n is set where line n ran."""

    seconds: dict[str, float] = field(default_factory=dict)
    ran: dict[str, dict[str, int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def tests_of(self, file: str, lines: range) -> list[str]:
        """The tests that run one of these lines, fastest first."""
        wanted = sum(1 << line for line in lines)
        return sorted(
            (name for name in self.seconds if self.ran[name].get(file, 0) & wanted),
            key=self.seconds.__getitem__,
        )


def copy_checkout(folder: Path) -> Path:
    """A copy of the checkout, without what tools leave in it."""
    return Path(shutil.copytree(ROOT, folder / "checkout", ignore=shutil.ignore_patterns(*LEFT_OUT)))


def environment(**more: str) -> dict[str, str]:
    """That of a run of tests in a copy: the recorded vectors lie beside the checkout."""
    vectors = os.environ.get("FLIGHTPLAN_VECTORS") or str(ROOT.parent / "shared" / "vectors")
    return {**os.environ, "FLIGHTPLAN_VECTORS": vectors, **more}


def measure(checkout: Path, workers: int) -> Measured:
    """What is kept, with the changed test files measured anew."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    modules = {name: _digest(checkout / name) for room in ROOMS for name in _files(checkout, room, "*.py")}
    measured = Measured()
    for folder in TESTS:
        tests = {name: _digest(checkout / name) for name in _files(checkout, folder, "test_*.py")}
        changed = [name for name, digest in tests.items() if kept.get(name, {}).get("digest") != digest]
        if changed:
            print(f"measuring {len(changed)} of {len(tests)} files in {folder}", flush=True)
            for name, found in _run_measured(checkout, changed, workers).items():
                kept[name] = {"digest": tests[name], "modules": modules, **found}
            KEPT.parent.mkdir(parents=True, exist_ok=True)
            KEPT.write_text(json.dumps(kept), "utf-8")
        for name in tests:
            _add(measured, kept[name], modules)
    return measured


def _files(checkout: Path, folder: str, pattern: str) -> list[str]:
    return sorted(str(file.relative_to(checkout)) for file in (checkout / folder).rglob(pattern))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _add(measured: Measured, found: dict[str, Any], modules: dict[str, str]) -> None:
    """What was found out about one test file, as far as it holds of these modules."""
    new = {file: ANY_LINE for file in modules if file not in found["modules"]}
    changed = {file for file, digest in modules.items() if found["modules"].get(file) != digest}
    for name, (passed, seconds) in found["ended"].items():
        if not passed:
            measured.failed.append(name)
            continue
        ran = found["ran"].get(name, {})
        measured.seconds[name] = seconds
        measured.ran[name] = {
            file: ANY_LINE if file in changed else lines for file, lines in ran.items()
        } | new


def _run_measured(checkout: Path, tests: list[str], workers: int) -> dict[str, dict[str, Any]]:
    """Of each test file: how its tests ended, and which lines of which file each of them ran."""
    data = checkout.parent / "coverage"
    settings = checkout.parent / "coveragerc"
    settings.write_text("[run]\ncore = ctrace\n", "utf-8")
    told = checkout.parent / "ended.json"
    arguments = [
        *(
            "-n",
            str(workers),
            "--timeout=600",
            "--cov-context=test",
            "--cov-report=",
            f"--cov-config={settings}",
        ),
        *(f"--cov={room}" for room in ROOMS),
        *tests,
    ]
    subprocess.run(
        [sys.executable, "-m", "pytest", *PYTEST, *arguments],
        cwd=checkout,
        env=environment(COVERAGE_FILE=str(data), MUTANTS_ENDED=str(told)),
        check=False,
        stdout=subprocess.DEVNULL,
    )
    ended = json.loads(told.read_text("utf-8"))
    files: dict[str, dict[str, Any]] = {test: {"ended": {}, "ran": {}} for test in tests}
    for name, how in ended.items():
        files[name.split("::")[0]]["ended"][name] = how
    covered = CoverageData(str(data))
    covered.read()
    for path in covered.measured_files():
        file = str(Path(path).relative_to(checkout))
        for line, contexts in covered.contexts_by_lineno(path).items():
            for name in {context.rpartition("|")[0] for context in contexts} - {""}:
                ran = files[name.split("::")[0]]["ran"].setdefault(name, {})
                ran[file] = ran.get(file, 0) | 1 << line
    return files
