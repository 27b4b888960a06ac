"""What must hold whatever goes wrong, one function each: after every change of the world, after every request, and after every run.

capacity          no fewer machines of a group serve than the plan promised, unless somebody else took them
singleton         no two machines of a singleton run at once
belongs           every write is one that the approved plan has, or its undoing
halted            nothing new is begun after a halt, and nothing is undone after a cancellation
versions          every update says which version it replaces
foreign_lease     no lease of somebody else is broken
lapsed            nothing is written under a lease that has ended
ttl               no lease of ours outlives its run by more than its time
proven            nothing gets requests that has not passed its checks
volumes           no volume is lost
requests          where machines are drained, no request is cut
release           a release command succeeds once for a commit
words             how the run says it ended is true of the fleet
cordons           a machine that was cordoned for its update is uncordoned
routed            what a finished deploy has made gets requests, unless a person had cordoned what it takes the place of
converges         a run without faults ends in the planned fleet, and the next has nothing to do
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from entrypoint.adapters.machines.call import READ_TIMEOUT
from entrypoint.fleet.extras import CANARY, Cordoned
from entrypoint.fleet.marks import CORDON, PLAN, RELEASED
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import GroupPlan
from entrypoint.planning.model.steps import Create, Destroy, GateKind, Swap, Update
from entrypoint.rollout.bodies import machine_name
from entrypoint.rollout.lock import NAME as LOCK_NAME
from entrypoint.rollout.outcome import HaltKind, StepStatus
from tests.simulate.record import Record, Run, Sent
from tests.simulator.http.simulator import Deed
from tests.simulator.state.model import Machine
from tests.simulator.state.traffic import list_cuts

CONFIG_WRITES = (
    "machine_update",
    "machine_start",
    "machine_stop",
    "machine_destroy",
    "machine_cordon",
    "machine_uncordon",
)
BEGINNINGS = (
    "machine_create",
    "machine_update",
    "machine_start",
    "machine_cordon",
    "volume_create",
    "volume_extend",
    "snapshot_create",
    "ip_assign",
)
TASKS = ("release-command-", "machine-check-")
REQUEST = 9.0
"""Seconds that the longest request takes."""
STATES_UP = ("started", "starting", "restarting", "replacing", "stopping")


# After every change of the world.


def changed(record: Record, ident: str) -> None:
    """A machine has changed."""
    machine = record.app.machines.get(ident)
    if machine is None or not machine.group or is_task(machine):
        return
    if machine.state == "started" and has_passed(machine):
        record.passed.add((machine.id, machine.version))
    serves = serves_now(machine)
    if record.serving.get(ident, False) != serves:
        record.serving[ident] = serves
        record.counts[machine.group] += 1 if serves else -1
        capacity(record, machine.group)
        singleton(record, machine.group)


def capacity(record: Record, group: str) -> None:
    least = record.promised.get(group)
    if least is None or record.is_foreign(group) or record.counts[group] >= least:
        return
    if any(rule.operation == "machine_cordon" and rule.delay > READ_TIMEOUT for rule in record.rules):
        return  # a cordon that is carried out when the machine is uncordoned again (docs/limits.md)
    record.say(
        f"capacity: {record.counts[group]} of {group} serve at {record.now:.1f} s, {least} were promised"
    )


def singleton(record: Record, group: str) -> None:
    if not record.case.has("singleton = true") or group != "cron" or record.is_foreign(group):
        return
    running = [m.id for m in record.alive().values() if m.group == group and m.state == "started"]
    if len(running) > 1:
        record.say(f"singleton: {running} run at once at {record.now:.1f} s")


def promise(record: Record, run: Run) -> None:
    """A plan is about to be executed: how few may serve meanwhile."""
    assert run.plan is not None
    is_alone = all(other.is_over for other in record.runs if other is not run)
    for group in run.plan.groups:
        least = _least(record, run, group)
        before = record.promised.get(group.name)
        record.promised[group.name] = least if is_alone or before is None else min(least, before)


def _least(record: Record, run: Run, group: GroupPlan) -> int:
    """What serves now, or is to serve in the end if that is less, without those that are taken at once."""
    assert run.plan is not None
    if group.is_gone or group.name == "api" or run.plan.strategy is Strategy.IMMEDIATE:
        return 0
    left_over = [s.id for s in group.steps if isinstance(s, Destroy) and s.swap is Swap.LEFT_OVER]
    left_over += [s.done for s in group.steps if isinstance(s, Create) and s.extra == CANARY and s.done]
    serving = record.counts[group.name] - sum(record.serving.get(ident, False) for ident in left_over)
    least = min(serving, _members_after(group))
    if run.plan.strategy is Strategy.BLUEGREEN:
        return least
    return max(0, least - max(1, group.width))


def _members_after(group: GroupPlan) -> int:
    """Standbys left out."""
    standbys = sum(isinstance(s, Create) and s.standby_for is not None for s in group.steps)
    standbys += sum(isinstance(s, Update) and bool(s.config.get("standbys")) for s in group.steps)
    standbys += sum(bool(kept.machine.config.get("standbys")) for kept in group.kept)
    return sum(counts.after for _, counts in group.regions) - standbys


def serves_now(machine: Machine) -> bool:
    """Whether it works: uncordoned where it has services, else running."""
    if machine.config.get("standbys"):
        return False
    if machine.config.get("services"):
        return bool(machine.moments and machine.moments[-1].routable)
    return machine.state == "started" and machine.host_status == "ok"


def has_passed(machine: Machine) -> bool:
    wanted = sum(len(s.get("checks") or []) for s in machine.config.get("services") or [])
    return len(machine.checks) >= wanted and all(c.status == "passing" for c in machine.checks.values())


def is_task(machine: Machine) -> bool:
    return machine.name.startswith(TASKS) or machine.name == LOCK_NAME


# Before and after every request.


def begun(record: Record, run: Run, sent: Sent) -> None:
    """A request is about to be sent."""
    halted(record, run, sent)
    run.sent.append(sent)


def halted(record: Record, run: Run, sent: Sent) -> None:
    if run.halted is None or sent.operation not in (*BEGINNINGS, "machine_stop", "machine_destroy"):
        return
    since, kind = run.halted
    if sent.at <= since:
        return  # in the same instant: where a request takes no time, it was on its way
    if any((s.operation, s.machine) == (sent.operation, sent.machine) and s.at <= since for s in run.sent):
        return  # under way, or asked again
    cancelled = kind in (HaltKind.CANCELLED, HaltKind.RELEASE_FAILED, HaltKind.DRIFT)
    if sent.operation in ("machine_stop", "machine_destroy"):
        is_lock = sent.machine in record.app.machines and is_task(record.app.machines[sent.machine])
        wrong = cancelled and not is_lock
    elif sent.operation == "machine_update":
        wrong = cancelled or _is_forward(run, sent)
    elif sent.operation in ("machine_start", "machine_cordon"):
        wrong = cancelled or sent.machine not in run.wrote | run.made | _done(run)
    else:
        wrong = True
    if wrong:
        record.say(
            f"halted: {sent.operation} {sent.machine} begun at {sent.at:.1f} s, halted ({kind}) at {since:.1f} s"
        )


def _is_forward(run: Run, sent: Sent) -> bool:
    metadata = sent.body["config"].get("metadata") or {}
    return run.plan is not None and metadata.get(PLAN) == run.plan.digests.plan and not run.plan.resumes


def done(record: Record, deed: Deed) -> None:
    """A request was done."""
    run = record.run_of(deed.call.headers.get("x-run", ""))
    if run is None or deed.reply.status >= 300:
        return
    note_nonce(run, deed)
    if (
        deed.entry.operation in ("machine_cordon", "metadata_set")
        and record.now - deed.entry.at > READ_TIMEOUT
        and deed.entry.machine
    ):
        record.touch(
            [deed.entry.machine]
        )  # its client had given it up: nobody can know whose cordon, or mark of one, that is
    if deed.entry.operation in CONFIG_WRITES and deed.entry.machine:
        run.wrote.add(deed.entry.machine)
    if deed.entry.operation == "machine_update" and deed.entry.machine:
        run.updated.add(deed.entry.machine)
    if deed.entry.operation == "metadata_set" and deed.call.path["key"] == RELEASED:
        run.recorded = True
    if deed.entry.operation == "machine_create" and isinstance(deed.reply.body, dict):
        run.made.add(deed.reply.body["id"])
        run.releases |= deed.entry.body["name"].startswith(TASKS[0])
    if run.plan is not None:
        belongs(record, run, deed)
    versions(record, deed)
    foreign_lease(record, run, deed)
    lapsed(record, run, deed)
    proven(record, run, deed)


def note_nonce(run: Run, deed: Deed) -> None:
    body = deed.reply.body
    if not isinstance(body, dict):
        return
    data = body.get("data") if deed.entry.operation in ("lease_acquire", "lease_refresh") else body
    if isinstance(data, dict) and isinstance(data.get("nonce"), str):
        run.nonces[data["nonce"]] = deed.entry.machine or str(body.get("id"))


def belongs(record: Record, run: Run, deed: Deed) -> None:
    entry = deed.entry
    match entry.operation:
        case "machine_create":
            fits = _is_planned_create(run, entry.body)
        case "machine_update":
            fits = _is_planned_update(run, entry.machine or "", entry.body["config"])
        case "machine_start" | "machine_stop" | "machine_destroy" | "machine_cordon" | "machine_uncordon":
            fits = _is_of_the_plan(record, run, entry.machine or "", entry.operation)
        case "volume_create":
            assert run.plan is not None
            fits = any(isinstance(s, Create) and s.new_volume for _, s in run.plan.steps())
        case "volume_extend":
            assert run.plan is not None
            fits = bool(run.plan.growths)
        case "volume_delete":
            fits = False
        case "ip_assign":
            assert run.plan is not None
            fits = bool(run.plan.addresses)
        case _:
            return
    if not fits:
        name = entry.body.get("name", "") if isinstance(entry.body, dict) else ""
        record.say(
            f"belongs: {entry.operation} {entry.machine or name} at {record.now:.1f} s is not of the plan"
        )


def _is_planned_create(run: Run, body: Mapping[str, Any]) -> bool:
    assert run.plan is not None
    if body["name"].startswith(TASKS) or body["name"] == LOCK_NAME:
        return True
    digest, taken = run.plan.digests.plan, run.names
    for _, step in run.plan.steps():
        if isinstance(step, Create) and machine_name(step.slot, plan=digest, taken=taken) == body["name"]:
            return _is_as_created(run, step, body["config"])
    return False


def _is_as_created(run: Run, step: Create, config: Mapping[str, Any]) -> bool:
    """A standby is one of a machine that this run or an earlier one of its plan has made."""
    if step.standby_for is not None and not set(config.get("standbys") or ()) & (run.made | _done(run)):
        return False
    left_out = ("env", "standbys", "mounts")
    return _outline(config, *left_out) == _outline(step.config, *left_out)


def _done(run: Run) -> set[str]:
    """What an earlier run of the same plan has made."""
    if run.plan is None:
        return set()
    return {str(s.done) for _, s in run.plan.steps() if isinstance(s, Create) and s.done}


def _is_planned_update(run: Run, machine: str, config: Mapping[str, Any]) -> bool:
    assert run.plan is not None
    step = run.steps.get(machine)
    if not isinstance(step, Update):
        # A standby that an earlier run has made becomes one of the primary that this run has made.
        standbys = [
            s for _, s in run.plan.steps() if isinstance(s, Create) and s.standby_for and s.done == machine
        ]
        return any(_is_as_created(run, s, config) for s in standbys)
    there = run.found.get(machine)
    if _outline(config) == _outline(step.config):
        return True
    return there is not None and _outline(config, "image") == _outline(there, "image")


def _is_of_the_plan(record: Record, run: Run, machine: str, operation: str) -> bool:
    assert run.plan is not None
    found = record.app.machines.get(machine)
    if found is None or is_task(found) or machine in run.made | _done(run):
        return True
    step = run.steps.get(machine)
    if operation == "machine_destroy":
        return isinstance(step, Destroy)
    return step is not None


def _outline(config: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """A config without what a write stamps, and without nulls."""
    return {
        key: _bare(value)
        for key, value in config.items()
        if key not in ("metadata", *without) and value not in (None, {}, [])
    }


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_bare(item) for item in value]
    return value


def versions(record: Record, deed: Deed) -> None:
    if deed.entry.operation == "machine_update" and not deed.entry.body.get("current_version"):
        record.say(f"versions: the update of {deed.entry.machine} at {record.now:.1f} s names no version")


def foreign_lease(record: Record, run: Run, deed: Deed) -> None:
    held = deed.held
    if (
        held is None
        or held.expires_at <= record.now
        or deed.entry.operation not in (*CONFIG_WRITES, "lease_release")
    ):
        return
    if held.nonce not in run.nonces:
        record.say(
            f"foreign_lease: {deed.entry.operation} {deed.entry.machine} at {record.now:.1f} s under the lease of {held.owner}"
        )


def lapsed(record: Record, run: Run, deed: Deed) -> None:
    """Unless the network was ill, or somebody took the lease away."""
    if (
        deed.entry.operation not in CONFIG_WRITES
        or is_ill(run, "lease_acquire", "lease_refresh", "machine_create", deed.entry.operation)
        or deed.entry.machine in record.foreign
    ):
        return
    machine = record.app.machines.get(deed.entry.machine or "")
    if machine is None or is_task(machine) or machine.host_status != "ok" or deed.entry.nonce is None:
        return
    if machine.state in ("destroying", "destroyed"):
        return  # its lease went with it, and the answer that said so was lost
    if deed.held is None or deed.held.expires_at <= record.now:
        record.say(f"lapsed: {deed.entry.operation} {machine.id} at {record.now:.1f} s under no lease")


def is_ill(run: Run, *operations: str) -> bool:
    """Whether the network was ill for one of these kinds of request."""
    rules = [m.words["operation"] for m in run.misfortunes if m.kind == "rule"]
    return any(fnmatchcase(operation, rule) for operation in operations for rule in rules)


def unleased(record: Record, deed: Deed) -> None:
    if deed.entry.operation == "machine_update" and deed.entry.nonce is None:
        record.say(f"unleased: machine_update {deed.entry.machine} at {record.now:.1f} s carries no lease")


def proven(record: Record, run: Run, deed: Deed) -> None:
    """Not where a run is ending: what it drained is uncordoned, whatever its checks say; the proxy looks at the checks itself."""
    machine = record.app.machines.get(deed.entry.machine or "")
    if deed.entry.operation != "machine_uncordon" or machine is None or run.halted is not None:
        return
    wrote = machine.config["metadata"].get(PLAN) is not None
    if (
        wrote
        and machine.state == "started"
        and machine.config.get("services")
        and machine.id not in record.foreign
    ) and (machine.id, machine.version) not in record.passed:
        record.say(f"proven: {machine.id} gets requests at {record.now:.1f} s, and never passed")


# After every run.


def ended(record: Record, run: Run) -> None:
    """A process of ours has ended, by itself or killed."""
    if all(other.is_over for other in record.runs):
        record.promised.clear()
    if run.result == "killed" or run.plan is None:
        return
    held_at_end(record, run)
    cordons(record, run)
    words(record, run)


def held_at_end(record: Record, run: Run) -> None:
    """A machine whose create is answered too late comes with a lease that the run never hears of."""
    said_none = (
        run.outcome is not None
        and run.outcome.leases_left == 0
        and not is_ill(run, "lease_acquire", "lease_refresh", "lease_release", "machine_create")
    )
    if said_none and (held := _held(record, run)):
        record.say(f"ttl: run {run.number} ended ({run.result}), said it left no lease, and holds {held}")


def ttl(record: Record) -> None:
    """Long enough after the end of all runs."""
    for run in record.runs:
        if held := _held(record, run):
            record.say(f"ttl: leases on {held} outlive run {run.number} ({run.result})")


def _held(record: Record, run: Run) -> list[str]:
    return [
        m.id
        for m in record.alive().values()
        if m.lease is not None and m.lease.nonce in run.nonces and m.lease.expires_at > record.now
    ]


def cordons(record: Record, run: Run) -> None:
    back = ("machine_uncordon", "metadata_delete", "machine_get", "machine_list")
    if run.misfortunes_of("other run") or is_ill(run, *back):
        return
    ours = (Cordoned.DRAIN.value, Cordoned.UPDATED.value)
    left = [
        m.id
        for m in record.alive().values()
        if m.config["metadata"].get(CORDON) in ours and m.id not in record.foreign and m.id in run.wrote
    ]
    if left:
        record.say(f"cordons: run {run.number} ended ({run.result}) and left {left} out of routing")


def words(record: Record, run: Run) -> None:
    if run.outcome is None or run.misfortunes_of("other run") or run.number > 90:
        return
    match run.result:
        case "deployed":
            _is_deployed(record, run)
        case "rolled-back":
            _is_back(record, run)
        case _:
            _is_as_said(record, run)


def _is_deployed(record: Record, run: Run) -> None:
    outcome, plan = run.outcome, run.plan
    assert outcome is not None
    assert plan is not None
    for result in outcome.results:
        step, ident = result.step, str(result.machine or "")
        machine = record.app.machines.get(ident)
        if (
            isinstance(step, Destroy)
            and machine is not None
            and machine.host_status == "ok"
            and machine.state not in ("destroyed", "destroying")
        ):
            record.say(f"words: deployed, and {ident} is {machine.state}")
        if not isinstance(step, Create | Update) or (isinstance(step, Create) and step.extra == CANARY):
            continue
        _is_up(record, run, step, machine, ident)
        routed(record, run, step, machine)
    proof = outcome.proof
    if proof is not None and not record.touched and not plan.leaves_out and not run.misfortunes_of("filter"):
        count = sum(not is_task(m) and bool(m.group) for m in record.alive().values())
        if proof.verified != count:
            record.say(f"words: {proof.verified} machines verified, and there are {count}")


def routed(record: Record, run: Run, step: Create | Update, machine: Machine | None) -> None:
    if machine is None or not machine.cordoned or machine.id in record.foreign:
        return
    before = step.replaces if isinstance(step, Create) else machine.id
    if before not in run.cordoned:
        record.say(f"routed: deployed, and {machine.id} of {step.group} gets no requests")


def _is_up(record: Record, run: Run, step: Create | Update, machine: Machine | None, ident: str) -> None:
    assert run.plan is not None
    resting = isinstance(step, Create) and (
        step.skip_launch or step.rests_after or step.standby_for is not None
    )
    resting |= isinstance(step, Update) and (step.as_found or not (step.launch or step.start))
    resting |= step.gate.kind is GateKind.REST or step.group == "api" or run.plan.resumes
    if machine is not None and ident in record.foreign:
        since = machine.moments[-1].at
        if not resting and machine.state in ("stopped", "destroyed") and since < run.proved_at:
            record.say(
                f"words: deployed, and {ident} is {machine.state} since {since:.1f} s, looked at {run.proved_at:.1f} s"
            )
        return
    if machine is None or machine.config["metadata"].get(PLAN) != run.plan.digests.plan:
        record.say(f"words: deployed, and {ident or step.group} was not written by this plan")
    elif not resting and machine.state != "started" and machine.host_status == "ok":
        record.say(f"words: deployed, and {ident} is {machine.state}")


def _is_back(record: Record, run: Run) -> None:
    assert run.plan is not None
    if run.plan.resumes:
        return
    alive = record.alive()
    for ident, config in run.found.items():
        machine = alive.get(ident)
        if ident in record.foreign:
            continue
        if machine is None:
            record.say(f"words: rolled back, and {ident} is gone")
        elif _outline(machine.config, "image") != _outline(config, "image") or _tag(machine.config) != _tag(
            config
        ):
            record.say(f"words: rolled back, and {ident} is not as it was")
        elif machine.group != "api" and (machine.state == "started") != (run.states[ident] == "started"):
            if not machine.config.get("standbys"):
                record.say(f"words: rolled back, and {ident} is {machine.state}, was {run.states[ident]}")
        elif machine.cordoned and ident not in run.cordoned:
            record.say(f"words: rolled back, and {ident} is out of routing")


def _tag(config: Mapping[str, Any]) -> str:
    return str(config["image"]).partition("@")[0]


def _is_as_said(record: Record, run: Run) -> None:
    outcome = run.outcome
    assert outcome is not None
    assert run.plan is not None
    undone = {item.machine for item in outcome.rolled_back}
    for result in outcome.results:
        ident = str(result.machine or "")
        if (
            ident in record.foreign
            or result.machine in undone
            or not isinstance(result.step, Create | Update)
        ):
            continue
        machine = record.app.machines.get(ident)
        if result.status is StepStatus.DONE and not run.plan.resumes:
            if isinstance(result.step, Create) and result.step.extra == CANARY:
                continue
            if machine is None or machine.config["metadata"].get(PLAN) != run.plan.digests.plan:
                record.say(f"words: {ident} is said to be done, and is not of this plan")
        if result.status is StepStatus.SKIPPED and isinstance(result.step, Update) and ident in run.updated:
            record.say(f"words: {ident} is said never to have been begun, and was written")


# In the end.


def volumes(record: Record) -> None:
    there = record.app.volumes
    lost = [v for v in record.stable if v not in there or "destroy" in there[v].state]
    if lost:
        record.say(f"volumes: {lost} are lost")


def requests(record: Record) -> None:
    """Where they are drained; of machines that nobody else touched and that were not ill."""
    case = record.case
    if not (case.has("drain") or case.strategy == "bluegreen") or record.is_ill:
        return
    if case.has("first deploy") and any(run.result in ("rolled-back", "halted") for run in record.runs):
        return  # there is nothing that could take its place
    if any(is_ill(run, "machine_cordon") for run in record.runs):
        return  # what cannot be cordoned is destroyed nevertheless
    for cut in list_cuts(record.app, since=0.0, within=REQUEST):
        machine = record.app.machines[cut.machine]
        if machine.group == "web" and not record.is_foreign("web") and '  web = "' in case.manifest:
            record.say(f"requests: {cut.machine} ended at {cut.at:.1f} s with requests")


def release(record: Record) -> None:
    """A first deploy that made no machine, or took away what it made, leaves none to remember it (docs/decisions/007-release-once.md)."""
    if record.case.has("first deploy") and any(
        run.result in ("rolled-back", "halted", "cancelled") for run in record.runs
    ):
        return
    if record.touched or any(rule.fault == "hide" for rule in record.rules):
        return  # who sees no machine takes it for a first deploy, too
    if any(run.releases and not run.recorded and not _saw_success(run) for run in record.runs):
        return  # it ended before it could record a success: once Fly has forgotten the machine, nothing can tell
    count = sum(
        any(e.type == "exit" and _code(e) == 0 for e in m.events)
        for m in record.app.machines.values()
        if m.name.startswith(TASKS[0])
    )
    most = len({run.commit for run in record.runs})
    if count > most:
        record.say(f"release: the command succeeded {count} times for {most} commits")


def _saw_success(run: Run) -> bool:
    ended = run.outcome.release if run.outcome is not None else None
    return ended is not None and ended.exit_code == 0


def _code(event: Any) -> int | None:
    request = getattr(event, "request", None) or {}
    found = (request.get("exit_event") or {}).get("exit_code")
    return found if isinstance(found, int) else None


def shape(record: Record) -> dict[str, Any]:
    """The fleet without ids: by group and region how many run what, and are mounted; standbys by whether their primary lives."""
    alive = record.alive()
    groups: dict[str, list[Any]] = {}
    for m in alive.values():
        if not is_task(m):
            groups.setdefault(m.group, []).append(_look(m, alive))
    return {name: sorted(found) for name, found in sorted(groups.items())}


def _look(machine: Machine, alive: Iterable[str]) -> tuple[Any, ...]:
    config = machine.config
    mounts = tuple(mount.get("name", "") for mount in config.get("mounts") or [])
    standbys = set(config.get("standbys") or ())
    return (machine.region, _tag(config), mounts, bool(standbys), standbys <= set(alive), machine.cordoned)


def sizes(record: Record) -> Counter[tuple[str, str]]:
    """Volumes by name and region."""
    return Counter((v.name, v.region) for v in record.app.volumes.values() if "destroy" not in v.state)
