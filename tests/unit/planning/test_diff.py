"""Field changes: exact, and silent about secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entrypoint.kernel.json import JsonObject
from entrypoint.planning.diff import changes_of_write, diff_configs
from entrypoint.planning.model.steps import ChangeKind, FieldChange


def test_equal_configs__have_no_changes():
    assert diff_configs({"init": {"cmd": ["a"]}}, {"init": {"cmd": ["a"]}, "dns": {}}) == ()


def test_command__is_one_value():
    (change,) = diff_configs({"init": {"cmd": ["bin/web"]}}, {"init": {"cmd": ["bin/web", "--threads", "8"]}})

    assert change.path == ("init", "cmd")
    assert change.before == ["bin/web"]
    assert change.after == ["bin/web", "--threads", "8"]


def test_services__are_compared_field_by_field():
    (change,) = diff_configs(
        {"services": [{"internal_port": 80, "protocol": "tcp"}]},
        {"services": [{"internal_port": 81, "protocol": "tcp"}]},
    )

    assert change.path == ("services", "0", "internal_port")
    assert (change.before, change.after) == (80, 81)


def test_env_values__are_never_kept():
    changes = diff_configs({"env": {"A": "hunter2", "B": "x"}}, {"env": {"A": "hunter3", "C": "y"}})

    assert {c.path: c.kind for c in changes} == {
        ("env", "A"): ChangeKind.CHANGED,
        ("env", "B"): ChangeKind.REMOVED,
        ("env", "C"): ChangeKind.ADDED,
    }
    assert all(c.redacted and c.before is None and c.after is None for c in changes)


def test_secrets_inside_added_objects__are_hidden():
    changes = diff_configs(
        {}, {"files": [{"guest_path": "/k", "raw_value": "c2VjcmV0"}], "containers": [{"env": {"K": "s3"}}]}
    )

    assert "c2VjcmV0" not in repr(changes)
    assert "s3" not in repr(changes)


def test_secrets_in_shapes_and_spellings_of_nobodys_making__are_hidden():
    configs: tuple[JsonObject, ...] = (
        {"Env": {"A": "hunter2"}},
        {"files": [{"guest_path": "/k", "content": "hunter2"}]},
        {"containers": [{"secrets": [{"env_var": "A", "value": "hunter2"}], "ENV": ["A=hunter2"]}]},
        {"services": [{"ports": [{"http_options": {"response": {"headers": {"A": "hunter2"}}}}]}]},
    )
    for config in configs:
        assert "hunter2" not in repr((diff_configs({}, config), diff_configs(config, {})))


def test_check_headers__are_hidden():
    changes = diff_configs(
        {"checks": {"a": {"headers": [{"name": "Authorization", "values": ["Bearer one"]}]}}},
        {"checks": {"a": {"headers": [{"name": "Authorization", "values": ["Bearer two"]}]}}},
    )

    assert changes
    assert "Bearer" not in repr(changes)


@pytest.mark.parametrize(
    ("key", "redacted"), [("headers", False), ("values", True), ("args", True), ("env", True)]
)
def test_of_the_names_under_keys_that_are_hidden__only_those_of_headers_are_told(key: str, redacted: bool):
    (change,) = diff_configs({"x": {key: [{"name": "one"}]}}, {"x": {key: [{"name": "two"}]}})

    assert change.redacted is redacted


@pytest.mark.parametrize("differing", [diff_configs, changes_of_write])
def test_true_and_one__differ(differing: Callable[..., tuple[FieldChange, ...]]):
    assert differing({"a": True}, {"a": 1})


@pytest.mark.parametrize(
    ("before", "after", "changed"), [(1, 2, "1"), (2, 1, "1")], ids=["one comes", "one goes"]
)
def test_what_fly_adds_to_a_service__is_no_change_where_the_number_of_services_changes_either(
    before: int, after: int, changed: str
):
    usual: JsonObject = {"type": "connections", "hard_limit": 25, "soft_limit": 20}
    services: list[JsonObject] = [{"internal_port": port, "protocol": "tcp"} for port in (80, 81)]
    live: list[JsonObject] = [
        {**service, "concurrency": usual, "min_machines_running": 0} for service in services[:before]
    ]

    changes = changes_of_write({"services": live}, {"services": services[:after]})

    assert {change.path for change in changes} == {
        ("services", changed, "internal_port"),
        ("services", changed, "protocol"),
    }


def test_an_object_that_appears_or_goes__is_told_key_by_key():
    one = {"http_options": {"idle_timeout": 30, "h2_backend": True}}
    leaves = {("http_options", "h2_backend"): True, ("http_options", "idle_timeout"): 30}

    assert {c.path: (c.kind, c.before, c.after) for c in diff_configs({}, one)} == {
        path: (ChangeKind.ADDED, None, value) for path, value in leaves.items()
    }
    assert {c.path: (c.kind, c.before, c.after) for c in diff_configs(one, {})} == {
        path: (ChangeKind.REMOVED, value, None) for path, value in leaves.items()
    }


def test_an_object_in_the_place_of_something_else__is_one_change():
    whole = {"command": "x"}

    (there,) = diff_configs({"exec": "y"}, {"exec": whole})
    (back,) = diff_configs({"exec": whole}, {"exec": "y"})

    assert (there.path, there.kind, there.before, there.after) == (("exec",), ChangeKind.CHANGED, "y", whole)
    assert (back.path, back.kind, back.before, back.after) == (("exec",), ChangeKind.CHANGED, whole, "y")
