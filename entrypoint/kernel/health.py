"""What `flightplan doctor` found: one line for each thing that a deploy needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """The state of one line."""

    OK = "ok"
    NOT_OK = "not ok"
    UNKNOWN = "unknown"
    """The question could not be asked, or the answer does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line. `says` and `advice` may hold foreign text. A line that is ok may have advice, too."""

    name: str
    health: Health
    says: str
    advice: str = ""
