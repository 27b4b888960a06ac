"""Colours for a terminal. Foreign text is escaped before, so it cannot have colours of its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ink(StrEnum):
    """Codes of Select Graphic Rendition (ECMA-48, 8.3.117): the 8 colours of every terminal, in the reader's own scheme."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    BOLD = "1"
    FAINT = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """Adds colours to a text, or leaves it unchanged."""

    on: bool

    def __call__(self, text: str, *inks: Ink) -> str:
        """The text in these colours."""
        return f"\x1b[{';'.join(inks)}m{text}\x1b[0m" if self.on and text and inks else text
