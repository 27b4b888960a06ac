"""A lock is installed, never resolved: each is closed, every place installs it as it is, and a newer release changes nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.stage import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
ROOTS = {
    "requirements.txt": RUNTIME,
    "requirements-dev.txt": [*RUNTIME, *PROJECT["project"]["optional-dependencies"]["dev"]],
    "requirements-build.txt": PROJECT["build-system"]["requires"],
}
"""What each lock is made from."""
MACHINES = [
    {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "darwin": "Darwin"}[system],
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for version in ("3.11", "3.12", "3.13", "3.14")
    for system in ("linux", "darwin")
]


def locked(lock: str) -> dict[str, str]:
    """Name → version."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / lock).read_text("utf-8"), flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def holes(lock: str, machine: dict[str, str]) -> Iterator[str]:
    """What the lock lacks on that machine, followed from its roots through every extra that is asked for."""
    have = locked(lock)
    ahead = [("pyproject.toml", Requirement(text), "") for text in ROOTS[lock]]
    seen: set[tuple[str, str]] = set()
    while ahead:
        asker, wanted, extra = ahead.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({**machine, "extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        if name not in have or not wanted.specifier.contains(have[name], prereleases=True):
            yield f"{asker} needs {wanted}; locked is {have.get(name, 'nothing')}"
            continue
        for asked in ("", *wanted.extras):
            if (name, asked) not in seen:
                seen.add((name, asked))
                ahead += [(name, Requirement(text), asked) for text in distribution(name).requires or ()]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m['python_version']}-{m['sys_platform']}")
@pytest.mark.parametrize("lock", sorted(ROOTS))
def test_a_lock__holds_everything_that_it_needs(lock, machine):
    assert sorted(set(holes(lock, machine))) == []


def test_the_dev_lock__agrees_with_the_one_that_ships():
    dev = locked("requirements-dev.txt")
    assert {name: dev.get(name) for name in locked("requirements.txt")} == locked("requirements.txt")


def test_what_is_installed_here__is_what_is_locked():
    found = {name: distribution(name).version for name in locked("requirements-dev.txt")}
    assert found == locked("requirements-dev.txt")


@pytest.mark.parametrize(
    "place", ["Makefile", "Dockerfile", ".ci/run", ".ci/new-machine", "docs", ".github", "README.md"]
)
def test_every_place__installs_a_lock_as_it_is(place):
    root = ROOT / place
    files = (
        [file for file in root.rglob("*") if file.is_file() and file.suffix != ".png"]
        if root.is_dir()
        else [root]
    )
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            if "install" in line and re.search(r"-r\s+requirements", line):
                assert "--no-deps" in line, f"{file}: {line}"
                assert "--require-hashes" in line, f"{file}: {line}"


BACKEND = """
import zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/thing-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: thing\\nVersion: 1.0\\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("thing-1.0.dist-info/RECORD", "")
    return "thing-1.0-py3-none-any.whl"
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


class Index:
    """A project with a lock, and a folder of wheels in which more may be found than is locked."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.wheels = folder / "wheels"
        self.project.mkdir()
        self.wheels.mkdir()
        shutil.copy(ROOT / "Makefile", self.project)
        (self.project / "pyproject.toml").write_text(PYPROJECT)
        (self.project / "backend.py").write_text(BACKEND)
        (self.project / "setup.py").write_text("")
        (self.project / "requirements-dev.txt").write_text("")

    def publish(self, name: str, version: str, *requires: str, extra: str = "") -> Path:
        """A wheel in the folder."""
        stem = f"{name}-{version}"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += f"Provides-Extra: {extra}\n" if extra else ""
        metadata += "".join(f"Requires-Dist: {text}\n" for text in requires)
        files = {
            f"{stem}.dist-info/METADATA": metadata,
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},{_hash(text)},{len(text)}\n" for path, text in files.items())
        path = self.wheels / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for file, text in {**files, f"{stem}.dist-info/RECORD": record}.items():
                wheel.writestr(file, text)
        return path

    def lock(self, name: str, version: str, wheel: Path) -> None:
        """Add a line to the lock."""
        line = f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        with (self.project / "requirements-dev.txt").open("a") as lock:
            lock.write(line)

    def make_venv(self) -> subprocess.CompletedProcess[str]:
        """The Makefile's own rule."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE"))},
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }
        return subprocess.run(
            ["make", "venv"], cwd=self.project, env=environment, check=False, capture_output=True, text=True
        )

    def installed(self, name: str) -> list[str]:
        """Versions of it in the environment that was made."""
        return [
            path.name.split("-")[1].removesuffix(".dist")
            for path in self.project.glob(f".venv/lib/*/site-packages/{name}-*.dist-info")
        ]


def _hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


@pytest.mark.thorough
def test_a_release_newer_than_the_lock__changes_nothing(tmp_path):
    index = Index(tmp_path)
    index.lock("asker", "1.0", index.publish("asker", "1.0", "asked[more]>=1.0"))
    index.lock("asked", "1.0", index.publish("asked", "1.0", extra="more"))
    index.publish("asked", "2.0", extra="more")
    made = index.make_venv()
    assert made.returncode == 0, made.stdout + made.stderr
    assert index.installed("asked") == ["1.0"]


@pytest.mark.thorough
def test_a_lock_with_a_hole__is_refused_and_says_what_it_lacks(tmp_path):
    index = Index(tmp_path)
    index.lock("asker", "1.0", index.publish("asker", "1.0", "asked>=1.0"))
    index.publish("asked", "1.0")
    made = index.make_venv()
    assert made.returncode != 0
    assert "asker 1.0 requires asked, which is not installed" in made.stdout + made.stderr


@pytest.mark.thorough
def test_a_wheel_that_was_changed__is_refused(tmp_path):
    index = Index(tmp_path)
    index.lock("asked", "1.0", index.publish("asked", "1.0"))
    index.publish("asked", "1.0", extra="more")
    made = index.make_venv()
    assert made.returncode != 0
    assert "DO NOT MATCH THE HASHES" in made.stdout + made.stderr
