"""What editors, pre-commit and code scanning are given works with what we really print."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from entrypoint import __version__
from tests.stage import ROOT

WRONG = 'app = "shop"\nkill_signal = "SIGSTOP"\n[http_service]\ninternal_port = "8080"\nautostop = "stop"\n'
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
BIN = Path(sys.executable).parent


def run(folder: Path, command: str | list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
        shell=isinstance(command, str),
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_problem_matcher__finds_every_error_and_warning_that_is_printed(tmp_path):
    (tmp_path / "fly.toml").write_text(WRONG, "utf-8")
    (matcher,) = json.loads((ROOT / "examples" / "problem-matcher.json").read_text("utf-8"))["problemMatcher"]
    (pattern,) = matcher["pattern"]
    printed = run(tmp_path, "flightplan validate").stdout
    found = [
        {key: match[group] for key, group in pattern.items() if key != "regexp"}
        for match in re.finditer(pattern["regexp"], printed, re.MULTILINE)
    ]
    listed = json.loads(run(tmp_path, "flightplan validate --format json").stdout)["findings"]
    expected = [item for item in listed if item["severity"] in ("error", "warning")]
    assert {item["severity"] for item in expected} == {"error", "warning"}
    assert [(f["file"], int(f["line"]), int(f["column"]), f["severity"], f["code"]) for f in found] == [
        (f["file"], f["line"], f["column"], f["severity"], f["rule"]) for f in expected
    ]


def test_the_hook__is_as_pre_commit_wants_it():
    assert set(HOOK) <= {"id", "name", "description", "entry", "language", "files", "require_serial"}
    assert {"id", "name", "entry", "language"} <= set(HOOK)
    for path in ("fly.toml", "apps/web/fly.toml", "fly.staging.toml", "flightplan.toml", "a/flightplan.toml"):
        assert re.search(HOOK["files"], path), path
    for path in ("butterfly.toml", "fly.tomlx", "pyproject.toml", "fly.json", "fly..toml"):
        assert not re.search(HOOK["files"], path), path


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"fly.toml": 'app = "shop"\n', "apps/web/fly.toml": 'app = "web"\n'}, 0, ""),
        ({"fly.toml": 'app = "shop"\n', "apps/web/fly.toml": WRONG}, 1, "apps/web/fly.toml:4:17: error"),
        (
            {"fly.toml": 'app = "shop"\n', "flightplan.toml": "[groups.wbe]\ncount = 1\n"},
            1,
            "flightplan.toml:1:",
        ),
    ],
    ids=["well", "one is wrong", "the policy is wrong"],
)
def test_the_hook__checks_all_files_that_it_is_given(tmp_path, files, code, said):
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    done = run(tmp_path, [*shlex.split(HOOK["entry"]), *files])
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


def test_code_scanning__gets_a_file_also_where_there_are_errors(tmp_path):
    workflow = yaml.safe_load((ROOT / "examples" / "workflows" / "code-scanning.yml").read_text("utf-8"))
    steps = workflow["jobs"]["validate"]["steps"]
    (validate,) = [step["run"] for step in steps if "validate" in step.get("run", "")]
    (upload,) = [step["with"] for step in steps if "upload-sarif" in step.get("uses", "")]
    for text, count in ((WRONG, 2), ('app = "shop"\n', 0)):
        (tmp_path / "fly.toml").write_text(text, "utf-8")
        done = run(tmp_path, ["bash", "-e", "-c", validate])
        assert (done.returncode, done.stderr) == (0, "")
        made = json.loads((tmp_path / upload["sarif_file"]).read_text("utf-8"))
        assert made["version"] == "2.1.0"
        results = made["runs"][0]["results"]
        assert len([result for result in results if result["level"] != "note"]) == count
    (tmp_path / "fly.toml").unlink()
    assert run(tmp_path, ["bash", "-e", "-c", validate]).returncode != 0, "no file is no success"
    (install,) = [step["run"] for step in steps if "pipx" in step.get("run", "")]
    assert install.endswith(f"/v{__version__}/flightplan-{__version__}-py3-none-any.whl")
