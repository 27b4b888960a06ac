"""What is pictured, by name: from the kept cases of tests/golden/comments, and from deploys on the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from entrypoint.kernel.run import Format, Look
from entrypoint.report.marker import parse_plan
from tests.bench import MANIFEST, Bench, make_bench, virtual
from tests.stage import ROOT

CASES = ROOT / "tests" / "golden" / "comments"
PLANS = {
    "plan": "new-group",
    "plan-update": "update",
    "plan-blocked": "cannot-execute",
    "plan-first-deploy": "first-deploy",
    "plan-destroys": "group-removed-blocked",
    "plan-destroys-allowed": "group-renamed",
    "plan-hostile-names": "hostile-names",
    "plan-nothing-to-do": "nothing-to-do",
}
CHECKS_NEVER_PASS = {"behaviours": [{"image": "*:v42*", "group": "web", "checks": "never"}]}


def subjects() -> Iterator[tuple[str, str]]:
    """Name and Markdown of each."""
    for name, case in PLANS.items():
        yield name, (CASES / case / "comment.md").read_text("utf-8")
    plan, deployed, summary = _deploy()
    yield "plan-example", plan
    yield "outcome-deployed", deployed
    yield "summary", summary
    _, rolled_back, _ = _deploy(faults=CHECKS_NEVER_PASS)
    yield "outcome-rolled-back", rolled_back
    yield "refusal", _refuse()


def terminal() -> str:
    """What a terminal shows of the example app without its worker, in colours."""
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))
    virtual(lambda: bench.plan(format=Format.TEXT, look=Look(color=True)))
    return bench.console.shown[0].rstrip()


def _deploy(**changes: Any) -> tuple[str, str, str]:
    """The plan, the outcome and the summary of the example app."""
    bench = make_bench(**changes)

    async def story() -> None:
        await bench.plan()
        await bench.deploy()

    virtual(story)
    return _visible(bench.planned), bench.told, bench.console.summaries[-1]


def _refuse() -> str:
    """Somebody has pushed to main after the review."""
    bench: Bench = make_bench()

    async def story() -> None:
        await bench.plan()
        bench.merge()
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("bin/web", "bin/web --fast")
        await bench.deploy()

    virtual(story)
    return bench.told


def _visible(body: str) -> str:
    framed = parse_plan(body)
    assert framed is not None
    return framed.visible
