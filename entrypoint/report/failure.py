"""A run that ended with an error, or without doing anything → Markdown for the job summary."""

from __future__ import annotations

from entrypoint.kernel.errors import ExitCode
from entrypoint.report.findings.rule_pages import REPOSITORY
from entrypoint.report.text.escape import Md, sentence
from entrypoint.report.text.links import to_page
from entrypoint.report.text.words import capitalise

MOST_TEXT = 4000
"""Characters of a message. What Fly or GitHub said may be in it."""


def failure_markdown(message: str, *, hint: str, code: ExitCode) -> str:
    """What happened, what to do, and where every exit code is explained. The log says the same."""
    todo = sentence(hint[:MOST_TEXT])
    if code is ExitCode.BUG:
        todo = Md(f"[Report it]({REPOSITORY}/issues), with the log. `RUNNER_DEBUG=1` shows where it is.")
    parts = (
        f"### Flightplan · ended with exit code {int(code)}, {code.reason}",
        f"**{sentence(message[:MOST_TEXT].rstrip())}**",
        todo,
        to_page("troubleshooting.md#by-exit-code", "what this exit code means"),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def skipped_markdown(why: str) -> str:
    """Nothing was asked for by this event."""
    return f"### Flightplan · nothing to do\n\n{sentence(capitalise(why))}.\n"
