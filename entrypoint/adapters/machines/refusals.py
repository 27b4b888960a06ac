"""Refusals that the client handles itself; for its callers they are FleetErrors. classify.py makes them."""

from __future__ import annotations

from entrypoint.fleet.errors import FleetError, Refused
from entrypoint.kernel.ids import MachineId


class NameTaken(FleetError):
    """409 on create: another machine has this name. `machine`: its id, if the text has it."""

    def __init__(self, message: str, *, machine: MachineId | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.machine = machine


class Settling(FleetError):
    """412: the machine is changing its state. Repeat in a moment."""


class VolumeClaimed(FleetError):
    """412: the volume still belongs to a machine that is being destroyed. That may take minutes."""


class ImageUnknown(Refused):
    """Fly does not find the image's manifest. Just after a push, that may be temporary."""


class Conflicting(FleetError):
    """409 for a concurrent update: nothing was applied. Read again and repeat."""
