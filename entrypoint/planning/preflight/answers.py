"""Fly's answers to the questions that need no plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entrypoint.fleet.model import HeldLease
    from entrypoint.fleet.preflight import SetSecret, TokenRights
    from entrypoint.kernel.ids import MachineId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Fly's answers; None where there is no answer."""

    secrets: tuple[SetSecret, ...] | None
    leases: Mapping[MachineId, HeldLease] | None
    token: TokenRights | None
