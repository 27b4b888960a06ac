"""A git repository in memory, with real objects: the same commit has the same number here and in git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from dulwich.index import commit_tree
from dulwich.object_store import MemoryObjectStore, iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID

FILE, LINK, MODULE = 0o100644, 0o120000, 0o160000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A path's mode and object. Of a submodule, the object is a commit that is elsewhere."""

    mode: int
    oid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """A commit, read. `when` in seconds since 1970; `author` is a login."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: str
    when: int


Content = bytes | str | Entry | None
"""A file's bytes or text, a mode and object as they are, or None: no such file."""


@dataclass(kw_only=True)
class Repository:
    """Objects, and the questions that a server answers about them. Branches are the world's."""

    store: MemoryObjectStore = field(default_factory=MemoryObjectStore)
    _infos: dict[str, Info] = field(default_factory=dict)
    _files: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    def __contains__(self, sha: str) -> bool:
        return sha in self._infos

    def entry(self, content: bytes | str | Entry) -> Entry:
        """Store it."""
        if isinstance(content, Entry):
            return content
        blob = Blob.from_string(content.encode() if isinstance(content, str) else content)
        self.store.add_object(blob)
        return Entry(mode=FILE, oid=blob.id.decode())

    def commit(
        self,
        files: Mapping[str, Entry],
        *,
        parents: Sequence[str],
        author: str,
        message: str,
        when: int,
        committer: str | None = None,
    ) -> str:
        """A commit of exactly these files."""
        blobs = [(path.encode(), ObjectID(e.oid.encode()), e.mode) for path, e in sorted(files.items())]
        tree = commit_tree(self.store, blobs)
        made = Commit()
        made.tree, made.parents = tree, [ObjectID(p.encode()) for p in parents]
        made.author = _identity(author)
        made.committer = _identity(committer or author)
        made.author_time = made.commit_time = when
        made.author_timezone = made.commit_timezone = 0
        made.encoding, made.message = b"UTF-8", message.encode()
        self.store.add_object(made)
        sha = made.id.decode()
        self._infos[sha] = Info(
            sha=sha, tree=tree.decode(), parents=tuple(parents), message=message, author=author, when=when
        )
        above = (self._ancestors[p] for p in parents)
        self._ancestors[sha] = frozenset((sha,)).union(*above)
        return sha

    def info(self, sha: str) -> Info:
        """Raises KeyError."""
        return self._infos[sha]

    def files(self, sha: str) -> dict[str, Entry]:
        """All of a commit's files by path."""
        tree = self._infos[sha].tree
        if tree not in self._files:
            self._files[tree] = {
                entry.path.decode(): Entry(mode=entry.mode, oid=entry.sha.decode())
                for entry in iter_tree_contents(self.store, ObjectID(tree.encode()))
            }
        return dict(self._files[tree])

    def read(self, oid: str) -> bytes:
        """A blob's bytes."""
        return self.store[ObjectID(oid.encode())].as_raw_string()

    def changed(self, sha: str, changes: Mapping[str, Content]) -> dict[str, Entry]:
        """The files of `sha` with `changes`."""
        files = self.files(sha)
        for path, content in changes.items():
            if content is None:
                files.pop(path, None)
            else:
                files[path] = self.entry(content)
        return files

    def contains(self, sha: str, other: str) -> bool:
        """Whether `other` is `sha` or one of its ancestors."""
        return other in self._ancestors[sha]

    def ancestors(self, sha: str) -> frozenset[str]:
        """It and all above it."""
        return self._ancestors[sha]

    def line(self, sha: str) -> list[str]:
        """The first-parent line, newest first."""
        found = [sha]
        while self._infos[found[-1]].parents:
            found.append(self._infos[found[-1]].parents[0])
        return found

    def between(self, base: str, head: str) -> list[str]:
        """What `head` has and `base` has not, parents before children."""
        wanted = self._ancestors[head] - self._ancestors[base]
        return self.sorted(wanted)

    def sorted(self, shas: Iterable[str]) -> list[str]:
        """Parents before children; the older first where git leaves it open."""
        rest, found = set(shas), []
        while rest:
            ready = [s for s in rest if not rest.intersection(self._infos[s].parents)]
            first = min(ready, key=lambda s: (self._infos[s].when, s))
            found.append(first)
            rest.remove(first)
        return found

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor; of several (criss-cross), the newest."""
        common = self._ancestors[one] & self._ancestors[other]
        best = [c for c in common if not any(c in self._ancestors[d] for d in common if d != c)]
        return max(best, key=lambda s: (self._infos[s].when, s), default=None)

    def merged(self, ours: str, theirs: str, base: str | None = None) -> dict[str, Entry] | None:
        """The three-way merge of files and, where both sides touched one, of its lines. None: a conflict."""
        base = base or self.merge_base(ours, theirs)
        was = self.files(base) if base else {}
        left, right, result = self.files(ours), self.files(theirs), {}
        for path in sorted(was.keys() | left.keys() | right.keys()):
            before, a, b = was.get(path), left.get(path), right.get(path)
            if a == b or b == before:
                chosen = a
            elif a == before:
                chosen = b
            elif before and a and b and {before.mode, a.mode, b.mode} == {FILE}:
                text = merge_lines(*(self.read(e.oid).decode() for e in (before, a, b)))
                if text is None:
                    return None
                chosen = self.entry(text)
            else:
                return None
            if chosen is not None:
                result[path] = chosen
        return result


def merge_lines(base: str, ours: str, theirs: str) -> str | None:
    """As git merges: changes that overlap or touch conflict unless they are the same."""
    lines = base.splitlines(keepends=True)
    changes = sorted({*_changes(lines, ours), *_changes(lines, theirs)})
    result, at = [], 0
    for index, (start, end, text) in enumerate(changes):
        if index and start <= changes[index - 1][1]:
            return None
        result += lines[at:start]
        result.append(text)
        at = end
    return "".join([*result, *lines[at:]])


def _changes(base: list[str], text: str) -> list[tuple[int, int, str]]:
    lines = text.splitlines(keepends=True)
    codes = SequenceMatcher(None, base, lines, autojunk=False).get_opcodes()
    return [(i1, i2, "".join(lines[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _identity(login: str) -> bytes:
    return f"{login} <{login}@users.noreply.github.invalid>".encode()
