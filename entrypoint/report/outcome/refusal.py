"""A deploy that the gate refused, or that a newer commit superseded → Markdown and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.items import (
    CommitRef,
    FieldRefs,
    FileRef,
    Foreign,
    Item,
    MachineRefs,
    Part,
    PullRef,
    Words,
)
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.text.escape import Md, code, fence, inline, plain
from entrypoint.report.text.links import run_line, to_commit, to_file, to_workflow
from entrypoint.report.text.markdown import render
from entrypoint.report.text.mention import call
from entrypoint.report.text.words import count, join

MOST_ITEMS = 40
MOST_NAMES = 8
"""Fields or machines that are named in one sentence."""
_CLOSE_UP = (",", ";", ":", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """Everything that the template of a refusal shows."""

    title: Md
    items: tuple[Md, ...]
    problem: Md
    dispatch: Md
    inputs: Md
    call: Md
    footer: Md


def refusal_markdown(plan: Plan, refused: NotReviewed, run: RunContext) -> str:
    """What is missing, item by item, with file and line, and the exact inputs for an approval."""
    items = [_sentence(item, run) for item in refused.items[:MOST_ITEMS]]
    if len(refused.items) > MOST_ITEMS:
        items.append(Md(f"… and {len(refused.items) - MOST_ITEMS} more"))
    problem = refused.approval_problem
    view = RefusalView(
        title=Md(f"{inline(plan.app)} · not deployed: {count(len(refused.items), 'thing')} not reviewed"),
        items=tuple(items),
        problem=_sentence(problem, run) if problem else Md(""),
        dispatch=to_workflow(run),
        inputs=fence(_inputs(refused, plan.image)),
        call=call(run),
        footer=run_line(run),
    )
    return render("refusal.md.j2", view=view)


def refusal_text(plan: Plan, refused: NotReviewed, run: RunContext) -> str:
    """The same for the log."""
    lines = [
        f"{plan.app} was not deployed: {count(len(refused.items), 'thing')} not reviewed. Nothing was written."
    ]
    lines += [f"  {_plain_sentence(item)}" for item in refused.items]
    if refused.approval_problem is not None:
        lines.append(
            f"The approval that was given does not count: {_plain_sentence(refused.approval_problem)}"
        )
    where = f"{run.server_url}/{run.repository}/actions" if run.repository else "this workflow"
    lines.append(f"To approve what is missing, run {where} by hand (workflow_dispatch) with")
    lines += [f"  {line}" for line in _inputs(refused, plan.image)]
    return "\n".join(lines) + "\n"


def superseded_markdown(plan: Plan, verdict: Superseded, run: RunContext) -> str:
    """A newer commit is live."""
    text = (
        f"### {inline(plan.app)} · superseded",
        f"Nothing was written: {to_commit(verdict.by, run)}, which contains this commit, is deployed already.",
        run_line(run),
    )
    return "\n\n".join(part for part in text if part) + "\n"


def _inputs(refused: NotReviewed, image: Image) -> list[str]:
    """The inputs of the run that approves. The image is among them, because an approval binds it."""
    lines = [f"approve: {refused.approve}"]
    if image.ref and image.source is not ImageSource.FILE:
        lines.append(f"image: {image.ref}")
    return lines


def _sentence(item: Item, run: RunContext) -> Md:
    return Md(_close_up(item.parts, lambda part: _markdown(part, run)) + ".")


def _plain_sentence(item: Item) -> str:
    return _close_up(item.parts, _plain) + "."


def _close_up(parts: Sequence[Part], write: Callable[[Part], str]) -> str:
    """The parts joined with spaces, without a space before punctuation, and with a capital if the first part is ours."""
    text = ""
    for part in parts:
        written = write(part)
        is_close = isinstance(part, Words) and part.text.startswith(_CLOSE_UP)
        text += written if is_close or not text else f" {written}"
    begins = parts[0] if parts else None
    return text[:1].upper() + text[1:] if isinstance(begins, Words) else text


def _markdown(part: Part, run: RunContext) -> Md:
    match part:
        case Words():
            return inline(part.text)
        case Foreign():
            return code(part.text)
        case CommitRef():
            return to_commit(part.sha, run)
        case PullRef():
            return Md(f"#{part.number}")
        case FileRef():
            return to_file(part.path, part.line, run)
        case FieldRefs():
            return Md(join(list(_named([code(path) for path in part.paths], "field"))))
        case MachineRefs():
            machines = join(list(_named([code(id_) for id_ in part.ids], "machine")))
            return Md(f"{count(len(part.ids), 'machine')} of {code(part.group)} ({machines})")
        case _:
            assert_never(part)


def _plain(part: Part) -> str:
    match part:
        case Words():
            return part.text
        case Foreign():
            return plain(part.text)
        case CommitRef():
            return part.sha[:7]
        case PullRef():
            return f"#{part.number}"
        case FileRef():
            return f"{plain(part.path)}:{part.line}" if part.line else plain(part.path)
        case FieldRefs():
            return join(list(_named([plain(path) for path in part.paths], "field")))
        case MachineRefs():
            machines = join(list(_named([plain(id_) for id_ in part.ids], "machine")))
            return f"{count(len(part.ids), 'machine')} of {plain(part.group)} ({machines})"
        case _:
            assert_never(part)


def _named(names: Sequence[str], noun: str) -> Iterator[str]:
    yield from names[:MOST_NAMES]
    if len(names) > MOST_NAMES:
        yield count(len(names) - MOST_NAMES, f"more {noun}")
