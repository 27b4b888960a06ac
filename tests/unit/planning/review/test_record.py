"""The record of a posted plan: survives the trip, refuses everything else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.kernel.ids import Digest, GroupName, MachineId, Region
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import ABSENT, Digests, Traits
from entrypoint.planning.review.checkout import Checkout
from entrypoint.planning.review.record import Destroyed, Record, decode_record, encode_record
from tests.unit.planning.kit import KEY, machine, plan, record_of

HEX = Digest("0123456789abcdef" * 4)
GONE = Destroyed(id=MachineId("m"), group=GroupName("g"), region=Region("ams"), volumes=("vol_1",))
RECORD = Record(
    checkout=Checkout(pull=7, base_branch="main", base_sha="b" * 40, head="a" * 40, tree="c" * 40),
    key=KEY,
    digests=Digests(intent=HEX, base=Digest(HEX[::-1]), plan=Digest("f" * 64)),
    traits=Traits(intent={"image": "x"}),
    base={"m1": "f"},
    fingerprints={"m1": "2:00"},
    destroys=(GONE, replace(GONE, id=MachineId("n"), replaced=True)),
    counts={"web": 2, "worker": {"ams": 1}, "cron": None, "old": ABSENT},
    image=Image(ref="r:1", digest=None, source=ImageSource.BUILT_ON_MERGE, sealed=False),
    inputs={"scale": "2:ff"},
    allow_destroy=AllowDestroy.SURPLUS,
    blocked=False,
    version="0.1.0",
)


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        replace(RECORD, checkout=replace(RECORD.checkout, pull=None, base_sha=None, tree=None), blocked=True),
    ],
)
def test_round_trip(record):
    assert decode_record(json.loads(json.dumps(encode_record(record)))) == record


@pytest.mark.parametrize("key", sorted(encode_record(RECORD)))
def test_a_record_without_a_part__is_none(key):
    value = dict(encode_record(RECORD))
    del value[key]
    assert decode_record(value) is None


@pytest.mark.parametrize("schema", ["flightplan/record-1", "flightplan/record-3", "", None, 2])
def test_a_record_of_another_schema__is_none(schema):
    assert decode_record({**encode_record(RECORD), "schema": schema}) is None


@pytest.mark.parametrize("digest", ["", "x" * 64, "ab", HEX.upper(), 5])
def test_a_short_or_odd_digest__is_none(digest):
    assert decode_record({**encode_record(RECORD), "digests": [digest, HEX, HEX]}) is None


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("pull", True),
        ("pull", "7"),
        ("counts", {"web": True}),
        ("counts", {"web": "two"}),
        ("counts", {"web": {"ams": "1"}}),
        ("destroys", [["m", "g", "ams", ["v"]]]),
        ("destroys", [["m", "g", "ams", "v", False]]),
        ("key", ["shop", "fly.toml"]),
        ("allow_destroy", "some"),
        ("fingerprints", {"m": None}),
    ],
)
def test_a_part_of_another_shape__is_none(part, value):
    assert decode_record({**encode_record(RECORD), part: value}) is None


def test_what_is_not_said_to_be_allowed__is_not():
    """`blocked`, `sealed` and `replaced` in a form that nobody wrote count as the careful one."""
    odd = decode_record({**encode_record(RECORD), "blocked": None, "destroys": [["m", "g", "ams", [], 0]]})
    assert odd is not None
    assert odd.blocked
    assert odd.destroys[0].replaced


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from(sorted(encode_record(RECORD))))
def test_anything_at_all__is_a_record_or_none(value, key):
    decode_record(value)
    decode_record({**encode_record(RECORD), key: value})


def test_the_record_of_a_plan__says_what_goes_what_was_asked_for_and_what_was_seen():
    one = plan(
        '[processes]\nweb = "bin/web"\n',
        machine("a"),
        machine("b"),
        machine("w", "worker"),
        scale="web=1",
        allow_destroy=AllowDestroy.ALL,
    )
    made = record_of(one, inputs={"scale": "2:1"})
    assert {(d.id, d.group, d.replaced) for d in made.destroys} == {
        ("a", "web", False),
        ("w", "worker", False),
    }
    assert made.counts == {"web": 1, "worker": ABSENT}
    assert set(made.fingerprints) == {"a", "b", "w"}
    assert made.fingerprints["a"] == made.fingerprints["b"] != made.fingerprints["w"]
    assert (made.allow_destroy, made.blocked, made.inputs) == (AllowDestroy.ALL, False, {"scale": "2:1"})
    assert (made.digests, made.base, made.traits) == (one.digests, one.base, one.traits)


def test_a_replaced_machine__is_shown_with_the_volume_that_it_leaves():
    mounted = machine("a", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]})
    made = plan('[processes]\nweb = "bin/web"\n', mounted, allow_destroy=AllowDestroy.ALL)
    assert record_of(made).destroys == (
        Destroyed(
            id=MachineId("a"),
            group=GroupName("web"),
            region=Region("ams"),
            volumes=("vol_1",),
            replaced=True,
        ),
    )
    assert not record_of(made).blocked
