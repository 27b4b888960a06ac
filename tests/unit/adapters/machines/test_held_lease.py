"""Who holds a lease, and how long still by the server's clock."""

from __future__ import annotations

import pytest

from entrypoint.adapters.machines.wire import read_held_lease


@pytest.mark.parametrize(
    ("expires", "date", "left"),
    [
        (1767225700, "Thu, 01 Jan 2026 00:00:00 GMT", 100.0),
        (1767225700, "", None),
        (1767225700, "yesterday", None),
        ("soon", "Thu, 01 Jan 2026 00:00:00 GMT", None),
        (None, "Thu, 01 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_how_long_it_lasts__is_told_by_the_servers_date_only(
    expires: object, date: str, left: float | None
) -> None:
    held = read_held_lease({"owner": "ann", "description": "x", "expires_at": expires}, date=date)
    assert (held.owner, held.description, held.seconds_left) == ("ann", "x", left)
