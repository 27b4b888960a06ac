"""The working folder is a pull request's checkout: nothing in it may run with our tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.container.runner import start
from tests.stage import stage

pytestmark = pytest.mark.container
_ATTACK = (
    "import sys\nopen('/github/workspace/ran', 'a').write(__name__ + ' ' + __file__ + '\\n')\nsys.exit(99)\n"
)
_MODULES = (
    "httpx.py", "trio.py", "anyio.py", "tomlkit.py", "jinja2.py", "re.py", "json.py", "sitecustomize.py", "usercustomize.py",
    "github/__init__.py", "entrypoint/__init__.py", "entrypoint/__main__.py", "entrypoint/app.py",
    ".local/lib/python3.13/site-packages/sitecustomize.py",
)  # fmt: skip
_JOB = {
    "PYTHONPATH": "/github/workspace/evil:/github/workspace",
    "PYTHONHOME": "/github/workspace/evil",
    "PYTHONSTARTUP": "/github/workspace/evil/httpx.py",
    "PYTHONUSERBASE": "/github/workspace/.local",
    "PYTHONINSPECT": "1",
    "PATH": "/utter-nonsense",
}


def _poison(workspace: Path) -> None:
    for folder in (workspace, workspace / "evil"):
        for module in _MODULES:
            path = folder / module
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_ATTACK, "utf-8")


def test_runs_none_of_it(image: str) -> None:
    with stage() as here:
        _poison(here.workspace)
        code, log = start(here, image, "pull_request", job=_JOB).finish()
        assert code == 0, log
        assert not (here.workspace / "ran").exists(), (here.workspace / "ran").read_text("utf-8")
        assert here.outputs()["result"] == "planned"


@pytest.mark.parametrize(
    "job", [{}, {"PYTHONPATH": "/github/workspace/evil"}], ids=["working-folder", "PYTHONPATH"]
)
def test_the_attack_works_where_python_is_not_isolated(image: str, job: dict[str, str]) -> None:
    """The control: without -I the same workspace takes over, so the test above can fail."""
    with stage() as here:
        _poison(here.workspace)
        start(
            here, image, "pull_request", job=job, entrypoint=["/venv/bin/python", "-m", "entrypoint"]
        ).finish()
        assert (here.workspace / "ran").exists()
