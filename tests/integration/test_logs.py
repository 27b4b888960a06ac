"""`[rollout] logs`: the last lines of the machine that failed, in the job's log and nowhere else."""

from __future__ import annotations

import json

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import EXAMPLE, IMAGE, MANIFEST, make_bench, virtual

TOKEN = "ghp_" + "a1" * 18
PRINTED = "\n".join([f"line {number}" for number in range(30)] + [f"using {TOKEN}", "::error::no"])


def deploy(policy: str, **faults):
    bench = make_bench(manifest=MANIFEST.replace('mailer = "bin/mailer"\n', ""), faults=faults)
    bench.files["flightplan.toml"] = policy
    return bench, virtual(lambda: bench.deploy(image=IMAGE, gate=Gate.NONE))


def faults():
    found = json.loads((EXAMPLE / "faults" / "exits-after-passing.json").read_text("utf-8"))
    behaviours = [{**b, "task_output": PRINTED} for b in found.pop("behaviours", [])]
    return {**found, "behaviours": [*behaviours, {"image": "*", "task_output": PRINTED}]}


def test_the_last_lines__without_tokens_and_commands():
    bench, result = deploy("[rollout]\nlogs = true\n", **faults())
    told = [line for line in bench.console.log if line.startswith("log ")]
    assert result.outputs["result"] == "rolled-back"
    assert len(told) == 20, bench.console.log
    assert any("using (hidden)" in line for line in told)
    assert all(TOKEN not in text for text in (*bench.console.log, *bench.console.summaries))
    assert not any("line 2" in text for text in bench.console.summaries)


def test_off_unless_asked_for():
    bench, _ = deploy("", **faults())
    assert not [line for line in bench.console.log if line.startswith("log ")]


@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"status": 500}, {"status": 200, "body": {"data": [{"attributes": 1}, 2]}}]
)
def test_without_an_answer__the_deploy_ends_as_it_would(answer):
    broken = faults()
    broken["rules"] = [*broken.get("rules", []), {"operation": "log_read", "fault": "answer", **answer}]
    bench, result = deploy("[rollout]\nlogs = true\n", **broken)
    assert result.outputs["result"] == "rolled-back"
    assert not [line for line in bench.console.log if line.startswith("log ")]
