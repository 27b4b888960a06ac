"""The transcript: what flyctl was asked, what it said, and the fleet before and after, for docs/flyctl-transcript.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.contract.flyctl.running import Ended

_HEAD = """\
# flyctl against the simulator

Written by the tests in `tests/contract/flyctl/`, which hold flyctl's words against the fleet it left; do not edit. Write it anew with

    FLYCTL_TRANSCRIPT=docs/flyctl-transcript.md make flyctl-conformance FLYCTL=path

flyctl is unmodified, built from its public source of August 2026. All but the last run with `--smoke-checks=false`, 50 times as fast as Fly.
"""


@dataclass(slots=True, kw_only=True)
class Transcript:
    """Stories in the order in which they were told."""

    stories: list[str] = field(default_factory=list)

    def tell(self, title: str, ended: Ended, *, before: dict[str, Any], after: dict[str, Any]) -> None:
        """One more story."""
        fleets = f"Before:\n\n{_table(before)}\n\nAfter:\n\n{_table(after)}"
        said = f"```text\n$ {ended.command}\n{_scrub(ended.said)}\n[exit code {ended.code}]\n```"
        self.stories.append(f"## {title}\n\n{fleets}\n\n{said}\n")

    def to_markdown(self) -> str:
        """The whole page."""
        return "\n".join([_HEAD, *self.stories])


def _scrub(text: str) -> str:
    """Without what belongs to one machine: folders, ports."""
    text = re.sub(r"(?<![\w:/.])/(?:[\w.+-]+/)+([\w.+-]+)", r"…/\1", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return "\n".join(line.rstrip() for line in re.sub(r"\n{3,}", "\n\n", text).strip().splitlines())


def _table(fleet: dict[str, Any]) -> str:
    if not fleet["machines"]:
        return "no machines"
    rows = sorted(
        (m["group"], m["region"], m["id"], m["state"], m["config"]["image"].rpartition(":")[2])
        for m in fleet["machines"]
    )
    lines = ["| group | region | machine | state | image |", "|---|---|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])
