"""Volumes made with their machines: first deploys, new groups, growth; exactly once, whatever the network does; none is ever lost."""

from __future__ import annotations

import anyio
import httpx
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy, Gate
from tests.bench import make_bench, virtual
from tests.simulator.state.behaviours import Behaviour

FIRST = """\
app = "acme-shop"
primary_region = "ams"

[processes]
  web = "bin/web"
  db = "bin/db"

[[mounts]]
  source = "data"
  destination = "/data"
  initial_size = "3gb"
  snapshot_retention = 14
  scheduled_snapshots = false
  processes = ["db"]

[[services]]
  internal_port = 8080
  protocol = "tcp"
  processes = ["web"]
  [[services.ports]]
    port = 443
    handlers = ["tls", "http"]
"""
NOTHING = {"app": "acme-shop", "status": "pending"}
"""An app that was created a moment ago."""


def volumes(bench):
    return list(bench.sim.world.apps["acme-shop"].volumes.values())


def test_after_a_rollback__the_next_run_takes_the_volume_of_the_machine_that_is_being_destroyed():
    bench = make_bench(
        manifest=FIRST, fleet={**NOTHING, "timing": {"destroy": [10, 10], "volume_release": [9, 9]}}
    )

    async def story():
        await bench.deploy(gate=Gate.NONE)
        await anyio.sleep(15)
        bench.files["flightplan.toml"] = "[groups.db]\ncount = 2\n"
        bench.files["fly.toml"] = FIRST.replace("bin/web", "bin/web --more")
        bench.sim.world.behaviours[:] = [Behaviour(image="*:v42*", group="db", boot="crash")]
        results = [await bench.deploy(gate=Gate.NONE)]
        bench.sim.world.behaviours.clear()
        results.append(await bench.deploy(gate=Gate.NONE))
        return [result.outputs["result"] for result in results]

    assert virtual(story) == ["rolled-back", "deployed"], bench.console.log
    assert len(volumes(bench)) == 2
    assert {v.attached_machine for v in volumes(bench)} == {m.id for m in bench.groups()["db"]}


def deployed(bench, *, dies=None, **inputs):
    async def story():
        if dies is not None:
            bench.sim.act("host", machine=dies)
        return await bench.deploy(gate=Gate.NONE, **inputs)

    result = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    return result


def test_a_first_deploy__makes_machines_and_the_volume_that_one_needs():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    deployed(bench)

    assert {group: len(found) for group, found in bench.groups().items()} == {"web": 2, "db": 1}
    (db,) = bench.groups()["db"]
    (volume,) = volumes(bench)
    assert (volume.name, volume.region, volume.size_gb) == ("data", "ams", 3)
    assert (volume.snapshot_retention, volume.auto_backup, volume.encrypted) == (14, False, True)
    assert volume.attached_machine == db.id
    assert db.config["mounts"][0]["volume"] == volume.id
    (made,) = [e for e in bench.sim.journal.entries if e.operation == "volume_create"]
    assert made.body["compute"] == {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
    assert made.body["compute_image"].startswith("registry.fly.io/acme-shop:v42")
    again = virtual(lambda: bench.plan(gate=Gate.NONE))
    assert again.outputs["result"] == "nothing-to-do"


def test_the_plan__says_which_volumes_are_made_and_the_outcome_names_them():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await bench.plan()
        return await bench.deploy()

    virtual(story)

    assert "1 empty volume `data` of 3 GB in ams is created for `db`" in bench.planned
    (volume,) = volumes(bench)
    assert f"Volume `{volume.id}` (`data`, `3 GB, ams`) was created for `db`" in bench.console.summaries[-1]


def test_a_new_group_with_a_mount__gets_a_volume():
    bench = make_bench()
    first = FIRST.replace('  db = "bin/db"\n', "").replace('"db"', '"web"')
    bench = make_bench(manifest=first[: first.index("[[mounts]]")], fleet=NOTHING)

    deployed(bench)
    bench.files["fly.toml"] = FIRST[: FIRST.index("[[services]]")]
    deployed(bench)

    (volume,) = volumes(bench)
    assert volume.attached_machine == bench.groups()["db"][0].id


def test_growing__takes_the_free_volume_and_makes_the_others():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    deployed(bench)
    (first,) = volumes(bench)
    bench.files["flightplan.toml"] = "[groups.db]\ncount = 3\n"

    async def story():
        async with httpx.AsyncClient(transport=bench._door(), base_url="http://fly.test") as client:
            made = await client.post(
                "/v1/apps/acme-shop/volumes",
                json={"name": "data", "region": "ams", "size_gb": 7},
                headers={"Authorization": "Bearer FlyV1 fm2_bench"},
            )
        return made.json()["id"], await bench.deploy(gate=Gate.NONE)

    free, result = virtual(story)

    assert result.outputs["result"] == "deployed", bench.console.log
    assert len(volumes(bench)) == 3
    attached = {volume.attached_machine for volume in volumes(bench)}
    assert attached == {machine.id for machine in bench.groups()["db"]}
    assert {first.id, free} < {volume.id for volume in volumes(bench)}


class LosesVolumeAnswers(httpx.AsyncBaseTransport):
    """The server executes the first few creations of a volume, and nobody hears of it."""

    def __init__(self, inner, *, left, status=None):
        self.inner = inner
        self.left = left
        self.status = status

    async def handle_async_request(self, request):
        answer = await self.inner.handle_async_request(request)
        if request.method == "POST" and request.url.path.endswith("/volumes") and self.left[0]:
            self.left[0] -= 1
            if self.status is not None:
                return httpx.Response(self.status, stream=httpx.ByteStream(b"bad gateway"), request=request)
            raise httpx.ReadError("the connection broke", request=request)
        return answer

    async def aclose(self):
        await self.inner.aclose()


@pytest.mark.parametrize("status", [None, 502, 504])
def test_a_creation_whose_answer_is_lost__made_one_volume(status):
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    bench.files["flightplan.toml"] = "[groups.db]\ncount = 3\n"
    left = [2]
    bench.network = lambda inner: LosesVolumeAnswers(inner, left=left, status=status)
    deployed(bench)

    assert len(volumes(bench)) == 3
    assert {v.attached_machine for v in volumes(bench)} == {m.id for m in bench.groups()["db"]}


def test_a_volume_whose_machine_could_not_be_made__is_taken_by_the_next_run():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    inner = bench.network

    class Refuses(httpx.AsyncBaseTransport):
        def __init__(self, door):
            self.door = door

        async def handle_async_request(self, request):
            if (
                request.method == "POST"
                and request.url.path.endswith("/machines")
                and b'"mounts"' in request.content
            ):
                body = httpx.ByteStream(b'{"error": "no room for you"}')
                return httpx.Response(422, stream=body, request=request)
            return await self.door.handle_async_request(request)

        async def aclose(self):
            await self.door.aclose()

    bench.network = Refuses
    halted = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert halted.exit_code is ExitCode.HALTED
    (volume,) = volumes(bench)
    assert volume.attached_machine is None
    assert volume.id in bench.console.summaries[-1]

    bench.network = inner
    deployed(bench)
    assert [v.id for v in volumes(bench)] == [volume.id]


MOUNT_ADDED = FIRST.replace('processes = ["db"]', 'processes = ["web"]')


def test_a_mount_that_is_added__needs_consent_and_then_makes_new_machines_first():
    bench = make_bench(
        manifest=FIRST[: FIRST.index("[[mounts]]")] + FIRST[FIRST.index("[[services]]") :], fleet=NOTHING
    )
    deployed(bench)
    before = {m.id for m in bench.groups()["web"]}
    bench.files["fly.toml"] = MOUNT_ADDED

    blocked = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert blocked.outputs["result"] == "blocked"
    assert {m.id for m in bench.groups()["web"]} == before

    result = deployed(bench, allow_destroy=AllowDestroy.ALL)
    web = bench.groups()["web"]
    assert result.outputs["replaced"] == "2"
    assert len(web) == 2
    assert not before & {m.id for m in web}
    assert {v.attached_machine for v in volumes(bench)} == {m.id for m in web}
    writes = bench.writes()
    last_made = len(writes) - 1 - writes[::-1].index("machine_create")
    assert min(writes.index(f"machine_destroy {machine}") for machine in before) > last_made


@pytest.mark.parametrize(
    "after",
    [FIRST[: FIRST.index("[[mounts]]")], FIRST.replace('"data"', '"other"')],
    ids=["removed", "renamed"],
)
def test_a_mount_that_is_removed_or_renamed__leaves_the_volume_behind(after):
    bench = make_bench(manifest=FIRST[: FIRST.index("[[services]]")], fleet=NOTHING)
    deployed(bench)
    (volume,) = volumes(bench)
    bench.files["fly.toml"] = after if "[[mounts]]" not in after else after[: after.index("[[services]]")]

    blocked = virtual(lambda: bench.deploy(gate=Gate.NONE, allow_destroy=AllowDestroy.SURPLUS))
    assert blocked.outputs["result"] == "blocked"

    deployed(bench, allow_destroy=AllowDestroy.ALL)
    (db,) = bench.groups()["db"]
    kept = next(v for v in volumes(bench) if v.id == volume.id)
    assert kept.attached_machine is None
    mounts = db.config.get("mounts") or []
    assert [m["name"] for m in mounts] == (["other"] if "other" in after else [])
    again = virtual(lambda: bench.plan(gate=Gate.NONE))
    assert again.outputs["result"] == "nothing-to-do"


def test_a_dead_host__is_left_behind_and_the_rest_deploys():
    bench = make_bench()
    dead = bench.groups()["web"][0].id
    result = deployed(bench, dies=dead)

    assert result.outputs["updated"] == "5"
    assert (
        bench.machines()[dead].config["image"]
        != bench.machines()[bench.groups()["web"][1].id].config["image"]
    )


def test_a_dead_host_with_consent__is_replaced():
    bench = make_bench()
    dead = bench.groups()["web"][0].id
    result = deployed(bench, dies=dead, allow_destroy=AllowDestroy.ALL)

    assert result.outputs["replaced"] == "1"
    assert dead not in bench.machines()
    assert len(bench.groups()["web"]) == 3


@pytest.mark.parametrize(("dies", "replaced"), [("before the review", "1"), ("after the review", "0")])
def test_under_the_gate__only_a_replacement_that_was_shown_happens(dies, replaced):
    """With `allow-destroy: all` always set, a host that dies between review and merge must not stop the deploy."""
    bench = make_bench()
    dead = bench.groups()["web"][0].id

    async def story():
        if dies == "before the review":
            bench.sim.act("host", machine=dead)
        await bench.plan(allow_destroy=AllowDestroy.ALL)
        if dies == "after the review":
            bench.sim.act("host", machine=dead)
        return await bench.deploy(allow_destroy=AllowDestroy.ALL)

    result = virtual(story)

    assert result.outputs["result"] == "deployed", bench.console.log
    assert result.outputs["replaced"] == replaced
    assert (dead in bench.machines()) is (replaced == "0")


def test_a_creation_whose_answer_is_lost_and_that_the_list_shows_late__made_one_volume():
    bench = make_bench(manifest=FIRST, fleet={**NOTHING, "timing": {"volume_listed": 8}})
    left = [1]
    bench.network = lambda inner: LosesVolumeAnswers(inner, left=left)

    deployed(bench)

    assert len(volumes(bench)) == 1


def lives(bench, group, *, ids):
    """How many machines of a group were there at once at most, by the journal; `ids`: those of it that went."""
    most = now = 0
    for entry in bench.sim.journal.entries:
        if entry.operation == "machine_create" and entry.status == 200:
            now += entry.body["config"]["metadata"].get("fly_process_group") == group
        elif entry.operation == "machine_destroy" and entry.status == 200 and entry.machine in ids:
            now -= 1
        most = max(most, now)
    return most


def test_a_singleton__is_replaced_without_ever_being_two():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    bench.files["flightplan.toml"] = "[groups.db]\nsingleton = true\n"
    deployed(bench)
    (old,) = bench.groups()["db"]
    bench.files["fly.toml"] = FIRST.replace('"data"', '"other"')

    deployed(bench, allow_destroy=AllowDestroy.ALL)

    (new,) = bench.groups()["db"]
    assert new.id != old.id
    assert lives(bench, "db", ids={old.id}) == 1
    again = virtual(lambda: bench.plan(gate=Gate.NONE, allow_destroy=AllowDestroy.ALL))
    assert again.outputs["result"] == "nothing-to-do"


def test_a_replacement_that_does_not_come_up__leaves_the_old_machine_and_names_the_new_volume():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    deployed(bench)
    (old,) = bench.groups()["db"]
    (kept,) = volumes(bench)
    bench.files["fly.toml"] = FIRST.replace('"data"', '"other"').replace('"bin/db"', '"bin/broken"')
    bench.sim.world.behaviours.append(Behaviour(group="db", boot="crash"))

    async def story():
        halted = await bench.deploy(gate=Gate.NONE, allow_destroy=AllowDestroy.ALL)
        await anyio.sleep(10)  # the machine that was made is destroyed, and lets its volume go
        bench.sim.look()
        return halted

    result = virtual(story)

    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert [m.id for m in bench.groups()["db"]] == [old.id]
    (made,) = [v for v in volumes(bench) if v.id != kept.id]
    assert made.attached_machine is None
    assert made.id in bench.console.summaries[-1]
    bench.sim.world.behaviours.clear()
    deployed(bench, allow_destroy=AllowDestroy.ALL)
    assert {v.id for v in volumes(bench)} == {kept.id, made.id}
