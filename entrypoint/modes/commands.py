"""Each task and the function that does it. A function is imported when it is needed, since a plan needs nothing of what executes one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, assert_never

from entrypoint.kernel.run import Inputs, RunContext
from entrypoint.modes.choose import Task
from entrypoint.modes.result import Result
from entrypoint.modes.world import World

Run: TypeAlias = Callable[[Inputs, RunContext, World], Awaitable[Result]]


def command(task: Task) -> Run:
    """The function of a task that asks Fly. `validate` and `nothing` need no event loop, so app.py runs them itself."""
    match task:
        case Task.PLAN:
            from entrypoint.modes.plan import plan

            return plan
        case Task.CHECK:
            from entrypoint.modes.deploy import check

            return check
        case Task.DEPLOY:
            from entrypoint.modes.deploy import deploy

            return deploy
        case Task.DOCTOR:
            from entrypoint.modes.doctor.run import doctor

            return doctor
        case Task.VALIDATE | Task.NOTHING:
            raise AssertionError(task)
        case _:
            assert_never(task)
