"""A job is killed, and the next begins at once: the leases of the killed one still stand, those of its new machines the longest."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import virtual
from tests.severed import killed_after
from tests.shop import counts, fewest, lost, make_shop

UNGATED: dict[str, Any] = {"gate": Gate.NONE, "wait_timeout": 40.0}
WEB: dict[str, Any] = {**UNGATED, "groups": ("web",)}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_it_waits_for_them_and_deploys(count):
    """Those of the old machines were refreshed after 25 s, and the last new machines were created a little later."""
    bench = make_shop("bluegreen")

    async def story():
        bench.sim.act("behave", image="*:v42*", group="web", check_seconds=25.0)
        await killed_after(bench, "create", count, **WEB)
        return await bench.deploy(**WEB)

    result = virtual(story)
    assert result.outputs["result"] == "deployed", "\n".join(bench.console.log)
    assert counts(bench) == {"web": 3, "worker": 3}
    assert (fewest(bench), lost(bench), bench.leases()) == (3, [], [])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_killed_while_the_new_machines_are_uncordoned(count):
    bench = make_shop("bluegreen")

    async def story():
        await killed_after(bench, "uncordon", count, **UNGATED)
        return await bench.deploy(**UNGATED)

    result = virtual(story)
    assert result.outputs["result"] == "deployed", "\n".join(bench.console.log)
    assert (fewest(bench), lost(bench), bench.leases()) == (3, [], [])
