"""A few of the deploys that `make simulate` plays, and those that once broke something."""

from __future__ import annotations

import pytest

from tests.samples import some
from tests.simulate.play import play
from tests.simulate.story import draw

FOUND = (6022, 6041, 6131)
"""The release command ran twice after a rollback of bluegreen; nobody in routing after an interrupted drain; a name taken by what was left over."""


@pytest.mark.parametrize("seed", some([FOUND[0], *range(9000, 9006), *FOUND[1:]], one_in=9))
def test_a_deploy_that_goes_wrong__ends_in_the_planned_fleet(seed: int) -> None:
    told, wrong = play(draw(seed))
    assert wrong == [], "\n".join(told)
