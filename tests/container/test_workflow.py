"""The workflow that the README tells people to copy, in act (act.py): the whole demo shop, planned and deployed. `uses: ./` builds the image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.act import MY_APP, PUBLISHED, built_from, run_act, write_workflow
from tests.stage import TOKEN, Stage, stage

pytestmark = pytest.mark.container


@pytest.fixture
def here() -> Iterator[Stage]:
    """A stage whose workspace is a repository with the example workflow and this checkout's action."""
    with stage(speed=4) as made:
        built_from(made.workspace)
        write_workflow(made.workspace, example="flightplan.yml", renamed={**MY_APP, PUBLISHED: "./"})
        yield made


def _run(here: Stage, event: str) -> tuple[int, str]:
    environment = here.environment(event)
    return run_act(here, event, payload=Path(environment["GITHUB_EVENT_PATH"]), sha=environment["GITHUB_SHA"])


def test_plans_on_the_pull_request_and_deploys_on_the_push(here: Stage) -> None:
    before = here.fleet()
    code, log = _run(here, "pull_request")
    assert code == 0, log
    assert [comment["body"].count("mailer") > 0 for comment in here.comments()] == [True], log
    assert "Flightplan says planned. " in log, "a later step reads the outputs"
    assert here.fleet() == before, "a plan writes nothing"

    here.merge()
    code, log = _run(here, "push")
    assert code == 0, log
    assert "Flightplan says deployed. " in log
    assert (len(here.plans()), len(here.outcomes())) == (1, 1)
    groups = sorted(machine["config"]["metadata"]["fly_process_group"] for machine in here.fleet())
    assert groups == ["cron", "mailer", "mailer", "web", "web", "web", "worker", "worker"]
    assert TOKEN.removeprefix("FlyV1 ") not in log
