"""The image, built once for all tests from this checkout's Dockerfile."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import ROOT

IMAGE = "flightplan-under-test"


@pytest.fixture(scope="session")
def image() -> str:
    """Its name. A failed build shows the builder's log.

    Each of pytest's workers asks for it, one after the other: the first builds, the others find every layer made.
    """
    with (Path(tempfile.gettempdir()) / f"{IMAGE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = subprocess.run(
            ["docker", "build", "--network", "host", "--tag", IMAGE, "."],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    assert built.returncode == 0, built.stdout[-5000:]
    return IMAGE


@pytest.fixture(scope="session")
def action(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as a release has it, which names an image: a folder."""
    text = (ROOT / "action.yml").read_text("utf-8")
    assert text.count("image: Dockerfile\n") == 1
    folder = tmp_path_factory.mktemp("action")
    (folder / "action.yml").write_text(
        text.replace("image: Dockerfile\n", f"image: docker://{image}\n"), "utf-8"
    )
    return folder


@pytest.fixture(autouse=True)
def _no_container_stays() -> Iterator[None]:
    """A test that fails half-way leaves its container running: end it, by its own label."""
    yield
    listed = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", f"label=flightplan-test={os.getpid()}"],
        check=True,
        capture_output=True,
        text=True,
    )
    if found := listed.stdout.split():
        subprocess.run(["docker", "rm", "--force", *found], check=True, capture_output=True)
