"""The months of tests/month: the harness does what it says, and a few months are played."""

from __future__ import annotations

import threading

from tests.month.month import Month
from tests.month.story import draw
from tests.simulator_github.world import BOT


def test_the_whole_program_runs_in_this_process__without_a_thread():
    with Month(way="none") as month:
        before = threading.active_count()
        month.open(pull="one", kinds="env", who="mona")
        comments = [c for c in month.world.comments_of(1) if c.author == BOT]
        assert threading.active_count() == before
        assert month.told[-1] == "  plan of #1: 0 planned"
    assert len(comments) == 1
    assert month.wires.github.journal.violations() == []


def test_a_seed_is_a_story():
    assert list(map(str, draw(7))) == list(map(str, draw(7)))
    assert list(map(str, draw(7))) != list(map(str, draw(8)))
