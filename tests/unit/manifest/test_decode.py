"""Types as Go's encoding/json takes them into flyctl's structs: all that is wrong is found, each at its value."""

from __future__ import annotations

import pytest

from tests.unit.manifest.kit import config_of, manifest_of, reading_of, rejected


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ('swap_size_mb = "512"', (1, 16, "swap_size_mb")),
        ("swap_size_mb = 512.5", (1, 16, "swap_size_mb")),
        ("app = 5", (1, 7, "app")),
        ("app = true", (1, 7, "app")),
        ("[restart]\npolicy = 'always'", (1, 1, "restart")),
        ("[files]", (1, 1, "files")),
        ("[statics]", (1, 1, "statics")),
        ("[machine_checks]", (1, 1, "machine_checks")),
        ("[[http_service]]\ninternal_port = 80", (1, 1, "http_service")),
        ('[http_service]\ninternal_port = "8080"', (2, 17, "http_service.internal_port")),
        ('[http_service]\nprocesses = "app"', (2, 13, "http_service.processes")),
        ('[http_service]\nprocesses = ["a", 1]', (2, 19, "http_service.processes[1]")),
        ('[http_service]\nauto_stop_machines = "Stop"', (2, 22, "http_service.auto_stop_machines")),
        ("[http_service]\nauto_stop_machines = 1", (2, 22, "http_service.auto_stop_machines")),
        ('[http_service]\nauto_start_machines = "true"', (2, 23, "http_service.auto_start_machines")),
        ("[[http_service.concurrency]]\nsoft_limit = 1", (1, 1, "http_service.concurrency")),
        ('[http_service.checks]\ninterval = "15s"', (1, 1, "http_service.checks")),
        ("[http_service.http_options]\nidle_timeout = -1", (2, 16, "http_service.http_options.idle_timeout")),
        ("[http_service.http_options]\nidle_timeout = 4294967296", (2, 16, "http_service.http_options.idle_timeout")),
        ("[http_service.http_options.replay_cache]\nttl_seconds = 1", (1, 1, "http_service.http_options.replay_cache")),
        ('[[services.ports]]\nstart_port = "80"', (2, 14, "services[0].ports[0].start_port")),
        ('[[services.ports]]\nhandlers = "http"', (2, 12, "services[0].ports[0].handlers")),
        ('[checks.c]\nport = "80"', (2, 8, "checks.c.port")),
        ('[deploy]\nwait_timeout = "10"', (2, 16, "deploy.wait_timeout")),
        ("[deploy]\nwait_timeout = true", (2, 16, "deploy.wait_timeout")),
        ('[deploy]\nmax_unavailable = "25%"', (2, 19, "deploy.max_unavailable")),
        ("[deploy]\nmax_unavailable = nan", (2, 19, "deploy.max_unavailable")),
        ("[deploy]\nrelease_command = ['a', 'b']", (2, 19, "deploy.release_command")),
        ("[deploy.release_command_vm]\nmemory = 512", (2, 10, "deploy.release_command_vm.memory")),
        ("[processes]\nweb = ['bin/web']", (2, 7, "processes.web")),
        ("[build.args]\nA = 1", (2, 5, "build.args.A")),
        ("[mounts]\nauto_extend_size_limit = 5", (2, 26, "mounts[0].auto_extend_size_limit")),
        ('[vm]\nkernel_args = "x"', (2, 15, "vm[0].kernel_args")),
        ('[vm]\npersist_rootfs = "forever"', (2, 18, "vm[0].persist_rootfs")),
        ("[vm]\npersist_rootfs = 4", (2, 18, "vm[0].persist_rootfs")),
        ('[[machine_checks]]\ncommand = "x"', (2, 11, "machine_checks[0].command")),
        ("[nonsense]\nx = inf", (2, 5, "nonsense.x")),
        ("kill_timeout = '120'", (1, 16, "kill_timeout")),
        ("kill_timeout = '1d'", (1, 16, "kill_timeout")),
        ("Swap_Size_MB = 'x'", (1, 16, "swap_size_mb")),
    ],
)  # fmt: skip
def test_a_wrong_type(toml: str, where: tuple[int, int, str]) -> None:
    assert rejected(toml) == [where]


@pytest.mark.parametrize(
    "toml",
    ["swap_size_mb = 512.0", "swap_size_mb = 1e3", "swap_size_mb = -1", "app = 1979-05-27", "kill_signal = 07:32:00", "unknown = [1, 'a']",
     "[vm]\npersist_rootfs = 1.0", "[vm]\npersist_rootfs = ''", "[deploy]\nmax_unavailable = 1", "[http_service]\nauto_stop_machines = false",
     "[[services.ports]]\nport = '+80'", "[env]\nX = nan", "[[processes]]\nname = 'w'\ncommand = nan", "[services]\nprocesses = []"],
)  # fmt: skip
def test_what_go_takes_all_the_same(toml: str) -> None:
    assert rejected(toml) == []


def test_every_problem_is_found_in_one_run() -> None:
    assert rejected(
        'app = 1\nswap_size_mb = "x"\n[http_service]\ninternal_port = "80"\n[[vm]]\ncpus = "two"\n[restart]'
    ) == [
        (1, 7, "app"),
        (2, 16, "swap_size_mb"),
        (4, 17, "http_service.internal_port"),
        (6, 8, "vm[0].cpus"),
        (7, 1, "restart"),
    ]


def test_keys_match_in_any_case_and_the_exact_one_wins() -> None:
    manifest = manifest_of('APP = "x"\napp = "a"\nPrimary_Region = "ams"\n[HTTP_Service]\nInternal_Port = 80')
    assert (manifest.app, manifest.primary_region) == ("a", "ams")
    assert manifest.table("http_service") == {"internal_port": 80}
    assert {spelt for _, _, spelt in manifest.respelt} == {
        "app",
        "primary_region",
        "http_service",
        "internal_port",
    }


def test_a_key_in_two_spellings_is_laid_over_itself() -> None:
    toml = "[[services]]\nPORTS = [{port = 1, start_port = 2, handlers = ['tls']}, {port = 3}]\nports = [{port = 9}]"
    assert config_of(toml)["services"][0]["ports"] == [{"port": 9, "start_port": 2, "handlers": ["tls"]}]
    assert manifest_of("[build]\nArgs = {a = 'x', b = 'y'}\nargs = {a = 'z'}").table("build")["args"] == {
        "a": "z",
        "b": "y",
    }


def test_numbers_of_any_type_pass_through_a_float64() -> None:
    toml = "[http_service.http_options.response.headers]\na = 9007199254740993\nb = [1.0, false]"
    headers = config_of(toml)["services"][0]["ports"][0]["http_options"]["response"]["headers"]
    assert headers == {"a": 9007199254740992, "b": [1, False]}


def test_unknown_keys_are_remembered_where_they_stand() -> None:
    manifest = manifest_of("[http_service]\nport = 1\n[[vm]]\nsize = 'shared-cpu-1x'\nram = 1")
    assert [unknown.path for unknown in manifest.unknown] == [("http_service", "port"), ("vm", 0, "ram")]


def test_a_group_is_there_even_where_a_section_cannot_be_decoded() -> None:
    reading = reading_of("[processes]\nweb = 'x'\n[restart]")
    assert reading.manifest is None
    assert reading.source is not None
