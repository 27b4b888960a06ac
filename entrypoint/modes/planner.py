"""What all plans of one run have in common."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.fleet.model import Fleet
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.secrets import Secret
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.model import Policy
from entrypoint.planning.make import Resume, make_plan
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.settings import Overrides


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Everything that make_plan needs except the image and the plan to resume."""

    manifest: Manifest
    policy: Policy
    overrides: Overrides
    fleet: Fleet
    unproven: frozenset[MachineId] = frozenset()
    """Machines that our runs created since the last green deploy."""
    left_behind: frozenset[MachineId] = frozenset()
    """Machines whose hosts do not answer, and whose replacement no review showed."""
    secret: Secret | None = None
    """The input `record-key`."""

    def make(self, image: Image, *, resume: Resume | None = None) -> Plan:
        """The plan for one image."""
        return make_plan(
            self.manifest,
            policy=self.policy,
            overrides=self.overrides,
            fleet=self.fleet,
            image=image,
            resume=resume,
            unproven=self.unproven,
            left_behind=self.left_behind,
            secret=self.secret,
        )
