"""The example workflow whose image is not in Fly's registry, executed by act (act.py)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.container.act import pushed, write_workflow
from tests.container.shops import APP, MANIFEST, make_app, open_stage
from tests.container.team import Team, asked, plans
from tests.integration.test_registry import BINARY, NAME, make_token_server, registry_with_tokens
from tests.stage import GITHUB_TOKEN

pytestmark = pytest.mark.container


@pytest.mark.skipif(
    BINARY is None and NAME not in os.environ.get("FLIGHTPLAN_REQUIRE", ""),
    reason=f"{NAME} is not installed (on Debian: apt-get install {NAME})",
)
def test_an_image_on_ghcr(tmp_path: Path, action: Path) -> None:
    """A real registry that gives tokens as GHCR does: to push for the job's token, to pull for anybody."""
    server = make_token_server()
    server.login = f"mona:{GITHUB_TOKEN}"
    with registry_with_tokens(tmp_path, server) as host, open_stage(tmp_path, make_app(APP)) as here:
        workflow = write_workflow(here.workspace, example="ghcr.yml", renamed={"ghcr.io": host})
        team = Team(here=here, action=action, workflow=workflow)
        team.begin()
        changes = {"fly.toml": MANIFEST.replace("--threads 8", "--threads 9")}
        number = team.open("config", changes, fork="stranger/acme-shop")
        code, log = team.plan(number)
        assert code == 0, log
        assert f"with pull-request: {number}" in log
        assert plans(here, number) == []
        code, log = team.dispatch(**{"pull-request": str(number)})
        assert code == 0, log
        assert ["→ built on merge" in plan for plan in plans(here, number)] == [True]
        code, log = team.merge(number)
        assert code == 0, log
        (built,) = pushed(log)
        merged = f"{host}/octo/acme-shop:{team.main}@{built}"
        assert {machine["config"]["image"] for machine in here.fleet()} == {merged}
        pulls = [headers for path, headers in server.asked if path.endswith("Apull")]
        assert pulls, "whose commit an image names is looked up"
        assert not [headers for headers in pulls if "Authorization" in headers], "as anybody may"

        code, log = team.push({"fly.toml": MANIFEST.replace("--threads 8", "--threads 4")})
        assert code != 0
        assert "failure-reason=not-reviewed" in log
        assert {machine["config"]["image"] for machine in here.fleet()} == {merged}
        named = asked(log)
        code, log = team.dispatch(**named)
        assert code == 0, log
        assert {machine["config"]["image"] for machine in here.fleet()} == {named["image"]}
        assert named["image"].startswith(f"{host}/octo/acme-shop:{team.main}@sha256:")
