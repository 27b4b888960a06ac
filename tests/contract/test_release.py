"""What a release needs from this repository, and how its scripts refuse. Building and running one: tests/container/test_release.py."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from entrypoint import __version__
from tests.stage import ROOT

SCRIPTS = ROOT / ".github" / "release"
CHANGELOG = """# Changelog

## Unreleased

- Later.

## 1.2.3 (1 December 2026)

- One thing.
- Another, see `## 9.9.9`.

## 1.2.2

## 1.2.1 (30 November 2026)

- Before.
"""


def notes(folder, tag: str, *, version: str) -> subprocess.CompletedProcess[str]:
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    command = [sys.executable, str(SCRIPTS / "notes.py"), tag]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def test_the_notes_are_the_section_of_the_version(tmp_path):
    done = notes(tmp_path, "v1.2.3", version="1.2.3")
    assert (done.returncode, done.stdout) == (0, "- One thing.\n- Another, see `## 9.9.9`.\n")


@pytest.mark.parametrize(
    ("tag", "version", "said"),
    [
        (
            "v1.2.4",
            "1.2.4",
            "CHANGELOG.md has no notes for 1.2.4. Write them below a heading `## 1.2.4 (date)`.",
        ),
        (
            "v1.2.2",
            "1.2.2",
            "CHANGELOG.md has no notes for 1.2.2. Write them below a heading `## 1.2.2 (date)`.",
        ),
        ("v1.2", "1.2", "v1.2 is no release: a tag is v1.2.3."),
        ("v1.2.3-rc1", "1.2.3", "v1.2.3-rc1 is no release: a tag is v1.2.3."),
        ("v1.2.3", "1.2.2", "pyproject.toml has version 1.2.2. Set it to 1.2.3, or tag v1.2.2."),
    ],
)
def test_what_is_not_ready_is_not_released(tmp_path, tag, version, said):
    done = notes(tmp_path, tag, version=version)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"release: {said}\n")


def test_one_version_everywhere():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__
    files = [ROOT / "README.md", *(ROOT / "examples").rglob("*.yml")]
    named = {
        found
        for file in files
        for found in re.findall(r"flightplan-dev/flightplan@(v[\w.]+)", file.read_text("utf-8"))
    }
    assert named == {f"v{__version__}"}


def test_the_base_of_a_release_is_that_of_the_dockerfile_by_digest():
    (base,) = re.findall(r"^FROM (\S+)$", (SCRIPTS / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    (tag,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    name, _, digest = base.partition("@")
    assert name == tag
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
