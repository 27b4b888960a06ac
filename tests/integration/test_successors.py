"""A replacement that was interrupted between the new machine and the old one's end, and then another plan: the group does not grow."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from entrypoint.kernel.run import AllowDestroy, Gate
from entrypoint.rollout.leases import TTL
from tests.bench import MANIFEST, Bench, make_bench, virtual
from tests.severed import Fate, deploy_until_killed, is_request

CRON = "9185732c2e1d48"
RENAMED = MANIFEST.replace('source = "data"', 'source = "other"').replace(
    '  release_command = "bin/migrate"\n', ""
)
CONSENT: dict[str, Any] = {"gate": Gate.NONE, "allow_destroy": AllowDestroy.ALL}


def interrupted(then: str, *, kills: int = 1, policy: str = "", **inputs: Any) -> tuple[Bench, list[Any]]:
    """The rename is killed before the old machine goes, so often; then `then` is deployed, and once more."""
    bench = make_bench(manifest=RENAMED)

    async def story() -> list[Any]:
        for _ in range(kills):
            fate = Fate(at=lambda _, request: is_request(request, "destroy"), executed=False)
            assert await deploy_until_killed(bench, fate, **CONSENT)
            await anyio.sleep(TTL + 1)
        assert len(bench.groups()["cron"]) == 2
        bench.files["fly.toml"] = then
        if policy:
            bench.files["flightplan.toml"] = policy
        return [await bench.deploy(**{**CONSENT, **inputs}) for _ in range(2)]

    return bench, virtual(story)


def mounts(bench: Bench) -> list[str]:
    return [m.config["mounts"][0]["name"] for m in bench.groups()["cron"]]


@pytest.mark.parametrize("kills", [1, 2])
@pytest.mark.parametrize("policy", ["", "[groups.cron]\ncount = 1\n", "[groups.cron]\nsingleton = true\n"])
def test_another_change__the_new_machine_is_the_member_and_the_old_one_goes(kills: int, policy: str) -> None:
    bench, ends = interrupted(RENAMED.replace("LOG_LEVEL", "LOG_LEVELS"), kills=kills, policy=policy)
    assert [end.outputs["result"] for end in ends] == ["deployed", "nothing-to-do"], bench.console.log
    assert mounts(bench) == ["other"]
    assert CRON not in bench.machines()
    names = sorted(v.name for v in bench.sim.world.apps["acme-shop"].volumes.values())
    assert names == ["data", "other"], "one volume was made, none was lost"


def test_another_change_without_consent__is_blocked_and_names_the_old_one() -> None:
    bench, ends = interrupted(RENAMED.replace("LOG_LEVEL", "LOG_LEVELS"), allow_destroy=AllowDestroy.NONE)
    assert ends[0].outputs["result"] == "blocked"
    assert CRON in "".join(bench.console.summaries)
    assert len(bench.groups()["cron"]) == 2


def test_the_rename_is_taken_back__the_old_machine_stays_and_the_new_one_goes() -> None:
    bench, ends = interrupted(RENAMED.replace('source = "other"', 'source = "data"'))
    assert [end.outputs["result"] for end in ends] == ["deployed", "nothing-to-do"], bench.console.log
    assert [m.id for m in bench.groups()["cron"]] == [CRON]
    assert len(bench.sim.world.apps["acme-shop"].volumes) == 2


def test_killed_while_the_other_plan_takes_the_old_one_away__goes_on() -> None:
    bench = make_bench(manifest=RENAMED)

    async def story() -> list[str]:
        fate = Fate(at=lambda _, request: is_request(request, "destroy"), executed=False)
        assert await deploy_until_killed(bench, fate, **CONSENT)
        await anyio.sleep(TTL + 1)
        bench.files["fly.toml"] = RENAMED.replace("LOG_LEVEL", "LOG_LEVELS")
        fate = Fate(at=lambda _, request: is_request(request, "destroy"), executed=True)
        assert await deploy_until_killed(bench, fate, **CONSENT)
        await anyio.sleep(TTL + 1)
        return [(await bench.deploy(**CONSENT)).outputs["result"] for _ in range(2)]

    ends = virtual(story)
    assert ends[1] == "nothing-to-do"
    assert mounts(bench) == ["other"]


def test_killed_likewise_under_review__the_same_review_covers_the_rest() -> None:
    bench = make_bench(manifest=RENAMED)
    consent: dict[str, Any] = {"allow_destroy": AllowDestroy.ALL}

    async def story() -> list[str]:
        await bench.plan(**consent)
        fate = Fate(at=lambda _, request: is_request(request, "destroy"), executed=False)
        assert await deploy_until_killed(bench, fate, **consent)
        await anyio.sleep(TTL + 1)
        bench.files["fly.toml"] = RENAMED.replace("LOG_LEVEL", "LOG_LEVELS")
        await bench.plan(**consent)
        fate = Fate(at=lambda _, request: is_request(request, "destroy"), executed=True)
        assert await deploy_until_killed(bench, fate, **consent)
        await anyio.sleep(TTL + 1)
        return [(await bench.deploy(**consent)).outputs["result"] for _ in range(2)]

    ends = virtual(story)
    assert ends[1] == "nothing-to-do", bench.console.log
    assert mounts(bench) == ["other"]
