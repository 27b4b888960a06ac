"""NormalForms gives each config the form that `normal_config` gives it alone, whatever configs came before."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.fleet.normalise import NormalForms, normal_config
from entrypoint.kernel.json import canonical

ALIKE = (1, True, 1.0, 0, False, 0.0, -0.0, "", "1", None, "10s", 10_000_000_000)
"""Values that are equal to Python, or to a person, and not in JSON."""
VALUES = st.recursive(
    st.sampled_from(ALIKE),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["interval", "timeout", "headers", "checks", "name", "autostop"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)
CONFIGS = st.dictionaries(
    st.sampled_from(["services", "checks", "restart", "stop_config", "metadata", "env", "image"]),
    VALUES,
    max_size=3,
)


@given(st.lists(CONFIGS, min_size=2, max_size=4))
def test_machines_beside_it_do_not_change_the_form_of_a_config(configs: list[dict[str, Any]]) -> None:
    forms = NormalForms()
    for config in configs:
        assert canonical(forms.of(config)) == canonical(normal_config(config))


@pytest.mark.parametrize("key", ["env", "stop_config", "services"])
def test_what_is_only_alike_keeps_its_own_form(key: str) -> None:
    for one, other in product(ALIKE, repeat=2):
        forms = NormalForms()
        for value in (one, other):
            part: Any = {"timeout": value}
            config = {key: [part] if key == "services" else part}
            assert canonical(forms.of(config)) == canonical(normal_config(config))


def test_parts_that_are_alike_are_one_object__and_others_are_not() -> None:
    forms = NormalForms()
    services: list[Any] = [{"internal_port": 8080, "autostop": "stop"}]
    first, second = (
        forms.of({"services": [dict(services[0])], "mounts": [{"volume": volume}]}) for volume in "ab"
    )
    assert first["services"] is second["services"]
    assert (first["mounts"], second["mounts"]) == ([{"volume": "a"}], [{"volume": "b"}])
    other_order: list[Any] = [{"autostop": "stop", "internal_port": 8080}]
    assert forms.of({"services": other_order}) == normal_config({"services": services})


def test_whether_its_parts_are_one_object_makes_no_difference() -> None:
    """As parts of a config are that was converted here, and those of one that was read from Fly are not."""
    forms, check = NormalForms(), {"interval": "10s"}
    one, other = (
        forms.of({"checks": {"a": check, "b": check}}),
        forms.of({"checks": {"a": {**check}, "b": {**check}}}),
    )
    assert one["checks"] is other["checks"]
