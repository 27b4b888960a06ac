"""Stories, each a folder of stories/: fly.toml and fleet.json (flightplan.toml, inputs.json), and story.json where it ends in another way.

story.json: `ends`, the result of the deploy; `is_reviewed`: it goes through the gate, while the others take as much time each time they are
told; `faults`, what the simulator does meanwhile; `before`, the fly.toml that main
has when the review begins; `pushed`, a word of fly.toml and what somebody
makes of it after the review; `by_hand`, what somebody lays over machines' configs after the review; `cancelled_after`, seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from entrypoint.kernel.run import CommentMode, Format, Gate
from entrypoint.modes.result import Result
from entrypoint.report.marker import parse_plan
from tests.bench import Bench, virtual
from tests.golden.cases import make_case, read
from tests.simulator.state.hands import perform

STORIES = sorted(path.parent for path in (Path(__file__).parent / "stories").glob("*/fly.toml"))


_HOST = re.compile(r"http://github\d+\.test:80")


@dataclass(frozen=True, slots=True)
class Told:
    """What people saw of a story, by file."""

    files: dict[str, str]
    result: str


def tell(folder: Path) -> Told:
    """The plan on the pull request and on a terminal, then the merge: what the log and the outcome say."""
    how = read(folder / "story.json")
    bench, inputs, _ = make_case(folder, faults=how.get("faults"))
    files: dict[str, str] = {}

    async def story() -> Result | None:
        if (before := how.get("before")) is not None:
            _put_on_main(bench, before)
        files.update(await _plan(bench, inputs))
        return await _deploy(bench, how, inputs) if how.get("is_reviewed") else None

    ended = virtual(story)
    if ended is None:  # on a clock of its own: GitHub is asked in threads, which makes times uneven
        bench, inputs, _ = make_case(folder, faults=how.get("faults"))
        ended = virtual(lambda: _deploy(bench, how, {**inputs, "gate": Gate.NONE}))
    if log := "\n".join(bench.console.log).strip():
        files["log.txt"] = _HOST.sub("https://github.test", log)
    files["outcome.md"] = bench.console.summaries[-1]
    return Told(files, ended.outputs["result"])


def _put_on_main(bench: Bench, text: str) -> None:
    wanted, bench.files["fly.toml"] = bench.files["fly.toml"], text
    bench.push()
    bench.files["fly.toml"] = wanted


async def _plan(bench: Bench, inputs: dict[str, Any]) -> dict[str, str]:
    files = {}
    await bench.plan(**inputs)
    if bench.said():  # where no file names the app, the job fails without a comment
        said = parse_plan(bench.planned)
        assert said is not None
        files["comment.md"] = said.visible
    if (made := bench.console.files.get("plan.json")) is not None:
        files["plan.json"] = made
    await bench.plan(**inputs, format=Format.TEXT, comment=CommentMode.NEVER)
    files["plan.txt"] = "\n".join(bench.console.shown).rstrip("\n")
    return files


async def _deploy(bench: Bench, how: dict[str, Any], inputs: dict[str, Any]) -> Result:
    bench.merge()
    if words := how.get("pushed"):
        bench.files["fly.toml"] = bench.files["fly.toml"].replace(*words)
    for machine, config in how.get("by_hand", {}).items():
        perform(bench.sim.world, {"act": "update", "machine": machine, "config": config})
    if (seconds := how.get("cancelled_after")) is None:
        return await bench.deploy(**inputs)
    stop, ended = anyio.Event(), []

    async def run() -> None:
        ended.append(await bench.deploy(stop=stop, **inputs))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await anyio.sleep(seconds)
        stop.set()
    return ended[0]
