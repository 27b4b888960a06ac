"""The wheel of a release, built from the build lock as the image builds it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.stage import ROOT

SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "action.yml", "entrypoint")
"""What the Dockerfile copies to build it."""


def build_wheel(folder: Path) -> Path:
    """The file, below `folder`."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / "src").mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / "src" / name)
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir",
            str(folder / "dist"), str(folder / "src"),
        ],
        env={"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = (folder / "dist").iterdir()
    return made
