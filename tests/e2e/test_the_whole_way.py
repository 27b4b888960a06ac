"""What one job does for a pull request and for its merge, as the runner sees it: exit code, log, outputs, files, comment, fleet."""

from __future__ import annotations

import json
import re
import secrets

from tests.stage import GITHUB_TOKEN, PULL, TOKEN, stage

IMAGE = "registry.fly.io/acme-shop:v42"
FLEET = {"cron": 1, "mailer": 2, "web": 3, "worker": 2}


def test_planned_on_the_pull_request_deployed_on_the_merge() -> None:
    with stage(speed=20) as here:
        before = here.fleet()

        code, planned = here.run("pull_request", image=IMAGE)

        assert code == 0, planned
        plan = here.outputs()
        assert plan["result"] == "planned"
        assert (plan["changes"], plan["created"], plan["updated"]) == ("true", "2", "6")
        assert (plan["replaced"], plan["destroyed"], plan["kept"]) == ("0", "0", "0")
        assert re.fullmatch(r"[0-9a-f]{64}", plan["plan-digest"])
        assert here.fleet() == before
        assert here.writes() == []
        (comment,) = here.comments()
        assert "update 6 machines, create 2" in comment["body"]
        assert plan["comment-url"].endswith(f"/pull/{PULL}#issuecomment-{comment['id']}")
        assert "update 6 machines, create 2" in here.summary()
        data = json.loads((here.workspace / plan["plan-path"]).read_text("utf-8"))
        assert data["digests"]["plan"] == plan["plan-digest"]

        here.merge()
        code, deployed = here.run("push", image=IMAGE)

        assert code == 0, deployed
        outcome = here.outputs()
        assert (outcome["result"], outcome["failure-reason"]) == ("deployed", "")
        assert outcome["plan-digest"] == plan["plan-digest"]
        assert here.plans() == [comment["body"]], "a plan comment is never written after the merge"
        assert here.groups() == FLEET
        assert here.leases() == []
        (after,) = here.outcomes()
        assert "8 of 8 machines verified" in after
        for machine in here.fleet():
            assert re.search(rf"{machine['id'][:8]} +{machine['region']} .*✔", deployed), deployed

        writes = here.writes()
        code, again = here.run("push", image=IMAGE)

        assert code == 0, again
        assert (here.outputs()["result"], here.outputs()["changes"]) == ("nothing-to-do", "false")
        assert here.writes() == writes
        everything = "\n".join((planned, deployed, again, after, here.summary(), json.dumps(data)))
        shown = "\n".join(line for line in everything.splitlines() if not line.startswith("::add-mask::"))
        for secret in (TOKEN, TOKEN.removeprefix("FlyV1 "), GITHUB_TOKEN):
            assert secret not in shown
        assert here.github_state()["violations"] == []


def test_a_second_plan_that_says_the_same_edits_nothing() -> None:
    with stage() as here:
        here.run("pull_request", image=IMAGE)
        first = here.comments()
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 0, log
        assert here.comments() == first
        writes = [e for e in here.github_state()["journal"] if e["method"] in ("POST", "PATCH", "DELETE")]
        written = [e["operation"] for e in writes if e["operation"] != "graphql"]
        assert written == ["create-comment", "create-status"]


def test_any_group_in_fly_toml_reaches_comment_journal_and_fleet() -> None:
    name = f"g{secrets.token_hex(4)}"
    with stage(speed=20) as here:
        file = here.workspace / "fly.toml"
        file.write_text(file.read_text("utf-8").replace("mailer =", f"{name} ="), "utf-8")
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 0, log
        assert name in here.comments()[0]["body"]
        here.merge()
        code, log = here.run("push", image=IMAGE)
        assert code == 0, log
        created = [e["body"]["config"] for e in here.journal() if e["operation"] == "machine_create"]
        groups = [config["metadata"].get("fly_process_group", "the lock") for config in created]
        assert groups == ["the lock", "fly_app_release_command", name, name]
        assert here.groups() == {"cron": 1, name: 2, "web": 3, "worker": 2}
