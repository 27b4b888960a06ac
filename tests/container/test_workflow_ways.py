"""Both image ways and the merge queue, each with the workflow file that we tell people to copy, executed by act.

Two pull requests are open at once in each, so that the second is out of date when it is merged. What act does otherwise than GitHub:
act.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.act import write_workflow
from tests.container.shops import APP, MANIFEST, make_app, open_stage
from tests.container.team import Team, digests, plans
from tests.stage import Stage

pytestmark = pytest.mark.container


def _team(here: Stage, action: Path, example: str) -> Team:
    (here.workspace / "src").mkdir()
    (here.workspace / "src" / "app.py").write_text("print(1)\n", "utf-8")
    team = Team(here=here, action=action, workflow=write_workflow(here.workspace, example=example))
    team.begin()
    return team


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, make_app(APP)) as made:
        yield made


def test_built_on_merge__two_pull_requests_in_any_order(here: Stage, action: Path) -> None:
    team = _team(here, action, "flightplan.yml")
    config = team.open("config", {"fly.toml": MANIFEST.replace("--threads 8", "--threads 9")})
    code = team.open("code", {"src/app.py": "print(2)\n"})
    for number in (config, code):
        done, log = team.plan(number)
        assert (done, "Flightplan says planned. " in log) == (0, True), log
        assert ["→ built on merge" in plan for plan in plans(here, number)] == [True]
    before: set[str] = set()
    for number in (code, config):
        done, log = team.merge(number)
        assert (done, "Flightplan says deployed. " in log) == (0, True), log
        assert len(digests(here.fleet())) == 1
        assert digests(here.fleet()) != before, "the image of what was merged"
        before = digests(here.fleet())


def test_built_in_the_pull_request__an_out_of_date_one_is_refused_and_the_next_one_mends_it(
    here: Stage, action: Path
) -> None:
    team = _team(here, action, "build-plan-deploy.yml")
    first = team.open("first", {"src/first.py": "print(1)\n"})
    second = team.open("second", {"src/second.py": "print(2)\n"})
    for number in (first, second):
        done, log = team.plan(number)
        assert done == 0, log
    done, log = team.merge(first)
    assert done == 0, log
    (promoted,) = digests(here.fleet())

    done, log = team.merge(second)
    assert done != 0
    assert f"The image that #{second} was planned with was built before" in log, log
    assert digests(here.fleet()) == {promoted}, "an image without merged code is not deployed"

    third = team.open("third", {"src/third.py": "print(3)\n"})
    done, log = team.plan(third)
    assert done == 0, log
    done, log = team.merge(third)
    assert done == 0, log
    assert len(digests(here.fleet())) == 1
    assert digests(here.fleet()) != {promoted}


def test_the_merge_queue__checks_what_would_be_merged_and_the_push_deploys_it(
    here: Stage, action: Path
) -> None:
    team = _team(here, action, "flightplan.yml")
    first = team.open("first", {"fly.toml": MANIFEST.replace("--threads 8", "--threads 9")})
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
    unplanned = team.open("unplanned", {"fly.toml": MANIFEST.replace("bin/web", "bin/evil")})
    done, log = team.enqueue(unplanned)
    assert done != 0
    assert f"#{unplanned}: it has no plan of this app" in log, log


def test_flys_remote_builder__the_tag_is_looked_up_and_its_digest_is_deployed(
    here: Stage, action: Path
) -> None:
    team = _team(here, action, "remote-builder.yml")
    number = team.open("code", {"src/app.py": "print(2)\n"})
    done, log = team.plan(number)
    assert done == 0, log
    done, log = team.merge(number)
    assert done == 0, log
    tag = f"registry.fly.io/acme-shop:{team.main}"
    assert f"Pushed {tag}" in log
    assert {machine["config"]["image"].partition("@")[0] for machine in here.fleet()} == {tag}
    assert all(digest.startswith("sha256:") for digest in digests(here.fleet()))
