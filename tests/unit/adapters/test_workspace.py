"""Which files may be read."""

from __future__ import annotations

import pytest

from entrypoint.adapters.workspace import MOST_BYTES, Workspace
from entrypoint.kernel.errors import UsageError


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "fly.toml").write_text("app = 'a'")
    (tmp_path / "token").write_text("hunter2")
    return folder


@pytest.mark.parametrize("path", ["../token", "link", "folder/link"])
def test_in_a_workflow_nothing_outside_the_checkout_is_read(checkout, path):
    (checkout / "link").symlink_to("../token")
    (checkout / "folder").symlink_to("..")
    (checkout.parent / "link").symlink_to("token")
    with pytest.raises(UsageError, match="out of the workspace"):
        Workspace(str(checkout), is_fence=True).read(path)


def test_on_a_laptop_any_file_may_be_named(checkout):
    files = Workspace(str(checkout), is_fence=False)
    assert files.read("../token") == b"hunter2"
    assert files.read(str(checkout.parent / "token")) == b"hunter2"
    assert files.read("fly.toml") == b"app = 'a'"


@pytest.mark.parametrize("is_fence", [True, False])
def test_what_is_no_file_is_not_there(checkout, is_fence):
    files = Workspace(str(checkout), is_fence=is_fence)
    assert files.read("nothing") is None
    assert files.read(".") is None


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_names_that_no_file_can_have_are_wrong_inputs(checkout, path):
    with pytest.raises(UsageError, match="cannot be read"):
        Workspace(str(checkout), is_fence=True).read(path)


def test_a_huge_file_is_refused(checkout):
    with (checkout / "big").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(UsageError, match="larger than"):
        Workspace(str(checkout), is_fence=True).read("big")
