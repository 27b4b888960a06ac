"""docs/network.md names every request that a plan and a deploy send."""

from __future__ import annotations

import re

from tests.stage import ROOT, stage

IMAGE = "registry.fly.io/acme-shop:v42"
PAGE = (ROOT / "docs" / "network.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([A-Z]+) \| `(/[^`]*)` \|", PAGE, flags=re.MULTILINE)


def is_named(method: str, path: str) -> bool:
    return any(
        method == row and re.fullmatch(re.sub(r"\\\{[a-z]+\\\}", "[^/]+", re.escape(template)), path)
        for row, template in ROWS
    )


def test_every_request_of_a_plan_and_a_deploy_has_a_row() -> None:
    assert len(ROWS) > 30
    with stage(speed=20) as here:
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 0, log
        here.merge()
        code, log = here.run("push", image=IMAGE)
        assert code == 0, log
        asked = [*here.journal(), *here.github_state()["journal"]]
    sent = {
        (entry["method"], entry["path"]) for entry in asked if not re.match(r"/(_sim|v2)/", entry["path"])
    }
    assert len(sent) > 20
    assert sorted(entry for entry in sent if not is_named(*entry)) == []
