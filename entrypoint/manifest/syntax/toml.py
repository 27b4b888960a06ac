"""TOML text → a tree of values with their positions, or the first syntax error: where it is and what to do."""

from __future__ import annotations

import re

from tomlkit.exceptions import ParseError, UnexpectedEofError

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.syntax.positioned import PositionedParser, Redefined
from entrypoint.manifest.syntax.tree import Source, line_starts, span_of, too_deep

_LONE_RETURN = re.compile(r"\r(?!\n)")


def parse_toml(text: str, *, file: str) -> Source | Finding:
    """The tree, or the first syntax error."""
    if text.startswith("\ufeff"):
        return _syntax_error(
            text, file, 0, 1, "the file begins with a byte order mark", hint="Save it as UTF-8 without BOM."
        )
    lone = _LONE_RETURN.search(text)
    if lone is not None:
        return _syntax_error(
            text, file, *lone.span(), "a carriage return without a line feed", hint="Save it with LF."
        )
    parser = PositionedParser(text)
    try:
        parser.walk()
    except Redefined as error:
        return _redefined(text, file, error)
    except ParseError as error:
        if _is_end(error, text):
            start = parser.unclosed
            return _syntax_error(text, file, start, start + 1, "the file ends before this is complete")
        start = _offset_of(text, error)
        return _syntax_error(text, file, start, start + 1, _plain(error), hint=_advice(text, start))
    except RecursionError:
        return _syntax_error(text, file, parser.at, parser.at + 1, "it is nested too deeply")
    deep = too_deep(parser.root)
    if deep is not None:
        return _syntax_error(text, file, deep.start, deep.end, "it is nested too deeply")
    return Source(file=file, text=text, root=parser.root)


def _redefined(text: str, file: str, error: Redefined) -> Finding:
    first = span_of(line_starts(text), *(error.first.key or (error.first.start, error.first.end)))
    return _syntax_error(text, file, *error.place, f"{error}, since line {first.line}")


def _is_end(error: ParseError, text: str) -> bool:
    """Whether the text ended too early: tomlkit reports a NUL there."""
    return isinstance(error, UnexpectedEofError) or ("'\\x00'" in str(error) and "\0" not in text)


def _offset_of(text: str, error: ParseError) -> int:
    """The offset of an error. tomlkit counts lines like str.splitlines, also after a form feed or U+2028."""
    lines = text.splitlines(keepends=True)[: error.line - 1]
    return min(sum(map(len, lines)) + error.col, len(text))


def _plain(error: ParseError) -> str:
    message = str(error)
    return message[: message.rfind(" at line ")] if " at line " in message else message


def _advice(text: str, start: int) -> str:
    """Hints for the most common mistakes."""
    if text[start : start + 1].isalpha() and text[:start].rstrip(" \t").endswith("="):
        return "A string needs quotes."
    return (
        'A string in quotes ends on its line; in """ it may have several lines.'
        if text[start : start + 1] == "\n"
        else ""
    )


def _syntax_error(text: str, file: str, start: int, end: int, message: str, *, hint: str = "") -> Finding:
    return Finding(
        rule="toml-syntax",
        severity=Severity.ERROR,
        message=f"Not TOML: {message}",
        hint=hint,
        file=file,
        span=span_of(line_starts(text), start, max(start, min(end, len(text)))),
        flyctl_rejects=True,
    )
