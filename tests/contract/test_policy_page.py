"""docs/flightplan-toml.md has a row for every key that is read, and no other."""

from __future__ import annotations

import re

from entrypoint.manifest.policy_reading import read_policy
from tests.stage import ROOT

PAGE = (ROOT / "docs" / "flightplan-toml.md").read_text("utf-8")


def known(section: str) -> set[str]:
    """The keys that a misspelt one is told about."""
    (finding,) = read_policy(f"[{section}]\nqqqqqqqqqqqqqqqq = 1\n", file="flightplan.toml").findings
    return set(finding.hint.removeprefix("Known here: ").rstrip(".").split(", "))


def test_every_key_has_a_row() -> None:
    rows = set(re.findall(r"^\| `\[([a-z.X]+)\] ([a-zA-Z_]+)` \|", PAGE, re.MULTILINE))
    read = {
        (section, key) for section in ("rollout", "network", "verify", "comment") for key in known(section)
    }
    read |= {("groups.X", key) for key in known("groups.web")}
    assert rows == read | {("rules", "NAME")}
