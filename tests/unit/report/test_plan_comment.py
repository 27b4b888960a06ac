"""The plan comment: what is destroyed stands first, and whatever moves the digest can be seen."""

from __future__ import annotations

import re
from typing import Any

import pytest

from entrypoint.fleet.model import Fleet
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.run import AllowDestroy, Compat, Look, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read
from entrypoint.planning.make import make_plan, resume_record
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create
from entrypoint.report.plan.comment import plan_markdown
from entrypoint.report.plan.standbys import standbys_after, standbys_now
from entrypoint.report.plan.terminal import plan_text
from tests.unit.planning import kit
from tests.unit.planning.test_intent import CHANGES, FLEET, POLICIES, POLICY, TEXT, Checkout, made
from tests.unit.report.made import run_context

RUN = run_context(
    repository="octo/shop",
    sha="a" * 40,
    server_url="https://github.com",
    run_url="https://github.com/r/1",
    pull_number=128,
)
PUSHED = RUN._replace(pull_number=None, event="push")
UNSHOWN = {'LEVEL = "info"', 'X-Frame = "DENY"', "Bearer one", "YQ=="}
"""Values that nobody may repeat: that they change is shown, not what they become."""


def comment(plan: Plan, **changes: Any) -> str:
    return plan_markdown(plan, findings=(), run=RUN, environment="", **changes)


def words(plan: Plan) -> str:
    """Without the plan's id, which moves by itself."""
    return re.sub(r"Plan `[0-9a-f-]+`", "", comment(plan))


def on(live: Fleet, text: str) -> Plan:
    """The plan for a fleet as an earlier one left it."""
    reading = read(
        f'app = "shop"\nprimary_region = "ams"\n{text}', file="fly.toml", local=Checkout(b"debug = false")
    )
    assert reading.manifest is not None
    return make_plan(
        reading.manifest, policy=kit.policy(POLICY), overrides=kit.overrides(), fleet=live, image=kit.image()
    )


@pytest.fixture(scope="module")
def reviewed() -> Plan:
    return made()


@pytest.mark.parametrize(
    ("before", "after"), [c for c in CHANGES if not (c[0] in UNSHOWN and "EMPTY" not in c[1])]
)
def test_a_change_in_fly_toml__is_seen_in_the_comment(reviewed: Plan, before: str, after: str) -> None:
    assert words(made(TEXT.replace(before, after, 1))) != words(reviewed)


@pytest.mark.parametrize(("before", "after"), [c for c in CHANGES if c[0] in UNSHOWN])
def test_a_change_of_what_nobody_may_repeat__is_seen_without_its_value(before: str, after: str) -> None:
    text, live = TEXT.replace(before, after, 1), kit.after(made(), FLEET)
    assert "nothing to do" in comment(on(live, TEXT))
    assert "values are never shown" in comment(on(live, text))


@pytest.mark.parametrize(("before", "after"), POLICIES)
def test_a_change_in_flightplan_toml__is_seen_in_the_comment(reviewed: Plan, before: str, after: str) -> None:
    assert words(made(TEXT, POLICY.replace(before, after, 1))) != words(reviewed)


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": Strategy.IMMEDIATE},
        {"max_unavailable": 2.0},
        {"wait_timeout": 60.0},
        {"on_failure": OnFailure.HOLD},
        {"compat": Compat.FLYCTL},
        {"scale": "web=3"},
        {"ref": kit.OLD},
        {"primary": "gru"},
    ],
)
def test_another_input__is_seen_in_the_comment(reviewed: Plan, changes: dict[str, Any]) -> None:
    assert words(made(**changes)) != words(reviewed)


TWO = '[processes]\nweb = "bin/web"\n'
VOLUME = {"mounts": [{"path": "/data", "volume": "vol_1", "name": "data"}]}


def destroying(**changes: Any) -> str:
    return comment(destroying_plan(**changes))


def destroying_plan(**changes: Any) -> Plan:
    """Two groups that are gone, one with a volume."""
    machines = (
        kit.machine("a1", "web"),
        kit.machine("b1", "cron", config=VOLUME),
        kit.machine("c1", "jobs"),
        kit.machine("c2", "jobs", region="gru"),
    )
    return kit.plan(TWO, *machines, volumes=(kit.volume("vol_1", attached="b1"),), **changes)


def alert(body: str) -> list[str]:
    return [line for line in body.split("\n") if line.startswith(">")]


CRON = (
    "> - **Destroy 1 machine of `cron`**: [`b1`](https://fly.io/apps/shop/machines/b1) in `ams` (its group is gone from fly.toml). "
    "**Volume `vol_1` (`data`, 1 GB) stays, attached to nothing**, and still billed."
)


def test_what_would_be_destroyed__stands_first_with_ids_volumes_and_what_allows_it() -> None:
    body = destroying()
    jobs = "[`c1`](https://fly.io/apps/shop/machines/c1) in `ams`, [`c2`](https://fly.io/apps/shop/machines/c2) in `gru`"
    assert body.startswith("### shop · cannot deploy: would destroy 3 machines, update 1 ")
    assert alert(body) == [
        "> [!CAUTION]",
        "> **Cannot deploy: would destroy 3 machines.** To allow it, set `allow-destroy: all`.",
        CRON,
        f"> - **Destroy 2 machines of `jobs`**: {jobs} (its group is gone from fly.toml).",
    ]
    assert body.index("CAUTION") < body.index("Before you merge")
    assert "is kept, attached to nothing" not in body  # said once


def test_what_is_allowed_to_go__stands_first_all_the_same() -> None:
    body = destroying(allow_destroy=AllowDestroy.ALL)
    assert body.startswith("### shop · destroy 3 machines, update 1 ")
    assert (
        alert(body)[1] == "> **Merging will destroy 3 machines.** The input `allow-destroy: all` allows it."
    )
    assert CRON in body


@pytest.mark.parametrize(
    "changes",
    [{}, {"allow_destroy": AllowDestroy.ALL}, {"scale": "nobody=1"}, {"ref": None}],
    ids=["refused", "allowed", "blocked", "no image"],
)
def test_where_no_pull_request_is__no_merge_is_spoken_of(changes: dict[str, Any]) -> None:
    body = plan_markdown(destroying_plan(**changes), findings=(), run=PUSHED, environment="")
    assert "**Before you deploy**" in body
    assert re.findall(r"\bmerg\w*", body, re.IGNORECASE) == []


def test_a_push_that_destroys__says_so_before_the_deploy() -> None:
    plan = destroying_plan(allow_destroy=AllowDestroy.ALL)
    body = plan_markdown(plan, findings=(), run=PUSHED, environment="")
    assert alert(body)[1].startswith("> **The deploy would destroy 3 machines.** ")


def test_surplus__is_what_machines_without_volumes_need() -> None:
    made = kit.plan(TWO, kit.machine("a1"), kit.machine("c1", "jobs"))
    assert "set `allow-destroy: surplus`" in comment(made)
    made = kit.plan(TWO, kit.machine("a1"), kit.machine("c1", "jobs"), allow_destroy=AllowDestroy.SURPLUS)
    assert "The input `allow-destroy: surplus` allows it." in comment(made)


def test_what_an_earlier_run_made__goes_without_consent_and_is_said() -> None:
    made = kit.plan(TWO, kit.machine("a1"), kit.machine("c1", "jobs"), unproven=[MachineId("c1")])
    assert alert(comment(made))[1] == (
        "> **Merging will destroy 1 machine.** This needs no consent: an earlier run created them, and no deploy has proved them since."
    )


def test_another_problem__is_said_beside_what_would_be_destroyed() -> None:
    body = destroying(scale="nobody=1")
    assert "would destroy 3 machines, and has 1 more problem.**" in body
    assert "Input scale names group `nobody`" in alert(body)[-1]
    allowed = destroying(scale="nobody=1", allow_destroy=AllowDestroy.ALL)
    assert allowed.startswith("### shop · cannot deploy: 1 problem\n")
    assert "Then it would destroy 3 machines. The input `allow-destroy: all` allows it." in allowed


def test_a_plan_without_danger__has_no_alert() -> None:
    assert not alert(comment(kit.plan(TWO, kit.machine("a1"))))


def test_a_stage__says_what_it_waits_for() -> None:
    text = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n[deploy]\nrelease_command = "bin/migrate"\n'
    order = '[rollout]\norder = [["web"], ["worker"]]\n'
    body = comment(kit.plan(text, kit.machine("a1"), kit.machine("b1", "worker"), policy_text=order))
    lines = [line for line in body.split("\n") if re.match(r"\d\. ", line)]
    assert [line.partition(" · waits for ")[2] for line in lines] == ["", "the release command", "`web`"]


def test_a_note__is_the_files_words_on_one_line_and_does_nothing() -> None:
    note = 'note = "Ask @ops <b>first</b>.\\n\\n# **Approved** [x](https://e.example)"'
    body = comment(kit.plan(TWO, kit.machine("a1"), policy_text=f"[comment]\n{note}\n"))
    (line,) = [line for line in body.split("\n") if line.startswith("> **Note in flightplan.toml:** ")]
    assert body.split("\n")[2] == line
    assert "\\*\\*Approved\\*\\*" in line
    assert "\\<b\\>" in line
    assert "@ops" not in line
    assert "[x](" not in line
    idle = comment(kit.plan(TWO, kit.machine("a1"), policy_text=f"[comment]\n{note}\n", ref=None))
    assert line in idle


def test_a_plan_without_a_note__has_none() -> None:
    assert "Note in flightplan.toml" not in comment(kit.plan(TWO, kit.machine("a1")))


def test_a_note_too_long__is_a_finding() -> None:
    (finding,) = read_policy(f'[comment]\nnote = "{"x" * 501}"\n', file="flightplan.toml").findings
    assert finding.message == "note has 501 characters; it may have 500"


BOTH = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
SERVICE = {
    "protocol": "tcp",
    "internal_port": 8080,
    "ports": [
        {"port": 80, "handlers": ["http"], "force_https": True},
        {"port": 443, "handlers": ["http", "tls"]},
    ],
}


def test_a_service_that_goes__has_a_line_for_each_part() -> None:
    body = comment(kit.plan(TWO, kit.machine("a1", config={"services": [SERVICE]}), ref=None))
    diff = body.partition("```diff\n")[2].partition("```")[0].split("\n")
    assert diff[0] == "  services"
    assert diff[1:4] == [
        '- 0.protocol = "tcp"',
        "- 0.internal_port = 8080",
        '- 0.ports = [{"port": 80, "handlers": ["http"], "force_https": true}, {"port": 443, "handlers": ["http", "tls"]}]',
    ]


def test_groups_that_change_alike__share_a_diff() -> None:
    text = f'{BOTH}[env]\nLEVEL = "info"\n'
    body = comment(
        kit.plan(text, kit.machine("a1"), kit.machine("a2"), kit.machine("b1", "worker"), ref=None)
    )
    assert "**`web`** · 2 machines, **`worker`** · 1 machine\n" in body
    assert body.count("```diff") == 1


def test_a_short_diff__is_seen_without_a_click() -> None:
    text = f"{TWO}[env]\n" + "".join(f"K{n} = '1'\n" for n in range(6))
    assert "<details open><summary>What changes" in comment(kit.plan(text, kit.machine("a1"), ref=None))
    longer = comment(kit.plan(f"{text}K7 = '1'\n", kit.machine("a1"), ref=None))
    assert "<details><summary>What changes" in longer


def test_updates_for_different_reasons__have_their_own_numbers() -> None:
    sized = kit.machine("a2", config={"init": {"cmd": ["bin/old"]}})
    body = comment(kit.plan(TWO, kit.machine("a1"), sized, kit.machine("a3")))
    assert "| update 2 — image; update 1 — command, image |" in body


def test_so_many_reasons__are_one() -> None:
    changed = [
        kit.machine(f"a{n}", config=config)
        for n, config in enumerate(
            (
                {},
                {"init": {"cmd": ["x"]}},
                {"services": [SERVICE]},
                {"init": {"cmd": ["x"]}, "services": [SERVICE]},
            )
        )
    ]
    assert "| update 4 — image; command, image; services, image; command, services, image |" in comment(
        kit.plan(TWO, *changed)
    )


def test_one_at_a_time__names_the_first() -> None:
    body = comment(kit.plan(TWO, kit.machine("a1"), kit.machine("a2")))
    assert "1. update `web`: 1 at a time, `a1` first · " in body


def test_a_machine_of_another_group__is_told_apart_from_what_changes() -> None:
    env = {"FLY_PROCESS_GROUP": "web"}
    body = comment(
        kit.plan(BOTH, kit.machine("a1"), kit.machine("b1", "worker", config={"env": env}), ref=None)
    )
    assert "update 1 — moved from group web: environment" in body


def test_a_plan_without_changes__leaves_the_machines() -> None:
    run = run_context(event="pull_request", pull_number=7)
    idle = plan_markdown(
        kit.plan('[processes]\nweb = "bin/web"\n', kit.machine("a1"), ref=None),
        findings=(),
        run=run,
        environment="",
    )
    assert "Merging leaves every machine as it is" in idle


def test_volumes__have_columns_for_what_happens_to_them() -> None:
    mounts = '[processes]\nweb = "bin/web"\n[mounts]\nsource = "data"\ndestination = "/data"\n'
    body = comment(kit.plan(mounts, policy_text="[groups.web]\ncount = 2\n", volumes=(kit.volume("vol_1"),)))
    table = body.partition("<summary>Volumes</summary>\n\n")[2].partition("\n\n")[0].split("\n")
    assert table[0] == "| volume | attached now | created | region | groups |"
    assert table[1] == "|---|---|---|---|---|"
    assert table[2] == "| `data` | `vol_1` | 1 | `ams` | `web` |"


def test_standbys__are_counted_apart_now_and_after() -> None:
    standby = kit.machine("b2", "worker", state="stopped", config={"standbys": ["b1"]})
    body = comment(kit.plan(BOTH, kit.machine("a1"), kit.machine("b1", "worker"), standby))
    assert "| **`worker`** `ams` | update 2 — image | 1 + standby → 1 + standby |" in body


def test_a_standby_that_an_interrupted_run_has_made__is_there_now() -> None:
    live = kit.fleet(kit.machine("a1"))
    made = kit.plan(BOTH, *live.machines)
    assert "– → 1 + standby" in comment(made)
    creates = {place: None for place, (_, step) in enumerate(made.steps()) if isinstance(step, Create)}
    there = kit.after(made, live, only=creates)
    again = kit.plan(BOTH, *there.machines, resume=resume_record(kit.record_of(made)))
    (worker,) = [group for group in again.groups if group.name == "worker"]
    assert (standbys_now(worker, "ams"), standbys_after(worker, "ams")) == (1, 1)


def test_where_nothing_is_launched__there_is_no_gate() -> None:
    body = comment(kit.plan(BOTH, kit.machine("a1"), kit.machine("a2"), scale="web=1 worker=0", ref=None))
    assert "| **`web`** `ams` | **destroy 1**; 1 unchanged | 2 → 1 | – |" in body


def test_a_canary__is_called_one() -> None:
    body = comment(kit.plan(BOTH, kit.machine("a1"), kit.machine("b1", "worker"), strategy=Strategy.CANARY))
    assert "**`web` · 1 canary machine in `ams`**" in body


def test_an_image_that_all_machines_run__stays() -> None:
    live = kit.machine("a1", config={"image": kit.NEW})
    assert "\nImage `v2` stays" in comment(kit.plan(TWO, live))
    assert "image  v2 stays\n" in plan_text(kit.plan(TWO, live), (), look=Look())


def test_a_tag_that_was_moved__is_told_apart_by_its_digest() -> None:
    was = f"{kit.NEW.partition('@')[0]}@sha256:{'7' * 64}"
    made = kit.plan(TWO, kit.machine("a1", config={"image": was}))
    assert "\nImage `v2@777777777777` → `v2` (`sha256:" in comment(made)
    assert "image  v2@777777777777 → v2 (sha256:" in plan_text(made, (), look=Look())


def test_no_image_at_all__is_none() -> None:
    body = comment(kit.plan(BOTH, ref=None))
    assert "\nNo image · " in body
