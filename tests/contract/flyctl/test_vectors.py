"""Every recorded deploy again: flyctl on our simulator leaves the fleet that it left on the server it was recorded with."""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.flyctl.likeness import outline
from tests.contract.flyctl.running import Ended, Flyctl
from tests.simulator.thread import run_simulator_here

pytestmark = pytest.mark.flyctl

ROOT = Path(__file__).parents[3]
OTHERS = Path(os.environ.get("FLIGHTPLAN_VECTORS") or ROOT.parent / "shared" / "vectors")
FOLDERS = (ROOT / "tests" / "golden" / "data", OTHERS)
FILES = ("deploys.jsonl", "deploys-wild.jsonl")
_VERBS = {
    "machine_create": "POST machines",
    "machine_update": "POST machine",
    "machine_destroy": "DELETE machine",
    "machine_start": "POST start",
    "volume_create": "POST volumes",
}


def read_vectors(file: str) -> list[dict[str, Any]]:
    """The lines of a file, wherever it is; none where it is not. The wild ones derive from others' files: read, never kept here."""
    for folder in FOLDERS:
        if (folder / file).is_file():
            return [json.loads(line) for line in (folder / file).read_text("utf-8").splitlines()]
    return []


VECTORS = {file: read_vectors(file) for file in FILES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of one."""

    ended: Ended
    fleet: dict[str, Any]
    writes: Counter[str]
    violations: list[str]


def replay(program: Path, folder: Path, vector: dict[str, Any]) -> Replayed:
    """flyctl deploys the recorded file to the recorded fleet."""
    folder.mkdir()
    with run_simulator_here(make_fleet(vector["before"]), speed=100.0) as simulator:
        flyctl = Flyctl(program=program, folder=folder, simulator=simulator)
        ended = flyctl.deploy(vector["toml"], tag=vector["tag"])
        done = (_VERBS.get(e["operation"]) for e in simulator.journal() if 200 <= e["status"] < 300)
        return Replayed(
            ended=ended,
            fleet=flyctl.fleet(),
            writes=Counter(verb for verb in done if verb),
            violations=simulator.violations(),
        )


def make_fleet(before: dict[str, Any]) -> dict[str, Any]:
    """A fleet file of a recorded fleet."""
    keep = ("id", "name", "region", "state", "config", "cordoned")
    machines = [{key: machine[key] for key in keep if key in machine} for machine in before["machines"]]
    volumes = [
        {key: volume[key] for key in ("id", "name", "region", "size_gb", "encrypted") if key in volume}
        for volume in before["volumes"]
    ]
    return {"app": before["app"], "status": before["status"], "machines": machines, "volumes": volumes}


@pytest.fixture(scope="module")
def replays(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All of them, begun side by side: flyctl mostly waits."""
    folder = tmp_path_factory.mktemp("replays")
    with ThreadPoolExecutor(6) as pool:
        begun: dict[str, Future[Replayed]] = {
            vector["name"]: pool.submit(replay, program, folder / vector["name"], vector)
            for vectors in VECTORS.values()
            for vector in vectors
        }
        yield begun


def _params() -> list[Any]:
    return [pytest.param(v, id=v["name"]) for vectors in VECTORS.values() for v in vectors]


@pytest.mark.parametrize("vector", _params())
def test_flyctl_leaves_the_fleet_that_was_recorded(
    vector: dict[str, Any], replays: dict[str, Future[Replayed]]
) -> None:
    replayed = replays[vector["name"]].result(timeout=600)
    before = vector["before"]
    known = {thing["id"] for thing in (*before["machines"], *before["volumes"])}
    assert replayed.ended.code == vector["rc"], replayed.ended.said
    assert outline(replayed.fleet, known=known) == outline(vector["after"], known=known)
    executed = Counter(f"{w['method']} {w['kind']}" for w in vector["writes"] if w["status"] < 300)
    assert replayed.writes == executed
    assert replayed.violations == []
    if vector["rc"]:
        assert replayed.ended.said.strip().splitlines()[-1] == vector["said"].strip().splitlines()[-1]


@pytest.mark.parametrize("file", FILES)
def test_there_is_something_to_replay(file: str) -> None:
    if not VECTORS[file]:
        pytest.skip(f"{file} derives from other projects' files and is not in {OTHERS}")
    assert len(VECTORS[file]) >= 20
