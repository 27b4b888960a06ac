"""Two deploys of one app at the same moment, of which neither has anything to write, and so none takes the lock."""

from __future__ import annotations

import json

import pytest

from tests.month.jobs import push_job
from tests.month.month import Month
from tests.simulator_github import branches


@pytest.mark.parametrize("older_first", [True, False])
@pytest.mark.parametrize("apart", [0, 5, 10, 15, 20, 25])
def test_the_done_mark__never_goes_back_to_the_older_commit(older_first: bool, apart: int) -> None:
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
