"""What happens to volumes and addresses before the first machine is touched: snapshots, growth, a first deploy's addresses."""

from __future__ import annotations

import itertools

import anyio
import httpx
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from tests.bench import as_recorded, make_bench, virtual
from tests.integration.test_volumes import FIRST, NOTHING, volumes
from tests.severed import Fate, deploy_until_killed

RELEASE = '\n[deploy]\nrelease_command = "bin/migrate"\n'


def operations(bench, *names):
    """Those of `names` that succeeded, in order."""
    return [
        e.operation
        for e in bench.sim.journal.entries
        if e.operation in names and 200 <= (e.status or 0) < 300
    ]


class Bends(httpx.AsyncBaseTransport):
    """Answers some requests itself; `executed`: the server has done them all the same."""

    def __init__(self, inner, *, method, end, status, body=b"{}", executed=False, left=None):
        self.inner = inner
        self.method = method
        self.end = end
        self.status = status
        self.body = body
        self.executed = executed
        self.left = left if left is not None else [10**6]

    async def handle_async_request(self, request):
        hit = request.method == self.method and request.url.path.endswith(self.end) and self.left[0] > 0
        if not hit:
            return await self.inner.handle_async_request(request)
        self.left[0] -= 1
        if self.executed:
            await self.inner.handle_async_request(request)
        return httpx.Response(self.status, stream=httpx.ByteStream(self.body), request=request)

    async def aclose(self):
        await self.inner.aclose()


async def saved(bench):
    """An app with a mounted volume, then a change under `snapshot = true`."""
    first = await bench.deploy(gate=Gate.NONE)
    assert first.outputs["result"] == "deployed", bench.console.log
    bench.files["flightplan.toml"] = "[groups.db]\nsnapshot = true\n"
    bench.files["fly.toml"] = FIRST.replace('"bin/db"', '"bin/db --more"') + RELEASE


def test_a_snapshot__is_taken_and_awaited_before_the_release_command_and_named():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await saved(bench)
        await bench.plan()
        return await bench.deploy(gate=Gate.NONE)

    result = virtual(story)

    assert result.outputs["result"] == "deployed", bench.console.log
    (volume,) = volumes(bench)
    (snapshot,) = volume.snapshots
    wanted = ("snapshot_create", "machine_start", "machine_update")
    assert operations(bench, *wanted)[-3:] == list(wanted)
    listed = [e.operation for e in bench.sim.journal.entries]
    begun = listed.index("machine_create", listed.index("snapshot_create"))
    assert "snapshot_list" in listed[listed.index("snapshot_create") : begun]
    assert f"snapshot `{snapshot['id']}` was taken first" in bench.console.summaries[-1]
    assert "A snapshot of 1 volume of `db` is taken" in bench.planned


def test_a_volume_never_mounted__is_skipped():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    refuses = b'{"error": "failed_precondition: uninitialized volume"}'

    async def story():
        await saved(bench)
        bench.network = lambda door: Bends(door, method="POST", end="/snapshots", status=400, body=refuses)
        return await bench.deploy(gate=Gate.NONE)

    result = virtual(story)

    assert result.outputs["result"] == "deployed", bench.console.log
    assert "never mounted, so no snapshot was taken" in bench.console.summaries[-1]


@pytest.mark.parametrize(("status", "body"), [(500, b"{}"), (400, b'{"error": "snapshots are off"}')])
def test_a_snapshot_that_fails__ends_the_deploy_with_nothing_written(status, body):
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await saved(bench)
        before = as_recorded(bench)
        bench.network = lambda door: Bends(door, method="POST", end="/snapshots", status=status, body=body)
        result = await bench.deploy(gate=Gate.NONE)
        return before, as_recorded(bench), result

    before, after, result = virtual(story)

    assert result.exit_code is ExitCode.HALTED
    assert before == after
    assert "snapshot" in bench.console.summaries[-1]
    assert "Nothing was written" in bench.console.summaries[-1]
    assert bench.leases() == []


def test_a_snapshot_whose_answer_is_lost__is_taken_once():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await saved(bench)
        left = [1]
        bench.network = lambda door: Bends(
            door, method="POST", end="/snapshots", status=502, executed=True, left=left
        )
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "deployed", bench.console.log
    assert len(volumes(bench)[0].snapshots) == 1


def test_without_a_change__no_snapshot_is_taken():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await bench.deploy(gate=Gate.NONE)
        bench.files["flightplan.toml"] = "[groups.db]\nsnapshot = true\n"
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "nothing-to-do"
    assert volumes(bench)[0].snapshots == []


@pytest.mark.parametrize("restart", [False, True])
def test_a_volume_grows__and_its_machine_is_restarted_only_where_fly_asks(restart):
    bench = make_bench(manifest=FIRST, fleet={**NOTHING, "switches": {"extend_needs_restart": restart}})

    async def story():
        await bench.deploy(gate=Gate.NONE)
        bench.files["flightplan.toml"] = '[groups.db]\nvolume_size = "5gb"\n'
        await bench.plan()
        grown = await bench.deploy(gate=Gate.NONE)
        log = bench.console.log
        return grown, log, await bench.plan()

    result, log, again = virtual(story)

    assert result.outputs["result"] == "deployed", log
    assert volumes(bench)[0].size_gb == 5
    assert len(operations(bench, "machine_stop")) == restart
    (db,) = bench.groups()["db"]
    assert db.state == "started"
    assert "grows from 3 to 5 GB" in bench.said()[0].body
    assert again.outputs["result"] == "nothing-to-do"
    assert bench.leases() == []


def with_free_volume(size_gb, **switches):
    """An app whose only volume is attached to nothing."""
    volume = {"id": "vol_free", "name": "data", "region": "ams", "size_gb": size_gb}
    return make_bench(manifest=FIRST, fleet={**NOTHING, "volumes": [volume], "switches": switches})


@pytest.mark.parametrize("restart", [False, True])
def test_a_free_volume_that_is_too_small__grows_before_a_new_machine_gets_it(restart):
    bench = with_free_volume(3, extend_needs_restart=restart)
    bench.files["flightplan.toml"] = "[groups.db]\nvolume_size = 5\n"

    async def story():
        await bench.plan()
        result = await bench.deploy(gate=Gate.NONE)
        return result, bench.console.summaries[-1], await bench.plan()

    result, told, again = virtual(story)

    assert result.outputs["result"] == "deployed"
    assert "Volume `vol_free` of `db` grows from 3 to 5 GB, and cannot shrink again." in bench.said()[0].body
    assert "Volume `vol_free` of `db` has 5 GB now." in told
    done = operations(bench, "volume_extend", "machine_create", "machine_stop", "volume_create")
    assert done[done.index("volume_extend") + 1] == "machine_create"
    assert "volume_create" not in done
    assert "machine_stop" not in done
    ((volume),) = volumes(bench)
    assert (volume.size_gb, volume.attached_machine) == (5, bench.groups()["db"][0].id)
    assert again.outputs["result"] == "nothing-to-do"


@pytest.mark.parametrize(
    ("threshold", "result"), [("", "blocked"), ("auto_extend_size_threshold = 80", "deployed")]
)
def test_a_free_volume_that_is_too_large__blocks_before_a_new_machine_gets_it(threshold, result):
    bench = with_free_volume(8)
    extends = (
        f'{threshold}\n  auto_extend_size_increment = "1GB"\n  auto_extend_size_limit = "9GB"'
        if threshold
        else ""
    )
    bench.files["fly.toml"] = FIRST.replace(
        "  snapshot_retention = 14", f"  snapshot_retention = 14\n  {extends}"
    )
    bench.files["flightplan.toml"] = "[groups.db]\nvolume_size = 5\n"

    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == result
    assert any("no volume can shrink" in line for line in bench.console.log) is (result == "blocked")


def test_a_free_volume_that_has_just_the_size__is_taken_as_it_is():
    bench = with_free_volume(5)
    bench.files["flightplan.toml"] = "[groups.db]\nvolume_size = 5\n"

    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == "deployed"
    assert operations(bench, "volume_extend", "volume_create") == []


def test_a_filter_leaves_a_free_volume_as_it_is():
    bench = with_free_volume(3)
    bench.files["flightplan.toml"] = "[groups.db]\nvolume_size = 5\n"

    assert virtual(lambda: bench.deploy(gate=Gate.NONE, groups=("web",))).outputs["result"] == "deployed"
    assert volumes(bench)[0].size_gb == 3


def test_a_volume_that_is_larger_than_asked_for__blocks():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await bench.deploy(gate=Gate.NONE)
        bench.files["flightplan.toml"] = "[groups.db]\nvolume_size = 2\n"
        return await bench.deploy(gate=Gate.NONE)

    result = virtual(story)

    assert result.outputs["result"] == "blocked"
    assert volumes(bench)[0].size_gb == 3
    assert any("no volume can shrink" in line for line in bench.console.log)


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("", ["v6", "shared_v4"]),
        ("shared", ["v6", "shared_v4"]),
        ("dedicated", ["v6", "v4"]),
        ("private", ["private_v6"]),
        ("none", []),
    ],
)
def test_a_first_deploy__gets_the_addresses_that_are_declared(mode, kinds):
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    if mode:
        bench.files["flightplan.toml"] = f'[network]\naddresses = "{mode}"\n'

    async def story():
        await bench.plan()
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "deployed", bench.console.log
    asked = [e.body["type"] for e in bench.sim.journal.entries if e.operation == "ip_assign"]
    assert asked == kinds
    journal = [e.operation for e in bench.sim.journal.entries if e.status == 200]
    if kinds:
        assert max(i for i, o in enumerate(journal) if o == "ip_assign") < _first_machine(bench, journal)
        assert "address" in bench.planned
        assert "The app got the address" in bench.console.summaries[-1]


FAILS = {"behaviours": [{"group": "fly_app_release_command", "task_exit_code": 1}]}
NO_LIST = {"rules": [{"operation": "machine_list", "nth": 2, "times": 9, "fault": "answer", "status": 400}]}


@pytest.mark.parametrize("how", ["the release command fails", "it is cancelled", "Fly refuses"])
def test_a_first_deploy_that_ends_before_its_addresses__gets_them_when_it_is_run_again(how):
    """Fly calls the app deployed from the first machine on: that of the lock, or of the release command."""
    faults = {"the release command fails": FAILS, "Fly refuses": NO_LIST}.get(how)
    bench = make_bench(manifest=FIRST + RELEASE, fleet=NOTHING, faults=faults)
    stop = anyio.Event()

    async def cancel():
        while not any(e.operation == "machine_create" for e in bench.sim.journal.entries):
            await anyio.sleep(0.1)
        stop.set()

    async def story():
        async with anyio.create_task_group() as group:
            if how == "it is cancelled":
                group.start_soon(cancel)
            ended = await bench.deploy(gate=Gate.NONE, stop=stop)
        bench.sim.world.behaviours.clear()
        bench.sim.rules.clear()
        assert bench.leases() == []
        return ended, await bench.deploy(gate=Gate.NONE)

    ended, again = virtual(story)
    assert ended.outputs["result"] != "deployed"
    assert again.outputs["result"] == "deployed", bench.console.log
    assert len(bench.sim.world.apps["acme-shop"].addresses) == 2
    assert {m.group for m in bench.machines().values()} == {"web", "db"}, "the lock is gone"


def test_a_first_deploy_of_a_part__gives_the_app_what_the_part_left_out_needs():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        await bench.plan(groups=("db",))
        part = await bench.deploy(gate=Gate.NONE, groups=("db",))
        given = len(bench.sim.world.apps["acme-shop"].addresses)
        return part, given, await bench.deploy(gate=Gate.NONE)

    part, given, rest = virtual(story)
    assert (part.outputs["result"], rest.outputs["result"]) == ("deployed", "deployed")
    assert given == 2
    assert len(bench.sim.world.apps["acme-shop"].addresses) == 2
    assert "a shared v4 address" in bench.planned


def test_a_first_deploy_of_nothing__gives_no_addresses():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    bench.files["flightplan.toml"] = "[groups.db]\ncount = 0\n"

    result = virtual(lambda: bench.plan(gate=Gate.NONE, groups=("db",)))

    assert result.outputs["result"] == "nothing-to-do"
    assert "v4 address" not in bench.planned


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("nth", [1, 2])
def test_killed_at_an_address__the_next_run_gives_what_is_missing_and_nothing_twice(nth, executed):
    bench = make_bench(manifest=FIRST, fleet=NOTHING)

    async def story():
        asked = itertools.count(1)
        fate = Fate(
            at=lambda _, request: (
                request.url.path.endswith("/ip_assignments")
                and request.method == "POST"
                and next(asked) == nth
            ),
            executed=executed,
        )
        assert await deploy_until_killed(bench, fate, gate=Gate.NONE)
        await anyio.sleep(121)
        return await bench.deploy(gate=Gate.NONE)

    assert virtual(story).outputs["result"] == "deployed", bench.console.log
    have = bench.sim.world.apps["acme-shop"].addresses
    assert len(have) == 2
    assert sorted(address["shared"] for address in have) == [False, True]


def _first_machine(bench, journal):
    """Where the first machine that is no lock is made."""
    made = [i for i, operation in enumerate(journal) if operation == "machine_create"]
    return made[1] if len(made) > sum(len(ms) for ms in bench.groups().values()) else made[0]


def test_an_app_with_addresses_or_without_services__gets_none():
    bench = make_bench(manifest=FIRST[: FIRST.index("[[services]]")], fleet=NOTHING)
    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == "deployed"
    assert bench.sim.world.apps["acme-shop"].addresses == []

    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    bench.sim.world.apps["acme-shop"].addresses.append({"ip": "fdaa:1::3", "shared": False})
    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == "deployed"
    assert len(bench.sim.world.apps["acme-shop"].addresses) == 1


def test_an_address_that_cannot_be_had__is_said_and_ends_nothing():
    bench = make_bench(manifest=FIRST, fleet=NOTHING)
    bench.network = lambda door: Bends(
        door, method="POST", end="/ip_assignments", status=400, body=b'{"error": "quota exceeded"}'
    )

    result = virtual(lambda: bench.deploy(gate=Gate.NONE))

    assert result.outputs["result"] == "deployed", bench.console.log
    assert "The app got no `v6` address" in bench.console.summaries[-1]
    assert "quota exceeded" in bench.console.summaries[-1]
