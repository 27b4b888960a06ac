"""The settings of a plan, from inputs, flightplan.toml and fly.toml.

Precedence: input > flightplan.toml > fly.toml > Fly's default (docs/inputs.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import AllowDestroy, Compat, OnFailure
from entrypoint.kernel.strategy import DEFAULT_STRATEGY, Strategy
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.groups import GroupPolicy
from entrypoint.manifest.policy.model import Policy
from entrypoint.planning.model.selection import EVERYTHING, Selection

DEFAULT_MAX_UNAVAILABLE = 0.33
"""flyctl deploy/machines.go."""
DEFAULT_WAIT_TIMEOUT = 300.0
"""Seconds; flyctl deploy/machines.go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The inputs that change a plan; None for an empty input. `scale`: declared counts by group."""

    strategy: Strategy | None
    max_unavailable: float | None
    wait_timeout: float | None
    allow_destroy: AllowDestroy
    on_failure: OnFailure | None
    compat: Compat
    scale: Mapping[GroupName, int | Mapping[Region, int]]
    selection: Selection = EVERYTHING
    """Which machines may be changed: the inputs `groups` and `regions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings after precedence."""

    strategy: Strategy
    wait_timeout: float
    on_failure: OnFailure
    allow_destroy: AllowDestroy
    compat: Compat
    policy: Policy
    overrides: Overrides
    file_max_unavailable: float | None

    @property
    def selection(self) -> Selection:
        """Which machines may be changed."""
        return self.overrides.selection

    def group(self, name: GroupName) -> GroupPolicy:
        """The policy of a group in flightplan.toml; an empty policy if it has none."""
        return self.policy.groups.get(name) or GroupPolicy()

    def count(self, name: GroupName) -> int | Mapping[Region, int] | None:
        """The declared count of a group; None keeps the live machines."""
        if name in self.overrides.scale:
            return self.overrides.scale[name]
        return self.group(name).count

    def max_unavailable(self, name: GroupName) -> float:
        """The value as written: 1 or more is a number of machines, below 1 a share of the group."""
        for value in (
            self.overrides.max_unavailable,
            self.group(name).max_unavailable,
            self.file_max_unavailable,
        ):
            if value is not None:
                return value
        return DEFAULT_MAX_UNAVAILABLE

    def width(self, name: GroupName, *, running: int) -> int:
        """How many machines of a group are updated at once (flyctl getPoolSize); at least one."""
        if self.strategy is Strategy.IMMEDIATE:
            return max(1, running)
        value = self.max_unavailable(name)
        if not math.isfinite(value):  # such a plan is blocked
            return 1
        return max(1, int(value) if value >= 1 else math.ceil(running * value))


def resolve_settings(manifest: Manifest, *, policy: Policy, overrides: Overrides) -> Settings:
    """Apply the precedence."""
    deploy = manifest.deploy
    wait = overrides.wait_timeout if overrides.wait_timeout is not None else deploy.wait_timeout
    return Settings(
        strategy=overrides.strategy or deploy.strategy or DEFAULT_STRATEGY,
        wait_timeout=DEFAULT_WAIT_TIMEOUT if wait is None else wait,
        on_failure=overrides.on_failure or policy.on_failure or OnFailure.ROLLBACK,
        allow_destroy=overrides.allow_destroy,
        compat=overrides.compat,
        policy=policy,
        overrides=overrides,
        file_max_unavailable=deploy.max_unavailable,
    )
