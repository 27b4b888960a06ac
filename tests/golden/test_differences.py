"""docs/flyctl-differences.md ↔ what differs: every name on the page is shown here, and nothing else differs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.convert.tasks import release_config
from entrypoint.manifest.read import read
from tests.golden.deploys import differences
from tests.golden.vectors import ROOT, load

PAGE = (ROOT / "docs" / "flyctl-differences.md").read_text("utf-8")
TWO_GROUPS = '[processes]\nweb = "x"\nworker = "y"\n'
SHOWN: dict[str, tuple[str, dict[str, Any] | None, set[str]]] = {
    "files-processes": (
        TWO_GROUPS + '[deploy]\nrelease_command = "z"\n'
        '[[files]]\nguest_path = "/k"\nsecret_name = "KEY"\nprocesses = ["worker"]\n',
        None,
        {"web.files", "release.files"},
    ),
    "managed-postgres": (
        "",
        {"metadata": {"fly-managed-postgres": "true"}},
        {"app.metadata.fly-managed-postgres"},
    ),
    "mount-fields": (
        '[[mounts]]\nsource = "d"\ndestination = "/new"\n',
        {"mounts": [{"name": "d", "path": "/old", "volume": "v", "encrypted": True, "size_gb": 3}]},
        {"app.mounts"},
    ),
    "standby-for": (
        TWO_GROUPS,
        {"standbys": ["one"], "env": {"FLY_STANDBY_FOR": "one"}},
        {"web.env.FLY_STANDBY_FOR", "worker.env.FLY_STANDBY_FOR"},
    ),
    "unknown-keys": (
        'machine_config = \'{"guest": {"tomorrow": 1}}\'\n',
        {"hovercraft": {"eels": 1}, "init": {"tty": True, "shiny": True}},
        {"app.guest.tomorrow", "app.hovercraft", "app.init.shiny"},
    ),
}


def configs(toml: str, live: dict[str, Any] | None, compat: Compat) -> dict[str, Any]:
    """Every config of a file, by group; `release` is the release machine's."""
    manifest = read(toml, file="fly.toml").manifest
    assert manifest is not None
    release = release_config(manifest, compat=compat)
    return {
        **{g: machine_config(manifest, group=g, live=live, compat=compat).config for g in manifest.groups},
        "release": release.config if release else None,
    }


def changed(toml: str, live: dict[str, Any] | None) -> set[str]:
    """The paths at which the two modes differ."""
    return set(differences(configs(toml, live, Compat.FLIGHTPLAN), configs(toml, live, Compat.FLYCTL)))


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_difference_is_shown(name: str) -> None:
    toml, live, paths = SHOWN[name]
    assert changed(toml, live) == paths


def test_the_page_lists_exactly_these() -> None:
    switched = PAGE[PAGE.index("## Switched back") : PAGE.index("## Not switched")]
    assert re.findall(r"^### (.+)$", switched, re.MULTILINE) == sorted(SHOWN)


def test_no_case_differs_but_by_files() -> None:
    """files-processes is the only one that a file alone can show."""
    found: set[str] = set()
    for case in load("flytoml-cases"):
        if "groups" in case["flyctl"]:
            found |= {path.partition(".")[2] for path in changed(case["toml"], None)}
    assert found == {"files"}


def test_blocks_on_the_page_are_rules_of_ours() -> None:
    """Names in the second table that a plan would print exist in the sources."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "entrypoint").rglob("*.py"))
    named = set(re.findall(r"\(`([a-z-]+)`\)", PAGE))
    assert named
    assert {name for name in named if f'"{name}"' not in sources} == set()
