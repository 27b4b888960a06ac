"""A refusal in a merge queue: only what stops it, and steps that work where nothing is merged yet."""

from __future__ import annotations

import re
from typing import Any

import pytest

from entrypoint.kernel.ids import Digest
from entrypoint.planning.review.history import Cause
from entrypoint.planning.review.items import CommitRef, Foreign, Item, ItemKind, PullRef, words
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.merge_refusal import MOST_ITEMS, merge_refusal_markdown, merge_refusal_text
from tests.unit.planning.kit import machine, plan
from tests.unit.report.made import HOSTILE, run_context

RUN = run_context(
    repository="octo/shop", sha="b" * 40, server_url="https://github.com", workflow="flightplan.yml"
)
PLAN = plan("", machine("a"))
WAITING = (7, 5)
PLAN_7 = "Plan #7 as it is now: push a commit to it, or run this workflow by hand with pull-request: 7."


def item(kind: ItemKind = ItemKind.UNREVIEWED_CHANGE, *parts: Any, **identity: Any) -> Item:
    return Item(kind=kind, identity=identity, parts=parts or (words("it is missing"),))


def refused(*items: Item, problem: Item | None = None) -> NotReviewed:
    return NotReviewed(items=items, approve=Digest("a" * 64), approval_problem=problem)


def steps(*items: Item, waiting: tuple[int, ...] = WAITING, problem: Item | None = None) -> list[str]:
    text = merge_refusal_text(PLAN, refused(*items, problem=problem), waiting=waiting)
    *found, last = text.partition("To go on:\n")[2].strip().split("\n  ")
    assert last == "Then add the pull request to the merge queue again."
    return found


def test_nothing_can_be_approved__so_no_digest_is_named():
    for text in (
        merge_refusal_markdown(PLAN, refused(item()), RUN, waiting=WAITING),
        merge_refusal_text(PLAN, refused(item()), waiting=WAITING),
    ):
        assert "not ready to merge: 1 thing not reviewed" in text
        assert "It is missing." in text
        assert "approve" not in text
        assert "a" * 64 not in text


@pytest.mark.parametrize("kind", list(ItemKind))
def test_every_reason_has_a_step(kind: ItemKind):
    for waiting in (WAITING, ()):
        (step,) = steps(item(kind), waiting=waiting)
        assert step.endswith(".")


@pytest.mark.parametrize("pull", [7, 5])
def test_what_lacks_a_plan__is_planned_again(pull: int):
    (step,) = steps(item(ItemKind.NO_EVIDENCE, pull=pull, cause=Cause.NONE.value))
    assert step.startswith(f"Plan #{pull} as it is now: ")


def test_what_is_merged_already__is_shown_by_a_plan_of_this_one():
    for kind in (ItemKind.NO_EVIDENCE, ItemKind.NOT_AS_REVIEWED):
        for cause in (Cause.NONE, Cause.FAILURE):
            assert steps(item(kind, pull=3, cause=cause.value)) == [PLAN_7]


def test_a_plan_that_says_what_is_wrong__is_named():
    (step,) = steps(item(ItemKind.NO_EVIDENCE, pull=5, cause=Cause.FAILURE.value))
    assert step == "Fix what the plan comment of #5 names."


@pytest.mark.parametrize("cause", [Cause.OTHER_ACCOUNT, Cause.COMMENT_NOT_OURS])
def test_another_account__plans_in_vain(cause: Cause):
    (step,) = steps(item(ItemKind.NO_EVIDENCE, pull=7, cause=cause.value))
    assert "the same github-token for the pull request and the merge queue" in step


def test_what_merges_otherwise_than_reviewed__is_updated():
    (step,) = steps(item(ItemKind.NOT_AS_REVIEWED, pull=5))
    assert step.startswith("Update the branch of #5 with its base branch, after those before it in the queue")
    (step,) = steps(item(ItemKind.IMAGE_OF_OTHER_TREE))
    assert step.startswith("Update the branch of #7 ")


def test_each_step_once__and_an_approval_is_left_out():
    found = steps(item(), item(ItemKind.HAND_EDITED), problem=item(ItemKind.OTHER_APPROVAL))
    assert found == [
        PLAN_7,
        "Leave out the input approve: it counts only in a run that a person starts by hand.",
    ]


def test_foreign_words_do_nothing():
    told = item(ItemKind.HAND_EDITED, Foreign(text=HOSTILE), CommitRef(sha=HOSTILE), PullRef(number=1))
    text = merge_refusal_markdown(PLAN, refused(told), RUN, waiting=WAITING)
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 3
    assert "<!--" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "\x1b" not in text + merge_refusal_text(PLAN, refused(told), waiting=WAITING)
    assert "\n::error" not in merge_refusal_text(PLAN, refused(told), waiting=WAITING)


def test_many_items_are_cut_in_the_comment_only():
    items = [item(ItemKind.HAND_EDITED, words(f"number {n}")) for n in range(MOST_ITEMS + 5)]
    assert "… and 5 more" in merge_refusal_markdown(PLAN, refused(*items), RUN, waiting=WAITING)
    assert f"Number {MOST_ITEMS + 4}." in merge_refusal_text(PLAN, refused(*items), waiting=WAITING)
