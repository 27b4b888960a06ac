"""Telling cases, each a folder of comments/: fly.toml and fleet.json (flightplan.toml, inputs.json) → comment.md, plan.json, plan.txt, outcome.md.

`UPDATE_GOLDEN=1 pytest tests/golden/test_comments.py tests/integration/test_telling_cases.py` writes what is said now; the review of that diff is the test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoint.kernel.run import CommentMode, Format
from entrypoint.report.marker import parse_plan
from tests.bench import virtual
from tests.golden.cases import CASES, check, make_case


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case__is_said_like_this(case: Path) -> None:
    bench, inputs, copies = make_case(case)

    async def story() -> str:
        await bench.plan(**inputs)
        made = bench.console.files["plan.json"]
        await bench.plan(**inputs, format=Format.TEXT, comment=CommentMode.NEVER)
        return made

    made = virtual(story)

    body = bench.planned
    framed = parse_plan(body)
    assert framed is not None
    assert [record is not None for record in framed.records] == [True]
    assert len(body) < 65_536
    check(case / "comment.md", framed.visible + "\n")
    if not copies:
        check(case / "plan.json", made + "\n")
        check(case / "plan.txt", "\n".join(bench.console.shown))
