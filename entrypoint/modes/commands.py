"""Each task and the function that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from entrypoint.kernel.run import Inputs, RunContext
from entrypoint.modes.choose import Task
from entrypoint.modes.deploy import check, deploy
from entrypoint.modes.doctor.run import doctor
from entrypoint.modes.plan import plan
from entrypoint.modes.result import Result
from entrypoint.modes.world import World

Run: TypeAlias = Callable[[Inputs, RunContext, World], Awaitable[Result]]

COMMANDS: Mapping[Task, Run] = {Task.PLAN: plan, Task.CHECK: check, Task.DEPLOY: deploy, Task.DOCTOR: doctor}
"""Those that ask Fly. `validate` starts no loop, and so stands in app.py."""
