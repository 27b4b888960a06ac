"""Rule 1 in a team's ordinary week, and against those who would get something past it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.planning.review.history import Cause, MergedReview
from entrypoint.planning.review.items import FieldRefs, FileRef
from entrypoint.planning.review.line import is_since_done, walk_line, wanted_files
from entrypoint.planning.review.rules import Allowed
from tests.unit.planning.review.repo import (
    FLY,
    PATHS,
    Repo,
    decide,
    identity,
    kinds,
    missing,
    started,
    with_cache,
    with_level,
)

ALLOWED = ["Allowed"]
WAYS = ["merge", "squash", "rebase"]


def walked(history):
    return walk_line(history, paths=PATHS, branches={"main"})


@pytest.mark.parametrize("way", [*WAYS, "fast-forward"])
def test_a_reviewed_pull_request__runs(way):
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}, {"app.py": "2"}), way=way)
    found = decide(repo.history(done=first))
    assert found == Allowed(pulls=(1,), is_equal=False, is_approved=False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_two_open_at_once__merge_in_any_order(way, order):
    repo, first = started()
    heads = {
        1: repo.branch({"fly.toml": with_level("debug")}),
        2: repo.branch({"fly.toml": with_cache("off")}),
    }
    both = {"fly.toml": with_cache("off", with_level("debug"))}
    repo.merge(order[0], heads[order[0]], way=way, on=first)
    after_one = repo.main
    repo.merge(order[1], heads[order[1]], way=way, files=both, on=first)
    assert kinds(repo.history(done=after_one)) == ALLOWED
    assert kinds(repo.history(done=first)) == ALLOWED, (
        "the first was never deployed: both in one push, or it failed"
    )
    assert [c.pull for c in walked(repo.history(done=first)).counted] == [order[1], order[0]]


@pytest.mark.parametrize("way", WAYS)
def test_code__is_reviewed_as_code(way):
    repo, first = started()
    repo.merge(1, repo.branch({"app.py": "2"}), way=way, cause=Cause.NONE)
    repo.push({"app.py": "3"})
    assert kinds(repo.history(done=first)) == ALLOWED
    assert not walked(repo.history(done=first)).counted


def test_a_release_bot_on_top_of_main__stops_nothing():
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}))
    repo.push({"CHANGELOG": "v2"})
    assert kinds(repo.history(done=first)) == ALLOWED


@pytest.mark.parametrize("path", ["fly.toml", "flightplan.toml", "nginx.conf"])
def test_a_direct_push__of_what_is_read_is_refused(path):
    repo, first = started()
    pushed = repo.push({path: with_level("debug")})
    repo.push({"app.py": "2"})
    (item,) = missing(repo.history(done=first))
    assert item.kind == "unreviewed-change"
    assert item.identity == {"commit": pushed, "files": [path], "pull": None, "cause": None}


def test_what_was_changed__is_named_with_line_and_field():
    repo, first = started()
    repo.push({"fly.toml": with_cache("off")})
    assert missing(repo.history(done=first))[0].parts[:2] == (
        FileRef(path="fly.toml", line=3),
        FieldRefs(paths=("env.CACHE",)),
    )


@pytest.mark.parametrize("gone", ["nginx.conf", "fly.toml"])
def test_taking_a_file_away__is_a_change(gone):
    repo, first = started()
    repo.push({gone: None})
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]


def test_a_comment_in_fly_toml__is_a_change_of_its_blob():
    repo, first = started()
    repo.push({"fly.toml": f"# hello\n{FLY}"})
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]


@pytest.mark.parametrize(
    "cause", [c for c in Cause if c is not Cause.EXPIRED] + [Cause.EXPIRED], ids=lambda c: c.value
)
@pytest.mark.parametrize("way", WAYS)
def test_a_pull_request_without_evidence__is_refused_with_the_cause(cause, way):
    repo, first = started()
    repo.merge(7, repo.branch({"fly.toml": with_level("debug")}, {"app.py": "2"}), way=way, cause=cause)
    (item,) = missing(repo.history(done=first))
    assert item.kind == "no-evidence"
    assert identity(item)["cause"] == cause
    assert identity(item)["pull"] == 7


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("amended", [{"fly.toml": with_level("evil")}, {"nginx.conf": "evil"}, {"flightplan.toml": "x = 1"},
                                     {"fly.toml": FLY}])  # fmt: skip
def test_a_reviewed_head_amended_before_the_push__is_refused(way, amended):
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}), way=way, amend=amended)
    expected = ALLOWED if amended == {"fly.toml": FLY} else ["not-as-reviewed"]
    assert kinds(repo.history(done=first)) == expected
    assert not walked(repo.history(done=first)).counted, "what it says does not count either"


def test_a_direct_push_under_a_squash_of_several_commits__is_no_part_of_a_rebase():
    """`commits` of the pull request would reach over it: checked as one, it holds what nobody reviewed."""
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")}, {"app.py": "2"}, {"app.py": "3"})
    repo.push({"fly.toml": with_cache("evil")})
    repo.merge(1, head, way="squash", files={"fly.toml": with_cache("evil", with_level("debug"))}, on=first)
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]


def test_a_rebase__belongs_to_its_pull_request_as_many_commits_as_that_has():
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")}, {"nginx.conf": "y"}, {"app.py": "2"})
    repo.merge(1, head, way="rebase")
    assert kinds(repo.history(done=first)) == ALLOWED
    for commits, expected in (
        (3, ALLOWED),
        (2, ["unreviewed-change"]),
        (4, ALLOWED),
        (9, ALLOWED),
    ):
        repo.change(commits=commits)
        assert kinds(repo.history(done=first)) == expected


def test_a_rebase_that_drops_what_the_branch_had_already__is_as_many_commits_as_came():
    """Two of the pull request's three: the first was picked to main before, and another's change lies between."""
    repo, first = started()
    head = repo.branch({"app.py": "2"}, {"fly.toml": with_level("debug")}, {"app.py": "3"})
    repo.push({"app.py": "2"})
    between = repo.merge(2, repo.branch({"nginx.conf": "y"}))
    repo.push({"fly.toml": with_level("debug")})
    rebased = repo.push({"app.py": "3"})
    evidence = repo.evidence(1, head, onto=between)
    repo.pulls[rebased] = (
        MergedReview(number=1, head=head, base="main", merge_base=first, commits=3, evidence=evidence),
    )
    assert kinds(repo.history(done=first)) == ALLOWED


@pytest.mark.parametrize("evil", [{"nginx.conf": "evil"}, {"fly.toml": with_cache("evil")}])
def test_a_direct_push_under_a_rebase_that_dropped_a_commit__is_not_covered(evil):
    repo, first = started()
    head = repo.branch({"app.py": "2"}, {"fly.toml": with_level("debug")}, {"app.py": "3"})
    pushed = repo.push(evil)
    repo.push({"fly.toml": with_level("debug", with_cache("evil") if "fly.toml" in evil else FLY)})
    rebased = repo.push({"app.py": "3"})
    evidence = repo.evidence(1, head, onto=pushed, on=first)
    repo.pulls[rebased] = (
        MergedReview(number=1, head=head, base="main", merge_base=first, commits=3, evidence=evidence),
    )
    assert [identity(item)["commit"] for item in missing(repo.history(done=first))] == [pushed]


def test_a_rebase_over_a_direct_push__does_not_cover_it():
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")}, {"app.py": "2"})
    pushed = repo.push({"nginx.conf": "evil"})
    repo.merge(1, head, way="rebase", on=first)
    assert [identity(item)["commit"] for item in missing(repo.history(done=first))] == [pushed]


def test_a_pull_request_that_rode_in__proves_nothing():
    """#1's commit came with the branch of #2, which nobody reviewed; GitHub marks both merged by the same commit."""
    repo, first = started()
    one = repo.branch({"fly.toml": with_level("debug")})
    two = repo.branch({"fly.toml": with_cache("evil", with_level("debug"))}, at=one)
    for files in ({}, {"fly.toml": with_level("debug")}):
        each = Repo(commits=dict(repo.commits), trees=dict(repo.trees), main=repo.main)
        at = each.merge(2, two, cause=Cause.NONE, amend=files)
        rode = replace(each.pulls[at][0], number=1, head=one, evidence=each.evidence(1, one, onto=first))
        each.pulls[at] = (rode, *each.pulls[at])
        assert kinds(each.history(done=first)) == ["not-as-reviewed"]


def test_a_pull_request_into_another_branch__proves_nothing():
    repo, first = started()
    at = repo.merge(1, repo.branch({"fly.toml": with_level("evil")}))
    repo.pulls[at] = (replace(repo.pulls[at][0], base="mine"),)
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]
    assert kinds(repo.history(done=first), branches=frozenset({"main", "mine"})) == ALLOWED


def test_what_the_base_of_a_counted_review_holds__its_plan_showed():
    """A direct push, refused; then a pull request that was planned on it: its plan showed both."""
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")})
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]
    repo.merge(1, repo.branch({"app.py": "2"}))
    assert kinds(repo.history(done=first)) == ALLOWED


def test_what_was_pushed_after_the_plan__it_did_not_show():
    """A mark lost, then a direct push under a code push."""
    repo, first = started()
    head = repo.branch({"app.py": "2"})
    repo.push({"fly.toml": with_level("evil")})
    repo.merge(1, head, on=first)
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]
    assert kinds(repo.history()) == ["unreviewed-change"], (
        "without a done mark, too: it is bounded by what #1 was planned on"
    )


def test_a_failed_deploy__is_mended_by_the_next_pull_request():
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("broken")}), cause=Cause.FAILURE)
    assert kinds(repo.history(done=first)) == ["no-evidence"]
    repo.merge(2, repo.branch({"fly.toml": with_level("debug")}))
    assert kinds(repo.history(done=first)) == ALLOWED


def test_a_revert_planned_before_the_bad_change_is_live__runs():
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("bad")}))
    repo.merge(2, repo.branch({"fly.toml": FLY}))
    assert kinds(repo.history(done=first)) == ALLOWED


def test_nothing_since__needs_nobody():
    repo, first = started()
    found = decide(repo.history(done=first))
    assert found == Allowed(pulls=(), is_equal=False, is_approved=False)
    assert "last green deploy" in found.by


def test_without_a_done_mark_and_a_review__it_is_the_first_deploy():
    repo, first = started()
    assert kinds(repo.history()) == ["first-deploy"]
    repo.push({"app.py": "2"})
    assert kinds(repo.history()) == ["first-deploy"]
    assert kinds(repo.history(graph={}, line=repo.history().line[:1])) == ["first-deploy"]
    repo.merge(1, repo.branch({"app.py": "3"}))
    assert kinds(repo.history()) == ALLOWED, "the first deploy is approved or reviewed"
    assert kinds(repo.history(head=first)) == ["first-deploy"]


def test_a_review_that_does_not_say_what_it_was_planned_on__bounds_nothing():
    repo, first = started()
    repo.merge(1, repo.branch({"app.py": "2"}))
    _, record = repo.review()
    for base in (None, "0" * 40):
        repo.change(evidence=replace(record, checkout=replace(record.checkout, base_sha=base)))
        assert kinds(repo.history()) == ["first-deploy"]
        assert kinds(repo.history(done=first)) == ALLOWED


def test_a_lost_done_mark__is_made_up_for_by_what_the_review_was_planned_on():
    repo, _ = started()
    repo.push({"fly.toml": with_level("old")})
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}))
    assert kinds(repo.history()) == ALLOWED


def test_a_line_that_does_not_reach_the_last_green_deploy__is_said():
    repo, first = started()
    repo.push({"app.py": "2"})
    repo.push({"app.py": "3"})
    whole = repo.history(done=first)
    assert kinds(whole) == ALLOWED
    assert kinds(replace(whole, line=whole.line[:1])) == ["unread-history"]
    assert whole.done is not None
    vanished = replace(whole, graph_is_since_done=False, done=replace(whole.done, commit="0" * 40))
    assert kinds(vanished) == ["unread-history"]
    assert kinds(replace(whole, graph_is_since_done=False)) == ALLOWED, "it is on the line"


def test_a_foxtrot__whose_content_is_the_reviewed_head_runs():
    """Main merged into the branch, and main moved there: the first parents go along the branch."""
    repo, first = started()
    feature = repo.branch({"fly.toml": with_level("debug")})
    repo.merge(2, repo.branch({"fly.toml": with_cache("off")}))
    done = repo.main
    head = repo.commit({"fly.toml": with_cache("off", with_level("debug"))}, feature, done)
    repo.merge(1, head, way="fast-forward", on=done)
    assert kinds(repo.history(done=done)) == ALLOWED
    assert kinds(repo.history(done=first)) == ALLOWED


@pytest.mark.parametrize("commits", [0, 1, 2, 9])
def test_a_branch_moved_to_a_reviewed_head_of_several_commits__runs_however_many_they_are(commits):
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")}, {"app.py": "2"})
    repo.merge(1, head, way="fast-forward")
    repo.change(commits=commits)
    assert kinds(repo.history(done=first)) == ALLOWED
    assert kinds(repo.history()) == ALLOWED


def test_a_branch_moved_to_a_head_that_lacks_what_it_was_planned_on__shows_its_own_commits_only():
    """Main was moved away from what the plan was made on: that plan was of other files than these."""
    repo, first = started()
    old = repo.push({"nginx.conf": "evil"})
    elsewhere = repo.commit({"app.py": "7"}, first)
    head = repo.branch({"app.py": "2"}, at=old)
    repo.merge(1, head, way="fast-forward", on=elsewhere)
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]


def test_a_branch_moved_to_a_head_that_merged_a_direct_push__is_no_shorter_rebase():
    repo, first = started()
    own = repo.branch({"app.py": "2"}, {"app.py": "3"}, {"app.py": "4"})
    pushed = repo.push({"nginx.conf": "evil"})
    head = repo.commit({"app.py": "4"}, pushed, own)
    repo.merge(1, head, way="fast-forward", on=first)
    _, found = repo.review()
    repo.change(commits=3, evidence=replace(found, checkout=replace(found.checkout, base_sha=None)))
    assert [identity(item)["commit"] for item in missing(repo.history(done=first))] == [pushed]


def test_a_foxtrot_that_nobody_reviewed__is_refused():
    repo, first = started()
    feature = repo.branch({"fly.toml": with_level("evil")})
    repo.push({"app.py": "2"})
    repo.main = repo.commit({"app.py": "2"}, feature, repo.main)
    assert kinds(repo.history(done=first)) == ["unreviewed-change"]


def test_the_same_change_by_two__is_brought_by_both():
    repo, first = started()
    one, two = (repo.branch({"fly.toml": with_level("debug")}, {"app.py": n}) for n in "23")
    repo.merge(1, one, on=first)
    repo.merge(2, two, on=first)
    assert kinds(repo.history(done=first)) == ALLOWED


@pytest.mark.parametrize("way", ["merge", "squash"])
def test_a_merge_that_takes_the_heads_whole_file__takes_mains_change_away(way):
    """`merge -X theirs`: the file is the reviewed head's, byte for byte, and nobody saw that CACHE goes back."""
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")})
    repo.merge(1, repo.branch({"fly.toml": with_cache("off")}))
    repo.merge(2, head, way=way, amend={"fly.toml": with_level("debug")}, on=first)
    assert kinds(repo.history(done=first)) == ["not-as-reviewed"]
    (found,) = missing(repo.history(done=first))
    assert FieldRefs(paths=("env.CACHE",)) in found.parts


def test_a_merge_that_drops_what_was_reviewed__does_not_count():
    """`merge -s ours`: nothing is changed, so nothing is missing, but its record speaks for nothing."""
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}), amend={"fly.toml": FLY})
    assert kinds(repo.history(done=first)) == ALLOWED
    assert not walked(repo.history(done=first)).counted
    assert walked(repo.history(done=first)).reviewed


def test_an_unrelated_history__is_read_to_its_end_and_refused():
    """A force push of something else: its first commit changes all that it holds, and nothing bounds it."""
    repo, first = started()
    other = repo.commit({"fly.toml": FLY})
    history = repo.history(done=first, head=other)
    assert kinds(history) == ["not-forwards", "unread-history"]
    (first_commit,) = walked(history).uncovered
    assert [d.path for d in first_commit.differences] == ["fly.toml"]


def test_files_that_were_not_read__count_as_changed():
    repo, first = started()
    repo.merge(1, repo.branch({"app.py": "2"}))
    whole = repo.history(done=first)
    assert kinds(whole) == ALLOWED
    exact = {place: whole.files[place] for place in wanted_files(whole, paths=PATHS, branches={"main"})}
    assert kinds(replace(whole, files=exact)) == ALLOWED, "what is asked for is enough"
    for place in exact:
        less = replace(whole, files={key: value for key, value in exact.items() if key != place})
        assert not walked(less).counted, place
        assert (kinds(less) == ALLOWED) is (place[0] not in (repo.main, first)), place


@pytest.mark.parametrize("way", WAYS)
def test_what_is_asked_for__is_enough_for_every_way_to_merge(way):
    repo, first = started()
    head = repo.branch({"fly.toml": with_level("debug")}, {"nginx.conf": "y"})
    repo.push({"app.py": "9"})
    repo.merge(1, head, way=way, on=first)
    whole = repo.history(done=first)
    exact = {place: whole.files[place] for place in wanted_files(whole, paths=PATHS, branches={"main"})}
    assert kinds(replace(whole, files=exact)) == ALLOWED


def test_no_file_is_asked_for_that_the_last_green_deploy_holds():
    repo, first = started()
    done = repo.push({"app.py": "2"})
    tip = repo.push({"app.py": "3"})
    whole = repo.history(done=done)
    on_the_line = replace(whole, graph_is_since_done=False)
    beyond = replace(whole, done=replace(whole.done, commit="0" * 40)) if whole.done else whole
    for history in (whole, on_the_line, beyond):
        assert {sha for sha, _ in wanted_files(history, paths=PATHS, branches={"main"})} == {tip, done}
    everything = wanted_files(repo.history(), paths=PATHS, branches={"main"})
    assert {sha for sha, _ in everything} == {tip, done, first}
    assert len(everything) == 9


def test_what_is_since_the_last_green_deploy__is_known_only_by_a_whole_graph():
    repo, first = started()
    tip = repo.push({"app.py": "2"})
    whole = repo.history(done=first)
    assert is_since_done(whole, tip)
    assert not is_since_done(whole, first)
    assert not is_since_done(replace(whole, graph_is_since_done=False), tip)
    assert not is_since_done(replace(whole, done=None), tip)


def test_files_of_reviews_that_cannot_count__are_not_asked_for():
    repo, first = started()
    counts, void, elsewhere = (repo.branch({"app.py": n}) for n in "234")
    repo.merge(1, counts)
    repo.merge(2, void, cause=Cause.NONE)
    repo.merge(3, elsewhere)
    repo.change(base="mine")
    shas = {sha for sha, _ in wanted_files(repo.history(done=first), paths=PATHS, branches={"main"})}
    assert counts in shas
    assert not {void, elsewhere} & shas
