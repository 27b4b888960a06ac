"""Play a story, and say what is wrong: after runs that go wrong, and one that does not, the fleet is the one that a run without any
misfortune ends in; and on the way nothing that was promised is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio
import httpx

from entrypoint.adapters.machines.call import READ_TIMEOUT
from entrypoint.adapters.verify.probe import HttpsProbe
from entrypoint.fleet.marks import LOCK
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.run import AllowDestroy, Gate
from entrypoint.rollout.leases import TTL
from tests.bench import Bench, as_recorded, make_bench, virtual
from tests.severed import Fate, KilledError, Severed
from tests.shop import REQUEST
from tests.simulate.story import Run, Story
from tests.simulator.faults import Rule
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.traffic import find_fewest, list_cuts

LEFT = ("could not be given back", "may exist")
LONGEST_LEASE = TTL + 1.0


class _Nothing(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""


class _Answer(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.status = 200

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, stream=_Nothing())


class _Cancelling(httpx.AsyncBaseTransport):
    """Sets `stop` at the nth request."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int, seen: list[int], stop: anyio.Event) -> None:
        self.inner, self.at, self.seen, self.stop = inner, at, seen, stop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen[0] += 1
        if self.seen[0] == self.at:
            self.stop.set()
        return await self.inner.handle_async_request(request)


def make(story: Story) -> tuple[Bench, _Answer]:
    files: dict[str, Any] = {"flightplan.toml": story.policy} if story.policy else {}
    bench = make_bench(manifest=story.manifest, fleet=story.fleet, **files)
    app = _Answer()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["66.241.124.1"]

    bench.probe = HttpsProbe(allow_loopback=False, resolve=resolve, transport=app)
    return bench, app


def shape(bench: Bench) -> dict[str, Any]:
    """The fleet without ids: by group and region how many run what, are mounted, routed; standbys by whether their primary lives."""
    ids = set(bench.machines())
    return {
        name: sorted(
            (
                m.region,
                m.config["image"].partition("@")[0],
                tuple(mount.get("name", "") for mount in m.config.get("mounts") or []),
                bool(m.config.get("standbys")),
                bool(m.config.get("standbys")) and set(m.config["standbys"]) <= ids,
                "BY" in (m.config.get("env") or {}),
            )
            for m in found
        )
        for name, found in sorted(bench.groups().items())
        if not all(LOCK in m.config["metadata"] for m in found)  # the answer to its destruction may be late
    }


def volumes(bench: Bench) -> Counter[tuple[str, str]]:
    found = bench.sim.world.apps["acme-shop"].volumes.values()
    return Counter((v.name, v.region) for v in found if "destroy" not in v.state)


def addresses(bench: Bench) -> list[str]:
    return sorted(
        str(a.get("type") or ("shared" if a.get("shared") else a.get("ip")))
        for a in bench.sim.world.apps["acme-shop"].addresses
    )


async def deploy(bench: Bench, story: Story, **inputs: Any) -> str:
    if "allow-destroy" in story.words:
        inputs["allow_destroy"] = AllowDestroy.ALL
    if not story.reviewed or "groups" in inputs or "regions" in inputs:
        inputs["gate"] = Gate.NONE
    try:
        return (await bench.deploy(**inputs)).outputs["result"]
    except OutsideError:
        return "outside"


async def misfortune(bench: Bench, app: _Answer, story: Story, run: Run) -> str:
    """One run that goes wrong."""
    begun = bench.sim.look()
    bench.sim.rules[:] = [Rule(**rule) for rule in run.rules]
    bench.sim.world.behaviours[:] = [Behaviour(**b) for b in run.behaviours]
    app.status = 500 if run.breach else 200
    stop, known = anyio.Event(), set(bench.machines())
    if run.kill is not None:
        fate = Fate(at=lambda seen, _: seen == run.kill, executed=run.executed)
        bench.network = lambda door: Severed(door, fate)
    elif run.cancel is not None:
        seen = [0]
        bench.network = lambda door: _Cancelling(door, run.cancel or 0, seen, stop)
    result = "killed"

    async def hands() -> None:
        for at, act in sorted(run.acts, key=lambda pair: pair[0]):
            await anyio.sleep(max(0.0, begun + at - bench.sim.look()))
            do(bench, act, known)

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(hands)
            result = await deploy(bench, story, stop=stop, **dict(run.inputs))
            group.cancel_scope.cancel()
    except* KilledError:
        pass
    bench.network = lambda door: door
    return result


def do(bench: Bench, act: dict[str, Any], known: set[str]) -> None:
    words = dict(act)
    if words.pop("fresh", False):
        fresh = sorted(set(bench.machines()) - known)
        if not fresh:
            return
        words["machine"] = fresh[0]
    if words.get("machine", next(iter(bench.machines()), "")) not in bench.machines():
        return
    if (
        words["act"] == "destroy"
        and len([m for m in bench.machines().values() if m.group == bench.machines()[words["machine"]].group])
        < 2
    ):
        return
    with suppress(Refusal):
        bench.sim.act(words.pop("act"), **words)


def heal(bench: Bench, app: _Answer) -> None:
    bench.sim.rules.clear()
    bench.sim.world.behaviours.clear()
    app.status = 200
    for machine in bench.machines().values():
        if machine.host_status != "ok":
            bench.sim.act("host", machine=machine.id, status="ok")


def play(story: Story) -> tuple[list[str], list[str]]:
    """What was told, and what is wrong."""
    told: list[str] = []
    wrong: list[str] = []
    reference, _ = make(story)

    async def plain() -> list[str]:
        if story.reviewed:
            await reference.plan(**_consent(story))
        return [await deploy(reference, story), await deploy(reference, story)]

    ends = virtual(plain)
    if ends[0] == "blocked" or (ends[0] not in ("deployed", "nothing-to-do")):
        return [
            f"without misfortune: {ends}",
            *reference.console.log[-12:],
            *reference.console.shown[-3:],
            *map(str, reference.console.annotated[-5:]),
            story.policy,
        ], [] if "cannot" in str(reference.console.log) else [f"the plain deploy ends {ends}"]
    if story.after != story.manifest:
        reference, _ = make(replace(story, manifest=story.after))
        virtual(plain)
    if ends[1] != "nothing-to-do":
        wrong.append(f"the plain deploy's re-run ends {ends[1]}")
    wanted, wanted_volumes = shape(reference), volumes(reference)

    bench, app = make(story)
    at_first = volumes(bench)
    started = set(bench.sim.world.apps["acme-shop"].volumes)
    configs = _members(bench)

    async def tell() -> None:
        begun = bench.sim.look()
        serving = find_fewest(bench.sim.world.apps["acme-shop"], since=begun, until=begun, group="web")
        if story.reviewed:
            await bench.plan(**_consent(story))
        touched = False
        for run, acts in zip(story.runs, story.between, strict=True):
            before = _members(bench)
            result = await misfortune(bench, app, story, run)
            told.append(f"{run} → {result}")
            if (
                result == "deployed"
                and story.after == story.manifest
                and not run.acts
                and not run.inputs
                and not touched
                and not story.by_hand
                and shape(bench) != wanted
            ):
                wrong.append(f"deployed, and it is {shape(bench)}")
            if (
                result == "rolled-back"
                and not run.acts
                and _members(bench) != before
                and not _resumed(before)
            ):
                wrong.append("rolled back, and it is not as before")
            said = "".join(bench.console.summaries[-1:])
            if result == "cancelled" and bench.leases() and not any(words in said for words in LEFT):
                wrong.append("leases after a cancel, of which nothing is said")
            await anyio.sleep(LONGEST_LEASE + _longest_delay(run))
            if bench.leases():
                wrong.append(f"leases left: {bench.leases()}")
            heal(bench, app)
            known = set(configs)
            for act in acts:
                do(bench, act, known)
                told.append(f"between: {act}")
            touched = True
        bench.files["fly.toml"] = story.after
        if story.reviewed and story.after != story.manifest:
            await bench.plan(**_consent(story))
        rerun = await deploy(bench, story)
        updating = rerun == "not-reviewed" and story.between[-1]  # it was still going on when the run began
        if updating:
            told.append(f"the re-run → {rerun}")
            rerun = await deploy(bench, story)
        log = list(bench.console.log)
        told.append(f"the re-run → {rerun}")
        if rerun not in ("deployed", "nothing-to-do"):
            wrong.append(f"the re-run ends {rerun}")
            told.extend(log[-25:])
        again = await deploy(bench, story)
        if again != "nothing-to-do":
            wrong.append(f"the run after it ends {again}")
            told.extend(bench.console.log[-25:])
        least(serving, begun)

    def least(serving: float, begun: float) -> None:
        if story.by_hand or "autostop" in story.words or not serving:
            return
        world = bench.sim.world
        fewest = find_fewest(world.apps["acme-shop"], since=begun, until=world.now, group="web")
        promised = (
            serving if story.strategy == "bluegreen" else 0 if story.strategy == "immediate" else serving - 2
        )
        if fewest < promised and not any(map(_cordons_late, story.runs)):
            wrong.append(f"web had {fewest} of {serving}, promised {promised}")
        if story.drains or story.strategy == "bluegreen":
            app_ = world.apps["acme-shop"]
            cuts = [
                c
                for c in list_cuts(app_, since=begun, within=REQUEST)
                if app_.machines[c.machine].group == "web"
            ]
            sick = any(run.behaviours for run in story.runs)
            if cuts and not sick:
                wrong.append(f"requests lost: {cuts}")

    virtual(tell)
    found = shape(bench)
    if found != wanted and not _grown_by_hand(story) and not (_is_overtaken(story) and _lacks(found, wanted)):
        wrong.append(f"the fleet is {found}\n   instead of {wanted}")
    if bench.leases():
        wrong.append("leases in the end")
    if not story.by_hand and (
        up := [m.id for m in bench.groups().get("sleeper", []) if m.state != "stopped"]
    ):
        wrong.append(f"machines that slept run in the end: {up}")
    ours = [m.id for m in bench.machines().values() if m.config["metadata"].get("flightplan_cordon")]
    if ours:
        wrong.append(f"marks of cordons in the end: {ours}")
    out = [m.id for m in bench.machines().values() if m.cordoned]
    if out and not story.by_hand and not any(_cordons_late(run) for run in story.runs):
        wrong.append(f"cordoned in the end: {out}")
    everything = bench.sim.world.apps["acme-shop"].volumes
    if lost := [v for v in started if v not in everything or "destroy" in everything[v].state]:
        wrong.append(f"volumes lost: {lost}")
    spare = _is_spare_only(volumes(bench), wanted_volumes) and any(
        _late(run, "volume_create", "volume_*") for run in story.runs
    )
    if not story.by_hand and story.after == story.manifest and volumes(bench) != wanted_volumes and not spare:
        wrong.append(f"volumes {volumes(bench)} instead of {wanted_volumes}, at first {at_first}")
    kinds, others = addresses(reference), addresses(bench)
    struck = any(rule["operation"] == "ip_assign" for run in story.runs for rule in run.rules)
    if kinds != others and not struck:
        wrong.append(f"addresses {others} instead of {kinds}")
    strangers = [
        m.id
        for m in bench.machines().values()
        if m.config["metadata"].get("fly_process_group", "") not in wanted
    ]
    if strangers:
        wrong.append(
            f"other machines: {[(i, bench.machines()[i].state, bench.machines()[i].config['metadata']) for i in strangers]}"
        )
    releases = _releases(bench)
    forgotten = "first deploy" in story.words and any(
        "rolled-back" in line for line in told
    )  # no machine is left to remember it
    forgotten = (
        forgotten or any((run.kill or run.cancel) and _longest_delay(run) for run in story.runs)
    )  # it was cut off before it could record the success, and Fly has forgotten the command's machine since (decision 7)
    if releases > (1 if story.after == story.manifest else 2) and not story.by_hand and not forgotten:
        wrong.append(f"the release command succeeded {releases} times")
    return told, wrong


def _cordons_late(run: Run) -> bool:
    """A cordon was carried out when nobody waited for it any more, perhaps after the machine was uncordoned (docs/limits.md)."""
    return _late(run, "machine_cordon", "machine_*")


def _late(run: Run, *operations: str) -> bool:
    return any(
        rule["operation"] in operations and rule.get("delay", 0.0) > READ_TIMEOUT for rule in run.rules
    )


def _is_spare_only(found: Counter[Any], wanted: Counter[Any]) -> bool:
    """A volume that was made late stays, beside those that were asked for (docs/limits.md). None is missing."""
    return not wanted - found


def _longest_delay(run: Run) -> float:
    """Seconds until every request has been carried out."""
    return max((rule.get("delay", 0.0) for rule in run.rules), default=0.0)


def _members(bench: Bench) -> dict[str, Any]:
    """Every machine as it is recorded. The lock is not one of them: what a killed run left of it goes with the next run, and where the
    answer to its destruction is late, it is there a while longer, and is told as left."""
    return {ident: config for ident, config in as_recorded(bench).items() if LOCK not in config["metadata"]}


def _resumed(before: dict[str, Any]) -> bool:
    """A run that goes on leaves what the first has done (decision 4)."""
    return any("flightplan_plan" in config["metadata"] for config in before.values())


def _is_overtaken(story: Story) -> bool:
    """A new group was half made when another change was merged, a part was deployed, or somebody changed a machine. That is another plan,
    and to it the group is one that lives: without a declared count it keeps what it has (as with flyctl)."""
    makes = "first deploy" in story.words or "a new group mailer" in story.words
    other = story.after != story.manifest or story.by_hand or any(run.inputs for run in story.runs)
    return makes and other and any(run.kill or run.cancel for run in story.runs)


def _lacks(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether each group has a machine, and none that it should not have."""
    return found.keys() == wanted.keys() and all(
        members and not Counter(members) - Counter(wanted[name]) for name, members in found.items()
    )


def _grown_by_hand(story: Story) -> bool:
    """Somebody destroyed a machine of a group without a declared count: then the plan keeps what is live."""
    acts = [act for run in story.runs for _, act in run.acts] + [
        act for acts in story.between for act in acts
    ]
    return any(act["act"] == "destroy" for act in acts)


def _consent(story: Story) -> dict[str, Any]:
    return {"allow_destroy": AllowDestroy.ALL} if "allow-destroy" in story.words else {}


def _releases(bench: Bench) -> int:
    found = bench.sim.world.apps["acme-shop"].machines.values()
    ran = [m for m in found if m.config["metadata"].get("fly_process_group") == "fly_app_release_command"]
    return sum(any(e.type == "exit" and _code(e) == 0 for e in m.events) for m in ran)


def _code(event: Any) -> int | None:
    request = getattr(event, "request", None) or {}
    return (request.get("exit_event") or {}).get("exit_code")
