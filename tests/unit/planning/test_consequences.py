"""What a plan says that nobody asked: groups that are down, ports and checks that go, sizes, images, renames, gates that cannot pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entrypoint.fleet.fingerprints import config_fingerprint
from entrypoint.fleet.marks import FINGERPRINT
from entrypoint.fleet.model import Machine
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.secrets import Secret
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.consequences.images import moving_tag, not_given, other_app
from entrypoint.planning.make import resume_record
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from tests.unit.planning.kit import (
    APP,
    NEW,
    after,
    fleet,
    machine,
    manifest,
    plan,
    record_of,
    rules,
    verbs,
    volume,
)

WORKER = '[processes]\nworker = "bin/worker"\n'
HTTP = '[processes]\nweb = "bin/web"\n[http_service]\ninternal_port = 8080\nprocesses = ["web"]\nauto_stop_machines = "off"\n'
CHECK = '[[http_service.checks]]\ninterval = "10s"\ntimeout = "2s"\ngrace_period = "5s"\npath = "/up"\n'
PORTS = [{"port": 80, "handlers": ["http"]}, {"port": 443, "handlers": ["tls", "http"]}]
SERVICE: dict[str, Any] = {"protocol": "tcp", "internal_port": 8080, "ports": PORTS, "autostop": False}
CHECKED = SERVICE | {"checks": [{"type": "http", "path": "/up", "interval": "10s", "timeout": "2s"}]}


def said(made: Plan, rule: str) -> list[str]:
    return [f"{f.message} {f.hint}".strip() for f in made.findings if f.rule == rule]


def standby(id_: str, of: str, **changes: Any) -> Machine:
    return machine(id_, "worker", state="stopped", config={"standbys": [of]}, **changes)


def test_a_group_that_is_down__is_a_warning_also_where_nothing_changes() -> None:
    asleep = machine("a", "worker", state="stopped")
    (group,) = plan(WORKER, asleep, ref=None).groups
    idle, changed = plan(WORKER, asleep, ref=None), plan(WORKER, asleep)
    assert not idle.has_changes
    for made in (idle, changed):
        assert said(made, "nothing-runs") == [
            (
                "No machine of `worker` runs, or will run after this deploy: its only machine is stopped. "
                "Set `start = true` for it in flightplan.toml, or start one by hand: `fly machine start a`."
            )
        ]
        assert "stays-stopped" not in rules(made)
    assert group.is_down


@pytest.mark.parametrize("state", ["started", "starting", "replacing"])
def test_a_group_with_one_that_runs__is_not_down(state: str) -> None:
    made = plan(WORKER, machine("a", "worker", state="stopped"), machine("b", "worker", state=state))
    assert "nothing-runs" not in rules(made)
    assert not made.groups[0].is_down


@pytest.mark.parametrize(
    "config",
    [
        {"schedule": "daily"},
        {"services": [SERVICE | {"autostop": "stop"}]},
        {"services": [SERVICE | {"autostart": True}]},
    ],
)
def test_what_the_platform_starts__is_not_down(config: dict[str, Any]) -> None:
    text = HTTP.replace('"off"', '"stop"') if "services" in config else '[processes]\nweb = "bin/web"\n'
    assert "nothing-runs" not in rules(plan(text, machine("a", state="stopped", config=config), ref=None))


def test_a_service_that_nothing_wakes__is_down() -> None:
    made = plan(
        HTTP + "auto_start_machines = false\n",
        machine("a", state="stopped", config={"services": [SERVICE | {"autostart": False}]}),
    )
    assert "nothing-runs" in rules(made)


def test_only_a_standby__does_no_work() -> None:
    made = plan(WORKER, standby("b", "gone"))
    (message,) = said(made, "nothing-runs")
    assert "its only machine is a standby." in message
    assert "`scale: worker=1`" in message
    assert said(made, "standby-dangling")[0].startswith(
        "`b` of `worker` is a standby of `gone`, which is gone"
    )


def test_several_that_do_not_run__are_told_apart() -> None:
    made = plan(WORKER, machine("a", "worker", state="stopped"), standby("b", "a"), standby("c", "a"))
    assert "1 is stopped, 2 are standbys." in said(made, "nothing-runs")[0]


def test_a_standby_of_one_that_lives__says_nothing() -> None:
    assert "standby-dangling" not in rules(plan(WORKER, machine("a", "worker"), standby("b", "a")))


def test_a_standby_that_becomes_an_ordinary_machine__stays_stopped_and_is_named() -> None:
    made = plan(HTTP.replace("web", "worker"), machine("a", "worker"), standby("b", "a"))
    (message,) = said(made, "stays-stopped")
    assert "`b` is no standby any more." in message
    assert "start = true" in message


def test_start_true__is_no_group_that_is_down() -> None:
    made = plan(
        WORKER, machine("a", "worker", state="stopped"), policy_text="[groups.worker]\nstart = true\n"
    )
    assert {"nothing-runs", "stays-stopped"}.isdisjoint(rules(made))
    assert made.groups[0].regions[0][1].start == 1


def test_ports_that_nobody_answers_any_more() -> None:
    made = plan('[processes]\nweb = "bin/web"\n', machine("a", config={"services": [CHECKED]}))
    assert said(made, "ports-lost")[0].startswith(
        "No group answers on ports 80 and 443 any more: `web` does today."
    )
    assert said(made, "checks-lost")[0].startswith("`web` loses every check")
    assert "no-health-check" not in rules(made)


def test_ports_that_stay__say_nothing() -> None:
    made = plan(HTTP + CHECK, machine("a", config={"services": [CHECKED]}))
    assert {"ports-lost", "ports-moved", "ports-gained", "checks-lost"}.isdisjoint(rules(made))


def test_ports_that_another_group_answers() -> None:
    text = HTTP.replace('web = "bin/web"', 'web = "bin/web"\napi = "bin/api"').replace('["web"]', '["api"]')
    made = plan(text, machine("a", config={"services": [SERVICE]}), machine("b", "api"))
    assert said(made, "ports-moved") == [
        "Requests on ports 80 and 443 no longer reach `web`: `api` answers them."
    ]
    assert "ports-lost" not in rules(made)


def test_ports_that_are_new() -> None:
    made = plan(HTTP, machine("a"))
    assert said(made, "ports-gained") == ["`web` answers on ports 80 and 443, where no group answers today."]


def test_a_first_deploy__gains_no_ports() -> None:
    assert "ports-gained" not in rules(plan(HTTP, status="pending"))


def test_ranges_and_udp__are_ports_of_their_own() -> None:
    ports = [{"start_port": 9000, "end_port": 9010}, {"port": 53}]
    udp = {"protocol": "udp", "internal_port": 53, "ports": ports}
    made = plan('[processes]\nweb = "bin/web"\n', machine("a", config={"services": [udp]}))
    assert "on ports 53/udp and 9000-9010/udp any more" in said(made, "ports-lost")[0]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (("shared", 1, 4096), 'memory = "512mb"', "4 GB → 512 MB"),
        (("performance", 2, 4096), 'size = "shared-cpu-1x"', "performance-2x 4 GB → shared-cpu-1x 256 MB"),
        (
            ("shared", 2, 512),
            'size = "shared-cpu-1x"\nmemory = "512mb"',
            "shared-cpu-2x 512 MB → shared-cpu-1x 512 MB",
        ),
        (("shared", 1, 256), 'memory = "1gb"', ""),
        (("shared", 1, 256), 'size = "performance-1x"', ""),
    ],
)
def test_a_size_that_falls__is_a_warning(before: tuple[str, int, int], after: str, change: str) -> None:
    kind, cpus, memory = before
    guest = {"cpu_kind": kind, "cpus": cpus, "memory_mb": memory}
    made = plan(f"{WORKER}[[vm]]\n{after}\n", machine("a", "worker", config={"guest": guest}))
    found = said(made, "size-shrinks")
    assert [message.split(": ")[1].split(". ")[0] for message in found] == ([change] if change else [])
    if change:
        assert f"size {change}" in made.groups[0].steps[0].reason


@pytest.mark.parametrize(
    ("ref", "is_said"),
    [
        (NEW, False),
        ("registry.fly.io/other:v2@sha256:" + "2" * 64, True),
        ("docker.io/evil/shop:v1@sha256:" + "2" * 64, True),
        (None, False),
    ],
)
def test_an_image_of_another_repository__is_a_warning(ref: str | None, is_said: bool) -> None:
    made = plan(WORKER, machine("a", "worker"), ref=ref)
    assert ("image-repository" in rules(made)) is is_said


@pytest.mark.parametrize(
    ("tag", "source", "moves", "is_said"),
    [
        (":v2", ImageSource.INPUT, True, True),
        (":v2", ImageSource.INPUT, False, False),
        ("", ImageSource.FILE, True, True),
        (":4e1c0aa", ImageSource.INPUT, True, False),
        (":sha-" + "4e1c0" * 8, ImageSource.INPUT, True, False),
        (":4e1c0a", ImageSource.INPUT, True, True),
        (":20261127", ImageSource.INPUT, True, True),
        (":deadbeef", ImageSource.INPUT, True, True),
        (":deployment-01JNRQ", ImageSource.INPUT, True, True),
    ],
)
def test_a_tag_that_may_move__is_said_with_its_digest(
    tag: str, source: ImageSource, moves: bool, is_said: bool
) -> None:
    digest = "sha256:" + "2" * 64
    image = Image(ref=f"registry.fly.io/shop{tag}@{digest}", digest=digest, source=source, moves=moves)
    found = list(moving_tag(image))
    assert bool(found) is is_said
    if found:
        assert (tag[1:] or "latest") in found[0].message
        assert "`sha256:222222222222…`" in found[0].message
        assert ("[build]" in found[0].hint) is (source is ImageSource.FILE)


@pytest.mark.parametrize(
    ("grace", "wait", "is_said"),
    [
        ("75s", 30.0, True),
        ("30s", 30.0, True),
        ("29s", 30.0, False),
        ("75s", 61.0, False),
        ("5s", 30.0, False),
    ],
)
def test_a_gate_that_cannot_pass__is_said(grace: str, wait: float, is_said: bool) -> None:
    text = HTTP + CHECK.replace("5s", grace)
    made = plan(text, machine("a", config={"services": [CHECKED]}), wait_timeout=wait)
    assert ("gate-cannot-pass" in rules(made)) is is_said


def test_a_top_level_checks_grace__is_not_cut() -> None:
    check = '[checks.up]\ntype = "tcp"\nport = 1\ninterval = "10s"\ntimeout = "2s"\ngrace_period = "75s"\n'
    assert "gate-cannot-pass" in rules(plan(WORKER + check, machine("a", "worker"), wait_timeout=75.0))
    assert "gate-cannot-pass" not in rules(plan(WORKER + check, machine("a", "worker"), wait_timeout=76.0))


def test_a_group_under_a_new_name() -> None:
    made = plan(
        '[processes]\njobs = "bin/worker"\n',
        machine("a", "worker"),
        machine("b", "worker", region="fra"),
        machine("c", "worker"),
    )
    (message,) = said(made, "group-renamed")
    assert "`jobs` looks like `worker` under a new name" in message
    assert "3 machines in ams and fra become 1 machine in ams and 1 standby." in message
    assert "`scale: jobs=ams:2,fra:1`" in message


def test_a_new_name_for_as_many_machines__loses_none() -> None:
    (found,) = [
        f
        for f in plan(
            '[processes]\njobs = "bin/worker"\n', machine("a", "worker"), scale="jobs=ams:1"
        ).findings
        if f.rule == "group-renamed"
    ]
    assert found.message == "`jobs` looks like `worker` under a new name: it does the same work."
    assert found.hint == "The new machines are created and checked before the old ones are destroyed."


def test_a_new_name__leaves_volumes_behind() -> None:
    mounted = machine(
        "a", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}
    )
    text = '[processes]\njobs = "bin/worker"\n[mounts]\nsource = "data"\ndestination = "/data"\n'
    made = plan(text, mounted, volumes=(volume("vol_1", attached="a"),))
    assert "The data on `vol_1` is not moved." in said(made, "group-renamed")[0]


@pytest.mark.parametrize("command", ["bin/other", "bin/worker --queue 2"])
def test_other_work__is_no_rename(command: str) -> None:
    assert "group-renamed" not in rules(plan(f'[processes]\njobs = "{command}"\n', machine("a", "worker")))


@pytest.mark.parametrize("beside", [{"entrypoint": []}, {"swap_size_mb": 512}])
def test_the_same_command_with_something_else_beside_it__is_a_rename(beside: dict[str, Any]) -> None:
    old = machine("a", "worker", config={"init": {"cmd": ["bin/worker"], **beside}})
    assert "group-renamed" in rules(plan('[processes]\njobs = "bin/worker"\n', old))


def test_an_app_that_the_input_names__is_said() -> None:
    found = [f.message for f in other_app(manifest(WORKER), AppName("elsewhere"))]
    assert found == ["This deploys to `elsewhere`, as the input `app` says; fly.toml names `shop`."]
    assert not list(other_app(manifest(WORKER), APP))


def test_everything_said_is_no_error() -> None:
    made = plan(WORKER, machine("a", "worker", state="stopped"))
    assert {f.severity for f in made.findings} <= {Severity.WARNING, Severity.NOTICE}


def test_a_machine_that_was_moved_by_hand__does_its_old_groups_work_until_now() -> None:
    env = {"FLY_PROCESS_GROUP": "web"}
    text = HTTP.replace('web = "bin/web"', 'web = "bin/web"\nworker = "bin/worker"') + CHECK
    moved = machine("b", "worker", config={"services": [CHECKED], "env": env})
    made = plan(text, machine("a", config={"services": [CHECKED]}), moved)
    assert {"ports-moved", "ports-lost", "checks-lost"}.isdisjoint(rules(made))


TWO = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'


def test_a_region_that_one_group_leaves__names_the_group() -> None:
    machines = (machine("a"), machine("b", region="gru"), machine("c", "worker", region="gru"))
    made = plan(TWO, *machines, policy_text="[groups.web]\ncount = {ams = 1}\n")
    assert said(made, "region-lost") == ["`web` no longer runs in `gru`."]


def test_a_region_that_the_app_leaves__is_said_once() -> None:
    machines = (machine("a"), machine("b", region="gru"), machine("c", "worker"))
    made = plan(TWO, *machines, policy_text="[groups.web]\ncount = {ams = 1}\n")
    assert said(made, "region-lost") == ["No group runs in `gru` any more: `web` does today."]


def test_a_group_that_is_gone__leaves_a_region_only_where_no_other_runs() -> None:
    """Its machines are named one by one where they are destroyed."""
    machines = (machine("a"), machine("b", "worker"), machine("c", "worker", region="gru"))
    made = plan('[processes]\nweb = "bin/web"\n', *machines)
    assert said(made, "region-lost") == ["No group runs in `gru` any more: `worker` does today."]


def test_a_machine_that_was_moved_by_hand__takes_its_old_group_out_of_a_region() -> None:
    moved = machine("b", "worker", region="gru", config={"env": {"FLY_PROCESS_GROUP": "web"}})
    made = plan(TWO, machine("a"), moved)
    assert said(made, "region-lost") == ["`web` no longer runs in `gru`."]


def test_ports_that_two_groups_gain() -> None:
    service = """
[[services]]
internal_port = 8080
processes = ["web", "worker"]
[[services.ports]]
port = 5000
"""
    made = plan(TWO + service, machine("a"), machine("b", "worker"))
    assert said(made, "ports-gained") == [
        "`web` and `worker` answer on port 5000, where no group answers today."
    ]


def test_all_machines_at_once__is_a_warning() -> None:
    made = plan(TWO, machine("a"), machine("b"), machine("c", "worker"), strategy=Strategy.IMMEDIATE)
    assert said(made, "all-at-once")[0].startswith(
        "`web` is down while it restarts: all 2 machines are updated at once"
    )
    assert "rolling-capacity" not in rules(made)
    assert "all-at-once" not in rules(plan(TWO, machine("a"), machine("b"), machine("c", "worker")))


def test_one_machine_that_runs_beside_stopped_ones__is_not_told_to_have_two() -> None:
    machines = (machine("a"), machine("b", state="stopped"))
    (found,) = [f for f in plan(TWO, *machines).findings if f.rule == "single-machine-restart"]
    assert found.hint == "Set `start = true` for it in flightplan.toml to run its stopped machines too."
    failed = (machine("a"), machine("b", state="failed"))
    (found,) = [f for f in plan(TWO, *failed).findings if f.rule == "single-machine-restart"]
    assert not found.hint
    (found,) = [f for f in plan(TWO, machine("a")).findings if f.rule == "single-machine-restart"]
    assert found.hint == "Run two: `scale: web=2`, or a count in flightplan.toml."


def test_a_suspended_machine_that_is_updated__loses_its_memory() -> None:
    lost = "1 stopped machine of `worker` is updated and stays stopped. It was suspended: what it keeps in memory is lost."
    made = plan(WORKER, machine("a", "worker"), machine("b", "worker", state="suspended"))
    assert said(made, "stays-stopped") == [lost]
    made = plan(
        WORKER,
        machine("a", "worker"),
        machine("b", "worker", state="suspended"),
        machine("c", "worker", state="stopped"),
    )
    assert said(made, "stays-stopped")[0].endswith(
        "1 of them was suspended: what it keeps in memory is lost."
    )
    made = plan(WORKER, machine("a", "worker"), machine("b", "worker", state="stopped"))
    assert "memory" not in said(made, "stays-stopped")[0]


def test_a_scheduled_machine__is_not_told_to_start() -> None:
    (found,) = [
        f
        for f in plan(WORKER, machine("a", "worker", state="stopped", config={"schedule": "hourly"})).findings
        if f.rule == "stays-stopped"
    ]
    assert found.message.endswith(
        "Its schedule starts it: until then nothing shows that the new version starts."
    )
    assert not found.hint


def test_volumes_of_one_name__are_shared_by_those_that_mount_them_then() -> None:
    mounted = machine(
        "b", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}
    )
    text = TWO + '[[mounts]]\nsource = "data"\ndestination = "/data"\nprocesses = ["web"]\n'
    volumes = (volume("vol_1", attached="b"),)
    assert "volume-shared-name" not in rules(plan(text, machine("a"), mounted, volumes=volumes))
    both = text.replace('["web"]', '["web", "worker"]')
    assert "volume-shared-name" in rules(plan(both, machine("a"), mounted, volumes=volumes))


def deployed(*machines: Machine) -> list[Machine]:
    """As a deploy of ours leaves them: marked with the config that they were given."""
    marked = []
    for one in machines:
        print_ = config_fingerprint(one.config, secret=None)
        metadata = {**one.metadata, FINGERPRINT: print_}
        marked.append(replace(one, config={**one.config, "metadata": metadata}))
    return marked


def edited(one: Machine, **config: Any) -> Machine:
    return replace(one, config={**one.config, **config})


ALWAYS = {"restart": {"policy": "always"}}


def test_what_somebody_changed_since_the_deploy__is_named_where_it_is_overwritten() -> None:
    a, b = deployed(machine("a"), machine("b"))
    made = plan('[processes]\nweb = "bin/web"\n', a, edited(b, **ALWAYS))
    assert said(made, "changed-outside") == [
        "`b` of `web` was changed since Flightplan deployed it: `restart.policy`. This deploy overwrites that. To keep it, write it in fly.toml."
    ]


def test_several_with_the_same_change__are_told_together() -> None:
    a, b, c = deployed(machine("a"), machine("b"), machine("c"))
    made = plan(
        '[processes]\nweb = "bin/web"\n',
        a,
        edited(b, **ALWAYS),
        edited(c, **ALWAYS),
        strategy=Strategy.BLUEGREEN,
    )
    assert said(made, "changed-outside") == [
        "`b` and `c` of `web` were changed since Flightplan deployed them: `restart.policy`. This deploy overwrites that. To keep it, write it in fly.toml."
    ]


def test_what_fly_has_added_by_itself__was_changed_by_nobody() -> None:
    text = '[processes]\nweb = "bin/web"\n[[services]]\ninternal_port = 80\nprotocol = "tcp"\nprocesses = ["web"]\n'
    service = {"internal_port": 80, "protocol": "tcp"}
    usual = {"type": "connections", "hard_limit": 25, "soft_limit": 20}
    a, b = deployed(*(machine(id_, config={"services": [service]}) for id_ in "ab"))
    grown = edited(b, services=[service | {"concurrency": usual, "min_machines_running": 0}])
    assert "changed-outside" not in rules(plan(text, a, grown))
    fewer = text + '[services.concurrency]\ntype = "requests"\nsoft_limit = 5\n'
    (told,) = said(plan(fewer, a, edited(grown, **ALWAYS)), "changed-outside")
    assert "deployed it: `restart.policy`." in told


def test_where_nothing_is_left_as_it_was_deployed__no_field_is_named() -> None:
    (a,) = deployed(machine("a"))
    made = plan('[processes]\nweb = "bin/web"\n', edited(a, **ALWAYS))
    assert said(made, "changed-outside") == [
        "`a` of `web` was changed since Flightplan deployed it. This deploy overwrites the change. To keep it, write it in fly.toml."
    ]


def test_without_the_record_key_of_the_deploy__nobody_is_said_to_have_changed_anything() -> None:
    key = Secret("k")
    keyed = [edited(m, metadata={**m.metadata, FINGERPRINT: config_fingerprint(m.config, secret=key)})
             for m in (machine("a"), edited(machine("b"), **ALWAYS))]  # fmt: skip
    made = plan('[processes]\nweb = "bin/web"\n[env]\nLEVEL = "debug"\n', *keyed)
    (told,) = said(made, "changed-outside")
    assert told == (
        "`a` and `b` of `web` were deployed with the input `record-key`, which this plan does not have: whether somebody changed them since "
        "is not known. Give the same `record-key` in every job."
    )


def test_a_change_that_fly_toml_has_now__is_not_overwritten() -> None:
    a, b = deployed(machine("a"), machine("b"))
    made = plan('[processes]\nweb = "bin/web"\n[[restart]]\npolicy = "always"\n', a, edited(b, **ALWAYS))
    assert "changed-outside" not in rules(made)


@pytest.mark.parametrize("by", ["nobody", "another tool"])
def test_machines_as_they_were_deployed__are_not_called_changed(by: str) -> None:
    machines = [machine("a"), edited(machine("b"), **ALWAYS)]
    live = deployed(*machines) if by == "nobody" else machines
    assert "changed-outside" not in rules(plan('[processes]\nweb = "bin/web"\n', *live))


def test_a_machine_moved_to_another_group__is_not_called_changed() -> None:
    a, c = deployed(machine("a"), machine("c", "worker"))
    moved = edited(a, metadata={**a.metadata, "fly_process_group": "worker"})
    assert "changed-outside" not in rules(plan(TWO, moved, c))


MOUNT = '[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = "10gb"\n'


def test_an_initial_size__is_for_new_volumes_only() -> None:
    mounted = machine(
        "a", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}
    )
    there = volume("vol_1", attached="a")
    (message,) = said(plan(WORKER + MOUNT, mounted, volumes=(there,)), "initial-size")
    assert message.startswith(
        "`initial_size` of `worker` is 10 GB and is for new volumes only: `vol_1` (1 GB) keeps its size."
    )
    assert '`volume_size = "10gb"`' in message
    same = plan(WORKER + MOUNT.replace("10gb", "1gb"), mounted, volumes=(there,))
    grown = plan(
        WORKER + MOUNT, mounted, volumes=(there,), policy_text='[groups.worker]\nvolume_size = "10gb"\n'
    )
    assert "initial-size" not in rules(same) | rules(grown)


def test_no_image_though_one_is_built__is_said_unless_the_plan_is_blocked_for_want_of_one() -> None:
    needed = Finding(rule="image-needed", severity=Severity.ERROR, message="")
    (found,) = not_given(Image(ref=None, digest=None, source=ImageSource.LIVE), ())
    assert (found.rule, found.severity) == ("image-not-given", Severity.WARNING)
    assert list(not_given(Image(ref=None, digest=None, source=ImageSource.LIVE), (needed,))) == []
    assert list(not_given(Image(ref=None, digest=None, source=ImageSource.BUILT_ON_MERGE), ())) == []


NO_CHECKS = '[processes]\nweb = "bin/web"\n'


@pytest.mark.parametrize(
    ("machines", "given", "is_said"),
    [
        ([], {}, True),
        ([machine("a")], {}, True),
        ([machine("a", state="stopped")], {}, False),
        ([machine("a", state="stopped")], {"scale": "web=2"}, True),
        (list(after(plan(NO_CHECKS, machine("a")), fleet(machine("a"))).machines), {}, False),
        (list(after(plan(NO_CHECKS, machine("a")), fleet(machine("a"))).machines), {"scale": "web=2"}, True),
        ([machine("a")], {"scale": "web=2"}, True),
    ],
    ids=["first deploy", "update", "rests", "rests, one more", "nothing to do", "one more", "both"],
)
def test_no_health_check__is_said_where_a_machine_boots(
    machines: list[Any], given: dict[str, Any], *, is_said: bool
) -> None:
    assert ("no-health-check" in rules(plan(NO_CHECKS, *machines, **given))) is is_said


def test_no_health_check__is_not_said_of_machines_that_an_interrupted_run_has_made() -> None:
    for live in (fleet(), fleet(machine("a"))):
        made = plan(NO_CHECKS, *live.machines)
        then = plan(NO_CHECKS, *after(made, live).machines, resume=resume_record(record_of(made)))
        assert "no-health-check" not in rules(then)


def test_groups_that_are_swapped__are_told_in_one_sentence() -> None:
    made = plan(TWO, machine("a"), machine("b"), machine("c", "worker"), strategy=Strategy.BLUEGREEN)
    (message,) = said(made, "bluegreen-beside")
    assert "while old ones are swapped for new ones: 2 of `web` and 1 of `worker`. The new ones" in message


def test_groups_with_a_canary__are_told_in_one_sentence() -> None:
    made = plan(TWO, machine("a"), machine("c", "worker"), strategy=Strategy.CANARY)
    assert said(made, "canary-beside") == [
        "`web` and `worker` get one extra machine each, which tests the new version, gets no requests, and is destroyed afterwards."
    ]
    assert "no-canary" not in rules(made)


def test_no_canary__is_said_of_groups_that_should_have_one_only() -> None:
    canary = Strategy.CANARY
    alone = "[groups.web]\nsingleton = true\n"
    assert "no-canary" in rules(plan(NO_CHECKS, machine("a"), policy_text=alone, strategy=canary))
    assert "no-canary" not in rules(plan(NO_CHECKS, machine("a"), policy_text=alone))
    assert "no-canary" not in rules(plan(NO_CHECKS, machine("a"), scale="web=2", strategy=canary)), (
        "made anyway"
    )


def test_no_health_check__is_said_of_one_group_or_of_several() -> None:
    for live, has in [
        ([machine("a")], "`web` has"),
        ([machine("a"), machine("c", "worker")], "`web` and `worker` have"),
    ]:
        (message,) = said(plan(TWO if len(live) > 1 else NO_CHECKS, *live), "no-health-check")
        assert message.startswith(f"{has} no health check")


def test_a_group_that_shrinks_beside_a_new_one_of_the_same_work__is_no_rename() -> None:
    text = '[processes]\nweb = "bin/web"\nmore = "bin/web"\n'
    made = plan(text, machine("a"), machine("b"), scale="web=1 more=1", allow_destroy=AllowDestroy.ALL)
    assert sorted(verbs(made).values()) == ["create", "destroy", "update"]
    assert "group-renamed" not in rules(made)
