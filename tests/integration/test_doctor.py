"""doctor against both simulators: each thing that a deploy needs, there, missing, and not to be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Command, Format
from entrypoint.modes.doctor.run import doctor
from entrypoint.modes.result import Result
from tests.bench import FLEET, Bench, make_bench, make_inputs, make_run, virtual
from tests.simulator_github.world import Token

EPOCH = 1_767_225_600
"""Of the simulator."""
TOKEN = {"text": "fm2_bench", "apps": ["acme-shop"]}


def bench_with(**changes: Any) -> Bench:
    bench = make_bench(fleet={**FLEET, "tokens": [TOKEN], **changes})
    bench.propose()
    bench.merge()
    bench.github.world.branches["main"].protected = True
    return bench


def examine(
    bench: Bench, *, run: Any = None, github: bool = True, **inputs: Any
) -> tuple[Result, dict[str, Any]]:
    """The result, and the checks by name."""
    asked = make_inputs(command=Command.DOCTOR, **{"format": Format.JSON, "image": None, **inputs})
    about = run or make_run("workflow_dispatch")._replace(started_at=EPOCH)

    async def story() -> Result:
        world = bench.world()
        return await doctor(asked, about, world if github else world._replace(github=None))

    result = virtual(story)
    made = json.loads(bench.console.shown[0])
    assert made["schema"] == "flightplan/doctor-1"
    assert made["healthy"] is (result.exit_code is ExitCode.DONE)
    return result, {check["name"]: check for check in made["checks"]}


def test_all_is_well() -> None:
    bench = bench_with()
    before = (len(bench.github.world.comments), len(bench.github.world.statuses))
    result, checks = examine(bench)
    assert {name: check["health"] for name, check in checks.items()} == dict.fromkeys(
        (
            "fly.toml",
            "Fly token",
            "app",
            "rights",
            "clock",
            "image",
            "GitHub token",
            "comments",
            "statuses",
            "branch",
        ),
        "ok",
    ), checks
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.DONE, "healthy")
    assert "opens acme-shop" in checks["Fly token"]["says"]
    assert "6 machines in ams and gru" in checks["app"]["says"]
    assert "registry.fly.io/acme-shop" in checks["image"]["says"]
    assert checks["branch"]["says"] == "main is protected"
    assert "github-actions[bot]" in checks["GitHub token"]["says"]
    assert bench.writes() == []
    assert (len(bench.github.world.comments), len(bench.github.world.statuses)) == before
    assert bench.github.journal.violations() == []


@pytest.mark.parametrize(
    ("changes", "name", "health", "says"),
    [
        ({"tokens": [{**TOKEN, "read_only": True}]}, "rights", "not ok", "not change it"),
        ({"tokens": [{**TOKEN, "expires_at": 86_400}]}, "Fly token", "ok", "expires on 2 January 2026"),
        ({"tokens": [{**TOKEN, "text": "fm2_other"}]}, "Fly token", "not ok", "401"),
        ({"tokens": [{**TOKEN, "apps": ["other"]}]}, "Fly token", "not ok", "403"),
        ({"app": "other-shop", "tokens": []}, "app", "not ok", "There is no app acme-shop"),
    ],
)
def test_what_is_wrong_at_fly(changes: dict[str, Any], name: str, health: str, says: str) -> None:
    result, checks = examine(bench_with(**changes))
    assert (checks[name]["health"], says in checks[name]["says"]) == (health, True), checks
    is_wrong = any(check["health"] == "not ok" for check in checks.values())
    assert result.exit_code is (ExitCode.FINDINGS if is_wrong else ExitCode.DONE)
    assert {"GitHub token", "branch"} <= set(checks), "one that fails does not end the others"


@pytest.mark.parametrize(("ahead", "health"), [(60, "ok"), (61, "not ok"), (-60, "ok"), (-61, "not ok")])
def test_the_clock(ahead: int, health: str) -> None:
    run = make_run("workflow_dispatch")._replace(started_at=EPOCH + ahead)
    _, checks = examine(bench_with(), run=run)
    assert checks["clock"]["health"] == health
    assert (f"{abs(ahead)} s {'ahead of' if ahead > 0 else 'behind'} Fly" in checks["clock"]["says"]) is (
        health == "not ok"
    )


@pytest.mark.parametrize(
    ("permissions", "wrong"),
    [
        ({"contents": "read", "pull-requests": "write", "statuses": "read"}, {"statuses": "statuses: write"}),
        (
            {"contents": "read", "pull-requests": "read", "statuses": "write"},
            {"comments": "pull-requests: write"},
        ),
        ({"contents": "read"}, {"comments": "HTTP 403", "statuses": "statuses: write"}),
    ],
)
def test_what_a_job_s_token_may_not(permissions: dict[str, str], wrong: dict[str, str]) -> None:
    bench = bench_with()
    full = bench.github.world.tokens["ghs_simulated"]
    bench.github.world.tokens["ghs_simulated"] = Token(
        login=full.login, permissions={"metadata": "read", **permissions}
    )
    result, checks = examine(bench)
    assert result.exit_code is ExitCode.FINDINGS
    for name in ("comments", "statuses"):
        assert checks[name]["health"] == ("not ok" if name in wrong else "ok")
        if name in wrong:
            assert wrong[name] in checks[name]["says"]
            assert "pull-requests: write, statuses: write" in checks[name]["advice"]


def test_an_unprotected_branch__is_said_and_is_no_fault() -> None:
    bench = bench_with()
    bench.github.world.branches["main"].protected = False
    result, checks = examine(bench)
    assert result.exit_code is ExitCode.DONE
    assert "not protected" in checks["branch"]["says"]
    assert checks["branch"]["advice"]


def test_without_tokens_and_pull_requests__the_rest_is_looked_at() -> None:
    bench = make_bench()
    result, checks = examine(bench, fly_api_token=None, github_token=None, github=False)
    assert result.exit_code is ExitCode.FINDINGS
    assert checks["Fly token"]["advice"].endswith("fly tokens create deploy")
    assert checks["rights"]["health"] == checks["GitHub token"]["health"] == "unknown"
    result, checks = examine(bench)
    assert (result.exit_code, checks["comments"]["health"]) == (ExitCode.DONE, "unknown")


def test_what_is_missing_to_ask_github__is_told_apart() -> None:
    _, without_token = examine(make_bench(), github_token=None, github=False)
    _, without_repository = examine(make_bench(), github=False)
    assert "Set GITHUB_TOKEN" in without_token["GitHub token"]["advice"]
    assert "GITHUB_REPOSITORY=owner/name" in without_repository["GitHub token"]["advice"]


def test_the_pull_request_of_the_run__is_the_one_asked_about() -> None:
    bench = make_bench()
    bench.propose()
    assert examine(bench)[1]["comments"]["health"] == "unknown", "none is closed"
    run = make_run("pull_request")._replace(started_at=EPOCH)
    assert examine(bench, run=run)[1]["comments"]["health"] == "ok"


def test_github_that_does_not_answer__is_unknown_and_no_fault() -> None:
    bench = bench_with()
    bench.github.faults.order(status=503, times=1000)
    result, checks = examine(bench)
    assert {checks[name]["health"] for name in ("GitHub token", "comments", "statuses", "branch")} == {
        "unknown"
    }
    assert result.exit_code is ExitCode.DONE


@pytest.mark.parametrize(
    ("image", "health"),
    [
        ("registry.fly.io/acme-shop:v42", "ok"),
        ("registry.fly.io/nobody:v1", "not ok"),
        ("built-on-merge", "ok"),
    ],
)
def test_the_image(image: str, health: str) -> None:
    _, checks = examine(bench_with(), image=image)
    assert checks["image"]["health"] == health, checks["image"]


def test_files_with_errors_or_none() -> None:
    bench = bench_with()
    bench.files["fly.toml"] += "\n[[vm]]\nsize = 3\n"
    _, checks = examine(bench)
    assert (checks["fly.toml"]["health"], checks["app"]["health"]) == ("not ok", "ok")
    assert checks["fly.toml"]["advice"] == "flightplan validate --config fly.toml"
    del bench.files["fly.toml"]
    _, checks = examine(bench)
    assert "There is no file fly.toml" in checks["fly.toml"]["says"]
    assert checks["app"]["health"] == "not ok"


def test_people_read_lines_and_a_summary() -> None:
    bench = bench_with(tokens=[{**TOKEN, "read_only": True}])
    examine_text(bench)
    (text,), (summary,) = bench.console.shown, bench.console.summaries
    assert "not ok   rights        the token may read acme-shop but not change it\n" in text
    assert text.endswith("1 not ok.")
    assert "| ❌ not ok | rights | the token may read acme-shop but not change it |" in summary


def examine_text(bench: Bench) -> None:
    inputs = make_inputs(command=Command.DOCTOR, image=None)
    virtual(lambda: doctor(inputs, make_run("workflow_dispatch")._replace(started_at=EPOCH), bench.world()))


def test_fly_that_does_not_answer__is_unknown_and_no_fault() -> None:
    rule = {"operation": "*", "fault": "answer", "status": 503, "times": 100_000}
    bench = make_bench(faults={"rules": [rule]})
    result, checks = examine(bench)
    names = ("Fly token", "app", "rights")
    assert {checks[name]["health"] for name in names} == {"unknown"}, checks
    assert result.exit_code is ExitCode.DONE
