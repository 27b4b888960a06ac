"""What is loaded before the first request of a plan and of a deploy (modes/loading.py). Counted, not timed: a count fails where a time would only be noise."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

import pytest

from entrypoint.adapters.runner.declared import read_inputs
from entrypoint.modes.loading import ENDED, deploy_parts, plan_parts

MANIFEST = 'app = "shop"\n[http_service]\ninternal_port = 8080\n'
MOST_MODULES = 103
"""Of ours, without the rules and checks of fly.toml, which are a file each."""
MOST_DATACLASSES = 4
"""In all of these. Python writes and compiles the methods of each: half a millisecond of CPU, more than a dozen empty modules take. A NamedTuple
takes a quarter of it."""
NOT_YET = (
    *("github", "requests", "jinja2", "dulwich", "shtab", "asyncio", "argparse"),
    *("entrypoint.adapters.github", "entrypoint.adapters.registry", "entrypoint.adapters.verify"),
    *("entrypoint.adapters.machines.wire", "entrypoint.fleet.model"),
    *("entrypoint.planning.make", "entrypoint.planning.model.plan", "entrypoint.planning.model.steps"),
    *("entrypoint.report.plan", "entrypoint.report.outcome", "entrypoint.report.setup"),
    *("entrypoint.planning.review.rules", "entrypoint.rollout", "entrypoint.modes.ended"),
    *("entrypoint.modes.planned", "entrypoint.modes.case", "entrypoint.modes.deployed"),
)
"""Each belongs to what is done with the answers, or to another command."""
SCRIPT = """
import os, sys

def watch(event, arguments):
    if event == "socket.connect":
        sys.__stdout__.write(" ".join(["\\nasked", *sorted(sys.modules)]))
        sys.__stdout__.flush()
        os._exit(99)

sys.addaudithook(watch)
sys.argv = ["flightplan", *sys.argv[1:]]
from entrypoint.__main__ import main
main()
"""


def start(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, list[str]]:
    """Run until something is asked over the network. The exit code, 99 for that, and the modules of then."""
    server = dict.fromkeys(
        ("FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_UIEX_BASE_URL"), "http://127.0.0.1:9"
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "FLY_API_TOKEN": "FlyV1 fm2_x", **server, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    asked = done.stdout.rpartition("\nasked ")[2].split() if done.returncode == 99 else []
    return done.returncode, asked


def dataclasses_of(module: str) -> int:
    found = util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    tree = ast.parse(Path(found.origin).read_text("utf-8"))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return sum(any("dataclass" in ast.unparse(by) for by in node.decorator_list) for node in classes)


def is_of_fly_toml(module: str) -> bool:
    return module.startswith("entrypoint.manifest.checks.")


@pytest.mark.parametrize("arguments", [("plan",), ("deploy", "--gate", "none")])
def test_a_first_request__waits_for_nothing_that_it_does_not_need(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "fly.toml").write_text(MANIFEST)
    code, modules = start(tmp_path, *arguments)
    assert code == 99
    early = [
        name for name in modules if name in NOT_YET or name.startswith(tuple(f"{no}." for no in NOT_YET))
    ]
    assert not early
    ours = [name for name in modules if name.partition(".")[0] == "entrypoint"]
    few = [name for name in ours if not is_of_fly_toml(name)]
    assert len(few) <= MOST_MODULES, few
    assert sum(map(dataclasses_of, ours)) <= MOST_DATACLASSES


def test_in_a_workflow__no_command_line_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text(MANIFEST)
    inputs = {name: declared.local_default for name, declared in read_inputs().items()}
    inputs |= {"command": "plan", "gate": "none", "fly-api-token": "FlyV1 fm2_x"}
    workflow = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    workflow |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    code, modules = start(tmp_path, environ=workflow)
    assert code == 99
    assert "argparse" not in modules


def test_what_else_is_installed__is_not_loaded(tmp_path: Path) -> None:
    """httpx has a command line of its own, which it loads with itself where that can be imported."""
    (tmp_path / "fly.toml").write_text(MANIFEST)
    assert util.find_spec("click"), "the tools of this repository have it"
    _, modules = start(tmp_path, "deploy", "--gate", "none")
    assert "httpx" in modules
    assert {"click", "rich", "pygments"}.isdisjoint(modules)


def test_where_github_is_asked_later__fly_is_asked_first(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text(MANIFEST)
    code, modules = start(
        tmp_path, "plan", environ={"GITHUB_TOKEN": "ghs_x", "GITHUB_REPOSITORY": "octo/shop"}
    )
    assert code == 99
    github = {name.rpartition(".")[2] for name in modules if name.startswith("entrypoint.adapters.github.")}
    assert github == {"forms", "pull_requests"}
    assert "entrypoint.kernel.reviews" not in modules


def test_a_file_with_errors__asks_nothing(tmp_path: Path) -> None:
    for text in (MANIFEST.replace("8080", '"x"'), 'app = "shop', "app = 'shop'\n[http_service]\n"):
        (tmp_path / "fly.toml").write_text(text)
        assert start(tmp_path, "plan") == (1, []), text
        assert start(tmp_path, "deploy", "--gate", "none") == (1, []), text


def test_a_deploy_without_a_gate__loads_nothing_of_the_gate_meanwhile() -> None:
    script = (
        "import sys; from importlib import import_module; from entrypoint.modes.loading import deploy_parts\n"
        "for name in deploy_parts(is_gated=False): import_module(name)\n"
        "sys.exit(any(name in sys.modules for name in ('dulwich', 'github', 'entrypoint.planning.review.rules', 'jinja2')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_is_loaded_meanwhile__is_all_that_is_needed_then() -> None:
    """The last one is what runs next; the others are its parts."""
    script = (
        "import sys; import entrypoint.modes.plan, entrypoint.wiring\n"
        "from importlib import import_module; from entrypoint.modes.loading import PLAN\n"
        "for name in PLAN: import_module(name)\n"
        "before = set(sys.modules); from entrypoint.modes.planned import make, publish_plan; sys.exit(len(set(sys.modules) - before))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    for name in {
        *plan_parts(is_posted=True),
        *ENDED,
        *deploy_parts(is_gated=True),
        *deploy_parts(is_gated=False),
    }:
        assert isinstance(import_module(name), ModuleType), name


def test_what_says_how_it_ended__is_loaded_and_compiled_while_the_rollout_waits() -> None:
    script = (
        "import sys, trio, trio.testing; from entrypoint.modes.deployed import _prepare_the_end\n"
        "trio.run(_prepare_the_end, clock=trio.testing.MockClock(autojump_threshold=0))\n"
        "before = set(sys.modules); import entrypoint.modes.ended; from entrypoint.report.text.markdown import _environment\n"
        "sys.exit(set(sys.modules) != before or len(_environment().cache) != 1)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
