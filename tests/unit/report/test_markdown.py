"""The templates."""

from __future__ import annotations

import re

import pytest

from tests.stage import ROOT

TEMPLATES = sorted((ROOT / "entrypoint" / "report" / "templates").glob("*.md.j2"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_place_in_a_row_of_a_table__is_kept_from_ending_its_cell(template):
    rows = [line for line in template.read_text("utf-8").splitlines() if line.startswith("|")]
    places = [place for row in rows for place in re.findall(r"\{\{ (.*?) \}\}", row)]
    assert [place for place in places if not place.endswith("|cell")] == []
