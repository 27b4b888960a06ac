"""The record of a posted plan: survives the trip, refuses everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.kernel.ids import Digest, GroupName, MachineId, Region
from entrypoint.planning.model.plan import Digests, Image, ImageSource, Traits
from entrypoint.planning.record import Destroyed, Record, decode_record, encode_record

HEX = Digest("0123456789abcdef" * 4)
RECORD = Record(
    digests=Digests(intent=HEX, base=HEX, plan=HEX),
    image=Image(ref="r:1", digest=None, source=ImageSource.BUILT_ON_MERGE, sealed=False),
    traits=Traits(intent={"image": "x"}),
    base={"m1": "f"},
    destroys=(Destroyed(id=MachineId("m"), group=GroupName("g"), region=Region("ams"), volumes=("vol_1",)),),
    blocked=False,
    sha="abc",
)


def test_round_trip():
    assert decode_record(json.loads(json.dumps(encode_record(RECORD)))) == RECORD


@pytest.mark.parametrize(
    "key", ["v", "intent", "base", "plan", "image", "traits", "machines", "destroys", "blocked", "sha"]
)
def test_a_record_without_a_part__is_none(key):
    value = dict(encode_record(RECORD))
    del value[key]
    assert decode_record(value) is None


@pytest.mark.parametrize("digest", ["", "x" * 64, "ab", HEX.upper(), 5])
def test_a_short_or_odd_digest__is_none(digest):
    assert decode_record({**encode_record(RECORD), "plan": digest}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from(sorted(encode_record(RECORD))))
def test_anything_at_all__is_a_record_or_none(value, key):
    decode_record(value)
    decode_record({**encode_record(RECORD), key: value})
