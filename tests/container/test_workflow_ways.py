"""Both image ways and the merge queue, each with the workflow file that we tell people to copy, executed by act.

Two pull requests are open at once in each, so that the second is out of date when it is merged. What act does otherwise than GitHub:
act.py.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import shop
from tests.container.act import built_from, run_act, write_workflow
from tests.stage import Stage, stage

pytestmark = pytest.mark.container
DIGEST = 'echo "digest=sha256:$(cat fly.toml src/* | sha256sum | cut -d" " -f1)" >> "$GITHUB_OUTPUT"'
"""The same files, the same image."""
WORKER = '  worker = "bin/worker --queue default"\n'
REPOSITORY = {"full_name": "octo/acme-shop", "default_branch": "main"}


class Team:
    """A repository with one of the workflows, on both simulators."""

    def __init__(self, here: Stage, *, workflow: str, push: str = DIGEST) -> None:
        self.here = here
        built_from(here.workspace)
        (here.workspace / "src").mkdir()
        (here.workspace / "src" / "app.py").write_text("print(1)\n", "utf-8")
        write_workflow(here.workspace, example=workflow, push=push)
        self.manifest = (here.workspace / "fly.toml").read_text("utf-8")
        here._commit("main")

    @property
    def main(self) -> str:
        return str(self.here.github_state()["branches"]["main"])

    def open(self, name: str, changes: Mapping[str, str]) -> int:
        """A pull request of main as it is now."""
        tell = self.here.tell_github
        tell("do/commit", branch=name, changes=changes, message=name, start=self.main)
        return int(tell("do/open_pull", head=name, title=name)["number"])

    def _pull(self, number: int) -> dict[str, Any]:
        (found,) = [p for p in self.here.github_state()["pulls"] if p["number"] == number]
        return dict(found)

    def plan(self, number: int) -> tuple[int, str]:
        """The job of pull_request, on the test merge."""
        sha = self.here.tell_github("do/merge_ref_of", number=number)
        pull = self._pull(number)
        repo = {"repo": {"full_name": REPOSITORY["full_name"]}}
        payload = {
            "action": "synchronize",
            "number": number,
            "pull_request": {
                "number": number,
                "head": {"sha": pull["head_sha"], "ref": pull["head_ref"], **repo},
                "base": {"ref": "main", **repo},
            },
        }
        return self.act("pull_request", sha, payload)

    def merge(self, number: int) -> tuple[int, str]:
        """By the button, whether it is up to date or not; the job of the push."""
        self.here.tell_github("do/merge_pull", number=number)
        return self.push()

    def push(self) -> tuple[int, str]:
        sha = self.main
        payload = {
            "ref": "refs/heads/main",
            "after": sha,
            "commits": [{"id": sha}],
            "head_commit": {"id": sha},
        }
        return self.act("push", sha, payload)

    def enqueue(self, number: int) -> tuple[int, str]:
        """The job of merge_group, on the commit that main would become."""
        entry = self.here.tell_github("do/enqueue", number=number)
        payload = {
            "action": "checks_requested",
            "merge_group": {
                "head_sha": entry["head"],
                "head_ref": f"refs/heads/gh-readonly-queue/main/pr-{number}-{entry['base']}",
                "base_sha": entry["base"],
                "base_ref": "refs/heads/main",
                "head_commit": {"id": entry["head"]},
            },
        }
        return self.act("merge_group", entry["head"], payload)

    def act(self, event: str, sha: str, payload: Mapping[str, Any]) -> tuple[int, str]:
        """The workflow of that commit; its exit code and log."""
        here = self.here
        here.tell_github("do/check_out", sha=sha, folder=str(here.workspace))
        git = ["git", "-c", f"safe.directory={here.workspace}", "-C", str(here.workspace)]
        subprocess.run([*git, "checkout", "--force", sha, "--", "."], check=True, capture_output=True)
        file = here.folder / "event.json"
        file.write_text(json.dumps({"repository": REPOSITORY, **payload}), "utf-8")
        return run_act(here, event, payload=file, sha=sha)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    """Only `web`, whose checks pass within seconds: a deploy is quick, and what is told here is the way to it."""
    manifest, fleet = tmp_path / "fly.toml", tmp_path / "fleet.json"
    manifest.write_text(shop.manifest("rolling").replace(WORKER, ""), "utf-8")
    found = shop.fleet(standby=False)
    found["machines"] = [machine for machine in found["machines"] if machine["config"] == "web"]
    fleet.write_text(json.dumps(found), "utf-8")
    with stage(speed=4, fleet=fleet, manifest=manifest) as made:
        yield made


def images(here: Stage) -> set[str]:
    return {machine["config"]["image"].partition("@")[2] for machine in here.fleet()}


def test_built_on_merge__two_pull_requests_in_any_order(here: Stage) -> None:
    team = Team(here, workflow="flightplan.yml")
    config = team.open("config", {"fly.toml": team.manifest.replace("--threads 8", "--threads 9")})
    code = team.open("code", {"src/app.py": "print(2)\n"})
    for number in (config, code):
        done, log = team.plan(number)
        assert (done, "Flightplan says planned. " in log) == (0, True), log
    before: set[str] = set()
    for number in (code, config):
        done, log = team.merge(number)
        assert (done, "Flightplan says deployed. " in log) == (0, True), log
        assert len(images(here)) == 1
        assert images(here) != before, "the image of what was merged"
        before = images(here)


def test_built_in_the_pull_request__an_out_of_date_one_is_refused_and_the_next_one_mends_it(
    here: Stage,
) -> None:
    team = Team(here, workflow="build-plan-deploy.yml")
    first = team.open("first", {"src/first.py": "print(1)\n"})
    second = team.open("second", {"src/second.py": "print(2)\n"})
    for number in (first, second):
        done, log = team.plan(number)
        assert done == 0, log
    done, log = team.merge(first)
    assert done == 0, log
    (promoted,) = images(here)

    done, log = team.merge(second)
    assert done != 0
    assert f"The image that #{second} was planned with was built before" in log, log
    assert images(here) == {promoted}, "an image without merged code is not deployed"

    third = team.open("third", {"src/third.py": "print(3)\n"})
    done, log = team.plan(third)
    assert done == 0, log
    done, log = team.merge(third)
    assert done == 0, log
    assert len(images(here)) == 1
    assert images(here) != {promoted}


def test_the_merge_queue__checks_what_would_be_merged_and_the_push_deploys_it(here: Stage) -> None:
    team = Team(here, workflow="flightplan.yml")
    first = team.open("first", {"fly.toml": team.manifest.replace("--threads 8", "--threads 9")})
    second = team.open("second", {"src/app.py": "print(2)\n"})
    for number in (first, second):
        done, log = team.plan(number)
        assert done == 0, log
    for number in (first, second):
        before = here.fleet()
        done, log = team.enqueue(number)
        assert (done, "Flightplan says reviewed. " in log) == (0, True), log
        assert here.fleet() == before, "a check writes nothing"
        here.tell_github("do/complete", branch="main")
        done, log = team.push()
        assert (done, "Flightplan says deployed. " in log) == (0, True), log
    unplanned = team.open("unplanned", {"fly.toml": team.manifest.replace("bin/web", "bin/evil")})
    done, log = team.enqueue(unplanned)
    assert done != 0
    assert f"#{unplanned}: it has no plan of this app" in log, log


def test_flys_remote_builder__the_tag_is_looked_up_and_its_digest_is_deployed(here: Stage) -> None:
    tag = "registry.fly.io/acme-shop:v42"
    team = Team(here, workflow="remote-builder.yml", push=f'echo "image={tag}" >> "$GITHUB_OUTPUT"')
    number = team.open("code", {"src/app.py": "print(2)\n"})
    done, log = team.plan(number)
    assert done == 0, log
    done, log = team.merge(number)
    assert done == 0, log
    assert {machine["config"]["image"].partition("@")[0] for machine in here.fleet()} == {tag}
    assert all(digest.startswith("sha256:") for digest in images(here))
