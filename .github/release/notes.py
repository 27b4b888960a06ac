"""Print what CHANGELOG.md says of a release: `notes.py v1.2.3`. Fails where it says nothing, or where pyproject.toml has another version."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def notes(changelog: str, version: str) -> str:
    """The section whose heading begins with the version, without the heading; "" where there is none."""
    sections = re.split(r"^## +", changelog, flags=re.MULTILINE)[1:]
    for section in sections:
        heading, _, text = section.partition("\n")
        if heading.split()[0] == version:
            return text.strip()
    return ""


def check(tag: str, folder: Path) -> str:
    """The notes of the tag; raises ValueError with what to do where the folder is not ready for it."""
    if not re.fullmatch(r"v(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", tag):
        raise ValueError(f"{tag} is no release: a tag is v1.2.3.")
    version = tag.removeprefix("v")
    declared = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if declared != version:
        raise ValueError(f"pyproject.toml has version {declared}. Set it to {version}, or tag v{declared}.")
    found = notes((folder / "CHANGELOG.md").read_text("utf-8"), version)
    if not found:
        raise ValueError(
            f"CHANGELOG.md has no notes for {version}. Write them below a heading `## {version} (date)`."
        )
    return found


if __name__ == "__main__":
    try:
        print(check(sys.argv[1], Path.cwd()))
    except ValueError as error:
        sys.exit(f"release: {error}")
