"""The commit that is checked out: its tree, its parents, and whether a file of the workspace is unchanged.

The image has no git, so dulwich reads the objects. If the commit cannot be read (no .git, a reftable, a broken repository), it is None.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dulwich.repo import Repo

    from entrypoint.kernel.checkout import Head


class Checkout:
    """The repository around a folder of the workspace. The first call imports dulwich."""

    def __init__(self, root: str) -> None:
        self._root = root

    def head(self) -> Head | None:
        """The commit of HEAD."""
        with self._open() as repo:
            return None if repo is None else _head(repo)

    def is_committed(self, path: str, data: bytes) -> bool:
        """Whether `path` is a regular file of HEAD's tree with exactly this content. False if unknown."""
        with self._open() as repo:
            return repo is not None and _blob_at(repo, path) == _blob_id(data)

    @contextmanager
    def _open(self) -> Iterator[Repo | None]:
        from dulwich.repo import Repo

        repo = None
        try:
            repo = Repo(self._root)
        except Exception:  # noqa: BLE001  # any error means that we cannot read the repository
            yield None
        else:
            yield repo
        finally:
            if repo is not None:
                repo.close()


def _head(repo: Repo) -> Head | None:
    from dulwich.objects import Commit

    from entrypoint.kernel.checkout import Head

    try:
        found = repo[repo.head()]
        if not isinstance(found, Commit):
            return None
        parents = tuple(parent.decode() for parent in found.parents)
        return Head(sha=found.id.decode(), tree=found.tree.decode(), parents=parents)
    except Exception:  # noqa: BLE001  # as above
        return None


def _blob_at(repo: Repo, path: str) -> str | None:
    from dulwich.object_store import tree_lookup_path
    from dulwich.objects import ObjectID

    head = _head(repo)
    if head is None:
        return None
    try:
        mode, sha = tree_lookup_path(repo.__getitem__, ObjectID(head.tree.encode()), path.encode())
    except Exception:  # noqa: BLE001  # as above
        return None
    return sha.decode() if stat.S_ISREG(mode) else None


def _blob_id(data: bytes) -> str:
    """Git's id of this content. Always SHA-1, so in a repository with SHA-256 every file counts as different."""
    import hashlib  # validate needs none

    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
