"""The items of rule 1: commits that no review covers, inputs that were not reviewed, and a history whose beginning is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, assert_never

from entrypoint.fleet.fingerprints import is_keyed
from entrypoint.fleet.marks import DoneMark
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.reviews import BlobState
from entrypoint.planning.review.facts import DeployFacts
from entrypoint.planning.review.files import Difference, file_at
from entrypoint.planning.review.history import Cause, History, MergedReview, NoReview
from entrypoint.planning.review.inputs import written
from entrypoint.planning.review.items import (
    LACKS_KEY,
    CommitRef,
    FieldRefs,
    FileRef,
    Foreign,
    Item,
    ItemKind,
    Part,
    PullRef,
    words,
)
from entrypoint.planning.review.line import Uncovered, Walk

_MOST_VOID = 3
"""How many pull requests one sentence names whose reviews do not count."""


def unreviewed(history: History, walk: Walk, facts: DeployFacts) -> tuple[Item, ...]:
    """What is missing by rule 1. If the walk has no known end, that is a single item, because the commits that count are unknown."""
    if not walk.is_bounded:
        return (
            _first_deploy(history, walk, facts)
            if history.done is None
            else _unread_history(history, history.done, walk, facts),
        )
    items = (_uncovered_item(uncovered) for uncovered in walk.uncovered)
    return (*items, *_input_items(history, walk, facts))


def _first_deploy(history: History, walk: Walk, facts: DeployFacts) -> Item:
    return Item(
        kind=ItemKind.FIRST_DEPLOY,
        identity=_as_it_is(history, facts),
        parts=(
            words(
                "no green deploy of this app, config and environment is recorded, and no review shows what was there before"
            ),
            *_why_void(history, walk, facts),
        ),
    )


def _unread_history(history: History, done: DoneMark, walk: Walk, facts: DeployFacts) -> Item:
    return Item(
        kind=ItemKind.UNREAD_HISTORY,
        identity={"done": done.commit, **_as_it_is(history, facts)},
        parts=(
            words("the commits since the last green deploy, of"),
            CommitRef(sha=done.commit),
            words(", cannot be read back to it"),
            *_why_void(history, walk, facts),
        ),
    )


def _why_void(history: History, walk: Walk, facts: DeployFacts) -> Iterator[Part]:
    """Why the reviews of the newest pull requests do not count. Only for people: not part of the item's identity."""
    counted = {(one.pull, one.commit) for one in walk.counted}
    told = 0
    for commit in walk.commits:
        for review in history.pulls.get(commit.sha, ()):
            if told == _MOST_VOID or review.base not in facts.branches:
                continue
            if isinstance(review.evidence, NoReview):
                why = _cause(review, review.evidence)
            elif (review.number, commit.sha) not in counted:
                why = (words("what was merged is not what it showed"),)
            else:
                continue
            told += 1
            yield from (
                words("; the review of"),
                PullRef(number=review.number),
                words("does not count:"),
                *why,
            )


def _as_it_is(history: History, facts: DeployFacts) -> JsonObject:
    """What an approval of an unknown past binds: the present files and inputs, so that it does not cover later changes.

    A file that was not read is bound to this commit.
    """
    files: dict[str, Json] = {}
    for read in facts.paths:
        state = file_at(history.files, history.head, read.path)
        files[read.path] = (
            state.oid if isinstance(state, BlobState) else None if state is None else history.head
        )
    return {"files": files, "inputs": dict(written(facts.inputs))}


def _uncovered_item(uncovered: Uncovered) -> Item:
    review = uncovered.review
    if review is None:
        return _item(ItemKind.UNREVIEWED_CHANGE, uncovered, (words("which came without a pull request"),))
    if isinstance(review.evidence, NoReview):
        return _item(ItemKind.NO_EVIDENCE, uncovered, _cause_parts(review, review.evidence))
    return _item(
        ItemKind.NOT_AS_REVIEWED,
        uncovered,
        (words("and that is not what the review of"), PullRef(number=review.number), words("showed")),
    )


def _item(kind: ItemKind, uncovered: Uncovered, reason: Sequence[Part]) -> Item:
    commit, review = uncovered.commit, uncovered.review
    evidence = review.evidence if review else None
    return Item(
        kind=kind,
        identity={
            "commit": commit.sha,
            "files": sorted(difference.path for difference in uncovered.differences),
            "pull": review.number if review else None,
            "cause": evidence.cause.value if isinstance(evidence, NoReview) else None,
        },
        parts=(
            *_what(uncovered.differences),
            words("changed by"),
            CommitRef(sha=commit.sha),
            *((Foreign(text=commit.title),) if commit.title else ()),
            words(","),
            *reason,
        ),
    )


def _what(differences: Sequence[Difference]) -> Iterator[Part]:
    for index, difference in enumerate(differences):
        if index:
            yield words("and")
        yield FileRef(path=difference.path, line=difference.line)
        if difference.fields:
            yield FieldRefs(paths=tuple(".".join(field) for field in difference.fields))
    yield words("was" if len(differences) == 1 else "were")


def _cause_parts(review: MergedReview, evidence: NoReview) -> tuple[Part, ...]:
    return (
        words("which came with"),
        PullRef(number=review.number),
        words(":"),
        *_cause(review, evidence),
    )


def _cause(review: MergedReview, evidence: NoReview) -> tuple[Part, ...]:
    """Why there is no review, as the end of a sentence about a pull request."""
    match evidence.cause:
        case Cause.NONE:  # an older commit may have one
            return (
                words("it has no plan of this app, config and environment for its last commit,"),
                CommitRef(sha=review.head),
            )
        case Cause.OTHER_BASE:
            return (
                words("its plan was made for the base branch"),
                Foreign(text=evidence.planned_for),
                words(", not for"),
                Foreign(text=review.base),
            )
        case _:
            return (words(_cause_words(evidence.cause)),)


_Simple: TypeAlias = Literal[
    Cause.EXPIRED,
    Cause.LATE,
    Cause.OTHER_ACCOUNT,
    Cause.FAILURE,
    Cause.UNREADABLE_STATUS,
    Cause.COMMENT_DELETED,
    Cause.COMMENT_EDITED,
    Cause.COMMENT_NOT_OURS,
    Cause.NO_RECORD,
    Cause.OTHER_REVIEW,
]


def _cause_words(cause: _Simple) -> str:
    match cause:
        case Cause.EXPIRED:
            return "its review expired: GitHub keeps commit statuses for a limited time"
        case Cause.LATE:
            return "its plan was posted after the merge"
        case Cause.OTHER_ACCOUNT:
            return "its plan was not posted by the account that this run uses"
        case Cause.FAILURE:
            return "its newest plan said that it cannot be deployed"
        case Cause.UNREADABLE_STATUS:
            return "its newest commit status is in a form that this version does not read"
        case Cause.COMMENT_DELETED:
            return "its plan comment was deleted"
        case Cause.COMMENT_EDITED:
            return "its plan comment was edited after it was posted"
        case Cause.COMMENT_NOT_OURS:
            return "its plan comment was not written by the account that this run uses"
        case Cause.NO_RECORD:
            return "its plan comment holds no record that this version reads"
        case Cause.OTHER_REVIEW:
            return "its plan is of another commit, or of another app, config or environment"
        case _:
            assert_never(cause)


def _input_items(history: History, walk: Walk, facts: DeployFacts) -> Iterator[Item]:
    """Each input must be as in a counted review or in the last green deploy. "Not given" is a value, too."""
    sources: list[Mapping[str, str]] = [counted.record.inputs for counted in walk.counted]
    if history.done is not None:
        sources.append(history.done.inputs)
    for name in sorted({*facts.inputs, *(name for source in sources for name in source)}):
        now = facts.inputs.get(name)
        if not any(_is_input(now, source.get(name)) for source in sources):
            keyed = any(is_keyed(source.get(name, "")) for source in sources)
            yield _input_item(name, now, lacks_key=keyed and now is not None and not facts.secret)


def _is_input(now: tuple[str, ...] | None, then: str | None) -> bool:
    return then is None if now is None else then in now


def _input_item(name: str, now: tuple[str, ...] | None, *, lacks_key: bool) -> Item:
    kind, _, path = name.partition(":")
    is_file = kind == "file" and bool(path)
    what = (words("the file"), FileRef(path=path), words(", whose content here is not in git,")) if is_file else (
        words("the input"), Foreign(text=name)
    )  # fmt: skip
    return Item(
        kind=ItemKind.INPUT_CHANGED,
        identity={"input": name, "value": now[0] if now else None},
        parts=(*what, words("was recorded"), *LACKS_KEY)
        if lacks_key
        else (*what, words("differs from every counted review and from the last green deploy")),
    )
