"""The repository on this computer: what is read, found and written, and that nothing outside it is."""

from __future__ import annotations

import re

import pytest
from dulwich.repo import Repo

from entrypoint.adapters.repository import MOST_BYTES, MOST_DEPTH, Repository
from entrypoint.kernel.errors import OutsideError


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repo").mkdir()
    Repo.init(str(tmp_path / "repo"), default_branch=b"main").close()
    return Repository(str(tmp_path / "repo"))


def test_only_files_of_the_repository_are_read(repository, tmp_path):
    (tmp_path / "outside").write_text("secret")
    (repository.root / "link").symlink_to(tmp_path / "outside")
    (repository.root / "folder").mkdir()
    (repository.root / "fly.toml").write_bytes(b"x" * MOST_BYTES)
    (repository.root / "large").write_bytes(b"x" * (MOST_BYTES + 1))
    found = {name: repository.read(name) for name in ("link", "../outside", "folder", "gone", "large")}
    assert found == dict.fromkeys(found)
    assert repository.read("fly.toml") == b"x" * MOST_BYTES


def test_files_are_found_by_name_and_not_among_other_people_s(repository):
    deep = "/".join("abcdefgh"[:MOST_DEPTH])
    kept = ["a/b/fly.toml", "b/fly.toml", "fly.toml", f"{deep}/fly.toml"]
    for path in (
        *kept,
        "node_modules/x/fly.toml",
        ".github/fly.toml",
        f"{deep}/deeper/fly.toml",
        "a/fly.tomlx",
    ):
        (repository.root / path).parent.mkdir(parents=True, exist_ok=True)
        (repository.root / path).write_text("")
    assert sorted(repository.find(re.compile(r"fly\.toml"))) == sorted(kept)


def test_a_file_is_written_whole_or_not_at_all(repository, tmp_path):
    repository.write(".github/workflows/x.yml", "one\n")
    repository.write(".github/workflows/x.yml", "two\n")
    folder = repository.root / ".github" / "workflows"
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("x.yml", "two\n")]
    (tmp_path / "elsewhere").mkdir()
    (repository.root / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutsideError, match="leads out"):
        repository.write("out/deeper/x.yml", "")
    (repository.root / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot be written"):
        repository.write("file/x.yml", "")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_where_there_is_no_git__the_folder_itself(tmp_path):
    found = Repository(str(tmp_path))
    assert (found.is_git, found.root, found.default_branch(), found.origin()) == (
        False,
        tmp_path.resolve(),
        None,
        "",
    )


def test_a_branch_that_is_not_told(repository):
    assert (repository.is_git, repository.default_branch(), repository.origin()) == (True, "main", "")
    (repository.root / ".git" / "HEAD").write_text("4" * 40 + "\n")
    assert Repository(str(repository.root)).default_branch() is None
