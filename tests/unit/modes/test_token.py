"""A deploy whose token cannot do it ends before anything is done; what is not known stops nothing."""

from __future__ import annotations

import pytest

from entrypoint.fleet.errors import Unauthorized
from entrypoint.fleet.preflight import TokenRights
from entrypoint.modes.token import check_token
from tests.unit.planning.kit import machine, plan

TEXT = '[processes]\nweb = "bin/web"\n'
CHANGES = plan(TEXT, machine("a"))
NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("rights", "stops"),
    [
        (None, False),
        (TokenRights(writes=None, expires_at=None), False),
        (TokenRights(writes=True, expires_at=None), False),
        (TokenRights(writes=False, expires_at=None), True),
        (TokenRights(writes=True, expires_at=int(NOW)), True),
        (TokenRights(writes=True, expires_at=int(NOW) + 86_400), False),
    ],
)
def test_what_is_known_of_the_token(rights, stops):
    if not stops:
        check_token(rights, CHANGES, now=NOW)
        return
    with pytest.raises(Unauthorized, match="Nothing was written") as raised:
        check_token(rights, CHANGES, now=NOW)
    assert "fly tokens create deploy" in raised.value.hint


def test_a_token_that_ends_within_the_forecast__is_too_short():
    assert CHANGES.forecast is not None
    likely = CHANGES.forecast.total.likely
    assert likely > 2
    check_token(TokenRights(writes=True, expires_at=int(NOW + likely) + 1), CHANGES, now=NOW)
    with pytest.raises(Unauthorized):
        check_token(TokenRights(writes=True, expires_at=int(NOW + likely) - 1), CHANGES, now=NOW)
