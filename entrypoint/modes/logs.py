"""The last lines of a machine that failed, in the job's log (`[rollout] logs` of flightplan.toml). They never go into a comment."""

from __future__ import annotations

from entrypoint.kernel.redaction import hide_tokens
from entrypoint.modes.ports import Console, Logs
from entrypoint.report.text.escape import plain
from entrypoint.rollout.outcome import Outcome

LINES = 20
LONGEST = 500
"""Characters of a line."""


async def tell_logs(logs: Logs, outcome: Outcome, console: Console) -> None:
    """Print the log of the machine at which the rollout ended; nothing where it ended at none."""
    machine = outcome.halted.machine if outcome.halted is not None else None
    if machine is None:
        return
    for line in await logs.last(machine, lines=LINES):
        console.note(f"log       {machine}  {plain(hide_tokens(line))[:LONGEST]}")
