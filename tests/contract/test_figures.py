"""Figures that the documents and messages give are those of the code: seconds, sizes, counts."""

from __future__ import annotations

import re

import pytest

from entrypoint.adapters.machines.preflight import question
from entrypoint.adapters.verify import probe
from entrypoint.adapters.workspace import MOST_BYTES as LARGEST_FILE
from entrypoint.kernel.verify import MOST_BAKE
from entrypoint.modes import logs, source
from entrypoint.modes.doctor import fly
from entrypoint.planning.model.steps import BOOT_SECONDS, DRAIN_SECONDS
from entrypoint.planning.preflight import token
from entrypoint.rollout import leases, passed, undo, verify
from tests.benchmarks.rollouts.cases import Case
from tests.benchmarks.rollouts.comparison import PAGE, ROWS, replace_times
from tests.benchmarks.rollouts.figures import Figures
from tests.e2e.test_wrong_setups import WAYS
from tests.simulate.case import CASES
from tests.simulate.selftest import FAULTS, MOST
from tests.stage import ROOT

WORDS = dict(
    enumerate(
        [
            "none",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ]
    )
)
SCENARIOS = len(re.findall(r"^## ", (ROOT / "docs/getting-started.md").read_text("utf-8"), re.MULTILINE))
MB, KB = 1024 * 1024, 1024
STATED: tuple[tuple[str, str], ...] = (
    ("docs/README.md", f"{WORDS[SCENARIOS]} scenarios"),
    ("docs/command-line.md", f"within {fly.SKEW} s of Fly's"),
    ("docs/decisions/001-lanes-and-stages.md", f"must stay up for {BOOT_SECONDS:g} s"),
    ("docs/decisions/004-rollback.md", f"a rollback keeps asking for {undo.PATIENCE:g} s"),
    ("docs/decisions/006-order-and-lock.md", f"{leases.PATIENCE:g} s at most"),
    ("docs/decisions/006-order-and-lock.md", f"{leases.TTL} s at a time"),
    ("docs/decisions/008-health.md", f"one list of the machines every {passed.EVERY:g} s"),
    ("docs/faq.md", f"once it has run for {BOOT_SECONDS:g} s"),
    ("docs/flightplan-toml.md", f"give its requests {DRAIN_SECONDS:g} s"),
    ("docs/flightplan-toml.md", f"the last {logs.LINES} lines"),
    ("docs/flightplan-toml.md", f"seconds, 0 to {MOST_BAKE}"),
    ("docs/flightplan-toml.md", f"must answer as asked within {verify.SETTLES_WITHIN:g} s"),
    ("docs/flightplan-toml.md", f"asked every {verify.EVERY:g} s"),
    ("docs/flightplan-toml.md", f"{WORDS[verify.MOST_WRONG].title()} wrong answers in a row, {verify.AGAIN:g} s apart"),
    ("docs/flightplan-toml.md", f"may take {probe.WITHIN:g} s. {probe.MOST_BYTES // KB} KB of it"),
    ("docs/flightplan-toml.md", f"{WORDS[probe.MOST_REDIRECTS]} times at most"),
    ("docs/limits.md", f"| fly.toml, flightplan.toml | {source.MOST_BYTES // MB} MiB |"),
    ("docs/limits.md", f"{LARGEST_FILE // MB} MiB in a checkout"),
    ("docs/troubleshooting.md", f"longer than {leases.TTL} s ({leases.LONG_TTL} s with more than {leases.MANY} machines"),
    ("docs/troubleshooting.md", f"after {leases.TTL} s, with more than {leases.MANY} machines after {leases.LONG_TTL} s"),
    ("docs/messages.md", f"a deploy waits {leases.PATIENCE:g} s for a lease"),
    ("docs/plan-comment.md", f"must run for {BOOT_SECONDS:g} s"),
    ("docs/plan-comment.md", f"within {question.PATIENCE:g} seconds"),
    ("docs/plan-findings.md", f"The deploy waits {leases.PATIENCE:g} s for it"),
    ("docs/plan-findings.md", f"within {token.SOON // 86_400} days"),
    ("docs/plan-json.md", f"within {question.PATIENCE:g} seconds"),
    ("docs/testing.md", f"no lease outlives its {leases.TTL} s"),
    ("docs/testing.md", f"{WORDS[len(WAYS)]} wrong ways"),
    ("docs/testing.md", f"{WORDS[len(FAULTS)]} times (`tests/simulate/selftest.py`)"),
    ("docs/testing.md", f"within {MOST:,} schedules"),
    ("docs/testing.md", f"one of {CASES} small cases"),
    ("docs/troubleshooting.md", f"No run leaves a lease longer than {leases.TTL} s"),
    ("docs/troubleshooting.md", f"ends after {leases.TTL} s"),
)  # fmt: skip


@pytest.mark.parametrize(("page", "words"), STATED)
def test_a_page_says_what_the_code_does(page: str, words: str) -> None:
    assert words in " ".join((ROOT / page).read_text("utf-8").split())


def test_the_comparison_gives_no_time_that_the_benchmarks_do_not_hold() -> None:
    given = re.findall(r"\d+\.\d s", (ROOT / "docs/comparison.md").read_text("utf-8"))
    measured = re.findall(r"\| (\d+\.\d s) \|", (ROOT / "docs/benchmarks.md").read_text("utf-8"))
    assert len(given) == 6
    assert set(given) <= set(measured)


def _took(case: Case, program: str, wall: float) -> Figures:
    return Figures(
        case=case,
        program=program,
        wall=wall,
        path=1.0,
        requests=4.0,
        lists=1,
        rounds=3.0,
        below=0.0,
        lost=0.0,
    )


def test_new_measurements_are_written_into_the_comparison__ours_first() -> None:
    text = PAGE.read_text("utf-8")
    measured = [
        _took(case, program, wall)
        for case in ROWS.values()
        for program, wall in (("flightplan", 1.25), ("flyctl", 99.0))
    ]
    written = replace_times(text, measured)
    assert re.findall(r"\d+\.\d s", written) == ["1.2 s", "99.0 s"] * 3
    assert replace_times(written, measured[::2]) == written, "a row of which only ours was measured stays"
