"""What is checked out, in every form that actions/checkout or a person leaves it in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from entrypoint.adapters.checkout import Checkout
from tests.simulator_github.checkout import Variant, checkout
from tests.simulator_github.git import LINK, Entry, Repository

FILES = {"fly.toml": 'app = "x"\n', "deploy/fly.toml": 'app = "y"\n', "bin/run": "#!/bin/sh\n"}


def _entries(git: Repository, files: dict[str, str]) -> dict[str, Entry]:
    return {path: git.entry(text) for path, text in files.items()}


@pytest.fixture
def git() -> tuple[Repository, str, str, str]:
    """A repository with a test merge: its commit, the base's tip, the head."""
    git = Repository()
    first = git.commit(_entries(git, FILES), parents=(), message="first", author="mona", when=1)
    files = FILES | {"fly.toml": 'app = "z"\n'}
    base = git.commit(_entries(git, FILES), parents=(first,), message="base", author="mona", when=2)
    head = git.commit(_entries(git, files), parents=(first,), message="head", author="mona", when=3)
    merge = git.commit(_entries(git, files), parents=(base, head), message="merge", author="mona", when=4)
    return git, merge, base, head


@pytest.mark.parametrize("variant", [Variant.LOOSE, Variant.PACKED, Variant.BRANCH, Variant.PACKED_REFS])
def test_the_commit_its_tree_and_parents(
    git: tuple[Repository, str, str, str], tmp_path: Path, variant: Variant
) -> None:
    repository, merge, base, head = git
    checkout(repository, merge, tmp_path / "w", variant)
    here = Checkout(str(tmp_path / "w"))
    found = here.head()
    assert found is not None
    assert (found.sha, found.tree, found.parents) == (merge, repository.info(merge).tree, (base, head))
    assert here.is_committed("fly.toml", b'app = "z"\n')
    assert here.is_committed("deploy/fly.toml", b'app = "y"\n')
    assert not here.is_committed("fly.toml", b'app = "x"\n')
    assert not here.is_committed("generated.toml", b"")
    assert not here.is_committed("deploy", b"")


@pytest.mark.parametrize("variant", [Variant.REFTABLE, Variant.NONE])
def test_where_it_cannot_be_told(
    git: tuple[Repository, str, str, str], tmp_path: Path, variant: Variant
) -> None:
    repository, merge, _, _ = git
    checkout(repository, merge, tmp_path / "w", variant)
    here = Checkout(str(tmp_path / "w"))
    assert here.head() is None
    assert not here.is_committed("fly.toml", b'app = "z"\n')


@pytest.mark.parametrize(
    "spoil",
    [
        lambda git: (git / "HEAD").write_text("nonsense\n"),
        lambda git: (git / "HEAD").write_text("ref: refs/heads/unborn\n"),
        lambda git: (git / "HEAD").write_text("0" * 40 + "\n"),
        lambda git: (git / "HEAD").unlink(),
        lambda git: (git / "config").write_text("[core\n"),
        lambda git: [file.write_bytes(b"x") for file in (git / "objects").glob("??/*")],
    ],
)
def test_a_broken_repository_tells_nothing(
    git: tuple[Repository, str, str, str], tmp_path: Path, spoil
) -> None:
    repository, merge, _, _ = git
    checkout(repository, merge, tmp_path / "w", Variant.LOOSE)
    for file in (tmp_path / "w" / ".git" / "objects").glob("??/*"):
        file.chmod(0o644)
    spoil(tmp_path / "w" / ".git")
    assert Checkout(str(tmp_path / "w")).head() is None


def test_a_link_is_not_the_file_it_leads_to(tmp_path: Path) -> None:
    """Its blob holds the target's name: that the target changes is seen by no commit of the link."""
    git = Repository()
    target = git.entry("fly.toml")
    files = {"fly.toml": git.entry("x"), "linked.toml": Entry(mode=LINK, oid=target.oid)}
    sha = git.commit(files, parents=(), message="m", author="mona", when=1)
    checkout(git, sha, tmp_path / "w", Variant.LOOSE)
    assert not Checkout(str(tmp_path / "w")).is_committed("linked.toml", b"fly.toml")
    assert not Checkout(str(tmp_path / "w")).is_committed("linked.toml", b"x")


def test_what_git_itself_makes(tmp_path: Path) -> None:
    """The same, by git, where there is one: a packed repository with a delta in it."""
    folder = tmp_path / "r"
    folder.mkdir()

    def run(*words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=m", "-c", "user.email=m@x", *words],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    try:
        run("init", "-q")
    except FileNotFoundError:
        pytest.skip("no git here")
    for number in range(3):
        (folder / "fly.toml").write_text("x = 1\n" * 500 + f"y = {number}\n")
        run("add", ".")
        run("commit", "-q", "-m", str(number))
    run("gc", "-q", "--aggressive")
    found = Checkout(str(folder)).head()
    assert found is not None
    assert (found.sha, found.tree) == (run("rev-parse", "HEAD"), run("rev-parse", "HEAD^{tree}"))
    assert Checkout(str(folder)).is_committed("fly.toml", (folder / "fly.toml").read_bytes())
