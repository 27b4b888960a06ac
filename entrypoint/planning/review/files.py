"""One file at several commits: whether a commit changed it, and whether it is as it was reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, final

from entrypoint.kernel.reviews import BlobState, FileStates
from entrypoint.planning.review.fields import Path, Tree, differing, field_line, merged, read_fields


@final
class Unread:
    """Stands for a file that could not be read. It is different from everything, even from itself."""


UNREAD: Final = Unread()
FileAt: TypeAlias = BlobState | Unread | None
"""The file; None: it does not exist; Unread: unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRead:
    """A file that Flightplan reads now. `is_toml`: fly.toml and flightplan.toml are compared field by field."""

    path: str
    is_toml: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a file differs. No `fields`: as a whole."""

    path: str
    fields: tuple[Path, ...]
    line: int | None
    """The line of the first field, in the later text."""


def file_at(files: FileStates, commit: str | None, path: str) -> FileAt:
    """A file as it was read at a commit."""
    return UNREAD if commit is None else files.get((commit, path), UNREAD)


def changed(read: PathRead, *, before: FileAt, after: FileAt) -> Difference | None:
    """What a commit changed in a file; None if the blob is the same as in its first parent."""
    if _is_same(before, after):
        return None
    one, other = _fields(read, before), _fields(read, after)
    if one is None or other is None:
        return Difference(path=read.path, fields=(), line=None)
    return _difference(read, differing(one, other), after)


def brought_otherwise(
    read: PathRead, *, parent: FileAt, head: FileAt, base: FileAt, now: FileAt
) -> Difference | None:
    """How `now` differs from a merge of the reviewed `head` into `parent`; None if it does not.

    `base`: the merge base of both. If all four are readable TOML, they are compared by field. Else by blob: the merge is the parent's if
    the head did not change it, else the head's.
    """
    if any(isinstance(side, Unread) for side in (parent, head, base, now)):
        return Difference(path=read.path, fields=(), line=None)
    sides = [_fields(read, side) for side in (parent, head, base, now)]
    trees = [side for side in sides if side is not None]
    if len(trees) != len(sides):
        expected = parent if _is_same(head, base) else head
        return None if _is_same(now, expected) else Difference(path=read.path, fields=(), line=None)
    wanted, found = merged(*trees), trees[-1]
    return None if wanted == found else _difference(read, differing(wanted, found), now)


def _is_same(one: FileAt, other: FileAt) -> bool:
    if isinstance(one, Unread) or isinstance(other, Unread):
        return False
    return (one.oid if one else None) == (other.oid if other else None)


def _fields(read: PathRead, side: FileAt) -> Tree | None:
    if not read.is_toml or side is None or isinstance(side, Unread) or side.text is None:
        return None
    return read_fields(side.text)


def _difference(read: PathRead, fields: tuple[Path, ...], after: FileAt) -> Difference:
    text = after.text if isinstance(after, BlobState) else None
    line = field_line(text, fields[0]) if fields and text is not None else None
    return Difference(path=read.path, fields=fields, line=line)
