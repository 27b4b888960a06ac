"""Every id that a finding can carry is explained: by a page in docs/rules, or by a row of docs/plan-findings.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from entrypoint.manifest.checks.rules.catalogue import PAGES
from entrypoint.report.findings.rule_pages import REPOSITORY, page_url

ROOT = Path(__file__).parents[2]
PAGE = f"{REPOSITORY}/blob/main/docs/plan-findings.md"
MAKERS = {"Finding", "finding_at", "add", "error", "warn", "_block", "_warn", "note"}
_ID = re.compile(r"[a-z]+(-[a-z]+)*")


def _ids(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in MAKERS:
            given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "rule")]
            for value in given:
                if (
                    isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                    and _ID.fullmatch(value.value)
                ):
                    yield value.value


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _in(room: str) -> set[str]:
    return {id_ for path in (ROOT / "entrypoint" / room).rglob("*.py") for id_ in _ids(path)}


def test_findings_in_files_have_a_page() -> None:
    found = _in("manifest")
    assert len(found) > 20, "the search finds nothing any more"
    assert found <= set(PAGES)


def test_findings_of_a_plan_have_a_row() -> None:
    text = (ROOT / "docs" / "plan-findings.md").read_text(encoding="utf-8")
    anchored = re.findall(r'^\| <a id="([a-z-]+)"></a>`([a-z-]+)` \|', text, re.MULTILINE)
    assert len(anchored) == text.count("\n| ") - 1, "each row has an anchor; the head has none"
    assert [anchor for anchor, _ in anchored] == [id_ for _, id_ in anchored]
    rows = [id_ for _, id_ in anchored]
    assert rows == sorted(set(rows))
    found = _in("planning")
    assert len(found) > 20, "the search finds nothing any more"
    assert set(rows) == found | {"conversion"}
    assert all(page_url(id_) == f"{PAGE}#{id_}" for id_ in rows if id_ not in PAGES)
