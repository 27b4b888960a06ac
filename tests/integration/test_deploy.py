"""From a pull request's plan to the deployed fleet, and every way it is refused."""

from __future__ import annotations

import json
import re

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.ids import Digest
from entrypoint.kernel.run import AllowDestroy, Gate, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.modes import planned
from entrypoint.report.marker import parse_plan
from tests.bench import FLEET, IMAGE, MANIFEST, Recording, as_recorded, make_bench, virtual
from tests.simulator_github.world import BOT

OTHER_IMAGE = "registry.fly.io/acme-shop:v43"


def plan_json(bench):
    return json.loads(bench.console.files["plan.json"])


def test_plan_then_push__deploys_and_proves_it():
    bench = make_bench()

    async def story():
        planned = await bench.plan()
        comment = bench.planned
        deployed = await bench.deploy()
        return planned, comment, deployed

    planned, comment, deployed = virtual(story)

    assert planned.exit_code is ExitCode.DONE
    assert planned.outputs["result"] == "planned"
    assert (planned.outputs["updated"], planned.outputs["created"]) == ("6", "2")
    assert "update 6 machines, create 2" in comment
    assert deployed.exit_code is ExitCode.DONE, bench.console.log
    assert deployed.outputs["result"] == "deployed"
    assert deployed.outputs["plan-digest"] == planned.outputs["plan-digest"]
    groups = bench.groups()
    assert {g: len(ms) for g, ms in groups.items()} == {"cron": 1, "mailer": 2, "web": 3, "worker": 2}
    assert all(m.config["image"].startswith(IMAGE) for ms in groups.values() for m in ms)
    assert all(m.config["init"]["cmd"] == ["bin/web", "--threads", "8"] for m in groups["web"])
    standby = next(m for m in groups["mailer"] if m.config.get("standbys"))
    assert standby.state in ("created", "stopped")
    assert bench.leases() == []
    assert [c.body for c in bench.said()] == [comment], "a plan comment is never written after the merge"
    assert "8 of 8 machines verified" in bench.told
    assert bench.console.asked == [], "it was reviewed"


def test_a_second_plan__has_nothing_to_do():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()
        again = await bench.plan()
        once_more = await bench.deploy()
        return again, once_more

    again, once_more = virtual(story)

    assert again.outputs["result"] == "nothing-to-do"
    assert again.outputs["changes"] == "false"
    assert "nothing to do" in bench.planned
    assert once_more.outputs["result"] == "nothing-to-do"


def test_a_group_of_any_name__is_planned_and_made():
    bench = make_bench(manifest=MANIFEST.replace('mailer = "bin/mailer"', 'zq9_indexer = "bin/index"'))

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)

    assert result.exit_code is ExitCode.DONE
    assert "zq9_indexer" in bench.planned
    assert len(bench.groups()["zq9_indexer"]) == 2


def test_a_group_that_does_not_change__is_not_touched():
    bench = make_bench(manifest=MANIFEST.replace('mailer = "bin/mailer"\n', ""))

    async def story():
        await bench.plan(image=None)
        return await bench.deploy(image=None)

    result = virtual(story)

    assert result.outputs["updated"] == "3"
    touched = {write.split()[1] for write in bench.writes() if write.startswith("machine_update")}
    assert touched == {m.id for m in bench.groups()["web"]}


async def adopt(bench):
    """A first deploy, reviewed and green: from then on everything is since that."""
    asked = bench.files["fly.toml"]
    bench.files["fly.toml"] = MANIFEST.replace("--threads 8", "--threads 7")
    await bench.plan()
    assert (await bench.deploy()).outputs["result"] == "deployed", bench.console.log
    bench.files["fly.toml"] = asked


def other_file_pushed(bench):
    bench.merge()
    bench.files["fly.toml"] = MANIFEST.replace("--threads 8", "--threads 9")


def change_by_hand(bench):
    bench.sim.act("update", machine=bench.groups()["worker"][0].id, config={"env": {"X": "1"}})


def edit_plan(bench):
    comment = bench.said()[-1]
    bench.github.world.edit_comment(comment.id, editor="mallory", body=comment.body.replace("6", "5"))


def delete_plan(bench):
    bench.github.world.delete_comment(bench.said()[-1].id)


def other_status(bench):
    """Somebody with `statuses: write` says it failed, in our name: the newest counts."""
    bench.github.world.add_status(
        bench.github.world.pulls[bench.pull].head_sha,
        creator=BOT,
        state="failure",
        context="flightplan/acme-shop/fly.toml",
        description="no",
    )


@pytest.mark.parametrize(
    ("meddle", "said"),
    [
        (other_file_pushed, "fly.toml:17 processes.web was changed by"),
        (change_by_hand, "Edited by hand: env.X on 1 machine of worker"),
        (edit_plan, "its plan comment was edited after it was posted"),
        (delete_plan, "its plan comment was deleted"),
        (other_status, "its newest commit status is in a form that this version does not read"),
    ],
)
def test_what_was_not_reviewed__is_refused_and_approved_by_its_full_digest_only(meddle, said):
    bench = make_bench()

    async def story():
        await adopt(bench)
        await bench.plan()
        meddle(bench)
        before = bench.writes()
        refused = await bench.deploy()
        log = "\n".join(bench.console.log)
        told = bench.told
        assert bench.writes() == before
        digest = Digest(re.findall(r"^approve: (\S+)$", told, re.MULTILINE)[0])
        other = await bench.deploy(event="workflow_dispatch", approve=Digest("0" * 64))
        by_push = await bench.deploy(approve=digest)
        assert bench.writes() == before
        approved = await bench.deploy(event="workflow_dispatch", approve=digest)
        return refused, log, told, other, by_push, approved

    refused, log, told, other, by_push, approved = virtual(story)

    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert refused.outputs["result"] == "not-reviewed"
    assert said in log
    assert "Nothing was written." in told
    assert refused.outputs["comment-url"] in log
    assert other.exit_code is ExitCode.NOT_REVIEWED
    assert by_push.exit_code is ExitCode.NOT_REVIEWED
    assert approved.exit_code is ExitCode.DONE, bench.console.log
    assert approved.outputs["result"] == "deployed"
    assert "approved by mona" in bench.told.replace("\u2060", "")


def test_an_approval__is_used_up_by_the_deploy_that_it_let_run():
    bench = make_bench()

    async def story():
        await adopt(bench)
        await bench.plan()
        change_by_hand(bench)
        await bench.deploy()
        digest = Digest(re.findall(r"^approve: (\S+)$", bench.told, re.MULTILINE)[0])
        approved = await bench.deploy(event="workflow_dispatch", approve=digest)
        change_by_hand(bench)
        again = await bench.deploy(event="workflow_dispatch", approve=digest)
        return approved, again

    approved, again = virtual(story)
    assert approved.outputs["result"] == "deployed"
    assert again.outputs["result"] == "not-reviewed"


def test_machines_that_somebody_added__are_no_reason_to_refuse():
    """A reviewer approves a change to files and what it destroys, not the state of the world."""
    bench = make_bench()

    async def story():
        await bench.plan()
        bench.sim.act("clone", machine=bench.groups()["web"][0].id)
        return await bench.deploy()

    assert virtual(story).outputs["result"] == "deployed", bench.console.log
    assert len(bench.groups()["web"]) == 4


def test_the_same_run_again__writes_nothing_and_edits_its_own_comment():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()
        writes, comments = bench.writes(), len(bench.github.world.comments)
        again = await bench.deploy(again=True)
        return writes == bench.writes(), comments == len(bench.github.world.comments), again

    same_fleet, same_comments, again = virtual(story)
    assert same_fleet
    assert same_comments
    assert again.exit_code is ExitCode.DONE


def test_an_ordinary_push__asks_github_no_more_than_twelve_times():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()
        bench.files["fly.toml"] = MANIFEST.replace("--threads 8", "--threads 9")
        await bench.plan()
        bench.merge()
        before = len(bench.github.journal)
        deployed = await bench.deploy()
        return deployed, bench.github.journal.operations()[before:]

    deployed, asked = virtual(story)
    assert deployed.outputs["result"] == "deployed", bench.console.log
    assert len(asked) <= 12, asked


def test_a_green_deploy__is_marked_on_a_few_machines_and_is_superseded_by_none():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()

    virtual(story)
    marks = [
        m.metadata["flightplan_done"] for m in bench.machines().values() if "flightplan_done" in m.metadata
    ]
    assert len(marks) == 3
    assert {json.loads(mark)["c"] for mark in marks} == {bench.github.world.branches["main"].sha}


def test_an_old_run_again__ends_superseded():
    bench = make_bench()

    async def story():
        await bench.plan()
        bench.merge()
        old = bench.github.world.branches["main"].sha
        bench.files["fly.toml"] = MANIFEST.replace("--threads 8", "--threads 9")
        await bench.plan()
        await bench.deploy()
        before = bench.writes()
        bench.files["fly.toml"] = MANIFEST
        return before, await bench.deploy_commit(old)

    before, again = virtual(story)
    assert (again.exit_code, again.outputs["result"]) == (ExitCode.DONE, "superseded")
    assert bench.writes() == before


def test_an_autostop_flip__is_no_change():
    manifest = MANIFEST.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"')
    fleet = json.loads(json.dumps(FLEET).replace('"autostop": false', '"autostop": true'))
    bench = make_bench(manifest=manifest, fleet=fleet)

    async def story():
        await bench.plan()
        bench.sim.act("stop", machine=bench.groups()["web"][0].id)
        await anyio.sleep(30)
        return await bench.deploy()

    result = virtual(story)

    assert result.outputs["result"] == "deployed", bench.console.log


def test_no_image_on_push__promotes_the_reviewed_one():
    bench = make_bench()

    async def story():
        await bench.plan()
        return await bench.deploy(image=None)

    assert virtual(story).outputs["result"] == "deployed"
    assert all(m.config["image"].startswith(f"{IMAGE}@sha256:") for ms in bench.groups().values() for m in ms)


def test_built_on_merge__plans_without_an_image_and_needs_one_on_push():
    bench = make_bench()

    async def story():
        planned = await bench.plan(image="built-on-merge")
        without = await bench.deploy(image=None)
        deployed = await bench.deploy()
        return planned, without, deployed

    planned, without, deployed = virtual(story)

    assert planned.outputs["updated"] == "6"
    assert without.exit_code is ExitCode.NOT_REVIEWED
    assert deployed.outputs["result"] == "deployed", bench.console.log


@pytest.mark.parametrize("planned", ["built-on-merge", IMAGE])
def test_the_digest_of_a_refusal__is_the_one_that_approves(planned):
    """With the inputs it names: an image that was promoted is not the live one."""
    bench = make_bench()

    async def story():
        await bench.plan(image=planned)
        change_by_hand(bench)
        refused = await bench.deploy(image=IMAGE if planned == "built-on-merge" else None)
        digest, image = re.findall(r"^(?:approve|image): (\S+)$", bench.told, re.MULTILINE)
        return refused, await bench.deploy(event="workflow_dispatch", approve=Digest(digest), image=image)

    refused, deployed = virtual(story)

    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert deployed.outputs["result"] == "deployed", bench.console.log


def test_a_machine_that_never_becomes_healthy__halts_and_is_rolled_back():
    bench = make_bench(faults={"behaviours": [{"image": "*:v42*", "group": "web", "checks": "never"}]})
    before = as_recorded(bench)

    async def story():
        await bench.plan(wait_timeout=60.0)
        return await bench.deploy(wait_timeout=60.0)

    result = virtual(story)

    assert result.exit_code is ExitCode.HALTED
    assert result.outputs["result"] == "rolled-back"
    assert as_recorded(bench) == before
    assert {m.state for ms in bench.groups().values() for m in ms} == {"started"}
    assert "mailer" not in bench.groups()
    assert bench.leases() == []
    comment = bench.told
    assert "halted and rolled back" in comment
    assert "never passed" in comment
    web = next(r for r in sorted(before) if before[r]["metadata"]["fly_process_group"] == "web")
    assert web in comment


def test_hold__leaves_what_was_touched():
    bench = make_bench(faults={"behaviours": [{"image": "*:v42*", "group": "web", "checks": "never"}]})

    async def story():
        await bench.plan(wait_timeout=30.0, on_failure=OnFailure.HOLD)
        return await bench.deploy(wait_timeout=30.0, on_failure=OnFailure.HOLD)

    assert virtual(story).exit_code is ExitCode.HALTED
    assert any(m.config["image"].startswith(IMAGE) for m in bench.groups()["web"])
    assert len(bench.groups()["mailer"]) == 2
    assert bench.leases() == []


def test_a_crashing_worker__halts_within_its_boot_watch():
    bench = make_bench(faults={"behaviours": [{"image": "*:v42*", "group": "worker", "boot": "crash"}]})

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)

    assert result.exit_code is ExitCode.HALTED
    assert "worker" in bench.told


def test_a_failing_release_command__touches_nothing():
    bench = make_bench(
        faults={"behaviours": [{"group": "fly_app_release_command", "task_exit_code": 3, "task_seconds": 2}]}
    )

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)

    assert result.exit_code is ExitCode.HALTED
    assert not any(write.startswith("machine_update") for write in bench.writes())
    assert {g: len(ms) for g, ms in bench.groups().items()} == {"cron": 1, "web": 3, "worker": 2}
    assert "exit code 3" in bench.told
    assert "@mona, this came with your push or merge." in bench.told


def test_a_group_gone_from_fly_toml__needs_consent():
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))

    async def story():
        blocked = await bench.plan()
        comment = bench.planned
        allowed = await bench.plan(allow_destroy=AllowDestroy.SURPLUS)
        done = await bench.deploy(allow_destroy=AllowDestroy.SURPLUS)
        return blocked, comment, allowed, done

    blocked, comment, allowed, done = virtual(story)

    assert blocked.exit_code is ExitCode.BLOCKED
    assert "Destroy 2 machines of `worker`" in comment
    assert "allow-destroy" in comment
    assert allowed.exit_code is ExitCode.DONE
    assert done.outputs["destroyed"] == "2"
    assert "worker" not in bench.groups()


def test_reviewed_as_deploying_nothing__consent_in_the_deploying_job_alone_is_refused():
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))

    async def story():
        await adopt(bench)
        await bench.plan()
        before = bench.writes()
        return before, await bench.deploy(allow_destroy=AllowDestroy.ALL)

    before, refused = virtual(story)
    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert bench.writes() == before
    assert "its newest plan said that it cannot be deployed" in "\n".join(bench.console.log)


def test_reviewed_and_not_executable__is_blocked():
    bench = make_bench()

    async def story():
        await bench.plan()
        bench.merge()
        return await bench.deploy(strategy=Strategy.BLUEGREEN, gate=Gate.NONE)

    assert virtual(story).exit_code is ExitCode.BLOCKED


def test_a_plan_made_after_the_merge__is_posted_nowhere():
    """The pull request's job can be run again, and would put a plan of today where the gate looks."""
    bench = make_bench()

    async def story():
        await bench.plan()
        posted, statuses = bench.planned, len(bench.github.world.statuses)
        bench.merge()
        again = await bench.plan(scale="web=5", propose=False)
        return posted, statuses, again, bench.console.log, await bench.deploy()

    posted, statuses, again, log, deployed = virtual(story)

    assert again.exit_code is ExitCode.DONE
    assert again.outputs["comment-url"]
    assert any("its plan comment stays as it is" in line for line in log)
    assert [c.body for c in bench.said()] == [posted]
    assert len(bench.github.world.statuses) == statuses
    assert deployed.outputs["result"] == "deployed"


def test_a_large_fleet__fits_a_comment_with_its_record():
    live = {"image": "registry.fly.io/acme-shop:v41", "metadata": {"fly_platform_version": "v2"}}
    machines = [{"id": f"{10**13 + number}", "config": "app"} for number in range(480)]
    fleet = {"app": "acme-shop", "configs": {"app": live}, "machines": machines, "rate_limits": False}
    bench = make_bench(manifest='app = "acme-shop"\n', fleet=fleet)

    result = virtual(bench.plan)

    body = bench.planned
    assert (result.outputs["result"], result.outputs["updated"]) == ("planned", "480")
    assert len(body) <= 65_000
    framed = parse_plan(body)
    assert framed is not None
    assert [record is not None for record in framed.records] == [True]


def test_a_record_that_does_not_fit__fails_the_job_and_is_never_a_smaller_one(monkeypatch):
    monkeypatch.setattr(planned, "MOST_CHARACTERS", 2_500)
    bench = make_bench()
    with pytest.raises(OutsideError, match="nothing was posted"):
        virtual(bench.plan)
    assert bench.said() == []
    assert bench.github.world.statuses == []
    assert "update 6 machines" in bench.console.summaries[0]


def test_a_plan_json_that_cannot_be_written__hides_no_outcome(monkeypatch):
    bench = make_bench()

    def full(_console, name, _text):
        raise OutsideError(f"{name} cannot be written: no space left on device")

    async def story():
        await bench.plan()
        monkeypatch.setattr(Recording, "save", full)
        return await bench.deploy()

    assert virtual(story).outputs["result"] == "deployed"
    assert "machines verified" in bench.told
    assert any("no space left" in line for line in bench.console.log)


def test_what_cannot_be_executed__is_blocked_by_name():
    bench = make_bench()
    result = virtual(lambda: bench.plan(strategy=Strategy.BLUEGREEN))
    assert result.exit_code is ExitCode.BLOCKED
    assert "Strategy bluegreen cannot swap machines of `cron`" in bench.planned


def test_gate_none__needs_no_review():
    bench = make_bench()
    result = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert result.outputs["result"] == "deployed"
    assert len(bench.console.asked) == 1, "nobody else has seen the plan"


def test_a_file_with_an_error__is_deployed_by_nobody():
    bench = make_bench(manifest=MANIFEST.replace('"SIGTERM"', '"TERM"'))
    result = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.FINDINGS, "invalid")
    assert [finding.rule for finding in bench.console.annotated] == ["kill-signal"]
    assert bench.sim.journal.entries == []


def test_gate_none__deploys_nothing_where_nobody_says_yes():
    bench = make_bench()
    bench.says_yes = False
    result = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.HALTED, "cancelled")
    assert bench.writes() == []


def test_scale__grows_and_shrinks_with_consent():
    bench = make_bench()

    async def story():
        grown = await bench.deploy(gate=Gate.NONE, scale="web=ams:3,gru:1 worker=2")
        blocked = await bench.deploy(gate=Gate.NONE, scale="web=2")
        shrunk = await bench.deploy(gate=Gate.NONE, scale="web=2", allow_destroy=AllowDestroy.SURPLUS)
        return grown, blocked, shrunk

    grown, blocked, shrunk = virtual(story)

    assert grown.outputs["created"] == "3"
    assert blocked.exit_code is ExitCode.BLOCKED
    assert shrunk.outputs["destroyed"] == "2"
    assert len(bench.groups()["web"]) == 2


def test_cancelled__begins_nothing_new_and_leaves_no_lease():
    bench = make_bench()

    async def story():
        await bench.plan()
        stop = anyio.Event()
        begun = []

        async def cancel():
            while not any(w.startswith("machine_update") for w in bench.writes()):
                await anyio.sleep(0.5)
            stop.set()
            begun.append(anyio.current_time())

        async with anyio.create_task_group() as group:
            group.start_soon(cancel)
            result = await bench.deploy(stop=stop)
        took = anyio.current_time() - begun[0]
        leases = bench.leases()
        await anyio.sleep(60)
        finished = await bench.deploy()
        return result, took, leases, finished

    result, took, leases, finished = virtual(story)

    assert result.outputs["result"] == "cancelled"
    assert took < 6
    assert leases == []
    assert finished.outputs["result"] == "deployed", bench.console.log
    assert {g: len(ms) for g, ms in bench.groups().items()} == {"cron": 1, "mailer": 2, "web": 3, "worker": 2}
