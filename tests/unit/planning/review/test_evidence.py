"""Evidence: which status counts, and every reason why none does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.kernel.reviews import Comment, CommitStatus, PullRequest
from entrypoint.planning.review.evidence import (
    MOST_DESCRIPTION,
    CommentSeen,
    candidates,
    comment_digest,
    format_description,
    parse_description,
    read_evidence,
)
from entrypoint.planning.review.history import Cause, NoReview
from tests.unit.planning.kit import HEAD, KEY, machine, plan, record_of

US, OTHER = 41898282, 7
MERGED = 1_000
PULL = PullRequest(
    number=1,
    title="t",
    head_sha=HEAD,
    head_repository="o/r",
    base_ref="main",
    base_repository="o/r",
    is_open=False,
    merged_at=MERGED,
    merge_commit_sha="f" * 40,
    updated_at=MERGED,
    commits=1,
)
RECORD = record_of(plan('[processes]\nweb = "bin/web"\n', machine("a")))


def comment(id_=50, *, records=(RECORD,), **changes):
    said = Comment(
        id=id_,
        node_id="n",
        url="u",
        pull=1,
        body=f"the plan\n<!-- record {id_} -->\n",
        author="bot",
        author_id=US,
    )
    return CommentSeen(comment=replace(said, **changes), records=records)


def status(id_=9, *, about=None, **changes):
    about = about or comment()
    described = format_description(
        pull=about.comment.pull,
        comment=about.comment.id,
        digest=comment_digest(about.comment.body),
        may_merge=True,
    )
    seen = CommitStatus(
        id=id_,
        context=KEY.context,
        state="success",
        description=described,
        creator_id=US,
        created_at=MERGED - 100,
    )
    return replace(seen, **changes)


def read(*statuses, comments=(), pull=PULL, **changes):
    seen = {c.comment.id: c for c in comments}
    return read_evidence(pull, key=KEY, viewer=US, statuses=statuses, comments=seen, **changes)


def cause(*statuses, **given):
    found = read(*statuses, **given)
    assert isinstance(found, NoReview)
    return found.cause


def test_our_status_on_our_untouched_comment__is_the_review():
    assert read(status(), comments=[comment()]) == RECORD


def test_line_ends_and_outer_space__are_githubs():
    changed = comment(body="\n the plan\r\n<!-- record 50 -->\r\n\r\n".replace(" the", "the"))
    assert read(status(), comments=[changed]) == RECORD


@pytest.mark.parametrize(("at", "counts"), [(MERGED - 1, True), (MERGED, True), (MERGED + 1, False)])
def test_a_status_of_the_merges_second__counts(at, counts):
    found = read(status(created_at=at), comments=[comment()])
    assert (found == RECORD) is counts
    if not counts:
        assert found == NoReview(cause=Cause.LATE)


@pytest.mark.parametrize("body", ["the plan", "the plan!\n<!-- record 50 -->", ""])
def test_an_edit__is_no_review(body):
    assert read(status(), comments=[comment(body=body)]) == NoReview(cause=Cause.COMMENT_EDITED, url="u")


def test_who():
    assert cause(status(creator_id=OTHER), comments=[comment()]) is Cause.OTHER_ACCOUNT
    assert cause(status(creator_id=None), comments=[comment()]) is Cause.OTHER_ACCOUNT
    assert cause(status(), comments=[comment(author_id=OTHER)]) is Cause.COMMENT_NOT_OURS
    assert cause(status(), comments=[comment(author_id=None)]) is Cause.COMMENT_NOT_OURS


def test_what_is_not_there():
    assert cause() is Cause.NONE
    assert cause(status(context="flightplan/other/fly.toml"), comments=[comment()]) is Cause.NONE
    assert cause(expired_before=MERGED + 1) is Cause.EXPIRED
    assert cause(expired_before=MERGED) is Cause.NONE
    assert cause(status()) is Cause.COMMENT_DELETED
    assert cause(status(), comments=[comment(records=())]) is Cause.NO_RECORD
    assert cause(status(), comments=[comment(records=(None,))]) is Cause.NO_RECORD
    assert cause(status(), comments=[comment(records=(RECORD, RECORD))]) is Cause.NO_RECORD


def test_a_plan_that_cannot_be_deployed__is_no_review():
    for state in ("failure", "error", "pending", ""):
        assert cause(status(state=state), comments=[comment()]) is Cause.FAILURE
        assert cause(status(state=state), comments=[comment(records=())]) is Cause.FAILURE
    blocked = replace(RECORD, blocked=True)
    assert cause(status(), comments=[comment(records=(blocked,))]) is Cause.FAILURE


def test_a_record_of_another_head_or_key__is_no_review():
    for other in (
        replace(RECORD, checkout=replace(RECORD.checkout, head="d" * 40)),
        replace(RECORD, key=replace(KEY, environment="staging")),
        replace(RECORD, key=replace(KEY, app="FLY")),
    ):
        assert cause(status(), comments=[comment(records=(other,))]) is Cause.OTHER_REVIEW


def test_the_newest_counts__by_time_then_by_number():
    one, two = comment(50), comment(51)
    old = status(9, about=one, created_at=500, state="failure")
    assert read(old, status(8, about=two, created_at=501), comments=[one, two]) == RECORD
    assert read(old, status(10, about=two, created_at=500), comments=[one, two]) == RECORD
    assert cause(old, status(8, about=two, created_at=500), comments=[one, two]) is Cause.FAILURE
    assert cause(old, status(8, about=two, created_at=499), comments=[one, two]) is Cause.FAILURE


def test_an_edit_of_the_newest__does_not_bring_an_older_one_back():
    one, two = comment(50), comment(51)
    statuses = (
        status(9, about=one, created_at=500),
        status(10, about=two, created_at=501, state="failure"),
    )
    assert cause(*statuses, comments=[one, two]) is Cause.FAILURE
    assert cause(*statuses, comments=[one]) is Cause.COMMENT_DELETED
    elsewhere = replace(RECORD, checkout=replace(RECORD.checkout, base_branch="other"))
    forged = comment(51, body="changed", records=(elsewhere,))
    assert cause(*statuses, comments=[one, forged]) is Cause.COMMENT_EDITED


def test_two_pull_requests_with_one_head__each_have_their_own():
    """A stacked pull request, or one commit offered to two branches: the newer review of the other is passed over."""
    mine = comment(50)
    of_two = replace(RECORD, checkout=replace(RECORD.checkout, pull=2))
    theirs = comment(51, pull=2, records=(of_two,))
    newer = status(10, about=theirs, created_at=MERGED, state="failure")
    assert read(status(), newer, comments=[mine, theirs]) == RECORD
    assert cause(newer, comments=[mine, theirs]) is Cause.NONE
    late = replace(newer, created_at=MERGED + 1)
    assert cause(late, comments=[mine, theirs]) is Cause.NONE, "it is the other's plan that came late"
    assert cause(replace(newer, creator_id=OTHER), comments=[mine, theirs]) is Cause.NONE
    lying = replace(newer, description=newer.description.replace("#2", "#1"))
    assert read(status(), lying, comments=[mine, theirs]) == RECORD


def test_two_base_branches_with_one_head__each_have_their_own():
    old, new = comment(50), comment(51)
    to_main, to_next = (
        replace(RECORD, checkout=replace(RECORD.checkout, base_branch=b)) for b in ("main", "next")
    )
    seen = [replace(old, records=(to_main,)), replace(new, records=(to_next,))]
    statuses = (status(9, about=old, created_at=500), status(10, about=new, created_at=600))
    assert read(*statuses, comments=seen) == to_main
    assert read(*statuses, comments=seen, pull=replace(PULL, base_ref="next")) == to_next
    assert read(statuses[1], comments=seen) == NoReview(cause=Cause.OTHER_BASE, planned_for="next", url="u")
    after = status(11, about=old, created_at=MERGED + 1)
    assert cause(statuses[1], after, comments=seen) is Cause.LATE


def test_a_status_of_ours_in_another_form__is_no_review():
    for odd in ("", "Plan posted", f"x{status().description}", status().description.replace("sha256:", "")):
        assert cause(status(description=odd), comments=[comment()]) is Cause.UNREADABLE_STATUS


def test_description__there_and_back():
    digest = comment_digest("x")
    longest = format_description(pull=10**9, comment=10**18, digest=digest, may_merge=False)
    assert len(longest) <= MOST_DESCRIPTION
    said = parse_description(longest)
    assert said is not None
    assert (said.pull, said.comment, said.digest) == (10**9, 10**18, digest)
    for other in (f"{longest}\nx", longest.upper(), f" {longest}", longest.replace(" comment", "comment")):
        assert parse_description(other) is None
    assert parse_description(longest.replace("blocked", "whatever a later version says")) == said


def test_candidates__name_the_comments_to_read():
    found = candidates(PULL, key=KEY, viewer=US, statuses=[status(), status(10, about=comment(51, pull=2))])
    assert [c.said.comment for c in found if c.said] == [50]


@given(
    st.lists(
        st.builds(
            CommitStatus,
            id=st.integers(0, 3),
            context=st.sampled_from([KEY.context, "x"]),
            state=st.sampled_from(["success", "failure", "odd"]),
            description=st.text(max_size=20) | st.just(status().description),
            creator_id=st.sampled_from([US, OTHER, None]),
            created_at=st.integers(MERGED - 2, MERGED + 2),
        ),
        max_size=5,
    ),
    st.sampled_from([(), (comment(),), (comment(body="other"),)]),
)
def test_what_strangers_write__changes_nothing(statuses, comments):
    """Total; and statuses of other accounts, whatever they say, neither prove nor stop anything."""
    found = read(*statuses, comments=comments)
    alone = read(*[s for s in statuses if s.creator_id == US], comments=comments)
    if isinstance(found, NoReview):
        assert isinstance(alone, NoReview)
        assert found == alone or {found.cause, alone.cause} == {Cause.OTHER_ACCOUNT, Cause.NONE}
    else:
        assert found == alone
