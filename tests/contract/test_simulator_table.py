"""tests/simulator/README.md says where each behaviour, fault and open point is and which test shows it; docs/simulator.md how to use it. Both are true."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.simulator.builders import make_world
from tests.simulator.faults import KINDS, Rule
from tests.simulator.fleetfile import read_setup
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.hands import perform
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.settings import Switches, Timing

TESTS = Path(__file__).parents[1]
ROOM = TESTS / "simulator"
PAGE = (ROOM / "README.md").read_text("utf-8")
DOCUMENT = (TESTS.parent / "docs" / "simulator.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([FS]?\d+) \| (.+?) \| (.+?) \| `(\w+)::(\w+)` \|$", PAGE, re.MULTILINE)


def test_nothing_is_left_out() -> None:
    wanted = (
        [str(n) for n in range(1, 26)] + [f"F{n}" for n in range(1, 34)] + [f"S{n}" for n in range(1, 23)]
    )
    assert [row[0] for row in ROWS] == wanted


def test_the_files_are_there() -> None:
    named = {path for row in ROWS for path in re.findall(r"`([\w/]+\.py)`", row[2])}
    assert len(named) > 30
    assert [path for path in sorted(named) if not (ROOM / path).is_file()] == []


def test_the_tests_are_there() -> None:
    missing = [
        f"{file}::{name}"
        for _, _, _, file, name in ROWS
        if f"def {name}(" not in (TESTS / "contract" / f"test_simulator_{file}.py").read_text("utf-8")
    ]
    assert missing == []


def test_every_switch_is_named() -> None:
    named = {word for row in ROWS if row[0].startswith("S") for word in re.findall(r"`(\w+)`", row[1])}
    assert {field.name for field in fields(Switches)} <= named


def test_the_examples_in_the_documentation_can_be_read() -> None:
    fleet, faults = (json.loads(text) for text in re.findall(r"```json\n(.+?)```", DOCUMENT, re.DOTALL))
    setup = read_setup(fleet, faults=faults)
    assert (len(setup.world.apps["acme-shop"].machines), len(setup.rules), setup.replica_lag) == (2, 4, 2.0)


def test_the_documentation_names_every_word_of_the_files() -> None:
    with pytest.raises(Refusal) as refused:
        perform(make_world(), {"act": "?"})
    acts = set(refused.value.message.partition(": unknown act '?': ")[2].split(", "))
    words = acts | KINDS | {f.name for kind in (Rule, Behaviour, Timing) for f in fields(kind)} - {"seen"}
    assert len(acts) > 20
    assert sorted(words - set(re.findall(r"\w+", DOCUMENT))) == []
