"""Read docs/rules: every page has a bad and a good example, and both are run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from entrypoint.kernel.findings import Finding
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read

FOLDER = Path(__file__).parents[3] / "docs" / "rules"
MARK = "<-- here"
SECTIONS = ("Why", "Bad", "Good", "Source")
_BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, taken apart."""

    title: str
    summary: str
    level: str
    sections: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The files of an example; the first is fly.toml."""

    files: Mapping[str, str]

    @property
    def marked(self) -> set[tuple[str, int]]:
        """File and line of every mark."""
        return {
            (name, number)
            for name, text in self.files.items()
            for number, line in enumerate(text.split("\n"), 1)
            if MARK in line
        }

    def findings(self) -> tuple[Finding, ...]:
        """What `flightplan validate` finds in it."""
        policy = read_policy(self.files.get("flightplan.toml", ""), file="flightplan.toml")
        reading = read(
            self.files["fly.toml"], file="fly.toml", local=_Files(self.files), policy=policy.policy
        )
        unknown = policy.unknown_groups(reading.manifest) if reading.manifest else ()
        return (*reading.findings, *policy.findings, *unknown)


@dataclass(frozen=True, slots=True)
class _Files:
    files: Mapping[str, str]

    def read(self, path: str) -> bytes | None:
        found = self.files.get(path)
        return None if found is None else found.encode()


def page(id_: str) -> Page:
    text = (FOLDER / f"{id_}.md").read_text(encoding="utf-8")
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    title, summary, level = head.strip().split("\n\n")
    sections = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}
    return Page(title=title, summary=summary, level=level, sections=sections)


def example(id_: str, section: str) -> Example:
    blocks = list(_BLOCK.finditer(page(id_).sections[section]))
    assert blocks, f"{id_}: no example under {section}"
    return Example(files={block["file"] or "fly.toml": block["text"] for block in blocks})
