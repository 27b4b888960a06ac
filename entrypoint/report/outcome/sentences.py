"""The sentences of the gate: what is missing for a deploy, in parts → Markdown and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from entrypoint.kernel.run import RunContext
from entrypoint.planning.review.items import (
    CommitRef,
    FieldRefs,
    FileRef,
    Foreign,
    MachineRefs,
    Part,
    PullRef,
    Words,
)
from entrypoint.report.text.escape import Md, code, inline, plain
from entrypoint.report.text.links import to_commit, to_file
from entrypoint.report.text.words import count, join

MOST_NAMES = 8
"""Fields or machines that are named in one sentence."""
_CLOSE_UP = (",", ";", ":", ".")


def markdown_sentence(parts: Sequence[Part], run: RunContext) -> Md:
    """One sentence, with links to what it names."""
    return Md(_close_up(parts, lambda part: _markdown(part, run)) + ".")


def text_sentence(parts: Sequence[Part]) -> str:
    """The same for the log."""
    return _close_up(parts, _plain) + "."


def _close_up(parts: Sequence[Part], write: Callable[[Part], str]) -> str:
    """The parts joined with spaces, without a space before punctuation, and with a capital if the first part is ours."""
    text = ""
    for part in parts:
        written = write(part)
        is_close = isinstance(part, Words) and part.text.startswith(_CLOSE_UP)
        text += written if is_close or not text else f" {written}"
    begins = parts[0] if parts else None
    return text[:1].upper() + text[1:] if isinstance(begins, Words) else text


def _markdown(part: Part, run: RunContext) -> Md:
    match part:
        case Words():
            return inline(part.text)
        case Foreign():
            return code(part.text)
        case CommitRef():
            return to_commit(part.sha, run)
        case PullRef():
            return Md(f"#{part.number}")
        case FileRef():
            return to_file(part.path, part.line, run)
        case FieldRefs():
            return Md(join(list(_named([code(path) for path in part.paths], "field"))))
        case MachineRefs():
            machines = join(list(_named([code(id_) for id_ in part.ids], "machine")))
            return Md(f"{count(len(part.ids), 'machine')} of {code(part.group)} ({machines})")
        case _:
            assert_never(part)


def _plain(part: Part) -> str:
    match part:
        case Words():
            return part.text
        case Foreign():
            return plain(part.text)
        case CommitRef():
            return part.sha[:7]
        case PullRef():
            return f"#{part.number}"
        case FileRef():
            return f"{plain(part.path)}:{part.line}" if part.line else plain(part.path)
        case FieldRefs():
            return join(list(_named([plain(path) for path in part.paths], "field")))
        case MachineRefs():
            machines = join(list(_named([plain(id_) for id_ in part.ids], "machine")))
            return f"{count(len(part.ids), 'machine')} of {plain(part.group)} ({machines})"
        case _:
            assert_never(part)


def _named(names: Sequence[str], noun: str) -> Iterator[str]:
    yield from names[:MOST_NAMES]
    if len(names) > MOST_NAMES:
        yield count(len(names) - MOST_NAMES, f"more {noun}")
