"""A source line with a caret, for a terminal. Handles tabs, wide characters, very long lines and hostile text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from entrypoint.kernel.findings import Span

WIDTH = 120
"""Terminal cells of a line that are shown, around the caret."""
TAB = "    "
_INVISIBLE = "\ufffd"
_QUOTE = re.compile("[\"']")


def excerpt(lines: Sequence[str], span: Span, *, hidden: bool = False) -> tuple[str, str] | None:
    """The line of a span and the carets below it; None if the text has no such line.

    `hidden`: values in the line, such as a variable's, are left out.
    """
    if not 1 <= span.line <= len(lines):
        return None
    line = lines[span.line - 1]
    length = len(line) - line.endswith("\r")  # not a copy: a line may be long, and have many findings
    first = min(span.column - 1, length)
    last = min(span.end_column - 1, length) if span.end_line == span.line else length
    start, end = _window(length, first)
    before, marked, after = line[start:first], line[first : max(first, min(last, end))], line[last:end]
    if hidden:
        before, marked, after = _hide(before, marked, after)
    left = "…" if start else ""
    right = "…" if end < length and not hidden else ""
    shown = f"{left}{_show(before)}{_show(marked)}{_show(after) if last < end else ''}{right}"
    carets = "^" * max(1, _width(_show(marked)))
    return shown.rstrip(), " " * (len(left) + _width(_show(before))) + carets


def _hide(before: str, marked: str, after: str) -> tuple[str, str, str]:
    """Hide the values of a line, but not the names of keys and sections."""
    is_name = not _QUOTE.search(marked) and (
        after.lstrip().startswith(("=", ".")) or (not before.strip("[ \t") and marked.startswith("["))
    )
    name, equals, value = before.partition("=")
    if _QUOTE.search(before):
        before = "… "
    elif value.strip("[{ \t"):
        before = f"{name}{equals} … "
    elif not equals and not is_name and before.strip():
        before = "… "  # the line is inside a value of several lines
    return (
        before,
        marked if is_name else "…",
        " = …" if after.lstrip().startswith("=") else " …" if after.strip() else "",
    )


def _window(length: int, first: int) -> tuple[int, int]:
    """Which characters of the line are shown: a third before the caret, the rest after."""
    if length <= WIDTH:
        return 0, length
    start = max(0, min(first - WIDTH // 3, length - WIDTH))
    return start, start + WIDTH


def _show(text: str) -> str:
    """The text without control, format and direction characters."""
    return "".join(_cell(ch) for ch in text)


def _cell(ch: str) -> str:
    if ch == "\t":
        return TAB
    category = unicodedata.category(ch)
    return _INVISIBLE if category[0] == "C" or category in ("Zl", "Zp") else ch


def _width(text: str) -> int:
    """Terminal cells: two for a wide character, none for one that combines with the one before."""
    return sum(
        0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1
        for ch in text
    )
