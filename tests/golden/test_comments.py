"""Telling cases, each a folder of comments/: fly.toml and fleet.json (flightplan.toml, inputs.json) → comment.md, plan.json, plan.txt, outcome.md.

`UPDATE_GOLDEN=1 pytest tests/golden/test_comments.py` writes what is said now; the review of that diff is the test.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from entrypoint.kernel.run import AllowDestroy, CommentMode, Format, Gate
from entrypoint.report.marker import parse_plan
from tests.bench import Bench, make_bench, virtual

CASES = sorted(path.parent for path in (Path(__file__).parent / "comments").glob("*/fly.toml"))
SMALL = [
    case
    for case in CASES
    if "copies" not in (case / "inputs.json").read_text("utf-8")
    and '"read_only"' not in (case / "fleet.json").read_text("utf-8")
]
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
DEFAULTS = json.loads((Path(__file__).parent / "comments" / "fleet-defaults.json").read_text("utf-8"))


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


def make_case(case: Path) -> tuple[Bench, dict[str, Any], dict[str, int]]:
    """The bench of a case, its inputs, and `copies`: so many machines more of a config."""
    inputs = read(case / "inputs.json")
    copies = inputs.pop("copies", {})
    if "allow_destroy" in inputs:
        inputs["allow_destroy"] = AllowDestroy(inputs["allow_destroy"])
    fleet = {**DEFAULTS, **read(case / "fleet.json")}
    fleet["configs"] = {**DEFAULTS["configs"], **fleet.get("configs", {})}
    regions = ("ams", "gru", "iad", "nrt")
    for group, count in copies.items():
        fleet["machines"] = fleet.get("machines", []) + [
            {"id": f"{group[:2]}{index:012}", "region": regions[index % len(regions)], "config": group}
            for index in range(count)
        ]
    bench = make_bench(manifest=(case / "fly.toml").read_text("utf-8"), fleet=fleet)
    policy = case / "flightplan.toml"
    if policy.exists():
        bench.files["flightplan.toml"] = policy.read_text("utf-8")
    return bench, inputs, copies


def read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    assert isinstance(found, dict)
    return found


def check(path: Path, text: str) -> None:
    if UPDATE:
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text
