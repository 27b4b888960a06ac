"""The stories of `make demo`, in process: each is planned, and ends as it says it does."""

from __future__ import annotations

import json

import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from tests.bench import IMAGE, make_bench, virtual
from tests.stories import stories

TELLS = {
    "merge": "update 6 machines, create 2",
    "bluegreen": "swap 4 machines",
    "rollback": "update 6 machines, create 2",
    "volumes": "update 6 machines, create 3",
}


@pytest.mark.parametrize("name", sorted(stories()))
def test_a_story__ends_as_it_says(name: str) -> None:
    story = stories()[name]
    faults = json.loads(story.faults.read_text("utf-8")) if story.faults is not None else None
    bench = make_bench(manifest=story.manifest, fleet=story.fleet, faults=faults)
    if story.policy:
        bench.files["flightplan.toml"] = story.policy

    async def tell() -> ExitCode:
        await bench.plan(image=IMAGE)
        return (await bench.deploy(image=IMAGE, gate=Gate.NONE)).exit_code

    code = virtual(tell)
    assert TELLS[name] in bench.planned
    assert int(code) == story.ends
