"""What the pages refer to exists: files, headings, make targets, functions of the house."""

from __future__ import annotations

import re

import pytest

from tests.stage import ROOT

_NOT_OURS = {".venv", ".git", "build", "node_modules", "golden"}
PAGES = sorted(page for page in ROOT.rglob("*.md") if not _NOT_OURS & set(page.relative_to(ROOT).parts))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SOURCE = re.compile(r'<(?:img|source)\b[^>]*?\bsrc(?:set)?="([^"]+)"')


def headings(page):
    """Anchors: those that GitHub makes of headings, and those of the page's own."""
    text = page.read_text("utf-8")
    lines = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
    return made | set(re.findall(r'<a id="([\w-]+)">', text))


def prose(page):
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    dead = []
    for link in (*_LINK.findall(prose(page)), *_SOURCE.findall(prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in headings(target)):
            dead.append(link)
    assert dead == []


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))}
    assert named <= targets
    assert {"demo", "test"} <= named | set(
        re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    )


def test_every_module_that_the_architecture_names_exists():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*/?(?:\.py)?)`", text))
    paths = {name for name in named if "/" in name}
    assert paths
    assert {
        name for name in paths if not any((ROOT / folder / name).exists() for folder in ("", "entrypoint"))
    } == set()


def test_the_index_leads_to_every_page():
    index = set(_LINK.findall((ROOT / "docs" / "README.md").read_text("utf-8")))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages - {link.partition("#")[0] for link in index} == set()


def test_the_files_that_a_new_thing_touches_exist():
    named = re.findall(
        r"`((?:entrypoint|tests|docs|examples)/[^` ]*|action\.yml)`",
        (ROOT / "docs" / "where-things-go.md").read_text("utf-8"),
    )
    assert len(named) > 50
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "rules").glob("[!R]*.md")), ids=lambda page: page.stem
)
def test_every_rule_names_its_source_with_a_link(page):
    assert _LINK.search(page.read_text("utf-8").partition("## Source")[2])
