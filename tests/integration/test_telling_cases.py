"""The telling cases of tests/golden, deployed: what the outcome says (outcome.md), and that nothing is left to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import virtual
from tests.golden.cases import SMALL, check, make_case


@pytest.mark.parametrize("case", SMALL, ids=[case.name for case in SMALL])
def test_a_case_that_can_be_deployed__leaves_nothing_to_do(case: Path) -> None:
    bench, inputs, _ = make_case(case)

    async def story() -> tuple[str, str]:
        first = await bench.deploy(gate=Gate.NONE, **inputs)
        told.extend(bench.console.summaries[-1:])
        then = await bench.plan(**inputs)
        return first.outputs["result"], then.outputs["result"]

    told: list[str] = []
    first, then = virtual(story)
    check(case / "outcome.md", told[0] + "\n")
    said = (case / "comment.md").read_text("utf-8")
    if first == "blocked":
        assert "cannot deploy" in said
        assert bench.writes() == []
    elif "can pass in time" in said or "Choose another region or size" in said:
        assert first == "rolled-back"
    else:
        assert (first, then) in {("deployed", "nothing-to-do"), ("nothing-to-do", "nothing-to-do")}, (
            bench.console.log
        )
