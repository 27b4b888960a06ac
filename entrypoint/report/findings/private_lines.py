"""Which lines of a file may have a value that must not be printed. Each line is read once, even for many findings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from entrypoint.kernel.redaction import has_private_key, may_be_private

_LONG_QUOTES = ('"""', "'''")


class PrivateLines:
    """The lines of one text, counted from 1."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._sets: dict[int, bool] = {}

    def sets(self, line: int) -> bool:
        """Whether the line itself sets such a value. For a text that could be parsed; then the finding's path tells the rest."""
        if not 1 <= line <= len(self.lines):
            return False
        if line not in self._sets:
            self._sets[line] = has_private_key(self.lines[line - 1])
        return self._sets[line]

    def may_hold(self, line: int) -> bool:
        """Whether one of the keys is named in the line or above it in its section. For a text that could not be parsed."""
        if not 1 <= line <= len(self.lines):
            return False
        named, section = self._named_before, self._section_of
        return named[line] > named[section[line - 1]]

    @cached_property
    def _named_before(self) -> Sequence[int]:
        """How many of the first n lines name one of the keys."""
        return [0, *accumulate(may_be_private(line) for line in self.lines)]

    @cached_property
    def _section_of(self) -> Sequence[int]:
        """For each line, from 0, the line that its section begins with; the first one after long quotes: what looks like a section
        may stand inside a value."""
        found, section, quoted = [], 0, False
        for index, line in enumerate(self.lines):
            quoted = quoted or any(quotes in line for quotes in _LONG_QUOTES)
            if line.lstrip().startswith("["):
                section = index
            found.append(0 if quoted else section)
        return found
