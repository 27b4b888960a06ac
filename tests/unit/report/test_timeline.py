"""The picture of a rollout: its text follows Mermaid's grammar whatever the names are, and Mermaid draws it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.report.outcome.timeline import MOST_ROWS, timeline
from entrypoint.rollout.outcome import Outcome, ReleaseResult, StepResult, StepStatus
from tests.pictures.browser import find_browser, open_browser
from tests.pictures.page import make_page
from tests.stage import ROOT
from tests.unit.planning import kit
from tests.unit.report.made import HOSTILE

MODULES = Path(os.environ.get("FLIGHTPLAN_NODE_MODULES", ROOT / "build" / "pictures" / "node_modules"))
HEAD = [
    "```mermaid",
    "gantt",
    "    dateFormat x",
    "    axisFormat %s s",
]
SECTION = re.compile(r"    section [A-Za-z0-9-]+")
TASK = re.compile(
    r"    (command|([0-9a-f]+|machine [A-Za-z0-9-]+) [A-Za-z0-9-]+( [a-z]+)?) :((done|crit|active), )?(\d+), (\d+)"
)
WIDTH = "+document.querySelectorAll('svg rect.task')[2].getAttribute('width')"
NAMES = st.sampled_from(
    ["web", "section", "title x", "a:b, c", "click me", "%%{init}%%", "x;y#z", "", HOSTILE]
) | st.text(max_size=20)


def outcome(
    *machines: tuple[str, str, StepStatus, float, float], release: ReleaseResult | None = None
) -> Outcome:
    made = kit.plan('[processes]\nweb = "bin/web -v"\n', kit.machine("a1"))
    ((_, step),) = made.steps()
    results = tuple(
        StepResult(
            step=replace(step, group=GroupName(group)),
            wave=1,
            machine=MachineId(id_),
            status=status,
            began=began,
            seconds=took,
        )
        for group, id_, status, began, took in machines
    )
    return Outcome(
        plan=made, results=results, release=release, halted=None, rolled_back=(), proof=None, leases_left=0, lease_ttl=50,
        lowest_running=(), seconds=1.0,
    )  # fmt: skip


def check(text: str) -> list[str]:
    """The rows, where every line is one that Mermaid's grammar has."""
    lines = text.split("\n")
    end = lines.index("```")
    assert lines[:4] == HEAD
    assert re.fullmatch(r"    tickInterval [1-9]\d*(second|minute|hour|day)", lines[4])
    for line in lines[5:end]:
        assert SECTION.fullmatch(line) or TASK.fullmatch(line), line
    rows = [line for line in lines[5:end] if TASK.fullmatch(line)]
    for row in rows:
        match = TASK.fullmatch(row)
        assert match is not None
        assert int(match[6]) < int(match[7])
    return rows


def test_each_machine__is_a_row_from_its_beginning_to_its_end() -> None:
    release = ReleaseResult(command="bin/migrate", exit_code=0, seconds=6.2, began=0.4)
    made = outcome(
        ("web", "148ed21a031189", StepStatus.DONE, 7.0, 21.0),
        ("web", "178", StepStatus.FAILED, 28.0, 0.1),
        release=release,
    )
    assert timeline(made).split("\n")[4:] == [
        "    tickInterval 10second",
        "    section release",
        "    command :done, 0, 7000",
        "    section web",
        "    148ed21a ams :done, 7000, 28000",
        "    178 ams :crit, 28000, 29000",
        "```",
    ]


def test_one_machine__is_no_picture() -> None:
    assert timeline(outcome(("web", "a", StepStatus.DONE, 0.0, 1.0))) == ""


def test_of_many__the_one_that_failed_is_shown_and_the_others_are_counted() -> None:
    many = [("web", f"m{n}", StepStatus.DONE, float(n), 1.0) for n in range(50)]
    text = timeline(
        outcome(
            *many, ("web", "last", StepStatus.FAILED, 60.0, 5.0), ("web", "no", StepStatus.SKIPPED, 0.0, 0.0)
        )
    )
    rows = check(text)
    assert len(rows) == MOST_ROWS
    assert sum(":crit" in row for row in rows) == 1
    assert text.endswith("\n… and 21 more machines")


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=4))
def test_no_name__breaks_the_grammar(names: list[tuple[str, str]]) -> None:
    made = outcome(*((group, id_, StepStatus.DONE, 0.0, 1.0) for group, id_ in names))
    assert len(check(timeline(made))) == len(names)


@pytest.mark.packages
def test_mermaid__draws_it(tmp_path: Path) -> None:
    """Where `make pictures` has fetched Mermaid."""
    browser = find_browser()
    if browser is None or not (MODULES / "mermaid").is_dir():
        pytest.skip("make pictures fetches Mermaid; apt-get install chromium")
    made = outcome(
        ("web", "148ed21a031189", StepStatus.DONE, 0.0, 21.0),
        ("title x:", "click", StepStatus.FAILED, 28.0, 0.1),
        (HOSTILE, "%%{init}%%", StepStatus.UNKNOWN, 3.0, 5.0),
    )
    page = tmp_path / "page.html"
    page.write_text(make_page(str(timeline(made)), modules=MODULES), "utf-8")
    with open_browser(browser, tmp_path) as tab:
        tab.open(page, width=900, dark=False)
        assert tab.ask("window.drawn") == 1
        assert tab.ask("document.querySelectorAll('svg rect.task').length") == 3
        starts = tab.ask(
            "[...document.querySelectorAll('svg rect.task')].map(rect => +rect.getAttribute('x'))"
        )
        first, middle, last = (start - min(starts) for start in starts)
        assert first == 0
        assert middle == pytest.approx(3 / 29 * (last + tab.ask(WIDTH)), abs=1)
        assert last == pytest.approx(28 / 29 * (last + tab.ask(WIDTH)), abs=1)
        assert "148ed21a" in tab.ask("document.querySelector('svg').textContent")


@pytest.mark.parametrize(
    ("length", "tick"),
    [
        (1, "1second"),
        (4, "1second"),
        (5, "2second"),
        (120, "30second"),
        (121, "1minute"),
        (10_801, "1hour"),
        (30_000, "1day"),
    ],
)
def test_ticks__are_so_far_apart_that_a_phone_shows_them(length: int, tick: str) -> None:
    made = outcome(("web", "a", StepStatus.DONE, 0.0, 1.0), ("web", "b", StepStatus.DONE, 0.0, float(length)))
    assert f"    tickInterval {tick}" in timeline(made).split("\n")
