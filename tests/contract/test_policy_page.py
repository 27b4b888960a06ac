"""docs/flightplan-toml.md has a row for every key that is read, and no other; its example has every key; its defaults are the reader's."""

from __future__ import annotations

import re
import tomllib

import pytest

from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.policy.groups import GroupPolicy
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.policy.read import read_policy
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


def example() -> str:
    (found,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_example_has_every_key_and_no_finding() -> None:
    found = tomllib.loads(example())
    has = {("groups.X", key) for group in found.pop("groups").values() for key in group}
    has |= {
        (section, "NAME" if section == "rules" else key) for section, keys in found.items() for key in keys
    }
    assert has == set(re.findall(r"^\| `\[([a-z.X]+)\] ([a-zA-Z_]+)` \|", PAGE, re.MULTILINE))
    assert read_policy(example(), file="flightplan.toml").findings == ()


def defaults() -> dict[str, str]:
    """The last cell of each row whose default is a value of the file's own."""
    rows = re.findall(r"^\| `(\[[a-z.X]+\] [a-zA-Z_]+)` \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE)
    return {key: cell.strip("`") for key, cell in rows}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("[groups.X] singleton", GroupPolicy().singleton),
        ("[groups.X] drain", GroupPolicy().drain),
        ("[groups.X] start", GroupPolicy().start),
        ("[groups.X] snapshot", GroupPolicy().snapshot),
        ("[groups.X] when_empty", GroupPolicy().when_empty),
        ("[rollout] logs", Policy().logs),
        ("[verify] bake", 0),
    ],
)
def test_a_default_is_what_an_empty_file_means(key: str, value: object) -> None:
    assert defaults()[key] == str(value).lower()


def test_every_value_that_the_page_names_is_taken() -> None:
    """A row's words in code font, of keys that take one of several."""
    for section, key, words in re.findall(
        r"^\| `\[([a-z.X]+)\] (when_empty|addresses|on_failure)` \|[^|]*\|([^|]*)\|", PAGE, re.MULTILINE
    ):
        values = re.findall(r"`([a-z]+)`", words)
        assert len(values) > 1
        for value in values:
            text = f'[{section.replace("X", "web")}]\n{key} = "{value}"\n'
            assert read_policy(text, file="flightplan.toml").findings == ()
    assert read_policy("[groups.web]\ncount = 2\n", file="f").policy.groups[GroupName("web")].count == 2
