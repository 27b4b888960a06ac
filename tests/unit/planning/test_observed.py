"""What the planner sees of a machine, whatever its config holds."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.planning.observed import mounted_volumes


@pytest.mark.parametrize(
    ("mounts", "volumes"),
    [
        ([{"volume": "vol_1"}, {"volume": "vol_2"}], ("vol_1", "vol_2")),
        ([{"volume": ""}, {"volume": 5}, {"volume": None}, {}, "vol_1"], ()),
        ("vol_1", ()),
        (None, ()),
    ],
)
def test_the_volumes_that_a_config_mounts(mounts: Any, volumes: tuple[str, ...]) -> None:
    assert mounted_volumes({"mounts": mounts}) == volumes
