"""What counts as a change of a machine's config, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.fleet.normalise import fingerprint, is_same_config, normal_config


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


SERVICE: dict[str, Any] = {"protocol": "tcp", "internal_port": 8080}
"""A service as it is sent."""


@pytest.mark.parametrize(
    "more",
    [
        {"init": {"entrypoint": ["/bin/sh"]}},
        {"init": {"cmd": ["bin/web"], "entrypoint": ["/bin/sh"]}},
        {"services": [SERVICE | {"autostart": True}]},
        {
            "services": [
                SERVICE | {"concurrency": {"type": "connections", "hard_limit": 26, "soft_limit": 20}}
            ]
        },
        {"services": [SERVICE | {"min_machines_running": 1}]},
        {"services": [SERVICE, SERVICE]},
        {"services": []},
        {"env": {"A": "1", "B": "2"}},
        {"env": {}},
        {"auto_destroy": True},
        {"guest": {"cpus": 1, "kernel_args": ["x"]}},
        {"metadata": {"fly_process_group": "web", "by": "hand"}},
    ],
)
def test_a_config_with_anything_more_or_less__is_another(more):
    sent: dict[str, Any] = {
        "image": "shop:v1",
        "env": {"A": "1"},
        "init": {"cmd": ["bin/web"]},
        "services": [SERVICE],
        "guest": {"cpus": 1},
        "metadata": {"fly_process_group": "web"},
    }
    assert is_same_config(sent, sent)
    assert not is_same_config(sent | more, sent)
    assert not is_same_config(sent, sent | more)


@pytest.mark.parametrize(
    "added",
    [
        {"dns": {}},
        {"init": {}},
        {"restart": {"policy": "on-failure", "max_retries": 10}},
        {
            "services": [
                SERVICE | {"concurrency": {"type": "connections", "hard_limit": 25, "soft_limit": 20}}
            ]
        },
        {"services": [SERVICE | {"min_machines_running": 0, "force_instance_key": None}]},
        {"tomorrow": {"new": True}},
        {"image": "shop:v2"},
        {"metadata": {"flightplan_plan": "p", "fly_release_id": "1"}},
    ],
)
def test_what_the_platform_adds__is_no_difference(added):
    sent: dict[str, Any] = {"image": "shop:v1", "services": [SERVICE]}
    assert is_same_config(sent | added, sent)


def test_fingerprint__binds_the_image_and_nothing_volatile():
    assert fingerprint({"metadata": {"fly_release_id": "1"}}, image="a") == fingerprint({}, image="a")
    assert fingerprint({}, image="a") != fingerprint({}, image="b")
    assert len(fingerprint({}, image=None)) == 32
