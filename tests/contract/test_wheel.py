"""The wheel of a release: built from the build lock as the image builds it, and installed as a person does."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from entrypoint import __version__
from tests.contract.inputs_page import read_action
from tests.stage import EXAMPLE, ROOT
from tests.wheel import build_wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_in_it(wheel):
    assert wheel.name == f"flightplan-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        meta = f"flightplan-{__version__}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{meta}/METADATA").decode())
        scripts = archive.read(f"{meta}/entry_points.txt").decode()
        inputs = archive.read("entrypoint/inputs.yml").decode()
    assert {name.partition("/")[0] for name in names} == {"entrypoint", meta}
    assert yaml.safe_load(inputs) == {"inputs": read_action()["inputs"]}, (
        "not what names the image that holds it"
    )
    assert {"entrypoint/report/templates/workflow.yml.j2"} <= names
    assert (metadata["Name"], metadata["Version"], metadata["Requires-Python"]) == (
        "flightplan",
        __version__,
        ">=3.11",
    )
    assert "flightplan = entrypoint.__main__:main" in scripts


def test_it_is_installed_and_works(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = str(home / "bin" / "python")
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    )
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")  # what --no-deps left out
    flightplan = str(home / "bin" / "flightplan")
    assert run(flightplan, "version", cwd=tmp_path) == f"flightplan {__version__}\n"
    assert str(site) in run(python, "-I", "-c", "import entrypoint; print(entrypoint.__file__)", cwd=tmp_path)
    found = run(
        flightplan, "validate", "--format", "json", "--config", str(EXAMPLE / "fly.toml"), cwd=tmp_path
    )
    assert json.loads(found)["app"] == "acme-shop"
    assert "--max-unavailable" in run(flightplan, "help", "plan", cwd=tmp_path), (
        "the inputs of action.yml came with it"
    )
    assert "complete" in run(flightplan, "completion", "bash", cwd=tmp_path)
    assert "acme-shop" in run(flightplan, "init", "--print", cwd=EXAMPLE)
