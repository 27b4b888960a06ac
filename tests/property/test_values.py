"""Two different values never print alike, however long, however strange."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from entrypoint.kernel.json import Json, canonical
from entrypoint.report.text.escape import fence
from entrypoint.report.text.values import MOST, shown, shown_pair

STRANGE = st.sampled_from(
    ["\u200b", "\u200c", "\u00a0", "\u202e", "\ufeff", "а", "a", "é", "e\u0301", "\n", "`", "\U000e0041", " "]
)
TEXTS = st.one_of(st.text(), st.lists(STRANGE).map("".join))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_two_values__never_print_alike(one: Json, other: Json) -> None:
    if canonical(one) == canonical(other):
        return
    old, new = shown_pair(one, other)
    assert old != new
    assert fence([old]) != fence([new])


@given(st.text(min_size=1, max_size=5), st.integers(0, 3000), TEXTS, TEXTS)
def test_a_difference_deep_in_a_long_value__is_shown(unit: str, times: int, one: str, other: str) -> None:
    long = unit * times
    if one == other:
        return
    old, new = shown_pair(long + one + long, long + other + long)
    assert old != new
    assert max(len(old), len(new)) <= MOST + 50


@given(VALUES)
def test_what_is_shown__holds_nothing_unseen(value: Json) -> None:
    assert all(char.isprintable() for char in shown(value))


def test_letters_that_look_the_same__are_told_by_their_codes() -> None:
    assert shown_pair("pаypal", "paypal") == ('"p\\u0430ypal"', '"paypal"')
    assert shown_pair("a\u200bb", "ab") == ('"a\\u200bb"', '"ab"')
