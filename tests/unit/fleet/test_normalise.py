"""What counts as a change of a machine's config, and what does not."""

from __future__ import annotations

import pytest

from entrypoint.fleet.normalise import covers, fingerprint, normal_config


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"services": [{"autostop": "stop"}]}, {"services": [{"autostop": True}]}),
        ({"services": [{"autostop": "off"}]}, {"services": [{"autostop": False}]}),
        (
            {"services": [{"force_instance_key": None, "internal_port": 1}]},
            {"services": [{"internal_port": 1}]},
        ),
        ({"dns": {}, "init": {}, "mounts": []}, {}),
        ({"checks": {"a": {"interval": "1m30s"}}}, {"checks": {"a": {"interval": 90_000_000_000}}}),
        ({"checks": {"a": {"interval": "500ms"}}}, {"checks": {"a": {"interval": "0.5s"}}}),
        (
            {"services": [{"checks": [{"interval": "75s"}]}]},
            {"services": [{"checks": [{"interval": "1m0s"}]}]},
        ),
        ({"stop_config": {"timeout": "30s"}}, {"stop_config": {"timeout": 30_000_000_000}}),
        ({"restart": {"policy": "on-failure"}}, {}),
        ({"restart": {"policy": "on-failure", "max_retries": 10}}, {"restart": None}),
        ({"metadata": {"fly_release_id": "r1", "a": "b"}}, {"metadata": {"a": "b", "flightplan_plan": "x"}}),
        ({"image": "a:1"}, {"image": "a:2"}),
        (
            {
                "services": [
                    {
                        "checks": [
                            {"headers": [{"name": "A", "values": ["1"]}, {"name": "B", "values": ["2"]}]}
                        ]
                    }
                ]
            },
            {
                "services": [
                    {
                        "checks": [
                            {"headers": [{"name": "B", "values": ["2"]}, {"name": "A", "values": ["1"]}]}
                        ]
                    }
                ]
            },
        ),
    ],
)
def test_spellings_of_the_same_config__are_one_normal_form(one, other):
    assert normal_config(one) == normal_config(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"env": {"A": "1"}}, {"env": {"A": "2"}}),
        ({"env": {"A": ""}}, {"env": {}}),
        ({"restart": {"policy": "on-failure", "max_retries": 3}}, {}),
        ({"restart": {"policy": "always"}}, {}),
        ({"services": [{"autostop": "suspend"}]}, {"services": [{"autostop": "stop"}]}),
        ({"services": [{"autostop": False}]}, {"services": [{}]}),
        ({"metadata": {"a": "b"}}, {"metadata": {"a": "c"}}),
        ({"checks": {"a": {"interval": "10s"}}}, {"checks": {"a": {"interval": "11s"}}}),
        ({"checks": {"a": {"interval": "75s"}}}, {"checks": {"a": {"interval": "60s"}}}),
        (
            {"services": [{"checks": [{"interval": "59s"}]}]},
            {"services": [{"checks": [{"interval": "60s"}]}]},
        ),
        ({"future": {"key": 1}}, {"future": {"key": 2}}),
    ],
)
def test_real_changes__differ(one, other):
    assert normal_config(one) != normal_config(other)


def test_durations_that_are_none__stay_as_they_are():
    assert normal_config({"checks": {"a": {"interval": "soon", "timeout": "1x"}}}) == {
        "checks": {"a": {"interval": "soon", "timeout": "1x"}}
    }


def test_hostile_shapes__do_not_raise():
    normal_config(
        {
            "services": "x",
            "checks": [1],
            "metadata": [],
            "restart": 3,
            "stop_config": "y",
            "mounts": {"a": None},
        }
    )
    normal_config({"services": [1, None, {"checks": {"a": 1}}], "checks": {"a": 3}})


def test_covers__allows_added_keys_but_not_in_env_or_lists():
    assert covers({"services": [{"port": 1, "autostart": True}]}, {"services": [{"port": 1}]})
    assert not covers({"services": [{"port": 1}, {"port": 2}]}, {"services": [{"port": 1}]})
    assert not covers({"env": {"A": "1", "B": "2"}}, {"env": {"A": "1"}})
    assert not covers({}, {"env": {"A": "1"}})


def test_fingerprint__binds_the_image_and_nothing_volatile():
    assert fingerprint({"metadata": {"fly_release_id": "1"}}, image="a") == fingerprint({}, image="a")
    assert fingerprint({}, image="a") != fingerprint({}, image="b")
    assert len(fingerprint({}, image=None)) == 32
