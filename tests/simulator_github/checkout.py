"""A commit on disk, as actions/checkout leaves it: the files, and a .git with real objects of this one commit.

actions/checkout fetches to depth 1. A pull request's job is on a detached HEAD, a push's on a branch; git keeps what it fetched as loose
objects or as a pack.
"""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path

from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.object_store import iter_tree_contents
from dulwich.objects import ObjectID, ShaFile
from dulwich.pack import write_pack

from tests.simulator_github.git import LINK, MODULE, Repository


class Variant(StrEnum):
    """How the .git folder looks."""

    LOOSE = "loose"
    PACKED = "packed"
    BRANCH = "branch"
    """HEAD is a branch, whose file is loose."""
    PACKED_REFS = "packed-refs"
    """HEAD is a branch, which only packed-refs names."""
    REFTABLE = "reftable"
    """Git's newer format of references: HEAD says nothing."""
    NONE = "none"
    """No .git: the files were downloaded as an archive."""


def checkout(git: Repository, sha: str, folder: Path, variant: Variant = Variant.LOOSE) -> None:
    """Write it; whatever was in `folder` goes."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for path, entry in git.files(sha).items():
        target = folder / path
        if entry.mode == MODULE:
            target.mkdir(parents=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == LINK:
            target.symlink_to(git.read(entry.oid).decode())
        else:
            target.write_bytes(git.read(entry.oid))
    if variant is not Variant.NONE:
        _write_git(git, sha, folder, variant)


def check_out_beside(git: Repository, sha: str, folder: Path) -> None:
    """The commit's .git in a folder whose files are there already, on a branch, as somebody's own clone has it."""
    if (folder / ".git").exists():
        shutil.rmtree(folder / ".git")
    _write_git(git, sha, folder, Variant.BRANCH)


def _write_git(git: Repository, sha: str, folder: Path, variant: Variant) -> None:
    """By hand: dulwich would wait for the disk at every file."""
    inside, objects = folder / ".git", _objects(git, sha)
    for name in ("objects/pack", "objects/info", "refs/heads", "refs/tags"):
        (inside / name).mkdir(parents=True)
    (inside / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
    )
    if variant is Variant.PACKED:
        base = inside / "objects" / "pack" / f"pack-{'0' * 40}"
        write_pack(str(base), [(item, None) for item in objects], DEFAULT_OBJECT_FORMAT)
    else:
        for item in objects:
            name = item.id.decode()
            place = inside / "objects" / name[:2]
            place.mkdir(exist_ok=True)
            (place / name[2:]).write_bytes(item.as_legacy_object())
    (inside / "shallow").write_text(f"{sha}\n")
    ref = "refs/heads/main"
    match variant:
        case Variant.BRANCH:
            _write(inside / ref, f"{sha}\n")
        case Variant.PACKED_REFS:
            _write(inside / "packed-refs", f"# pack-refs with: peeled fully-peeled sorted \n{sha} {ref}\n")
        case Variant.REFTABLE:
            _write(inside / "HEAD", "ref: refs/heads/.invalid\n")
            _write(inside / "reftable" / "tables.list", "0x000000000001-0x000000000001-00000000.ref\n")
            with (inside / "config").open("a") as config:
                config.write("[extensions]\n\trefStorage = reftable\n")
            return
        case _:
            _write(inside / "HEAD", f"{sha}\n")
            return
    _write(inside / "HEAD", f"ref: {ref}\n")


def _objects(git: Repository, sha: str) -> list[ShaFile]:
    """The commit, its trees and blobs."""
    tree = ObjectID(git.info(sha).tree.encode())
    below = [
        git.store[entry.sha]
        for entry in iter_tree_contents(git.store, tree, include_trees=True)
        if entry.mode != MODULE
    ]
    found = {item.id: item for item in (git.store[ObjectID(sha.encode())], *below)}
    return list(found.values())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
