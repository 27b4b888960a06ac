"""Mentions the person who merged, pushed or started the run, if something went wrong."""

from __future__ import annotations

import re

from entrypoint.kernel.run import RunContext
from entrypoint.report.text.escape import Md

_LOGIN = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
"""A person's or an organisation's login (https://docs.github.com/en/enterprise-cloud@latest/admin/identity-and-access-management). Bots
have `[bot]` behind theirs, and are not mentioned.
"""


def call(run: RunContext) -> Md:
    """For example: @mona, please look at this. GitHub notifies a mentioned person. Empty if there is nobody to mention."""
    if not _LOGIN.fullmatch(run.actor):
        return Md("")
    what = {"push": "this came with your push or merge.", "workflow_dispatch": "you started this run."}
    return Md(f"@{run.actor}, {what.get(run.event, 'this run is yours.')}")
