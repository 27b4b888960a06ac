"""Two deploys of one app at the same moment."""

from __future__ import annotations

import json

import anyio
import pytest

from entrypoint.kernel.run import Gate
from tests.bench import FLEET, make_bench, virtual
from tests.month.jobs import push_job
from tests.month.month import Month
from tests.simulator_github import branches

CRON = """app = "acme-shop"
primary_region = "ams"

[processes]
  cron = "supercronic /app/crontab"

[[mounts]]
  source = "data"
  destination = "/data"
"""


@pytest.mark.parametrize("older_first", [True, False])
@pytest.mark.parametrize("apart", [0, 5, 10, 15, 20, 25])
def test_the_done_mark__never_goes_back_to_the_older_commit(older_first: bool, apart: int) -> None:
    """Neither has anything to write, and so none takes the lock."""
    with Month(way="none") as month:
        month.open(pull="one", kinds="env", who="mona")
        month.merge(pull="one", how="merge", update=False)
        jobs = []
        for number in range(2):
            before = month.world.branches["main"].sha
            after = branches.commit(month.world, "main", {"src/a.py": f"{number}"}, message=f"{number}")
            inputs = month._inputs(after)
            jobs.append(
                push_job(month.wires, "main", before=before, after=after, inputs=inputs, run=9 + number)
            )
        older, newer = jobs
        ended = month.runner.run_at_once(*(jobs if older_first else reversed(jobs)), apart=apart)
        assert {one.code for one in ended} == {0}, [one.log for one in ended]
        marks = [
            json.loads(m.metadata["flightplan_done"])
            for m in month._machines()
            if "flightplan_done" in m.metadata
        ]
        assert max(marks, key=lambda mark: mark["n"])["c"] == newer.sha
        assert month.runner.run(older).result == "superseded"


def test_a_machine_that_another_run_of_the_same_plan_has_made__is_left_to_it() -> None:
    """Lists that do not show it yet make the second run create it once more, with another volume. Its name is taken."""
    empty = {**FLEET, "machines": [], "volumes": [], "status": "pending"}
    hidden = {"operation": "machine_list", "fault": "hide", "rows": "*", "after": 20.0}
    bench = make_bench(manifest=CRON, fleet=empty, faults={"rules": [hidden]})
    results: list[str] = []

    async def run() -> None:
        results.append((await bench.deploy(gate=Gate.NONE)).outputs["result"])

    async def story() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            group.start_soon(run)

    virtual(story)
    assert results == ["deployed", "deployed"], bench.console.log
    (cron,) = bench.groups()["cron"]
    assert cron.state == "started"
    assert "machine_destroy" not in " ".join(w for w in bench.writes() if cron.id in w)
