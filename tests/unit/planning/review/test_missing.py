"""What rule 1 misses, in words: they are what a person reads, and decides by."""

from __future__ import annotations

import pytest

from entrypoint.planning.review.history import Cause, NoReview
from entrypoint.planning.review.items import CommitRef
from tests.unit.planning.review.repo import identity, missing, sentence, started, with_cache, with_level


def test_one_file_was_changed_and_two_were() -> None:
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")}, title="LEVEL")
    repo.push({"nginx.conf": "y"}, title="nginx")
    repo.push({"nginx.conf": "z", "flightplan.toml": "[groups.web]\ncount = 2\n"}, title="both")
    assert list(map(sentence, missing(repo.history(done=first)))) == [
        "flightplan.toml and nginx.conf were changed by COMMIT both , which came without a pull request",
        "nginx.conf was changed by COMMIT nginx , which came without a pull request",
        "fly.toml:2 env.LEVEL was changed by COMMIT LEVEL , which came without a pull request",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("strategy", "the input strategy"),
        ("file:fly.toml", "the file fly.toml , whose content here is not in git,"),
        ("file:", "the input file:"),
        ("other:thing", "the input other:thing"),
    ],
)
def test_an_input__or_a_file_that_is_not_in_git(name: str, words: str) -> None:
    repo, first = started()
    (item,) = missing(repo.history(done=first), inputs={name: ("h",)})
    assert sentence(item) == f"{words} differs from every counted review and from the last green deploy"


FIRST = "no green deploy of this app, config and environment is recorded, and no review shows what was there before"


def test_the_first_deploy__says_why_each_review_is_void() -> None:
    """Whoever edits a comment learns it at the first deploy, too."""
    repo, _ = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}), cause=Cause.COMMENT_EDITED)
    (item,) = missing(repo.history())
    edited = "; the review of #1 does not count: its plan comment was edited after it was posted"
    assert sentence(item) == f"{FIRST} {edited}"
    before = identity(item)
    repo.change(base="elsewhere")
    (item,) = missing(repo.history())
    assert sentence(item) == FIRST, "that one is of no interest here"
    assert identity(item) == before, "what is approved is the past, and not who spoiled a review"


def test_a_pull_request_without_a_plan__is_told_with_the_commit_that_lacks_it() -> None:
    """It may have a plan comment all the same: of an older commit."""
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")})
    repo.merge(1, head, cause=Cause.NONE)
    (item,) = missing(repo.history(done=first))
    assert sentence(item).endswith(
        "which came with #1 : it has no plan of this app, config and environment for its last commit, COMMIT"
    )
    assert item.parts[-1] == CommitRef(sha=head)


def test_a_plan_for_another_base_branch__is_told_with_both() -> None:
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}), cause=Cause.NONE)
    repo.change(evidence=NoReview(cause=Cause.OTHER_BASE, planned_for="next"))
    (item,) = missing(repo.history(done=first))
    assert sentence(item).endswith(
        "which came with #1 : its plan was made for the base branch next , not for main"
    )


def test_the_first_deploy__says_it_of_the_newest_three() -> None:
    repo, _ = started()
    repo.merge(1, repo.branch({"app.py": "1"}), cause=Cause.NONE)
    for number in (2, 3):
        repo.merge(number, repo.branch({"app.py": f"{number}"}), cause=Cause.LATE)
    repo.merge(4, repo.branch({"fly.toml": with_cache("off")}), amend={"fly.toml": with_level("evil")})
    (item,) = missing(repo.history())
    found = sentence(item)
    assert found.startswith(
        f"{FIRST} ; the review of #4 does not count: what was merged is not what it showed ;"
    )
    late = "the review of #{} does not count: its plan was posted after the merge"
    assert found.endswith(f"{late.format(3)} ; {late.format(2)}")


def test_a_past_that_cannot_be_read__says_why_a_review_is_void() -> None:
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}), cause=Cause.EXPIRED)
    (item,) = missing(repo.history(done=first, graph_is_since_done=False, line=repo.history().line[:1]))
    assert item.kind == "unread-history"
    assert "the review of #1 does not count: its review expired" in sentence(item)
