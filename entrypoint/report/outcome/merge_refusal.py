"""A merge queue's check that the gate refused → Markdown and text. Nothing is merged yet, so there is no commit of the branch to approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.history import Cause
from entrypoint.planning.review.items import Foreign, Item, ItemKind, Part, PullRef, words
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.sentences import markdown_sentence, text_sentence
from entrypoint.report.text.escape import Md, inline
from entrypoint.report.text.links import run_line
from entrypoint.report.text.markdown import render
from entrypoint.report.text.mention import call
from entrypoint.report.text.words import count

MOST_ITEMS = 40
_OTHER_ACCOUNT = frozenset({Cause.OTHER_ACCOUNT, Cause.COMMENT_NOT_OURS})

Sentence: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRefusalView:
    """Everything that the template shows."""

    title: Md
    items: tuple[Md, ...]
    steps: tuple[Md, ...]
    """What to do."""
    call: Md
    footer: Md


def merge_refusal_markdown(
    plan: Plan, refused: NotReviewed, run: RunContext, *, waiting: Sequence[int]
) -> str:
    """What stops the merge, item by item, and what to do. `waiting`: pull requests in the queue up to this commit, the newest first."""
    items = [markdown_sentence(item.parts, run) for item in refused.items[:MOST_ITEMS]]
    if len(refused.items) > MOST_ITEMS:
        items.append(Md(f"… and {len(refused.items) - MOST_ITEMS} more"))
    view = MergeRefusalView(
        title=Md(
            f"{inline(plan.app)} · not ready to merge: {count(len(refused.items), 'thing')} not reviewed"
        ),
        items=tuple(items),
        steps=tuple(markdown_sentence(step, run) for step in _steps(refused, waiting)),
        call=call(run),
        footer=run_line(run),
    )
    return render("merge_refusal.md.j2", view=view)


def merge_refusal_text(plan: Plan, refused: NotReviewed, *, waiting: Sequence[int]) -> str:
    """The same for the log."""
    lines = [
        f"{plan.app} is not ready to merge: {count(len(refused.items), 'thing')} not reviewed. Nothing was written."
    ]
    lines += [f"  {text_sentence(item.parts)}" for item in refused.items]
    lines += ["To go on:", *(f"  {text_sentence(step)}" for step in _steps(refused, waiting))]
    return "\n".join(lines) + "\n"


def _steps(refused: NotReviewed, waiting: Sequence[int]) -> tuple[Sentence, ...]:
    """What to do, each once, in the order of the items."""
    steps = [_step(item, waiting) for item in refused.items]
    if refused.approval_problem is not None:
        steps.append(_step(refused.approval_problem, waiting))
    return (*dict.fromkeys(steps), (words("then add the pull request to the merge queue again"),))


def _step(item: Item, waiting: Sequence[int]) -> Sentence:
    match item.kind:
        case ItemKind.NO_EVIDENCE:
            return _for_evidence(item, waiting)
        case ItemKind.NOT_AS_REVIEWED:
            pull = _pull(item)
            return _update(pull) if pull in waiting else _plan_now(item, waiting)
        case ItemKind.IMAGE_OF_OTHER_TREE:
            return _update(next(iter(waiting), None))
        case ItemKind.INPUT_CHANGED:
            return (
                words(
                    "give the action the same inputs for the pull request, the merge queue and the push, and generate files in the same way"
                ),
            )
        case ItemKind.IMAGE_MISSING | ItemKind.IMAGE_NOT_PINNED:
            return words("give the image with its digest:"), Foreign(text="repo:tag@sha256:…")
        case ItemKind.NOT_FORWARDS:
            return (words("bring the commit that is live into the base branch first"),)
        case ItemKind.IMAGE_BY_HAND | ItemKind.MAY_NOT_APPROVE | ItemKind.OTHER_APPROVAL:
            return (
                words("leave out the input"),
                Foreign(text="approve"),
                words(": it counts only in a run that a person starts by hand"),
            )
        case (
            ItemKind.FIRST_DEPLOY
            | ItemKind.UNREAD_HISTORY
            | ItemKind.UNREVIEWED_CHANGE
            | ItemKind.HAND_EDITED
            | ItemKind.DESTRUCTION_NOT_SHOWN
            | ItemKind.NOT_EXACT
        ):
            return _plan_now(item, waiting)
        case _:
            assert_never(item.kind)


def _for_evidence(item: Item, waiting: Sequence[int]) -> Sentence:
    cause, pull = _of(item, "cause"), _pull(item)
    if cause in _OTHER_ACCOUNT:
        return (
            words("give the action the same"),
            Foreign(text="github-token"),
            words("for the pull request and the merge queue, and plan again"),
        )
    if cause == Cause.FAILURE and pull is not None and pull in waiting:
        return words("fix what the plan comment of"), PullRef(number=pull), words("names")
    return _plan_now(item, waiting)


def _plan_now(item: Item, waiting: Sequence[int]) -> Sentence:
    """A plan of a pull request in the queue shows all that its base branch brings, so a merged one need not be planned again."""
    own = _pull(item)
    pull = own if own in waiting else next(iter(waiting), None)
    if pull is None:
        return (words("plan the pull request as it is now: push a commit to it"),)
    return (
        words("plan"),
        PullRef(number=pull),
        words("as it is now: push a commit to it, or run this workflow by hand with"),
        Foreign(text=f"pull-request: {pull}"),
    )


def _update(pull: int | None) -> Sentence:
    """What is planned on the branch as it will be merged is what merges. In the queue a branch is built on those before it."""
    if pull is None:
        return (
            words("update the branch of the pull request with its base branch, so that it is planned again"),
        )
    return (
        words("update the branch of"),
        PullRef(number=pull),
        words(
            "with its base branch, after those before it in the queue are merged, so that it is planned again"
        ),
    )


def _pull(item: Item) -> int | None:
    found = _of(item, "pull")
    return found if isinstance(found, int) else None


def _of(item: Item, name: str) -> object:
    return item.identity.get(name) if isinstance(item.identity, Mapping) else None
