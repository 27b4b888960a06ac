"""What happens between two requests: somebody merges, edits or pushes while a job is at work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Hook:
    """`act` once, right before the `nth` request (from now, from 1) of `operation` is looked at."""

    operation: str
    act: Callable[[], object]
    nth: int = 1


@dataclass(kw_only=True)
class Hooks:
    """The hooks that have not run yet."""

    waiting: list[Hook] = field(default_factory=list)

    def before(self, operation: str, act: Callable[[], object], *, nth: int = 1) -> None:
        """Add one; `*` is any operation."""
        self.waiting.append(Hook(operation=operation, act=act, nth=nth))

    def run(self, operation: str) -> None:
        """Call the hooks of a request that has arrived."""
        for hook in list(self.waiting):
            if hook.operation in ("*", operation):
                hook.nth -= 1
                if hook.nth == 0:
                    self.waiting.remove(hook)
                    hook.act()
