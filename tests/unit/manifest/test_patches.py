"""The ten migrations: old spellings are taken as flyctl takes them; what a patch cannot take is found at its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.manifest.kit import config_of, manifest_of, rejected


@pytest.mark.parametrize(
    ("toml", "env"),
    [
        ("[env]\nA = 0x1F\nB = 1_000\nC = true\nD = 1.0\nE = 1e10\nF = 1234567.0", {"A": "31", "B": "1000", "C": "true", "D": "1", "E": "1e+10", "F": "1.234567e+06"}),
        ("[env]\nA = inf\nB = -0.0\nC = nan", {"A": "+Inf", "B": "-0", "C": "NaN"}),
        ("[env]\nA = [1, 'b']\nB = {x = 1, a = [true]}\nC = []\nD = {}", {"A": "[1 b]", "B": "map[a:[true] x:1]", "C": "[]", "D": "map[]"}),
        ("[env]\nA = 1979-05-27T07:32:00Z\nB = 07:32:00.5\nC = [1979-05-27]", {"A": "1979-05-27 07:32:00 +0000 UTC", "B": "07:32:00.5", "C": "[1979-05-27]"}),
        ("[[env]]\nA = 1\nB = 1\n[[env]]\nA = 2", {"A": "2", "B": "1"}),
        ("env = []", {}),
        ("[env]\nFLY_PROCESS_GROUP = 'x'\nPRIMARY_REGION = 'lax'", {"PRIMARY_REGION": "lax"}),
    ],
)  # fmt: skip
def test_env_is_made_of_strings(toml: str, env: dict[str, str]) -> None:
    assert config_of(toml)["env"] == {**env, "FLY_PROCESS_GROUP": "app"}


def test_primary_region_wins_over_env() -> None:
    assert (
        config_of('primary_region = "ams"\n[env]\nPRIMARY_REGION = "lax"')["env"]["PRIMARY_REGION"] == "ams"
    )


@pytest.mark.parametrize(
    ("toml", "path", "value"),
    [
        ("kill_timeout = 120", ("kill_timeout",), 120 * 10**9),
        ("kill_timeout = 1.9", ("kill_timeout",), 10**9),
        ('kill_timeout = "1.5s"', ("kill_timeout",), 15 * 10**8),
        ("kill_timeout = true", ("kill_timeout",), None),
        ('kill_timeout = ""', ("kill_timeout",), None),
        ("kill_timeout = -1e30", ("kill_timeout",), 0),
        ("[experimental]\nkill_timeout = 5", ("kill_timeout",), 5 * 10**9),
        ("kill_timeout = 1\n[experimental]\nkill_timeout = 5", ("kill_timeout",), 10**9),
        ("[[services.tcp_checks]]\ninterval = 2500.9", ("services", 0, "tcp_checks", 0, "interval"), 2_500_000_000),
        ("[services.http_checks]\ntimeout = 10", ("services", 0, "http_checks", 0, "timeout"), 10_000_000),
        ("[checks.c]\ngrace_period = 1", ("checks", "c", "grace_period"), 1_000_000),
        ("[[http_service.checks]]\ninterval = 10000", ("http_service", "checks", 0, "interval"), 10_000),
        ("[deploy]\nwait_timeout = 600", ("deploy", "wait_timeout"), 600),
        ("[[machine_checks]]\nkill_timeout = 5", ("machine_checks", 0, "kill_timeout"), 5),
        ("[deploy]\nwait_timeout = 1.9", ("deploy", "wait_timeout"), 1),
    ],
)  # fmt: skip
def test_a_bare_number_means_seconds_milliseconds_or_nanoseconds(
    toml: str, path: tuple[str | int, ...], value: int | None
) -> None:
    found: Any = manifest_of(toml).values
    for part in path:
        found = found.get(part) if isinstance(part, str) else found[part]
    assert found == value


@pytest.mark.parametrize(
    ("toml", "section", "value"),
    [
        ("[compute]\nsize = 'a'\n[[computes]]\nsize = 'b'\n[vm]\nsize = 'c'", "vm", [{"size": "a"}, {"size": "b"}, {"size": "c"}]),
        ("[[vm]]\nmemory = 512", "vm", [{"memory": "512"}]),
        ("[vm]\nmemory = 1.5", "vm", [{"memory": "1.5"}]),
        ("[mount]\nsource = 'a'\n[[mounts]]\nsource = 'b'\ninitial_size = 10.0", "mounts", [{"source": "a"}, {"source": "b", "initial_size": "10"}]),
        ("[[metric]]\nport = 1\n[metrics]\nport = 2", "metrics", [{"port": 1}, {"port": 2}]),
        ("[experimental]\nmetrics_port = 9\nmetrics_path = '/m'", "metrics", [{"port": 9, "path": "/m"}]),
        ("[experimental]\nmetrics_port = 9\n[[metric]]\nport = 1", "metrics", [{"port": 1}, {"port": 9}]),
        ("[experimental]\nmetrics_port = 9\n[metrics]\nport = 1", "metrics", [{"port": 1}]),
        ("[[processes]]\nname = 'w'\ncommand = 'x'\n[[processes]]\nname = 'v'\n[[processes]]\ncommand = 'lost'", "processes", {"v": "", "w": "x"}),
        ("[[processes]]\ncommand = 'lost'", "processes", None),
        ("[[checks]]\nname = 'pg'\ntype = 'tcp'\nport = 1", "checks", {"pg": {"type": "tcp", "port": 1}}),
        ("[checks]", "checks", None),
        ("[build]\nbuild_target = 't'", "build", {"build-target": "t"}),
        ("[experimental]\ncmd = 'a b'\nentrypoint = []", "experimental", {"cmd": ["a b"], "entrypoint": []}),
        ("[[services]]\n[[services]]\ninternal_port = '80'", "services", [{"internal_port": 80}]),
        ("[services]\ninternal_port = 80.9", "services", [{"internal_port": 80}]),
        ("[services]\nconcurrency = '20,25'", "services", [{"concurrency": {"type": "requests", "soft_limit": 20, "hard_limit": 25}}]),
        ("[services.ports]\nport = '80'", "services", [{"ports": [{"port": 80}]}]),
        ("[services]\nhttp_checks = []\ninternal_port = 1", "services", [{"internal_port": 1}]),
        ("[[services.http_checks]]\nheaders = [{name = 'A', value = 1}, {name = 'B'}]", "services", [{"http_checks": [{"headers": {"A": "1", "B": ""}}]}]),
        ("[[services.http_checks]]\nheaders = {}\npath = '/'", "services", [{"http_checks": [{"path": "/"}]}]),
    ],
)  # fmt: skip
def test_old_and_short_spellings(toml: str, section: str, value: object) -> None:
    assert manifest_of(toml).values.get(section) == value


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ("env = 'x'", (1, 7, "env")),
        ("processes = 'web'", (1, 13, "processes")),
        ("build = 1", (1, 9, "build")),
        ("experimental = []", (1, 16, "experimental")),
        ("[experimental]\ncmd = [1]", (2, 7, "experimental.cmd")),
        ("checks = 1", (1, 10, "checks")),
        ("[checks]\nfoo = 1", (2, 7, "checks.foo")),
        ("[[checks]]\ntype = 'tcp'", (1, 1, "checks[0]")),
        ("services = 1", (1, 12, "services")),
        ("vm = 'shared-cpu-1x'", (1, 6, "vm")),
        ("mounts = ['d:/d']", (1, 11, "mounts")),
        ("[services]\nconcurrency = '20, 25'", (2, 15, "services[0].concurrency")),
        ("[services]\nconcurrency = 20", (2, 15, "services[0].concurrency")),
        ("[services]\ninternal_port = true", (2, 17, "services[0].internal_port")),
        ("[services]\ninternal_port = ' 80'", (2, 17, "services[0].internal_port")),
        ("[services.http_checks]\nheaders = 'a'", (2, 11, "services[0].http_checks[0].headers")),
        ("[services.http_checks]\nheaders = [{value = 1}]", (2, 12, "services[0].http_checks[0].headers[0]")),
        ("[checks.c]\ninterval = 'x'", (2, 12, "checks.c.interval")),
    ],
)  # fmt: skip
def test_what_a_patch_cannot_take(toml: str, where: tuple[int, int, str]) -> None:
    assert rejected(toml) == [where]


def test_an_upper_case_section_is_emptied_by_the_patch_that_always_sets_it() -> None:
    """[[VM]] is decoded, and then flyctl's own empty `vm` is decoded over it."""
    assert manifest_of("[[VM]]\ncpus = 2").values["vm"] == []
    assert manifest_of("[[Services]]\ninternal_port = 1").values["services"] == [{"internal_port": 1}]
