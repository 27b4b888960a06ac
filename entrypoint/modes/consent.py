"""Ask the person at the terminal before a deploy without a review."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import Look
from entrypoint.modes.world import World
from entrypoint.planning.model.plan import Plan


async def agrees(plan: Plan, findings: Sequence[Finding], look: Look, world: World) -> bool:
    """Show the plan and ask. A signal before an answer counts as a no."""
    answer = False

    def question() -> str:
        from entrypoint.report.plan.terminal import plan_text  # a run that asks nobody loads it later

        shown = plan_text(plan, findings, look=look).rstrip()
        return f"{shown}\n\nDeploy this to {plan.app} now, without a review?"

    async def stop() -> None:
        await world.stop.wait()
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(stop)
        answer = await world.console.confirm(question)
        group.cancel_scope.cancel()
    return answer
