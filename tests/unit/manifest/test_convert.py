"""fly.toml over a live config, group by group: what fly.toml owns is replaced, everything else survives."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import MountChange, machine_config, mount_change
from tests.unit.manifest.kit import Folder, config_of, manifest_of

TWO = "[processes]\nweb = 'x'\nworker = 'y'\n"
MARKS = {"fly_platform_version": "v2", "fly_process_group": "app"}
LIVE: dict[str, Any] = {
    "image": "registry.fly.io/a:v1",
    "env": {"OLD": "1", "FLY_PROCESS_GROUP": "app"},
    "init": {
        "cmd": ["old"],
        "entrypoint": ["old"],
        "exec": ["old"],
        "swap_size_mb": 1,
        "tty": True,
        "kernel_args": ["k"],
    },
    "guest": {"cpu_kind": "shared", "cpus": 4, "memory_mb": 1024},
    "metadata": {"team": "blue", "fly_process_group": "other"},
    "services": [{"internal_port": 1, "force_instance_key": None}],
    "checks": {"old": {"type": "tcp", "port": 1}},
    "metrics": {"port": 1},
    "statics": [{"guest_path": "/old", "url_prefix": "/", "tigris_bucket": "", "index_document": ""}],
    "files": [{"guest_path": "/old", "raw_value": "eA=="}],
    "restart": {"policy": "always"},
    "stop_config": {"signal": "SIGINT"},
    "schedule": "daily",
    "auto_destroy": True,
    "dns": {"skip_registration": True},
    "standbys": ["one"],
}


def test_what_fly_toml_owns_is_replaced_and_the_rest_survives() -> None:
    kept = {key: LIVE[key] for key in ("image", "guest", "schedule", "auto_destroy", "dns", "standbys")}
    assert config_of("app = 'a'", live=LIVE) == {
        **kept,
        "env": {"FLY_PROCESS_GROUP": "app"},
        "init": {"tty": True, "kernel_args": ["k"]},
        "metadata": {"team": "blue", **MARKS},
    }


def test_the_live_config_itself_is_never_changed() -> None:
    before = repr(LIVE)
    config = config_of('machine_config = \'{"dns": {"hostname": "h"}}\'', live=LIVE)
    config["dns"]["hostname"] = "x"
    assert repr(LIVE) == before


def test_standbys_go_where_the_group_has_services() -> None:
    toml = TWO + "[http_service]\ninternal_port = 80\nprocesses = ['web']"
    assert "standbys" not in config_of(toml, group="web", live=LIVE)
    assert config_of(toml, group="worker", live=LIVE)["standbys"] == ["one"]


def test_a_vm_section_replaces_the_guest_even_an_empty_one() -> None:
    assert config_of("[[vm]]", live=LIVE)["guest"] == {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
    assert (
        config_of(TWO + "[[vm]]\nprocesses = ['web']\ncpus = 2", group="worker", live=LIVE)["guest"]
        == LIVE["guest"]
    )


@pytest.mark.parametrize(
    ("processes", "groups"),
    [("", {"web"}), ("processes = []", {"web"}), ("processes = ['worker']", {"worker"}), ("processes = ['web', 'worker']", {"web", "worker"}),
     ("processes = ['nope']", set()), ("processes = ['']", {"web"})],
)  # fmt: skip
@pytest.mark.parametrize(
    ("section", "key"), [("[[metrics]]\nport = 1\n", "metrics"), ("[checks.c]\ntype = 'tcp'\nport = 1\n", "checks"), ("[[mounts]]\nsource = 'd'\ndestination = '/d'\n", "mounts")],
)  # fmt: skip
def test_a_section_goes_to_the_groups_it_names_else_to_the_default_group(
    section: str, key: str, processes: str, groups: set[str]
) -> None:
    toml = TWO + section + processes
    assert {group for group in ("web", "worker") if key in config_of(toml, group=group)} == groups


@pytest.mark.parametrize(
    ("names", "default"), [("web = 'x'\nworker = 'y'", "web"), ("web = 'x'\ncron = 'y'", "cron"), ("zed = 'x'\nWeb = 'y'\nbar = 'z'", "Web"), ("aaa = 'x'\napp = 'y'", "app"), ("", "app")],
)  # fmt: skip
def test_the_default_group_is_app_or_the_first_in_byte_order(names: str, default: str) -> None:
    assert manifest_of(f"[processes]\n{names}").default_group == default


@pytest.mark.parametrize(
    ("toml", "init"),
    [
        ("[processes]\napp = ''", {}),
        ("[processes]\napp = 'a b'", {"cmd": ["a", "b"]}),
        ("[processes]\napp = ''\n[experimental]\ncmd = 'a b'", {"cmd": ["a b"]}),
        ("[processes]\napp = '  '\n[experimental]\ncmd = 'a b'", {}),
        ("[processes]\napp = 'x'\n[experimental]\ncmd = 'a'\nentrypoint = ['e']\nexec = 'z'", {"cmd": ["x"], "entrypoint": ["e"], "exec": ["z"]}),
        ("swap_size_mb = 0", {"swap_size_mb": 0}),
        ("[experimental]\nentrypoint = []", {}),
    ],
)  # fmt: skip
def test_init(toml: str, init: dict[str, Any]) -> None:
    assert config_of(toml)["init"] == init


@pytest.mark.parametrize(
    ("toml", "key", "value"),
    [
        ("kill_timeout = 90\nkill_signal = 'SIGTERM'", "stop_config", {"timeout": "1m30s", "signal": "SIGTERM"}),
        ("kill_signal = ''", "stop_config", {"signal": ""}),
        ("[[restart]]\npolicy = 'never'", "restart", {"policy": "no"}),
        ("[[restart]]\npolicy = 'always'\n[[restart]]\npolicy = 'on-failure'\nretries = 3", "restart", {"policy": "on-failure", "max_retries": 3}),
        ("[[restart]]\npolicy = 'on-failure'\nretries = 0", "restart", {"policy": "on-failure"}),
        ("[[metrics]]\nport = 1\npath = '/a'\n[[metrics]]\nport = 2", "metrics", {"port": 1, "path": "/a"}),
        ("[[metrics]]\nhttps = false", "metrics", {}),
        ("[[metrics]]\nprocesses = ['app']", "metrics", None),
        ("[[statics]]\nguest_path = '/p'", "statics", [{"guest_path": "/p", "url_prefix": "", "tigris_bucket": "", "index_document": ""}]),
        ("[[mounts]]\nsource = 'd'\ndestination = '/d'\ninitial_size = '3gb'\nauto_extend_size_threshold = 80\nauto_extend_size_increment = '1GB'\nauto_extend_size_limit = '5'",
         "mounts", [{"path": "/d", "name": "d", "extend_threshold_percent": 80, "add_size_gb": 1, "size_gb_limit": 5}]),
        ("[checks.c]\ntype = 'http'\nmethod = 'get'\ninterval = 10000\n[http_service]\ninternal_port = 81", "checks", {"c": {"type": "http", "method": "GET", "interval": "10s", "port": 81}}),
        ("[checks.c]\ntype = 'tcp'\n[http_service]", "checks", {"c": {"type": "tcp", "port": 0}}),
        ("[http_service]\ninternal_port = 0\nauto_stop_machines = 'suspend'\nmin_machines_running = 0", "services",
         [{"protocol": "tcp", "autostop": "suspend", "min_machines_running": 0, "force_instance_key": None,
           "ports": [{"port": 80, "handlers": ["http"]}, {"port": 443, "handlers": ["http", "tls"]}]}]),
        ("[[services]]\nprotocol = ''\nauto_stop_machines = false\n[services.concurrency]\ntype = 'donuts'\nsoft_limit = 0", "services",
         [{"autostop": False, "concurrency": {"type": "donuts"}, "force_instance_key": None}]),
        ("[[services]]\ninternal_port = 1\n[[services.http_checks]]\npath = '/'\nmethod = 'get'\nheaders = {B = '2', A = '1'}\n[[services.tcp_checks]]\ntimeout = '0s'", "services",
         [{"internal_port": 1, "force_instance_key": None, "checks": [{"type": "tcp", "timeout": "0s"},
           {"type": "http", "path": "/", "method": "get", "headers": [{"name": "A", "values": ["1"]}, {"name": "B", "values": ["2"]}]}]}]),
        ("[[services.ports]]\nport = 0\nforce_https = false\nhandlers = []\nproxy_proto_options = {version = ''}\ntls_options = {alpn = [], default_self_signed = false}", "services",
         [{"ports": [{"port": 0, "proxy_proto_options": {}, "tls_options": {"default_self_signed": False}}], "force_instance_key": None}]),
        ("[[services.ports]]\nhttp_options = {compress = false, response = {headers = {}}, replay_cache = [{name = 'a', allow_bypass = false}]}", "services",
         [{"ports": [{"http_options": {"compress": False, "response": {}, "replay_cache": [{"path_prefix": "", "ttl_seconds": 0, "type": "", "name": "a"}]}}],
           "force_instance_key": None}]),
    ],
)  # fmt: skip
def test_sections_as_flyctl_sends_them(toml: str, key: str, value: object) -> None:
    assert config_of(toml).get(key) == value


@pytest.mark.parametrize(
    ("vm", "guest"),
    [
        ("size = 'performance-2x'", {"cpu_kind": "performance", "cpus": 2, "memory_mb": 4096}),
        ("memory = '1gb'\nmemory_mb = 256\ncpus = 1", {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}),
        ("memory = -5", {"cpu_kind": "shared", "cpus": 1, "memory_mb": -5}),
        ("cpus = 4\nmemory_mb = 0", {"cpu_kind": "shared", "cpus": 4, "memory_mb": 256}),
        ("gpu_kind = 'l40s'", {"cpu_kind": "performance", "cpus": 8, "memory_mb": 16384, "gpu_kind": "l40s"}),
        ("size = 'a10'\ngpus = 2", {"cpu_kind": "performance", "cpus": 8, "memory_mb": 32768, "gpus": 2, "gpu_kind": "a10"}),
        ("host_dedication_id = 'h'\npersist_rootfs = 'always'\nkernel_args = ['a']", {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256, "host_dedication_id": "h", "persist_rootfs": "always", "kernel_args": ["a"]}),
        ("size = 'shared-cpu-3x'", None),
        ("size = 'Shared-CPU-1x'", None),
        ("memory = 0", None),
        ("memory = '1kb'", None),
        ("memory = 'lots'", None),
    ],
)  # fmt: skip
def test_sizes(vm: str, guest: dict[str, Any] | None) -> None:
    config = config_of(f"[[vm]]\n{vm}")
    assert (config and config["guest"]) == guest


@pytest.mark.parametrize(
    ("sections", "cpus"),
    [("[[vm]]\ncpus = 2\n[[vm]]\ncpus = 4", 2), ("[[vm]]\nprocesses = ['web']\ncpus = 2\n[[vm]]\ncpus = 8\n[[vm]]\nprocesses = ['web']\ncpus = 4", 4),
     ("[[vm]]\nprocesses = ['worker']\ncpus = 2", None), ("[compute]\ncpus = 6\n[vm]\ncpus = 2", 6), ("[[vm]]\nprocesses = ['']\ncpus = 2", 2)],
)  # fmt: skip
def test_the_last_vm_that_names_the_group_wins_else_the_first_that_names_none(
    sections: str, cpus: int | None
) -> None:
    guest = config_of(TWO + sections, group="web").get("guest")
    assert (guest and guest["cpus"]) == cpus


@pytest.mark.parametrize(
    ("toml", "path"),
    [("[checks.c]\ntype = 'tcp'", "checks"), ("[checks.c]\nport = 1", "checks"), ("[[restart]]\npolicy = 'no'", "restart[0]"), ("[[vm]]\nsize = 'x'", "vm[0]"),
     ("[processes]\napp = \"a 'b\"", "processes.app"), ("machine_config = 'foo'", "machine_config"), ("[build.compose]\nfile = 'c.yml'", "build.compose")],
)  # fmt: skip
def test_what_flyctl_would_notice_while_deploying(toml: str, path: str) -> None:
    made = machine_config(manifest_of(toml), group=GroupName("app"), live=None, compat=Compat.FLYCTL)
    assert made.config is None
    (finding,) = made.findings
    assert (finding.rule, finding.path) == ("conversion", path)
    assert finding.span is not None


@pytest.mark.parametrize(
    ("wanted", "mounted", "change"),
    [
        ("", [], MountChange.NONE),
        ("", [{"volume": "v"}], MountChange.REMOVED),
        ("[[mounts]]\nsource = 'd'", [], MountChange.ADDED),
        ("[[mounts]]\nsource = 'd'", [{"name": "d"}], MountChange.NONE),
        ("[[mounts]]\nsource = 'd'", [{"name": "e"}], MountChange.RENAMED),
        ("[[mounts]]\nsource = 'd'", [{"name": ""}], MountChange.NONE),
    ],
)  # fmt: skip
def test_whether_a_machine_can_keep_its_volume(
    wanted: str, mounted: list[dict[str, str]], change: MountChange
) -> None:
    assert mount_change(manifest_of(wanted), group=GroupName("app"), live={"mounts": mounted}) is change


EXTENDED = "[[mounts]]\nsource = 'd'\ndestination = '/new'\nauto_extend_size_threshold = 80\nauto_extend_size_increment = '1GB'\n"
EXTENSION = {"extend_threshold_percent": 80, "add_size_gb": 1}


@pytest.mark.parametrize(
    ("mounted", "becomes"),
    [
        ({"volume": "v", "name": "d", "path": "/old", "size_gb_limit": 9}, {"volume": "v", "name": "d", "path": "/new"}),
        ({"volume": "v", "name": "d", "path": "/new", "encrypted": True}, {"volume": "v", "name": "d", "path": "/new", "encrypted": True}),
        ({"volume": "v", "name": "d", "path": "/old", "encrypted": True}, {"volume": "v", "name": "d", "path": "/new"}),
        ({"volume": "v", "path": "/old", "size_gb": 3}, {"volume": "v", "path": "/old", "size_gb": 3}),
    ],
)  # fmt: skip
def test_of_a_live_mount_the_volume_stays_and_path_and_extension_follow(
    mounted: dict[str, Any], becomes: dict[str, Any]
) -> None:
    assert config_of(EXTENDED, live={"mounts": [mounted]})["mounts"] == [{**becomes, **EXTENSION}]


def test_our_own_overlay_keeps_what_else_a_mount_says() -> None:
    live = {"mounts": [{"volume": "v", "name": "d", "path": "/old", "encrypted": True}]}
    (mount,) = config_of(EXTENDED, live=live, compat=Compat.FLIGHTPLAN)["mounts"]
    assert mount == {"volume": "v", "name": "d", "path": "/new", "encrypted": True, **EXTENSION}


def test_files() -> None:
    toml = (
        "[[files]]\nguest_path = '/a'\nlocal_path = 'a.txt'\nsecret_name = 'S'\n[[files]]\nguest_path = '/b'\nraw_value = 'aGk='\n"
        "[[files]]\nguest_path = '/c'\nsecret_name = 'S'\nraw_value = 'x'\n[[files]]\nguest_path = '/d'\n"
    )
    assert config_of(toml, local=Folder({"a.txt": b"hi"}))["files"] == [
        {"guest_path": "/a", "raw_value": "aGk="},
        {"guest_path": "/b", "raw_value": "YUdrPQ=="},
        {"guest_path": "/c", "secret_name": "S"},
        {"guest_path": "/d"},
    ]


@pytest.mark.parametrize("local", [None, Folder()])
def test_one_missing_file_keeps_all_files_away(local: Folder | None) -> None:
    """flyctl's MergeFiles fails as a whole; the rule files-entry names the missing one."""
    toml = "[[files]]\nguest_path = '/b'\nraw_value = 'x'\n[[files]]\nguest_path = '/a'\nlocal_path = 'a.txt'"
    assert "files" not in config_of(toml, local=local)
    assert "files" not in config_of(toml, local=local, compat=Compat.FLIGHTPLAN)
