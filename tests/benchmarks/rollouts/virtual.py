"""On virtual time: exact, and the same however busy this computer is. What a program costs in CPU is not in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import anyio

from entrypoint.kernel.run import Gate
from tests.bench import Bench, make_bench, virtual
from tests.benchmarks.rollouts.cases import LATENCY, Case
from tests.benchmarks.rollouts.figures import REQUEST, Figures, measure
from tests.benchmarks.rollouts.path import critical_path
from tests.simulator.http.control import show_traffic


def run_virtual(
    case: Case, *, gate: Gate = Gate.NONE, fleet: Mapping[str, Any] | None = None
) -> tuple[Figures, Bench]:
    """Ours, once; and where it was played. `fleet`: another than the case's."""
    bench = make_bench(manifest=case.manifest(), fleet=fleet or case.fleet())
    bench.sim.latency = LATENCY

    async def story() -> tuple[str, float]:
        if gate is not Gate.NONE:
            await bench.plan()
            bench.sim.journal.entries.clear()
            await anyio.sleep(60)  # its requests are paid for
        begun = anyio.current_time()
        result = await bench.deploy(gate=gate)
        return result.outputs["result"], anyio.current_time() - begun

    result, wall = virtual(story)
    assert result == "deployed", "\n".join(bench.console.log)
    plan: dict[str, Any] = json.loads(bench.console.files["plan.json"])
    app = bench.sim.world.apps["acme-shop"]
    return measure(
        case,
        "flightplan",
        wall=wall,
        path=critical_path(case, plan),
        journal=bench.sim.journal.to_json(),
        traffic=[show_traffic(app, group=group, within=REQUEST) for group in case.names],
    ), bench
