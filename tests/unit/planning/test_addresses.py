"""Which addresses a deploy allocates: those of a first deploy, and those that flightplan.toml asks for where there are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.fleet.model import Address, AddressKind
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.plan import Plan
from tests.unit.planning import kit

WEB = '[processes]\nweb = "bin/web"\n'
SERVED = WEB + '[[services]]\ninternal_port = 80\nprotocol = "tcp"\n'
SHARED = (AddressKind.V6, AddressKind.SHARED_V4)
V6 = Address(kind=AddressKind.V6, ip="2a09::1")


def planned(
    *, status: str, addresses: tuple[Address, ...] | None, policy: str = "", text: str = SERVED, live: int = 0
) -> Plan:
    fleet = kit.fleet(*(kit.machine(str(n)) for n in range(live)), status=status)
    return make_plan(
        kit.manifest(text),
        policy=kit.policy(policy),
        overrides=kit.overrides(),
        fleet=replace(fleet, addresses=addresses),
        image=kit.image(),
    )


@pytest.mark.parametrize(
    ("status", "addresses", "asked", "given", "warned"),
    [
        ("pending", (), "", SHARED, False),
        ("pending", None, "", SHARED, False),
        ("pending", (V6,), "", (AddressKind.SHARED_V4,), False),
        ("deployed", (), "", (), True),
        ("deployed", (), "shared", SHARED, False),
        ("deployed", (), "private", (AddressKind.PRIVATE_V6,), False),
        ("deployed", (), "none", (), False),
        ("deployed", (V6,), "shared", (), False),
        ("deployed", None, "shared", (), False),
        ("pending", (), "none", (), False),
    ],
    ids=[
        "first deploy",
        "first deploy, not known",
        "first deploy that was cut off",
        "deployed before",
        "deployed before, asked for",
        "deployed before, private ones asked for",
        "none is asked for",
        "it has one",
        "not known whether it has some",
        "first deploy, none is asked for",
    ],
)
def test_an_app_without_machines(
    status: str,
    addresses: tuple[Address, ...] | None,
    asked: str,
    given: tuple[AddressKind, ...],
    *,
    warned: bool,
) -> None:
    policy = f'[network]\naddresses = "{asked}"\n' if asked else ""
    made = planned(status=status, addresses=addresses, policy=policy)
    assert made.addresses == given
    assert ("no-address" in kit.rules(made)) is warned


def test_an_app_that_runs__and_one_without_services() -> None:
    asked = '[network]\naddresses = "shared"\n'
    for made in (
        planned(status="deployed", addresses=(), policy=asked, live=2),
        planned(status="deployed", addresses=(), policy=asked, text=WEB),
        planned(status="deployed", addresses=(), text=WEB),
    ):
        assert not made.addresses
        assert "no-address" not in kit.rules(made)
