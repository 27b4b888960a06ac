"""Refusals that the client deals with itself; above it they are plain FleetErrors. classify.py tells them apart."""

from __future__ import annotations

from entrypoint.fleet.errors import FleetError, Refused
from entrypoint.kernel.ids import MachineId


class NameTaken(FleetError):
    """409 on create: a machine has this name already; `machine` if the text says which."""

    def __init__(self, message: str, *, machine: MachineId | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.machine = machine


class Settling(FleetError):
    """412: the machine is between two states; ask again in a moment."""


class VolumeClaimed(FleetError):
    """412: the volume still belongs to a machine that goes away; minutes are possible."""


class ImageUnknown(Refused):
    """The platform does not find the manifest; just after a push it will in a moment (machines-api §10)."""


class Conflicting(FleetError):
    """409 for a concurrent update: nothing was applied; read again and repeat."""
