"""`make demo REPO=folder`: somebody's own fly.toml becomes a pull request, is planned and deployed, on simulators."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dulwich import porcelain
from dulwich.repo import Repo

from tests.stage import ROOT

pytestmark = pytest.mark.thorough
MANIFEST = """\
app = "my-app"
primary_region = "ams"

[processes]
  web = "bin/web"

[http_service]
  internal_port = 8080
  processes = ["web"]

  [[http_service.checks]]
    path = "/up"

[[files]]
  guest_path = "/etc/motd"
  local_path = "motd"
"""


def _demo(folder: Path) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.demo", "--repo", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_a_change_since_the_last_commit__is_planned_on_the_fleet_of_that_commit(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text(MANIFEST, "utf-8")
    (tmp_path / "motd").write_text("hello", "utf-8")
    Repo.init(str(tmp_path)).close()
    porcelain.add(str(tmp_path), paths=["fly.toml", "motd"])
    porcelain.commit(
        str(tmp_path),
        message=b"An app",
        author=b"Mona <mona@example.com>",
        committer=b"Mona <mona@example.com>",
    )
    (tmp_path / "fly.toml").write_text(MANIFEST.replace("bin/web", "bin/web --threads 8"), "utf-8")

    code, said = _demo(tmp_path)

    assert code == 0, said
    assert "### my-app · update 2 machines" in said
    assert '+ ["bin/web", "--threads", "8"]' in said
    assert "Done in" in said


def test_a_folder_without_a_commit__is_a_first_deploy(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text(MANIFEST, "utf-8")
    (tmp_path / "motd").write_text("hello", "utf-8")

    code, said = _demo(tmp_path)

    assert code == 0, said
    assert "### my-app · create 2 machines" in said


def test_a_folder_that_cannot_be_played__is_named_with_the_reason(tmp_path: Path) -> None:
    assert _demo(tmp_path / "nothing")[0] == 2
    (tmp_path / "fly.toml").write_text("[env]\n", "utf-8")
    assert _demo(tmp_path) == (2, f'{tmp_path / "fly.toml"}: it has no line app = "…"\n')
