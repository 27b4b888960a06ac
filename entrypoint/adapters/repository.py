"""The repository on this computer, for `flightplan init` and `doctor`. Nothing outside it is read or written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from entrypoint.kernel.errors import OutsideError

if TYPE_CHECKING:
    from dulwich.repo import Repo

MOST_DEPTH = 6
"""Levels of folders that are searched."""
MOST_BYTES = 1024 * 1024
_SKIPPED = frozenset({"node_modules", "vendor", "target", "dist", "build", "__pycache__", "venv"})
_ORIGIN = re.compile(
    r"(?:https?://(?:[^/@]+@)?|ssh://git@|git@)github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?"
)


class Repository:
    """The git repository around a folder; without one, the folder itself."""

    def __init__(self, folder: str) -> None:
        self._repo = _discover(folder)
        self.root = Path(folder if self._repo is None else os.fsdecode(self._repo.path)).resolve()

    @property
    def is_git(self) -> bool:
        """Whether there is a git repository."""
        return self._repo is not None

    def default_branch(self) -> str | None:
        """The branch of origin's HEAD, else the one that is checked out; None if both are unknown."""
        for ref in (b"refs/remotes/origin/HEAD", b"HEAD"):
            found = self._symbolic(ref)
            for prefix in ("refs/remotes/origin/", "refs/heads/"):
                if found.startswith(prefix):
                    return found.removeprefix(prefix)
        return None

    def origin(self) -> str:
        """owner/name of the remote `origin`, if it is on GitHub; else empty."""
        if self._repo is None:
            return ""
        try:
            url = self._repo.get_config().get((b"remote", b"origin"), b"url").decode("utf-8", "replace")
        except KeyError:
            return ""
        found = _ORIGIN.fullmatch(url)
        return found.group(1) if found else ""

    def find(self, pattern: re.Pattern[str], *, inside: str = "") -> Iterator[str]:
        """Sorted paths of the files whose name matches, below a folder of the repository.

        Folders in it that begin with a dot, and those with foreign code, are left out.
        """
        for folder, folders, files in os.walk(self.root / inside):
            here = Path(folder).relative_to(self.root)
            folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
            if len(here.parts) >= MOST_DEPTH:
                folders.clear()
            for name in sorted(files):
                if pattern.fullmatch(name):
                    yield (here / name).as_posix()

    def read(self, path: str) -> bytes | None:
        """The content of a regular file of at most 1 MiB inside the repository; None if there is no such file."""
        try:
            real = (self.root / path).resolve()
            is_ours = real.is_relative_to(self.root) and real.is_file() and real.stat().st_size <= MOST_BYTES
            return real.read_bytes() if is_ours else None
        except OSError:
            return None

    def write(self, path: str, text: str) -> None:
        """Write a new file, or replace one. Raises OutsideError."""
        file = self.root / path
        try:
            if not file.parent.resolve().is_relative_to(self.root):
                raise OutsideError(f"{path} leads out of the repository. Nothing was written.")
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_name(f"{file.name}.new")
            new.write_text(text, "utf-8", newline="\n")
            new.replace(file)
        except OSError as error:
            raise OutsideError(f"{path} cannot be written: {error}") from error

    def _symbolic(self, ref: bytes) -> str:
        if self._repo is None:
            return ""
        from dulwich.refs import Ref

        found = self._repo.refs.read_ref(Ref(ref)) or b""
        return (
            found.removeprefix(b"ref:").strip().decode("utf-8", "replace")
            if found.startswith(b"ref:")
            else ""
        )


def _discover(folder: str) -> Repo | None:
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo

    try:
        return Repo.discover(folder)
    except (NotGitRepository, OSError, ValueError):
        return None
