"""A deploy that the gate refused, or that a newer commit superseded → Markdown and text."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.sentences import markdown_sentence, text_sentence
from entrypoint.report.text.escape import Md, fence, inline
from entrypoint.report.text.links import run_line, to_commit, to_workflow
from entrypoint.report.text.markdown import render
from entrypoint.report.text.mention import call
from entrypoint.report.text.words import count

MOST_ITEMS = 40


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
    items = [markdown_sentence(item.parts, run) for item in refused.items[:MOST_ITEMS]]
    if len(refused.items) > MOST_ITEMS:
        items.append(Md(f"… and {len(refused.items) - MOST_ITEMS} more"))
    problem = refused.approval_problem
    view = RefusalView(
        title=Md(f"{inline(plan.app)} · not deployed: {count(len(refused.items), 'thing')} not reviewed"),
        items=tuple(items),
        problem=markdown_sentence(problem.parts, run) if problem else Md(""),
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
    lines += [f"  {text_sentence(item.parts)}" for item in refused.items]
    if refused.approval_problem is not None:
        lines.append(
            f"The approval that was given does not count: {text_sentence(refused.approval_problem.parts)}"
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
