"""From a pull request's plan to the deployed fleet, and every way it is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.ids import Digest
from entrypoint.kernel.run import AllowDestroy, Gate, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.report.marker import parse
from tests.bench import FLEET, IMAGE, MANIFEST, Recording, as_recorded, make_bench, virtual

OTHER_IMAGE = "registry.fly.io/acme-shop:v43"


def plan_json(bench):
    return json.loads(bench.console.files["plan.json"])


def test_plan_then_push__deploys_and_proves_it():
    bench = make_bench()

    async def story():
        planned = await bench.plan()
        comment = bench.reviews.said[0].body
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
    after = bench.reviews.said[0].body
    assert len(bench.reviews.said) == 1
    assert after.startswith(comment.rstrip("\n"))
    assert "8 of 8 machines verified" in after


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
    assert "nothing to do" in bench.reviews.said[0].body
    assert once_more.outputs["result"] == "nothing-to-do"


def test_a_group_of_any_name__is_planned_and_made():
    bench = make_bench(manifest=MANIFEST.replace('mailer = "bin/mailer"', 'zq9_indexer = "bin/index"'))

    async def story():
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)

    assert result.exit_code is ExitCode.DONE
    assert "zq9_indexer" in bench.reviews.said[0].body
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


def edit_manifest(bench):
    bench.files["fly.toml"] = MANIFEST.replace("--threads 8", "--threads 9")
    return {}


def other_image(_bench):
    return {"image": OTHER_IMAGE}


def scale_by_hand(bench):
    bench.sim.act("clone", machine=bench.groups()["web"][0].id)
    return {}


def change_by_hand(bench):
    bench.sim.act("update", machine=bench.groups()["worker"][0].id, config={"env": {"X": "1"}})
    return {}


def edit_record(bench):
    comment = bench.reviews.said[0]
    before, mark, data = comment.body.partition("flightplan-record:1 ")
    bench.reviews.said[0] = replace(comment, body=before + mark + ("B" if data[0] == "A" else "A") + data[1:])
    return {}


def edit_visible_plan(bench):
    comment = bench.reviews.said[0]
    bench.reviews.said[0] = replace(
        comment, body=comment.body.replace("update 6 machines", "update 5 machines")
    )
    return {}


def copy_comment(bench):
    bench.reviews.said.append(replace(bench.reviews.said[0], id=2))
    return {}


def someone_else_edited(bench):
    bench.reviews.edited.add(1)
    return {}


def someone_else_wrote(bench):
    bench.reviews.foreign.add(1)
    return {}


def delete_comment(bench):
    bench.reviews.said.clear()
    return {}


def direct_push(bench):
    bench.reviews.merged = False
    return {}


@pytest.mark.parametrize(
    ("meddle", "said"),
    [
        (edit_manifest, "group web"),
        (other_image, "image"),
        (scale_by_hand, "appeared"),
        (change_by_hand, "was changed"),
        (edit_record, "record"),
        (edit_visible_plan, "visible plan was changed"),
        (copy_comment, "2 comments"),
        (someone_else_edited, "edited by somebody else"),
        (someone_else_wrote, "not written with our token"),
        (delete_comment, "no plan comment"),
        (direct_push, "did not come from a merged pull request"),
    ],
)
def test_what_was_not_reviewed__is_refused_and_approved_by_full_digest_only(meddle, said):
    bench = make_bench()

    async def story():
        await bench.plan()
        changes = meddle(bench)
        before = bench.writes()
        refused = await bench.deploy(**changes)
        assert bench.writes() == before
        log = "\n".join(bench.console.log)
        digest = Digest(refused.outputs["plan-digest"])
        other = await bench.deploy(event="workflow_dispatch", approve=Digest("0" * 64), **changes)
        assert bench.writes() == before
        approved = await bench.deploy(event="workflow_dispatch", approve=digest, **changes)
        return refused, log, other, approved

    refused, log, other, approved = virtual(story)

    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert said in log
    assert refused.outputs["plan-digest"] in log
    assert other.exit_code is ExitCode.NOT_REVIEWED
    assert approved.exit_code is ExitCode.DONE
    assert approved.outputs["result"] == "deployed"


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
        said = bench.reviews.said[0].body
        digest, image = re.findall(r"^(?:approve|image): (\S+)$", said, re.MULTILINE)
        return (
            refused,
            digest,
            await bench.deploy(event="workflow_dispatch", approve=Digest(digest), image=image),
        )

    refused, digest, deployed = virtual(story)

    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert refused.outputs["plan-digest"] == digest
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
    comment = bench.reviews.said[0].body
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
    assert "worker" in bench.reviews.said[0].body


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
    assert "exit code 3" in bench.reviews.said[0].body


def test_a_group_gone_from_fly_toml__needs_consent():
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))

    async def story():
        blocked = await bench.plan()
        comment = bench.reviews.said[0].body
        refused = await bench.deploy()
        allowed = await bench.plan(allow_destroy=AllowDestroy.SURPLUS)
        done = await bench.deploy(allow_destroy=AllowDestroy.SURPLUS)
        return blocked, comment, refused, allowed, done

    blocked, comment, refused, allowed, done = virtual(story)

    assert blocked.exit_code is ExitCode.BLOCKED
    assert "destroy 2 machines of `worker`" in comment
    assert "allow-destroy" in comment
    assert refused.exit_code is ExitCode.BLOCKED
    assert allowed.exit_code is ExitCode.DONE
    assert done.outputs["destroyed"] == "2"
    assert "worker" not in bench.groups()


def test_reviewed_as_deploying_nothing__consent_in_the_deploying_job_alone_is_refused():
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))

    async def story():
        await bench.plan()
        return await bench.deploy(allow_destroy=AllowDestroy.ALL)

    assert virtual(story).exit_code is ExitCode.NOT_REVIEWED
    assert bench.writes() == []


def test_a_plan_made_after_the_merge__is_not_what_was_reviewed():
    """The pull request's job can be run again, and would put a plan of today where the gate looks."""
    bench = make_bench()

    async def story():
        await bench.plan()
        posted = bench.reviews.said[0].body
        bench.reviews.closed = True
        bench.files["fly.toml"] = MANIFEST.replace("--threads 8", "--threads 9")
        again = await bench.plan()
        return posted, again, bench.console.log, await bench.deploy()

    posted, again, log, deployed = virtual(story)

    assert again.exit_code is ExitCode.DONE
    assert again.outputs["comment-url"]
    assert any("keeps the plan that was reviewed" in line for line in log)
    assert bench.reviews.said[0].body.startswith(posted)
    assert deployed.exit_code is ExitCode.NOT_REVIEWED
    assert bench.writes() == []


def test_a_large_fleet__fits_a_comment_with_its_record_and_room_for_the_outcome():
    live = {"image": "registry.fly.io/acme-shop:v41", "metadata": {"fly_platform_version": "v2"}}
    machines = [{"id": f"{10**13 + number}", "config": "app"} for number in range(480)]
    fleet = {"app": "acme-shop", "configs": {"app": live}, "machines": machines, "rate_limits": False}
    bench = make_bench(manifest='app = "acme-shop"\n', fleet=fleet)

    result = virtual(bench.plan)

    body = bench.reviews.said[0].body
    assert (result.outputs["result"], result.outputs["updated"]) == ("planned", "480")
    assert len(body) <= 65_000 - 9_000
    framed = parse(body)
    assert framed is not None
    assert framed.record is not None


def test_a_plan_json_that_cannot_be_written__hides_no_outcome(monkeypatch):
    bench = make_bench()

    def full(_console, name, _text):
        raise OutsideError(f"{name} cannot be written: no space left on device")

    async def story():
        await bench.plan()
        monkeypatch.setattr(Recording, "save", full)
        return await bench.deploy()

    assert virtual(story).outputs["result"] == "deployed"
    assert "machines verified" in bench.reviews.said[0].body
    assert any("no space left" in line for line in bench.console.log)


@pytest.mark.parametrize("strategy", [Strategy.CANARY, Strategy.BLUEGREEN])
def test_what_this_version_cannot_execute__is_blocked_by_name(strategy):
    bench = make_bench(
        manifest=MANIFEST.replace("[[mounts]]", "[[unused]]").replace(
            'strategy = "rolling"', f'strategy = "{strategy}"'
        )
    )
    bench.files["fly.toml"] = MANIFEST
    result = virtual(lambda: bench.plan(strategy=strategy))
    assert result.exit_code is ExitCode.BLOCKED
    assert strategy in bench.reviews.said[0].body


def test_gate_none__needs_no_review():
    bench = make_bench()
    bench.reviews.merged = False
    result = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert result.outputs["result"] == "deployed"


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
