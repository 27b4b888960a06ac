"""Publish how a command ended: summary, plan.json, standard output, comment, outputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import Format, Inputs, RunContext
from entrypoint.modes.ports import Console
from entrypoint.modes.result import Result
from entrypoint.planning.model.plan import Plan
from entrypoint.report.plan.as_json import plan_json, totals

SUMMARY_ROOM = 900_000
"""Characters of Markdown in a job summary; the runner takes 1 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is published. `text` goes to standard output where no other format is asked for; `last_line` ends the log."""

    code: ExitCode
    result: str
    """The output `result`."""
    plan: Plan
    findings: tuple[Finding, ...]
    markdown: str
    text: str = ""
    last_line: str = ""
    counts: Mapping[str, str] = field(default_factory=dict)
    """Outputs that differ from those of the plan: what was really done."""


async def publish(
    ending: Ending,
    inputs: Inputs,
    run: RunContext,
    console: Console,
    *,
    comment: Callable[[], Awaitable[str]] | None,
) -> Result:
    """Publish it, and return the command's result. `comment` posts and returns the address. It comes last, since it may raise."""
    data = plan_json(ending.plan, ending.findings)
    console.section("")
    console.summarise(ending.markdown)
    path = _save(console, data) if run.in_actions else ""
    match inputs.format:
        case Format.JSON:
            console.show(data)
        case Format.MARKDOWN:
            console.show(ending.markdown)
        case Format.TEXT | Format.GITHUB | Format.SARIF:
            if ending.text:
                console.show(ending.text)
            if ending.last_line:
                console.note(ending.last_line)
    url = await comment() if comment is not None else ""
    if url:
        console.notice(f"{ending.plan.app}, {ending.result}: {url}")
    outputs = {**plan_outputs(ending.plan), **ending.counts, "plan-path": path, "comment-url": url}
    return Result(exit_code=ending.code, outputs={**outputs, "result": ending.result})


def plan_outputs(plan: Plan) -> dict[str, str]:
    """The action's outputs that come from the plan."""
    counted = totals(plan)
    return {
        "changes": "true" if plan.has_changes else "false",
        "plan-digest": plan.digests.plan,
        "created": str(counted["create"]),
        "updated": str(counted["update"] + counted["swap"]),
        "replaced": str(counted["replace"]),
        "destroyed": str(counted["destroy"]),
        "kept": str(counted["keep"]),
    }


def _save(console: Console, data: str) -> str:
    """Write plan.json. A failure is only a warning, so that the comment is still posted."""
    try:
        return console.save("plan.json", data)
    except OutsideError as error:
        console.warn(str(error))
        return ""
