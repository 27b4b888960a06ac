"""What is loaded when, and why then.

To load a module, Python reads it and runs it: all that a plan or a deploy needs takes as long as Fly takes to answer. So it comes in parts.

1. `app.py` and what it imports: enough for `--version` and help.
2. The command (`modes/commands.py`), the adapters (`wiring.py`) and what they import: the files are read and checked, and the requests go out.
   What they need only for a type stands under TYPE_CHECKING. tests/unit/modes/test_loading.py holds how much that is.
3. While the answers are on their way: what is made of them. That is below, in the order in which it is needed.
4. While a rollout waits for machines: what says how it ended, the last list below.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import anyio
import anyio.lowlevel

_MAKE = (
    "entrypoint.adapters.machines.wire",
    "entrypoint.fleet.fingerprints",
    "entrypoint.planning.model.steps",
    "entrypoint.planning.model.plan",
    "entrypoint.planning.reconcile",
    "entrypoint.planning.make",
)
_GIT = ("dulwich.objects", "dulwich.repo")
_GITHUB = ("entrypoint.adapters.github.calls", "requests", "github")
"""A thread may want them at the same moment: the packages only, which one waits for. Their modules import each other in circles, so that one
that is named here meets the thread half-way."""
_MARKDOWN = ("jinja2", "entrypoint.report.plan.comment")
PLAN = (
    *_MAKE,
    "entrypoint.planning.preflight.add",
    *_GIT,
    "entrypoint.kernel.reviews",
    "entrypoint.planning.review.record",
    "entrypoint.planning.review.evidence",
    "entrypoint.modes.evidence",
    *_MARKDOWN,
    "entrypoint.report.plan.terminal",
    "entrypoint.report.plan.as_json",
    "entrypoint.modes.planned",
)
_PAST = (
    *_GIT,
    "entrypoint.kernel.reviews",
    "entrypoint.planning.review.history",
    "entrypoint.planning.review.rules",
    "entrypoint.modes.past",
    *_GITHUB,
)
_DEPLOY = (
    *_MAKE,
    "entrypoint.modes.case",
    "entrypoint.rollout.outcome",
    "entrypoint.rollout.context",
    "entrypoint.rollout.secure",
    "entrypoint.rollout.execute",
    "entrypoint.modes.deployed",
    "entrypoint.report.outcome.live",
    "entrypoint.adapters.machines.leases",
    "entrypoint.adapters.machines.writes",
    "entrypoint.adapters.machines.waits",
)
ENDED = (
    *_MARKDOWN,
    "entrypoint.report.plan.terminal",
    "entrypoint.report.plan.as_json",
    "entrypoint.report.outcome.comment",
    "entrypoint.modes.ended",
)
"""All in pieces: between two of them whoever waits for the network gets a turn, and none takes longer than some milliseconds."""
FIRST_WRITES = 1.0
"""Seconds after which the first writes of a rollout are out, and it waits for machines."""
_HEAD_START = 20
"""Turns: as many as it takes to send what waits for nobody."""


def plan_parts(*, is_posted: bool) -> Sequence[str]:
    """What a plan needs after its first requests, with a comment on a pull request or without."""
    return (*PLAN, *_GITHUB) if is_posted else PLAN


def deploy_parts(*, is_gated: bool) -> Sequence[str]:
    """What a deploy needs after its first requests. A gate reads the past before there is anything to decide."""
    return (*_PAST, *_DEPLOY, "entrypoint.modes.gate") if is_gated else _DEPLOY


async def load(modules: Sequence[str], *, after: float = 0.0) -> None:
    """Import them, beside requests that were sent first; `after` so many seconds."""
    if after:
        await anyio.sleep(after)  # noqa: TID251  # nobody waits for it
    for _ in range(_HEAD_START):
        await anyio.lowlevel.checkpoint()
    for module in modules:
        import_module(module)
        await anyio.lowlevel.checkpoint()
