"""Who is mentioned when something went wrong: the person who merged, pushed or started the run."""

from __future__ import annotations

import re

from entrypoint.kernel.run import RunContext
from entrypoint.report.text.escape import Md

_LOGIN = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
"""A person's or an organisation's login (https://docs.github.com/en/enterprise-cloud@latest/admin/identity-and-access-management). Bots
have `[bot]` behind theirs, and are not mentioned.
"""


def call(run: RunContext) -> Md:
    """As in: @mona, please look at this. GitHub notifies whom a comment mentions. Empty where there is nobody."""
    if not _LOGIN.fullmatch(run.actor):
        return Md("")
    what = {"push": "this came with your push or merge.", "workflow_dispatch": "you started this run."}
    return Md(f"@{run.actor}, {what.get(run.event, 'this run is yours.')}")
