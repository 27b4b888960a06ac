"""What happens to each machine, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.fleet.marks import LOCK
from entrypoint.fleet.model import AddressKind, CheckStatus, HostStatus
from entrypoint.kernel.ids import MachineId, Region
from entrypoint.kernel.run import AllowDestroy, Compat
from entrypoint.manifest.model import objects
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import Create, Destroy, GateKind, LeaseSpan, Update
from entrypoint.report.plan.headline import headline
from tests.unit.planning.kit import NEW, OLD, after, blocked_by, fleet, machine, plan, rules, verbs, volume

TWO = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
WEB = '[processes]\nweb = "bin/web"\n'
SERVED = WEB + '[[services]]\ninternal_port = 80\nprotocol = "tcp"\nprocesses = ["web"]\n'
AUTOSTOP = SERVED + 'auto_stop_machines = "stop"\n'
DATA = '[[mounts]]\nsource = "data"\ndestination = "/data"\nprocesses = ["web"]\n'
MOUNTED = WEB + DATA
DISK = {"mounts": [{"path": "/data", "volume": "vol_1", "name": "data"}]}


def autostopped(id_: str, state: str) -> Any:
    services = [{"protocol": "tcp", "internal_port": 80, "autostop": True}]
    return machine(id_, state=state, config={"services": services})


def updates(made: Any) -> dict[str, Update]:
    return {step.machine.id: step for _, step in made.steps() if isinstance(step, Update)}


def test_groups_that_do_not_change__are_kept() -> None:
    made = plan(TWO.replace("bin/web", "bin/web -v"), machine("a"), machine("b", "worker"), ref=None)
    assert verbs(made) == {"a": "update", "b": "keep"}


@pytest.mark.parametrize("ref", [OLD, OLD.replace(":v1@", "@"), OLD.replace(":v1@", ":again@")])
def test_the_same_image_spelt_otherwise__touches_nobody(ref: str) -> None:
    assert not plan(WEB, machine("a"), ref=ref).has_changes


def test_the_digest_of_an_index__and_of_its_manifest_are_one_image() -> None:
    resolved = machine("a", config={"image": NEW}, image_digest="sha256:" + "9" * 64)
    assert not plan(WEB, resolved).has_changes


def test_an_image_of_unknown_digest__is_compared_by_its_name() -> None:
    named = machine("a", config={"image": "shop:v2"}, image_digest=None)
    assert not plan(WEB, named, ref="shop:v2").has_changes
    assert verbs(plan(WEB, named)) == {"a": "update"}


def test_a_machine_moved_by_metadata__is_converted_in_its_new_group() -> None:
    moved = machine("a", config={"metadata": {"fly_platform_version": "v2", "fly_process_group": "worker"}})
    made = plan(TWO, moved, machine("b"), ref=None)
    step = updates(made)["a"]
    assert step.reason.startswith("moved from group web")
    assert step.config["init"] == {"cmd": ["bin/worker"]}
    assert step.config["env"] == {"FLY_PROCESS_GROUP": "worker", "PRIMARY_REGION": "ams"}
    assert verbs(made)["b"] == "keep"


def test_processes_removed__names_the_groups_and_regions_that_go() -> None:
    made = plan("", machine("a"), machine("b", region="gru"), machine("c", "worker"))
    assert verbs(made) == {
        "app/ams/1": "create",
        "app/ams/2": "create",
        "a": "destroy",
        "b": "destroy",
        "c": "destroy",
    }
    said = {finding.rule: finding.message for finding in made.findings}
    assert "`web`, `worker`" in said["processes-removed"]
    assert {f.message for f in made.findings if f.rule == "region-lost"} == {
        "No group runs in `gru` any more: `web` does today."
    }
    assert blocked_by(made) == {"would-destroy"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"fly_platform_version": "v2", "fly_process_group": "fly_app_release_command"},
        {"fly_platform_version": "v2", "fly_process_group": "fly_app_console"},
        {"fly_platform_version": "v2", "fly_process_group": "fly_app_test_machine_command"},
        {"fly_platform_version": "v2", "process_group": "release_command"},
        {"fly_process_group": "web"},
        {"fly_platform_version": "v1", "fly_process_group": "web"},
    ],
)
def test_machines_that_are_not_ours__are_neither_counted_nor_destroyed(metadata: dict[str, str]) -> None:
    made = plan(WEB, machine("a"), machine("x", config={"metadata": metadata}), ref=OLD)
    assert verbs(made) == {"a": "keep"}
    assert ("unmanaged-machines" in rules(made)) == (metadata.get("fly_platform_version") != "v2")


def test_a_lock_that_a_killed_run_has_left__is_no_machine_of_somebody() -> None:
    """The next run destroys it."""
    made = plan(WEB, machine("a"), machine("lock", config={"metadata": {LOCK: "digest"}}), ref=OLD)
    assert verbs(made) == {"a": "keep"}
    assert "unmanaged-machines" not in rules(made)


def test_a_machine_without_a_group__is_of_the_default_group() -> None:
    lost = machine("a", config={"metadata": {"fly_platform_version": "v2"}})
    made = plan(TWO, lost, machine("b"), machine("c", "worker"), ref=OLD)
    assert verbs(made) == {"a": "update", "b": "keep", "c": "keep"}
    assert updates(made)["a"].group == "web"


@pytest.mark.parametrize("state", ["destroyed", "destroying"])
def test_machines_on_their_way_out__do_not_count(state: str) -> None:
    made = plan(WEB, machine("a", state=state), machine("b"), ref=OLD)
    assert verbs(made) == {"b": "keep"}


@pytest.mark.parametrize(
    ("state", "launch"),
    [
        ("started", True),
        ("starting", True),
        ("failed", True),
        ("replacing", True),
        ("stopped", False),
        ("suspended", False),
        ("created", False),
        ("stopping", False),
        ("a-word-of-tomorrow", False),
    ],
)
def test_what_runs_is_awaited_and_what_rests_stays_so(state: str, launch: bool) -> None:
    made = plan(WEB, machine("a", state=state), machine("b"))
    assert updates(made)["a"].launch is launch
    assert ("stays-stopped" in rules(made)) is not launch


def test_start_true__starts_what_rests() -> None:
    text = "[groups.web]\nstart = true\n"
    made = plan(WEB, machine("a", state="stopped"), machine("b"), policy_text=text)
    assert (updates(made)["a"].launch, updates(made)["a"].start) == (True, True)
    assert updates(made)["b"].start is False
    kept = plan(WEB, machine("a", state="stopped"), machine("b"), policy_text=text, ref=OLD)
    assert verbs(kept) == {"a": "start", "b": "keep"}


def test_an_autostop_flip__moves_no_digest() -> None:
    for text in ("", "[groups.web]\nstart = true\n"):
        first = plan(AUTOSTOP, autostopped("a", "started"), autostopped("b", "stopped"), policy_text=text)
        other = plan(AUTOSTOP, autostopped("a", "suspended"), autostopped("b", "started"), policy_text=text)
        assert first.digests == other.digests


def test_a_scheduled_machine__may_run_or_rest_and_is_never_awaited() -> None:
    runs = plan(WEB, machine("a", config={"schedule": "daily"}))
    rests = plan(WEB, machine("a", state="stopped", config={"schedule": "daily"}))
    assert runs.digests == rests.digests
    assert updates(runs)["a"].gate.kind is GateKind.REST
    assert "single-machine-restart" not in rules(runs)


def test_a_standby__stays_one_and_is_no_availability() -> None:
    standby = machine("b", "worker", state="stopped", config={"standbys": ["a"]})
    made = plan(TWO, machine("w"), machine("a", "worker"), standby)
    assert updates(made)["b"].config["standbys"] == ["a"]
    assert updates(made)["b"].launch is False
    worker = next(group for group in made.groups if group.name == "worker")
    assert worker.running == 1


def test_a_standby_that_runs__is_updated_as_found_and_never_awaited() -> None:
    standby = machine("b", "worker", config={"standbys": ["a"], "checks": {"up": {"type": "tcp", "port": 1}}})
    update = updates(plan(TWO, machine("w"), machine("a", "worker"), standby))["b"]
    assert (update.launch, update.as_found) == (True, True)
    assert (update.gate.kind, update.undo_gate.kind) == (GateKind.REST, GateKind.REST)


def test_a_standby_that_gets_services__is_one_no_more_and_is_gated() -> None:
    update = updates(plan(SERVED, machine("a"), machine("b", config={"standbys": ["a"]})))["b"]
    assert "standbys" not in update.config
    assert (update.gate.kind, update.undo_gate.kind) == (GateKind.BOOT, GateKind.REST)


def test_drift_by_hand__is_put_right() -> None:
    patched = machine("a", config={"restart": {"policy": "always"}, "env": {"DEBUG": "1"}})
    made = plan(WEB, patched, machine("b"), ref=OLD)
    assert verbs(made) == {"a": "update", "b": "keep"}
    assert set(updates(made)["a"].reason.split(", ")) == {"restart policy", "environment"}


def test_drift_by_hand_on_a_machine_that_we_wrote__is_put_right_too() -> None:
    made = plan(WEB, machine("a"))
    marks = {"flightplan_plan": made.digests.plan, "flightplan_after": updates(made)["a"].after}
    metadata = {"fly_platform_version": "v2", "fly_process_group": "web", **marks}
    served = machine("a", config={"metadata": metadata, "guest": {"cpus": 1, "memory_mb": 256, "new": "x"}})
    assert verbs(plan(WEB, served, ref=OLD)) == {"a": "keep"}
    changed = machine("a", config={"metadata": metadata, "restart": {"policy": "always"}})
    assert verbs(plan(WEB, changed, ref=OLD)) == {"a": "update"}


@pytest.mark.parametrize(
    ("strategy", "more", "told"),
    [("rolling", "", set()), ("bluegreen", "", set()), ("rolling", DATA, {"mounts"})],
)
def test_what_fly_adds_by_itself__is_no_change_where_a_machine_is_written_anyway(
    strategy: str, more: str, told: set[str]
) -> None:
    text = f'{SERVED}[checks.up]\ntype = "tcp"\nport = 80\ninterval = "10s"\ntimeout = "2s"\nprocesses = ["web"]\n'
    ((_, written),) = plan(text, machine("a"), ref=OLD).steps()
    assert isinstance(written, Update)
    (service,) = objects(written.config["services"])
    usual = {"type": "connections", "hard_limit": 25, "soft_limit": 20}
    live = {**written.config, "services": [{**service, "concurrency": usual, "min_machines_running": 0}]}

    made = plan(text + more, machine("a", config=live), strategy=strategy)

    changes = [step.changes for _, step in made.steps() if isinstance(step, Update | Create)]
    assert [{change.path[0] for change in found} for found in changes] == [told]


@pytest.mark.parametrize(("compat", "told"), [(Compat.FLIGHTPLAN, set()), (Compat.FLYCTL, {"new_at_fly"})])
def test_a_key_that_nobody_knows__is_told_where_the_write_removes_it(compat: Compat, told: set[str]) -> None:
    made = plan(WEB, machine("a", config={"new_at_fly": {"x": 1}}), compat=compat)
    assert {change.path[0] for change in updates(made)["a"].changes} == told


@pytest.mark.parametrize(
    ("text", "live", "why"),
    [
        (WEB, DISK, "no mount any more"),
        (MOUNTED, {}, "adds a mount"),
        (MOUNTED.replace('"data"', '"other"'), DISK, "another volume"),
    ],
)
def test_what_needs_a_new_machine__needs_consent(text: str, live: dict[str, Any], why: str) -> None:
    made = plan(text, machine("a", config=live), volumes=(volume("vol_1", attached="a"),))
    assert verbs(made) == {"a": "replace"}
    (blocker,) = made.blockers
    assert (blocker.rule, why in blocker.message) == ("would-replace", True)
    assert "`vol_1`" in blocker.message
    volumes = (volume("vol_1", attached="a"),)
    surplus = plan(text, machine("a", config=live), volumes=volumes, allow_destroy=AllowDestroy.SURPLUS)
    assert blocked_by(surplus) == {"would-replace"}
    allowed = plan(text, machine("a", config=live), volumes=volumes, allow_destroy=AllowDestroy.ALL)
    assert not allowed.blockers
    assert verbs(allowed) == {"a": "replace"}


DEDICATED = WEB + '[[vm]]\nsize = "shared-cpu-1x"\nhost_dedication_id = "h2"\n'


def test_another_dedicated_host__needs_a_new_machine_and_none_with_a_volume() -> None:
    made = plan(DEDICATED, machine("a"))
    assert verbs(made) == {"a": "replace"}
    (blocker,) = made.blockers
    assert (blocker.rule, "dedicated host" in blocker.message) == ("would-replace", True)
    text = DEDICATED + MOUNTED[len(WEB) :]
    kept = plan(
        text,
        machine("a", config=DISK),
        volumes=(volume("vol_1", attached="a"),),
        allow_destroy=AllowDestroy.ALL,
    )
    assert (verbs(kept), blocked_by(kept)) == ({"a": "keep"}, {"volume-cannot-move"})


@pytest.mark.parametrize("status", [HostStatus.UNREACHABLE, HostStatus.UNKNOWN])
def test_a_machine_whose_host_is_silent__is_left_behind_and_the_rest_deploys(status: HostStatus) -> None:
    silent, well = machine("a", host_status=status), machine("b")
    made = plan(WEB, silent, well)
    assert verbs(made) == {"a": "keep", "b": "update"}
    assert not made.blockers
    assert "host-unreachable" in rules(made)
    (note,) = [f for f in made.findings if f.rule == "host-unreachable"]
    assert "`a` of `web`" in note.message
    assert "allow-destroy: all" in note.hint


def test_with_consent__a_machine_whose_host_is_silent_is_replaced_by_its_siblings_clone() -> None:
    size = {"cpu_kind": "shared", "cpus": 4, "memory_mb": 1024}
    silent = machine("a", host_status=HostStatus.UNREACHABLE, config={"guest": None, "env": None})
    made = plan(WEB, silent, machine("b", config={"guest": size}), allow_destroy=AllowDestroy.ALL)
    assert verbs(made) == {"a": "replace", "b": "update"}
    assert not made.blockers
    (create,) = [step for _, step in made.steps() if isinstance(step, Create)]
    (gone,) = [step for _, step in made.steps() if isinstance(step, Destroy)]
    assert create.config["guest"] == size
    assert create.config["env"] == {"FLY_PROCESS_GROUP": "web", "PRIMARY_REGION": "ams"}
    assert gone.lease is LeaseSpan.NONE
    assert "host-unreachable" not in rules(made)


def test_a_volume_on_a_silent_host__is_never_given_up() -> None:
    silent = machine("a", host_status=HostStatus.UNREACHABLE, config=DISK)
    made = plan(MOUNTED, silent, volumes=(volume("vol_1", attached="a"),), allow_destroy=AllowDestroy.ALL)
    assert verbs(made) == {"a": "keep"}
    (note,) = [f for f in made.findings if f.rule == "host-unreachable"]
    assert "snapshot" in note.hint


def test_a_surplus_machine_on_a_silent_host__goes_with_consent_and_without_a_lease() -> None:
    silent = machine("a", "gone", host_status=HostStatus.UNREACHABLE)
    assert blocked_by(plan(WEB, silent, machine("b"))) == {"would-destroy"}
    made = plan(WEB, silent, machine("b"), allow_destroy=AllowDestroy.ALL)
    (step,) = [step for _, step in made.steps() if isinstance(step, Destroy)]
    assert (step.lease, made.blockers) == (LeaseSpan.NONE, ())


def test_a_standby_of_a_machine_that_is_replaced__is_replaced_with_it() -> None:
    standby = machine("b", state="stopped", config={"standbys": ["a"], "env": {"FLY_STANDBY_FOR": "a"}})
    made = plan(
        WEB, machine("a", host_status=HostStatus.UNREACHABLE), standby, allow_destroy=AllowDestroy.ALL
    )
    assert verbs(made) == {"a": "replace", "b": "replace"}
    stands = {str(step.slot): str(step.standby_for) for _, step in made.steps() if isinstance(step, Create)}
    assert stands == {"web/ams/1": "None", "web/ams/2": "web/ams/1"}


def test_of_a_singleton__the_old_one_goes_first() -> None:
    alone = "[groups.web]\nsingleton = true\n"
    made = plan(MOUNTED, machine("a"), policy_text=alone, allow_destroy=AllowDestroy.ALL)
    assert [type(step).__name__ for _, step in made.steps()] == ["Destroy", "Create"]
    made = plan(MOUNTED, machine("a"), allow_destroy=AllowDestroy.ALL)
    assert [type(step).__name__ for _, step in made.steps()] == ["Create", "Destroy"]


def test_a_cordoned_machine__is_named() -> None:
    assert "cordoned" in rules(plan(WEB, machine("a", cordoned=True), machine("b")))


def test_a_machine_that_is_ill_and_left_alone__is_named() -> None:
    critical = (CheckStatus(name="c", status="critical"),)
    for ill in (machine("a", state="failed"), machine("a", checks=critical)):
        assert "unhealthy-already" in rules(plan(WEB, ill, machine("b"), ref=OLD))
        assert "unhealthy-already" not in rules(plan(WEB, ill, machine("b")))
    assert "unhealthy-already" not in rules(plan(WEB, machine("a"), ref=OLD))


def test_a_first_deploy__follows_flyctls_counts() -> None:
    made = plan(SERVED + "[[vm]]\n", status="pending")
    assert verbs(made) == {"web/ams/1": "create", "web/ams/2": "create"}
    assert "addresses" in rules(made)
    assert made.addresses == (AddressKind.V6, AddressKind.SHARED_V4)
    made = plan(WEB, status="pending")
    standby = [step.standby_for for _, step in made.steps() if isinstance(step, Create)]
    assert [str(slot) for slot in standby] == ["None", "web/ams/1"]
    assert not made.addresses


def test_an_empty_fleet_that_was_deployed__is_suspicious() -> None:
    assert "fleet-empty" in rules(plan(WEB))
    assert "fleet-empty" not in rules(plan(TWO, machine("a")))


def test_new_machines_without_any_image__are_blocked() -> None:
    assert blocked_by(plan(WEB, ref=None)) == {"image-needed"}
    made = plan(TWO, machine("a"), ref=None)
    creates = [step for _, step in made.steps() if isinstance(step, Create)]
    assert {step.config["image"] for step in creates} == {OLD}


def test_volumes__are_handed_out_once_over_all_groups() -> None:
    text = TWO + '[[mounts]]\nsource = "data"\ndestination = "/data"\nprocesses = ["web", "worker"]\n'
    free = (volume("vol_1"), volume("vol_2"), volume("vol_3", region="gru"), volume("vol_4", name="other"))
    made = plan(text, volumes=free, status="pending")
    creates = [step for _, step in made.steps() if isinstance(step, Create)]
    assert sorted((step.group, step.volume or "") for step in creates) == [
        ("web", "vol_1"),
        ("worker", "vol_2"),
    ]
    assert all(step.config["mounts"][0]["volume"] == step.volume for step in creates)  # type: ignore[index, call-overload]
    short = plan(text, volumes=free[:1], status="pending")
    assert not short.blockers
    (made_for,) = [step for _, step in short.steps() if isinstance(step, Create) and step.new_volume]
    assert (made_for.group, made_for.volume) == ("worker", None)


def test_a_volume_in_some_machines_mounts__is_not_free_although_it_says_so() -> None:
    made = plan(MOUNTED, machine("a", config=DISK), volumes=(volume("vol_1"),), scale="web=2")
    (step,) = [step for _, step in made.steps() if isinstance(step, Create)]
    assert (step.volume, step.new_volume is None) == (None, False)


def test_without_a_region__a_new_machine_goes_where_its_volume_is() -> None:
    made = plan(
        MOUNTED,
        volumes=(volume("vol_1", region="gru"),),
        scale="web=gru:1",
        status="pending",
    )
    assert [step.region for _, step in made.steps()] == ["gru"]


def test_scale__beats_the_policy_and_region_counts_are_the_whole_truth() -> None:
    live = (machine("a"), machine("b"), machine("c", region="gru"))
    counted = "[groups.web]\ncount = 3\n"
    grown = plan(WEB, *live, policy_text=counted, scale="web=4", ref=OLD)
    assert verbs(grown) == {"a": "keep", "b": "keep", "c": "keep", "web/gru/1": "create"}
    moved = plan(WEB, *live, scale="web=ams:1,iad:1", ref=OLD)
    assert verbs(moved) == {"a": "destroy", "b": "keep", "c": "destroy", "web/iad/1": "create"}
    assert blocked_by(moved) == {"would-destroy"}
    assert not plan(WEB, *live, scale="web=ams:1,iad:1", allow_destroy=AllowDestroy.SURPLUS).blockers


def test_growing__clones_what_fly_toml_does_not_own() -> None:
    """Without [[vm]] the size is the fleet's business: a clone of 1 GB must not come up with 256 MB."""
    big = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 1024}
    metadata = {
        "fly_platform_version": "v2",
        "fly_process_group": "web",
        "team": "shop",
        "fly_release_version": "41",
        "flightplan_plan": "p",
    }
    live = machine(
        "a", config={"guest": big, "dns": {"x": 1}, "metadata": metadata, "restart": {"policy": "always"}}
    )
    for ref, image_of in ((None, OLD), (NEW, NEW)):
        made = plan(WEB, live, scale="web=2", ref=ref)
        (create,) = [step for _, step in made.steps() if isinstance(step, Create)]
        assert (create.config["guest"], create.config["dns"], create.config["image"]) == (
            big,
            {"x": 1},
            image_of,
        )
        assert create.config["metadata"] == {
            "fly_platform_version": "v2",
            "fly_process_group": "web",
            "team": "shop",
        }
        assert "restart" not in create.config, "what fly.toml owns is fly.toml's"
    sized = plan(WEB + '[[vm]]\nsize = "shared-cpu-2x"\n', live, scale="web=2")
    (create,) = [step for _, step in sized.steps() if isinstance(step, Create)]
    assert create.config["guest"] == {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}


def test_growing_a_group_with_volumes_or_standbys__clones_neither() -> None:
    made = plan(
        MOUNTED,
        machine("a", config=DISK),
        volumes=(volume("vol_1", attached="a"), volume("vol_2")),
        scale="web=2",
    )
    (create,) = [step for _, step in made.steps() if isinstance(step, Create)]
    assert create.config["mounts"] == [{"path": "/data", "name": "data", "volume": "vol_2"}]
    standby = machine("a", state="stopped", config={"standbys": ["b"], "guest": {"memory_mb": 9}})
    made = plan(WEB, standby, machine("b"), scale="web=2")
    (create,) = [step for _, step in made.steps() if isinstance(step, Create)]
    assert "standbys" not in create.config
    assert create.config["guest"] == machine("b").config["guest"]


def test_destroying_a_machine_with_a_volume__needs_all() -> None:
    made = plan(
        MOUNTED,
        machine("a", config=DISK),
        machine("b", config=DISK),
        scale="web=1",
        allow_destroy=AllowDestroy.SURPLUS,
        volumes=(volume("vol_1", attached="a"),),
    )
    assert "allow-destroy: all" in made.blockers[0].hint
    assert "volume-left-behind" in rules(made)


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"text": WEB + '[deploy]\nwait_timeout = "0s"\n'}, "wait-timeout-not-supported"),
        ({"text": WEB + "[deploy]\nmax_unavailable = 0.0\n"}, "max-unavailable-not-supported"),
        ({"text": WEB, "max_unavailable": float("nan")}, "max-unavailable-not-supported"),
        ({"text": WEB, "max_unavailable": float("inf")}, "max-unavailable-not-supported"),
        ({"text": WEB, "scale": "wbe=2"}, "scale-group"),
        (
            {"text": WEB + '[[statics]]\nguest_path = "public"\nurl_prefix = "/"\n'},
            "statics-upload-not-supported",
        ),
        ({"text": WEB + "[[machine_checks]]\n"}, "conversion"),
        (
            {"text": WEB + '[experimental]\nmachine_config = \'{"containers": [{"name": "app"}]}\'\n'},
            "containers-not-supported",
        ),
        (
            {"text": MOUNTED + MOUNTED.partition("\n")[2].replace('web = "bin/web"\n', "")},
            "several-mounts-not-supported",
        ),
        ({"text": WEB, "policy_text": "[groups.web]\nsingleton = true\n"}, "singleton-has-many"),
        ({"text": WEB, "policy_text": "[groups.web]\nsingleton = true\n"}, "singleton-has-standby"),
    ],
)
def test_what_this_version_cannot_execute__is_blocked_by_name(files: dict[str, Any], rule: str) -> None:
    standby = machine("c", state="stopped", config={"standbys": ["a"]})
    given = dict(files)
    made = plan(given.pop("text"), machine("a"), machine("b"), standby, **given)
    assert rule in blocked_by(made)


def test_a_scale_for_a_group_that_is_not_there__names_the_one_that_was_probably_meant() -> None:
    made = plan(WEB, machine("a"), scale="wbe=2")
    assert [blocker.hint for blocker in made.blockers if blocker.rule == "scale-group"] == [
        "Did you mean `web`?"
    ]


@pytest.mark.parametrize(
    ("when_empty", "scale", "made", "said"),
    [
        ("create", "", 2, set()),
        ("leave", "", 0, {"stays-empty"}),
        ("leave", "worker=1", 1, set()),
        ("fail", "", 0, {"group-empty"}),
        ("fail", "worker=1", 1, {"group-empty"}),
        ("fail", "worker=0", 0, set()),
    ],
)
def test_when_empty(when_empty: str, scale: str, made: int, said: set[str]) -> None:
    text = f'[groups.worker]\nwhen_empty = "{when_empty}"\n'
    found = plan(TWO, machine("a"), policy_text=text, scale=scale, ref=OLD)
    assert sum(isinstance(step, Create) for _, step in found.steps()) == made
    assert rules(found) & {"stays-empty", "group-empty"} == said


def test_a_group_that_cannot_be_converted__keeps_its_machines_and_blocks() -> None:
    made = plan('[processes]\nweb = "bin/web"\n[experimental]\nmachine_config = "none.json"\n', machine("a"))
    assert blocked_by(made) == {"conversion"}
    (group,) = made.groups
    assert isinstance(group.kept[0], Kept)
    assert not made.has_changes


def test_a_machine_that_was_made_since_the_last_green_deploy__goes_without_consent_if_it_has_no_volume() -> (
    None
):
    two = (machine("a"), machine("b"))
    volumes = (volume("vol_1", attached="a"), volume("vol_2", attached="b"))
    assert not blocked_by(plan(WEB, *two, scale="web=1", unproven=[MachineId("a")]))
    assert blocked_by(plan(WEB, *two, scale="web=1", unproven=[MachineId("b")])) == {"would-destroy"}
    kept = plan(WEB, *two, volumes=volumes, scale="web=1", unproven=[MachineId("a")])
    assert blocked_by(kept) == {"would-destroy"}


def test_a_config_alone__is_written_with_the_digest_that_runs() -> None:
    """The tag that is live may have moved since."""
    live = machine("a", config={"image": "registry.fly.io/shop:latest"}, image_digest="sha256:" + "1" * 64)
    (step,) = [s for _, s in plan(WEB + '[env]\nA = "1"\n', live, ref=None).steps()]
    assert isinstance(step, Update)
    assert step.config["image"] == "registry.fly.io/shop:latest@sha256:" + "1" * 64
    assert not step.image_changes
    assert not plan(WEB, live, ref=None).has_changes


def test_a_replacement__is_shown_as_one_and_expands_to_steps_that_make_and_take_away() -> None:
    made = plan(
        '[processes]\nweb = "bin/web"\n[[mounts]]\nsource = "data"\ndestination = "/data"\n',
        machine("a"),
        machine("b", region="fra"),
        volumes=(volume("vol_1"),),
        scale="web=ams:2,fra:1",
    )
    steps = [step for _, step in made.steps()]
    swaps = {step.replaces: step for step in steps if isinstance(step, Create) and step.replaces}
    gone = [step for step in steps if isinstance(step, Destroy)]
    assert set(swaps) == {"a", "b"}
    assert {str(step.slot) for step in steps if isinstance(step, Create)} == {
        "web/ams/1",
        "web/ams/2",
        "web/fra/1",
    }
    assert all(step.replaced and step.volumes == () for step in gone)
    given = [step for step in steps if isinstance(step, Create) and step.volume]
    assert [step.volume for step in given] == ["vol_1"]
    assert all(step.new_volume for step in steps if isinstance(step, Create) and step not in given)
    (group,) = made.groups
    ams = dict(group.regions)[Region("ams")]
    assert (ams.create, ams.replace, ams.destroy) == (1, 1, 0)
    assert (ams.now, ams.after) == (1, 2)
    assert headline(made) == "replace 2 machines, create 1"
    assert {finding.rule for finding in made.blockers} == {"would-replace"}


@pytest.mark.parametrize(
    "static",
    [
        'guest_path = "/app/public"\nurl_prefix = "/public"\n',
        'guest_path = "public"\nurl_prefix = "/public"\ntigris_bucket = "assets"\n',
    ],
)
def test_statics_that_are_in_the_image_or_a_bucket__are_deployed(static: str) -> None:
    """Only an upload to a bucket of flyctl's own making is left to flyctl."""
    made = plan(f"{WEB}[[statics]]\n{static}", machine("a"))
    assert made.blockers == ()
    (step,) = [step for _, step in made.steps() if isinstance(step, Update)]
    (found,) = objects(step.config.get("statics"))
    assert found["url_prefix"] == "/public"


def test_what_an_interrupted_deploy_left_of_groups_that_are_gone__goes_with_its_own_group() -> None:
    text = f'{TWO}cron = "bin/cron"\n[deploy]\nstrategy = "canary"\n'
    live = (machine("a"), machine("b", "worker"), machine("c", "cron"))
    first = plan(text, *live)
    canaries = {place: None for place, (_, step) in enumerate(first.steps()) if isinstance(step, Create)}
    left = [m for m in after(first, fleet(*live), only=canaries).machines if m.id not in {"b", "c"}]
    goes = [(s.group, s.id) for _, s in plan(WEB, *left).steps() if isinstance(s, Destroy)]
    assert sorted(goes) == sorted((m.metadata["fly_process_group"], m.id) for m in left if m.id != "a")
    assert len(goes) == 3


def test_machines_that_stay__are_counted_where_they_are() -> None:
    live = (machine("a"), machine("b"), machine("c", region="fra"))
    done = after(plan(WEB, *live), fleet(*live))
    (group,) = plan(WEB, *done.machines).groups
    assert {region: (n.keep, n.now, n.after) for region, n in group.regions} == {
        "ams": (2, 2, 2),
        "fra": (1, 1, 1),
    }


@pytest.mark.parametrize(("ref", "image"), [(NEW, NEW), (None, OLD)])
def test_a_machine_that_is_replaced__keeps_its_image_where_none_is_given(ref: str | None, image: str) -> None:
    made = plan(
        MOUNTED,
        machine("a"),
        volumes=(volume("vol_1"),),
        allow_destroy=AllowDestroy.ALL,
        ref=ref,
    )
    (create,) = [step for _, step in made.steps() if isinstance(step, Create)]
    assert create.config["image"] == image


@pytest.mark.parametrize(
    ("state", "policy", "gate"),
    [
        ("started", "", GateKind.BOOT),
        ("stopped", "", GateKind.REST),
        ("stopped", "[groups.web]\nstart = true\n", GateKind.BOOT),
    ],
)
def test_a_machine_that_is_replaced__runs_or_rests_as_it_did(state: str, policy: str, gate: GateKind) -> None:
    given: dict[str, Any] = {"volumes": (volume("vol_1"),), "allow_destroy": AllowDestroy.ALL}
    made = plan(MOUNTED, machine("a", state=state), policy_text=policy, **given)
    (create,) = [step for _, step in made.steps() if isinstance(step, Create)]
    assert (create.gate.kind, create.skip_launch) == (gate, gate is GateKind.REST)
