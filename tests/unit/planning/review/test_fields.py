"""Three-way by field: what a merge of two reviewed files may hold, and nothing else."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.kernel.reviews import BlobState
from entrypoint.planning.review.fields import ABSENT, differing, field_line, merged, read_fields
from entrypoint.planning.review.files import UNREAD, PathRead, brought_otherwise, changed
from tests.unit.planning.review.repo import sha

FLY = PathRead(path="fly.toml", is_toml=True)
OTHER = PathRead(path="nginx.conf", is_toml=False)


def blob(text):
    return None if text is None else BlobState(oid=sha(text), text=text)


def fits(base, parent, head, now, *, read=FLY):
    sides = {"base": blob(base), "parent": blob(parent), "head": blob(head), "now": blob(now)}
    return brought_otherwise(read, **sides) is None


@pytest.mark.parametrize(
    ("base", "parent", "head", "now"),
    [
        ("a = 1", "a = 1", "a = 2", "a = 2"),
        ("a = 1", "a = 2", "a = 1", "a = 2"),
        ("a = 1\nb = 1", "a = 2\nb = 1", "a = 1\nb = 2", "a = 2\nb = 2"),
        ("a = 1\nb = 1", "b = 1", "a = 1\nb = 2", "b = 2"),
        ("a = 1", "a = 1\nb = 1", "a = 1\nc = 1", "a = 1\nb = 1\nc = 1"),
        ("", "[t]\na = 1", "[t]\nb = 1", "[t]\na = 1\nb = 1"),
        ("[t]\na = 1", "[t]\na = 1\nb = 1", "", "[t]\nb = 1"),
        ("[t]\na = 1", "", "[t]", ""),
        ("[t]", "", "[t]\na = 1", "[t]\na = 1"),
        ("a = 1", "a = 2", "a = 3", "a = 3"),
        ("a = 1", "a = 2", "a = 2", "a = 2"),
        ("a = 1", "a = {b = 1}", "a = 1", "a = {b = 1}"),
        ("a = 1", "a = 2", "a = {b = 1}", "a = {b = 1}"),
        ("x = 1", "# a comment\nx = 1", "x = 2", "x  =  2"),
    ],
)
def test_a_merge__fits(base, parent, head, now):
    assert fits(base, parent, head, now)


@pytest.mark.parametrize(
    ("base", "parent", "head", "now"),
    [
        ("a = 1", "a = 1", "a = 2", "a = 1"),
        ("a = 1", "a = 1", "a = 2", "a = 3"),
        ("a = 1", "a = 1", "a = 2", "a = 2\nb = 1"),
        ("a = 1", "a = 2", "a = 1", "a = 1"),
        ("a = 1\nb = 1", "a = 2\nb = 1", "a = 1\nb = 2", "a = 1\nb = 2"),
        ("a = 1", "a = 2", "a = 3", "a = 2"),
        ("a = 1", "a = 1", "a = 1", "a = 1.0"),
        ("a = 1", "a = 1", "a = 1", "a = true"),
        ("a = 1", "a = 1", "a = 2", 'a = "2"'),
        ("a = 0.0", "a = 0.0", "b = 1\na = 0.0", "b = 1\na = -0.0"),
        ("[t]\na = 1", "[t]\na = 1\nb = 1", "", "[t]\na = 1\nb = 1"),
        ("[t]\na = 1", "", "[t]", "[t]"),
    ],
)
def test_anything_else__does_not(base, parent, head, now):
    assert not fits(base, parent, head, now)


def lists(*sides):
    return fits(*(f"a = {side}" for side in sides))


@pytest.mark.parametrize(
    ("base", "parent", "head", "now", "expected"),
    [
        ([1, 2], [9, 2], [1, 8], [9, 8], True),
        ([1, 2], [9, 2], [1, 8], [9, 2], False),
        ([1, 2], [9, 2], [1, 8], [8, 9], False),
        ([1], [1, 2], [1, 3], [1, 2, 3], True),
        ([1], [1, 2], [1, 3], [1, 3, 2], True),
        ([1], [1, 2], [1, 3], [3, 1, 2], False),
        ([1], [1, 2], [1, 3], [1, 2, 3, 4], False),
        ([1], [1, 2], [1, 3], [1, 2], False),
        ([1], [1, 2, 3], [1, 2, 4], [1, 2, 3, 4], True),
        ([1], [1, 2, 3], [1, 2, 4], [1, 2, 2, 3, 4], False),
        ([1, 2], [1, 2, 3], [1], [1, 3], True),
        ([1, 2], [1, 2, 3], [1], [1, 2, 3], False),
        ([1, 2], [1, 2, 3], [2], [2, 3], True),
        ([1, 2, 3], [1, 2, 3], [3, 1], [3, 1], True),
        ([1, 2, 3], [1, 2, 3], [3, 1], [1, 3], False),
        ([1, 2], [1, 2, 3], [1, 2], [3, 2, 1], False),
        ([1, 1], [1], [1, 1, 1], [1, 1], True),
        ([1], [2, 1], [1, 3], [2, 1, 3], True),
        ([], [], [1], [1], True),
        ([1, 2], [2], [1], [], True),
    ],
)
def test_arrays(base, parent, head, now, expected):
    assert lists(base, parent, head, now) is expected


def test_arrays_of_tables__are_told_apart_by_place_or_as_wholes():
    port = "[[services]]\ninternal_port = {}\n[services.concurrency]\nhard_limit = {}\n"

    def services(*pairs):
        return "".join(port.format(*pair) for pair in pairs)

    one, two, three = (80, 1), (81, 1), (82, 1)
    assert fits(
        services(one, two), services((80, 5), two), services(one, (81, 7)), services((80, 5), (81, 7))
    )
    assert not fits(
        services(one, two), services((80, 5), two), services(one, (81, 7)), services((80, 7), (81, 5))
    )
    assert fits(services(one), services(one, two), services(one, three), services(one, two, three))
    assert not fits(services(one), services(one, two), services(one, three), services(one, two, (82, 2)))


def test_an_array_that_becomes_something_else__is_whole():
    assert fits("a = [1]", "a = [1, 2]", "a = 5", "a = 5")
    assert not fits("a = [1]", "a = [1, 2]", "a = [1, 3]", "a = 5")
    assert not fits("a = [1]", "a = 5", "a = [1, 3]", "a = 5")


def test_what_is_no_toml_or_missing__goes_by_blob():
    assert fits("a = ", "a = ", "b = ", "b = ")
    assert not fits("a = ", "a = 1", "a = 2", "a = 3")
    assert fits(None, None, "a = 1", "a = 1")
    assert fits(None, "a = 1", None, "a = 1")
    assert fits("a = 1", "a = 1", None, None)
    assert not fits("a = 1", "a = 1", None, "a = 1")
    assert not fits(None, "a = 1", "b = 1", "a = 1\nb = 1")
    assert not fits("a = 1", "a = 2", "a = 1\nb = 2", None)


def test_other_files__go_by_blob():
    assert fits("a = 1", "a = 1", "a = 2", "a = 2", read=OTHER)
    assert not fits("a = 1\nb = 1", "a = 2\nb = 1", "a = 1\nb = 2", "a = 2\nb = 2", read=OTHER)
    assert not fits("a = 1", "a = 1", "a = 1", "a  = 1", read=OTHER)


def test_what_was_not_read__fits_nothing():
    known = {side: blob("a = 1") for side in ("parent", "head", "base", "now")}
    assert brought_otherwise(FLY, **known) is None
    for side in known:
        assert brought_otherwise(FLY, **known | {side: UNREAD}) is not None
    assert changed(FLY, before=UNREAD, after=blob("a = 1")) is not None
    assert changed(FLY, before=UNREAD, after=UNREAD) is not None
    assert changed(FLY, before=None, after=None) is None


def test_a_file_that_is_too_long_to_read__goes_by_blob():
    long = BlobState(oid="1", text=None)
    assert brought_otherwise(FLY, parent=blob("a = 1"), head=long, base=blob("a = 1"), now=long) is None
    assert (
        brought_otherwise(FLY, parent=blob("a = 1"), head=blob("b = 1"), base=long, now=blob("b = 1")) is None
    )
    assert (
        brought_otherwise(FLY, parent=blob("a = 1"), head=long, base=blob("a = 1"), now=blob("a = 2"))
        is not None
    )


def test_what_differs__is_named():
    found = changed(
        FLY, before=blob("a = 1\n[t]\nb = 1\nc = [1, 2]"), after=blob("a = 1\n[t]\nb = 2\nc = [1, 3]")
    )
    assert found is not None
    assert (found.fields, found.line) == ((("t", "b"), ("t", "c", "1")), 3)
    gone = changed(FLY, before=blob("a = 1\n[t]\nb = 1\nc = 1"), after=blob("a = 1\n[t]\nc = 1"))
    assert gone is not None
    assert (gone.fields, gone.line) == ((("t", "b"),), 2)
    whole = changed(FLY, before=blob("a = 1"), after=blob("a = "))
    assert whole is not None
    assert (whole.fields, whole.line) == ((), None)
    assert field_line("a = [[1], [2]]", ("a", "1", "0")) == 1
    assert field_line("a = [\n1,\n2]", ("a", "1")) == 3
    assert field_line("[a]\n80 = 1", ("a", "80")) == 2
    assert field_line("a = 1", ("b",)) is None
    assert field_line("a = ", ("a",)) is None


def test_an_empty_table__differs_from_none():
    assert differing({"t": {}}, {}) == (("t",),)
    assert read_fields("[t]") == {"t": {}}
    assert differing({"t": {}}, ABSENT) == (("t",),)
    assert differing({"t": []}, {"t": ["x"]}) == (("t",),)
    assert differing({"t": {"a": "x"}}, {"t": "x"}) == differing({"t": "x"}, {"t": {"a": "x"}}) == (("t",),)
    assert differing({"t": ["x"]}, {"t": "x"}) == differing({"t": "x"}, {"t": ["x"]}) == (("t",),)


VALUES = st.recursive(
    st.sampled_from(["int 1", "int 2", "str 'x'"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
SIDES = VALUES | st.just(ABSENT)


@given(SIDES, SIDES, SIDES)
def test_whoever_changed_nothing__the_other_side_is_right(base, one, now):
    assert merged(one, base, base, now) == one
    assert merged(base, one, base, now) == one
    assert merged(one, one, base, now) == one


@given(SIDES, SIDES, SIDES, SIDES)
def test_total__and_what_is_right_stays_so(parent, head, base, now):
    found = merged(parent, head, base, now)
    assert bool(differing(found, now)) is (found != now)
    assert merged(parent, head, base, found) == found


@given(st.text(max_size=40))
def test_any_text__has_fields_or_none(text):
    found = read_fields(text)
    try:
        plain = tomllib.loads(text)
    except ValueError:
        return
    assert found is None or (isinstance(found, dict) and found.keys() == plain.keys())


def test_a_key_of_thousands_of_digits__is_a_key():
    """Python refuses to read that many as a number."""
    text = f"[env]\n{'1' * 5000} = 'x'\n"
    assert field_line(text, ("env", "1" * 5000)) == 2
