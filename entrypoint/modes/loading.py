"""What is loaded when, and why then.

To load a module, Python reads it and runs it: all that a plan needs takes as long as Fly takes to answer. So it comes in three parts.

1. `app.py` and what it imports: enough for `--version` and help.
2. The command (`modes/commands.py`), the adapters (`wiring.py`) and what they import: the files are read and checked, and the requests go out.
   What they need only for a type stands under TYPE_CHECKING. tests/unit/modes/test_loading.py holds how much that is.
3. While the answers are on their way: what is made of them. That is below.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import anyio.lowlevel

PLAN = (
    "entrypoint.fleet.fingerprints",
    "entrypoint.planning.model.steps",
    "entrypoint.planning.model.plan",
    "entrypoint.planning.reconcile",
    "entrypoint.planning.make",
    "entrypoint.planning.preflight.add",
    "dulwich.objects",
    "dulwich.repo",
    "entrypoint.kernel.reviews",
    "entrypoint.planning.review.record",
    "entrypoint.planning.review.evidence",
    "entrypoint.modes.evidence",
    "jinja2",
    "entrypoint.report.plan.comment",
    "entrypoint.report.plan.terminal",
    "entrypoint.report.plan.as_json",
    "entrypoint.modes.planned",
)
"""In pieces: between two of them whoever waits for the network gets a turn, and none takes longer than some milliseconds."""
_HEAD_START = 20
"""Turns: as many as it takes to send what waits for nobody."""


async def load(modules: Sequence[str]) -> None:
    """Import them, beside requests that were sent first."""
    for _ in range(_HEAD_START):
        await anyio.lowlevel.checkpoint()
    for module in modules:
        import_module(module)
        await anyio.lowlevel.checkpoint()
