"""What one rollout did to volumes."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from entrypoint.kernel.ids import VolumeId
from entrypoint.rollout.outcome import GrownVolume, MadeVolume, TakenSnapshot


@dataclass(slots=True)
class VolumeAccount:
    """The volumes that this rollout created or found, saved and made larger. `turn`: they are created one at a time, so that each can be
    told from the others after a lost answer.
    """

    made: list[MadeVolume] = field(default_factory=list)
    taken: set[VolumeId] = field(default_factory=set)
    snapshots: list[TakenSnapshot] = field(default_factory=list)
    grown: list[GrownVolume] = field(default_factory=list)
    turn: anyio.Lock = field(default_factory=anyio.Lock)
