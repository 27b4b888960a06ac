"""A source line with a caret, on a terminal: tabs, wide characters, very long lines and hostile ones included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from entrypoint.kernel.findings import Span

WIDTH = 120
"""Cells of a line that are shown, around the caret."""
TAB = "    "
_INVISIBLE = "\ufffd"
_QUOTE = re.compile("[\"']")


def excerpt(lines: Sequence[str], span: Span, *, hidden: bool = False) -> tuple[str, str] | None:
    """The line of a span and the carets below it; None where the text has no such line.

    `hidden` leaves out what the line says: a variable's value, a file's content.
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
    """Names stay: what a value follows, and what one stands before. A list is no section's name."""
    is_name = not _QUOTE.search(marked) and (
        after.lstrip().startswith(("=", ".")) or (not before.strip("[ \t") and marked.startswith("["))
    )
    name, equals, value = before.partition("=")
    if _QUOTE.search(before):
        before = "… "
    elif value.strip("[{ \t"):
        before = f"{name}{equals} … "
    elif not equals and not is_name and before.strip():
        before = "… "  # inside a value of several lines
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
    """What a terminal may see: no control, format or direction character."""
    return "".join(_cell(ch) for ch in text)


def _cell(ch: str) -> str:
    if ch == "\t":
        return TAB
    category = unicodedata.category(ch)
    return _INVISIBLE if category[0] == "C" or category in ("Zl", "Zp") else ch


def _width(text: str) -> int:
    """Cells: two for wide characters, none for those that combine with the one before."""
    return sum(
        0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1
        for ch in text
    )
