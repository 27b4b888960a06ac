"""The months of tests/month: the harness does what it says, and a few months are played."""

from __future__ import annotations

import threading

import pytest

from entrypoint.planning.review import rules
from tests.month.__main__ import play, shorten
from tests.month.jobs import push_job
from tests.month.month import Month
from tests.month.story import Event, draw
from tests.samples import some
from tests.simulator_github import branches
from tests.simulator_github.running import running
from tests.simulator_github.world import BOT


def test_the_whole_program_runs_in_this_process__without_a_thread():
    with Month(way="none") as month:
        before = threading.active_count()
        month.open(pull="one", kinds="env", who="mona")
        comments = [c for c in month.world.comments_of(1) if c.author == BOT]
        assert threading.active_count() == before
        assert month.told[-1] == "  plan of #1 (pull_request): 0 planned"
    assert len(comments) == 1
    assert month.wires.github.journal.violations() == []


def test_a_seed_is_a_story():
    assert list(map(str, draw(7))) == list(map(str, draw(7)))
    assert list(map(str, draw(7))) != list(map(str, draw(8)))


@pytest.mark.parametrize("seed", some([3, 4, 5, 11], one_in=4))
def test_a_month__ends_as_it_should(seed: int):
    month, broken = play(seed, draw(seed, events=40))
    assert not broken, "\n".join([*month.told, broken])
    assert month.deploys


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(50, 55))
def test_a_few_days__with_github_on_a_socket_and_its_answers_held_against_its_document(seed: int):
    with running() as served:
        month, broken = play(seed, draw(seed, events=12), served=served)
        assert not broken, "\n".join([*month.told, broken])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_queue__knows_what_is_merged_and_not_live_yet(seed: int):
    """Found by a month: what was merged while the deploy waited was \"which came without a pull request\"."""
    story = [
        Event(do="slow_jobs", about={"what": "deploy"}),
        Event(do="open", about={"pull": "one", "kinds": "env", "who": "mona"}),
        Event(do="merge", about={"pull": "one", "how": "squash", "update": True}),
        Event(do="open", about={"pull": "two", "kinds": "code", "who": "hubot"}),
        Event(do="merge", about={"pull": "two", "how": "queue", "update": True}),
    ]
    month, broken = play(seed, story)
    assert not broken, "\n".join([*month.told, broken])
    assert "  check of #3 in the queue: 0 reviewed" in month.told


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_two_jobs_of_one_pull_request_at_once__leave_one_comment_and_one_review(seed: int):
    story = [
        Event(do="open", about={"pull": "one", "kinds": "env", "who": "mona"}),
        Event(do="two_jobs", about={"pull": "one"}),
        Event(do="amend", about={"pull": "one", "kinds": "command"}),
        Event(do="two_jobs", about={"pull": "one"}),
        Event(do="merge", about={"pull": "one", "how": "squash", "update": False}),
    ]
    month, broken = play(seed, story)
    assert not broken, "\n".join([*month.told, broken])
    assert sum("two plans" in line for line in month.told) == 2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planned_by_the_previous_minor_version__deployed_by_this_one(seed: int):
    story = [
        Event(do="upgrade", about={"back": True}),
        Event(do="open", about={"pull": "one", "kinds": "env", "who": "mona"}),
        Event(do="upgrade", about={"back": False}),
        Event(do="merge", about={"pull": "one", "how": "squash", "update": False}),
    ]
    month, broken = play(seed, story)
    assert not broken, "\n".join([*month.told, broken])
    assert month.deploys[-1].result == "deployed"


def test_main_is_force_pushed__the_deploy_is_refused_and_may_be_approved():
    story = [
        Event(do="open", about={"pull": "one", "kinds": "env", "who": "mona"}),
        Event(do="merge", about={"pull": "one", "how": "squash", "update": False}),
        Event(do="force_push_main", about={"number": 1}),
        Event(do="approve"),
    ]
    month, broken = play(2, story)
    assert not broken, "\n".join([*month.told, broken])
    assert [ended.code for ended in month.deploys][-2:] == [4, 0]


@pytest.mark.thorough
def test_a_failure__is_told_with_the_few_events_that_it_needs(monkeypatch):
    """A gate that forgets hands: the month finds it, and what does not matter is left out."""
    monkeypatch.setattr(rules, "unknown_machines", lambda *_a, **_k: ())
    story = [
        Event(do="bot_push", about={"number": 1}),
        Event(do="open", about={"pull": "p", "kinds": "env", "who": "mona"}),
        Event(do="restart", about={"machine": 1}),
        Event(do="edit_by_hand", about={"machine": 0, "number": 2}),
        Event(do="wait", about={"hours": 1}),
        Event(do="merge", about={"pull": "p", "how": "squash", "update": False}),
        Event(do="push_code", about={"number": 3}),
    ]
    _, broken = play(2, story)
    assert broken.startswith("it ran; by the rules: refused [2]")
    assert [story[i].do for i in shorten(2, story, broken)] == ["edit_by_hand", "push_code"]


@pytest.mark.parametrize("writes", some([1, 0, 2], one_in=3))
def test_cancelled_at_the_very_end__it_ends_with_its_result(writes: int) -> None:
    """Nothing but the marks of a green deploy is written, and after the last one nobody listens to a signal any more."""
    with Month(way="none") as month:
        month.open(pull="one", kinds="env", who="mona")
        month.merge(pull="one", how="merge", update=False)
        month.open(pull="two", kinds="code", who="mona")
        before = month.world.branches["main"].sha
        after = branches.merge_pull(month.world, month.pulls["two"])

        def cancel() -> None:
            month.wires.cancel_after = writes

        job = push_job(month.wires, "main", before=before, after=after)
        ended = month.runner.run(job, before=cancel)
    assert (ended.code, ended.result) == (0, "nothing-to-do")
