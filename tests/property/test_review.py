"""Laws of the gate: it never fails, more evidence never refuses, and nothing that nobody reviewed gets by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoint.kernel.ids import Digest
from entrypoint.kernel.reviews import BlobState
from entrypoint.planning.review.facts import Revision
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.history import Cause, History, LineCommit, MergedReview, NoReview, Relation
from entrypoint.planning.review.record import Record
from entrypoint.planning.review.rules import Allowed, NotReviewed, may_run
from tests.unit.planning.kit import KEY, machine, plan, record_of
from tests.unit.planning.review.repo import (
    FLY,
    PATHS,
    QUIET,
    Repo,
    decide,
    facts,
    started,
    with_cache,
    with_level,
)

WEB = '[processes]\nweb = "bin/web"\n'
PLANS = [
    QUIET,
    plan(WEB, machine("a")),
    plan(WEB, machine("a"), machine("b"), ref=None, scale="web=1"),
    plan(WEB, machine("a"), machine("w", "worker")),
]
CONTENTS: list[dict[str, str | None]] = [
    {"fly.toml": FLY},
    {"fly.toml": with_level("debug")},
    {"fly.toml": with_cache("off")},
    {"fly.toml": with_cache("off", with_level("debug"))},
    {"fly.toml": "not toml ="},
    {"fly.toml": None},
    {"nginx.conf": "y"},
    {"app.py": "2"},
]
WAYS = ["merge", "squash", "rebase"]


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Repo, list[str]]:
    """Pull requests, planned now or earlier, merged in some order and way; direct pushes between. The tips of main, oldest first."""
    repo, first = started()
    tips = [first]
    opened: list[tuple[int, str, str]] = []
    for number in range(draw(st.integers(1, 5))):
        match draw(st.sampled_from(["open", "push", "merge", "merge"])):
            case "open":
                changes = draw(st.lists(st.sampled_from(CONTENTS), min_size=1, max_size=2))
                opened.append((number, repo.branch(*changes), repo.main))
            case "push":
                tips.append(repo.push(draw(st.sampled_from(CONTENTS))))
            case _ if opened:
                pull, head, on = opened.pop(draw(st.integers(0, len(opened) - 1)))
                cause = draw(st.sampled_from([None, None, None, Cause.COMMENT_EDITED]))
                amend = draw(st.sampled_from([{}, {}, {}, *CONTENTS]))
                made = draw(st.sampled_from(PLANS))
                tips.append(
                    repo.merge(
                        pull,
                        head,
                        way=draw(st.sampled_from(WAYS)),
                        on=on,
                        cause=cause,
                        amend=amend,
                        made=made,
                    )
                )
            case _:
                pass
    return repo, tips


@given(weeks(), st.data())
def test_more_evidence_never_refuses(week: tuple[Repo, list[str]], data: st.DataObject) -> None:
    """A pull request whose evidence is valid, and that is otherwise the same, turns no yes into a no."""
    repo, tips = week
    done = data.draw(st.sampled_from([*tips, None]))
    made = data.draw(st.sampled_from(PLANS))
    before = decide(repo.history(done=done), made)
    better = Repo(commits=repo.commits, trees=repo.trees, main=repo.main)
    for at, reviews in repo.pulls.items():
        better.pulls[at] = tuple(_valid(repo, review) for review in reviews)
    after = decide(better.history(done=done), made)
    if isinstance(before, Allowed):
        assert isinstance(after, Allowed)
    elif isinstance(before, NotReviewed) and isinstance(after, NotReviewed) and done is not None:
        kinds = {item.kind for item in after.items} - {item.kind for item in before.items}
        assert kinds <= {"not-as-reviewed"}, "what is known now is that it brings something else"


def _valid(repo: Repo, review: MergedReview) -> MergedReview:
    if isinstance(review.evidence, Record):
        return review
    found = repo.evidence(review.number, review.head, onto=review.merge_base or "")
    return replace(review, evidence=found)


@given(weeks(), st.data())
def test_a_later_green_deploy_never_refuses(week: tuple[Repo, list[str]], data: st.DataObject) -> None:
    """What had been allowed since an older green deploy is allowed since a newer one, where no machine is written."""
    repo, tips = week
    older, newer = sorted(data.draw(st.tuples(*[st.sampled_from(range(len(tips)))] * 2)))
    if isinstance(decide(repo.history(done=tips[older])), Allowed):
        assert isinstance(decide(repo.history(done=tips[newer])), Allowed)


@given(weeks(), st.sampled_from(["fly.toml", "nginx.conf", "flightplan.toml"]))
def test_a_direct_push_on_top__is_never_covered(week: tuple[Repo, list[str]], path: str) -> None:
    repo, tips = week
    pushed = repo.push({path: "evil = true"})
    for done in (*tips, None):
        found = decide(repo.history(done=done))
        assert isinstance(found, NotReviewed)
        assert done is None or any(pushed in item.canonical for item in found.items)


@given(weeks(), st.sampled_from(WAYS), st.sampled_from(PLANS))
def test_a_merge_with_something_of_its_own__is_never_covered(
    week: tuple[Repo, list[str]], way: str, made: Any
) -> None:
    """Whatever else was reviewed before."""
    repo, tips = week
    head = repo.branch({"app.py": "9"}, {"fly.toml": with_level("more")})
    repo.merge(99, head, way=way, amend={"fly.toml": with_level("more") + "[evil]\na = 1\n"}, made=made)
    for done in tips:
        assert isinstance(decide(repo.history(done=done)), NotReviewed)


@given(weeks())
def test_what_is_approved__is_allowed_and_nothing_beyond(week: tuple[Repo, list[str]]) -> None:
    repo, tips = week
    for done in tips:
        found = decide(repo.history(done=done))
        if isinstance(found, NotReviewed):
            allowed = decide(repo.history(done=done), approve=found.approve, may_approve=True)
            assert isinstance(allowed, Allowed)
            other = decide(repo.history(done=done), PLANS[3], approve=found.approve, may_approve=True)
            assert not (isinstance(other, Allowed) and other.is_approved), "another image"


SHAS = st.sampled_from(["a" * 40, "b" * 40, "c" * 40, "d" * 40])
EVIDENCE = st.sampled_from(
    [
        NoReview(cause=Cause.NONE),
        *(record_of(made, base_sha=base) for made in PLANS for base in ("b" * 40, None)),
    ]
)
TEXTS = st.sampled_from(["", "a = 1", "a = [1]", "a = [1, 2]", "[a]\nb = 1", "\x00", "a = ", "ü"])


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Anything that could be read, consistent or not: unknown parents, loops, twice the same commit, nothing at all."""
    commits = st.builds(
        LineCommit,
        sha=SHAS,
        parents=st.lists(SHAS, max_size=3).map(tuple),
        tree=st.none() | SHAS,
        title=st.text(max_size=3),
    )
    reviews = st.builds(
        MergedReview,
        number=st.integers(0, 3),
        head=SHAS,
        base=st.sampled_from(["main", "x"]),
        merge_base=st.none() | SHAS,
        commits=st.integers(-1, 4),
        evidence=EVIDENCE,
    )
    some, _ = started()
    done = some.history(done=some.main).done
    return History(
        head=draw(SHAS),
        line=tuple(draw(st.lists(commits, max_size=4))),
        graph=draw(st.dictionaries(SHAS, st.lists(SHAS, max_size=2).map(tuple), max_size=4)),
        graph_is_since_done=draw(st.booleans()),
        done=replace(done, commit=draw(SHAS)) if done and draw(st.booleans()) else None,
        pulls=draw(st.dictionaries(SHAS, st.lists(reviews, max_size=2).map(tuple), max_size=3)),
        files=draw(
            st.dictionaries(
                st.tuples(SHAS, st.sampled_from([read.path for read in PATHS])),
                st.none() | st.builds(BlobState, oid=st.sampled_from("12"), text=st.none() | TEXTS),
                max_size=8,
            )
        ),
        written=draw(st.dictionaries(SHAS, st.sampled_from(list(Relation)), max_size=2)),
    )


@settings(max_examples=300)
@given(histories(), st.sampled_from(PLANS), st.booleans(), st.booleans())
def test_total(history: History, made: Any, is_exact: bool, has_revision: bool) -> None:
    asked = facts(
        is_exact=is_exact,
        approve=Digest("0" * 64),
        revision=Revision(commit="a" * 40, tree="b" * 40) if has_revision else None,
        key=KEY,
    )
    found = may_run(history, made, asked)
    assert found == may_run(history, made, asked)
    assert isinstance(found, Allowed | NotReviewed | Superseded)
    if isinstance(found, NotReviewed):
        assert found.items
        assert len({item.canonical for item in found.items}) == len(found.items)
