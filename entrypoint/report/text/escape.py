"""Foreign text → Markdown that shows the same text and has no effect.

The type `Md` ensures escaping: templates accept only `Md` (report/text/markdown.py refuses a str), and these functions make it.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
    "|[\U000e0000-\U000e007f]"
)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
_LEADING = re.compile(r"^([#+=-]|\d+(?=[.)]))")
"""What begins a heading or a list at the start of a line."""
_JOINER = "\u2060"
"""Invisible; keeps @name, #1 and links from being recognised.

After `://` or `www.` it would become part of the link, because GitHub's parser accepts in a host any character that is no space or
punctuation (cmark-gfm autolink.c). So it is put before.
"""
_TRIGGER = re.compile(r"@(?=\w)|#(?=\d)|:(?=//)|GH-(?=\d)|www(?=\.)", re.IGNORECASE)
_RUN = re.compile(r"`+")
_SECTION = re.compile(r"`[^`]*`|(?<![^\s(])(?P<name>\[{1,2}[a-z_]+(?:\.\w+)*\]{1,2})(?![^\s.,:;)])")
"""A name of a TOML section, or code that may contain one."""


class Md(str):
    """Markdown that is safe to put into a comment."""

    __slots__ = ()


def plain(text: str) -> str:
    """One line without control, zero-width and direction characters, and without lone surrogates."""
    return " ".join(_CONTROL.sub(" ", text).split())


def one_line(text: str) -> str:
    """A value on one line, with its white space. Line ends and control characters are replaced by visible signs."""
    return _CONTROL.sub("\ufffd", text.replace("\n", "\u2424"))


def inline(text: str) -> Md:
    """Foreign text inside a sentence or a table cell."""
    escaped = _LEADING.sub(lambda match: f"{_JOINER}{match.group()}", _SPECIAL.sub(r"\\\1", plain(text)))
    return Md(_TRIGGER.sub(lambda match: match.group() + _JOINER, escaped))


def code(text: str) -> Md:
    """Foreign text as inline code."""
    flat = plain(text) or " "
    ticks = "`" * (max((len(run) for run in _RUN.findall(flat)), default=0) + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return Md(f"{ticks}{pad}{flat}{pad}{ticks}")


def cell(text: Md) -> Md:
    """Markdown inside a table. GitHub splits a row at each `|` first, even inside code, and removes a backslash before
    it: cmark-gfm, extensions/table.c, unescape_pipes."""
    return Md(text.replace("|", "\\|"))


def sections_in_code(text: str) -> str:
    """A sentence of ours with the names of TOML sections between backticks: `[env]`, `[[vm]]`."""
    return _SECTION.sub(lambda match: f"`{match['name']}`" if match["name"] else match.group(), text)


def sentence(text: str) -> Md:
    """A sentence of ours. What is between backticks, and names of TOML sections, become inline code; the rest is escaped."""
    parts = sections_in_code(text).split("`")
    if len(parts) % 2 == 0:
        return inline(text)
    return Md("".join(code(part) if index % 2 else prose(part) for index, part in enumerate(parts)))


def prose(text: str) -> Md:
    """Like `inline`, but keeps the white space around it."""
    if not text.strip():
        return Md(" " if text else "")
    lead, trail = text[0].isspace(), text[-1].isspace()
    return Md(f"{' ' if lead else ''}{inline(text)}{' ' if trail else ''}")


def fence(lines: list[str], *, language: str = "") -> Md:
    """A fenced block that its content cannot end."""
    body = [one_line(line) for line in lines]
    longest = max((len(run) for line in body for run in _RUN.findall(line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return Md("\n".join([f"{ticks}{language}", *body, ticks]))
