"""Whatever a deploy would do differently moves the digest: nothing that was asked for slips past the review."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.run import Compat, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.read import read
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.plan import Plan
from tests.unit.planning.kit import NEW, OLD, blocked_by, fleet, image, machine, overrides, policy, volume

TEXT = """kill_signal = "SIGTERM"
kill_timeout = 30
swap_size_mb = 256
[processes]
web = "bin/web"
worker = "bin/worker"
[env]
LEVEL = "info"
[deploy]
release_command = "bin/migrate"
release_command_timeout = "2m"
wait_timeout = "3m"
max_unavailable = 1
[deploy.release_command_vm]
memory = "1gb"
[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "off"
min_machines_running = 1
processes = ["web"]
[http_service.concurrency]
type = "requests"
soft_limit = 20
hard_limit = 25
[http_service.http_options.response.headers]
X-Frame = "DENY"
[[http_service.checks]]
grace_period = "5s"
interval = "15s"
timeout = "2s"
method = "GET"
path = "/healthz"
headers = { Authorization = "Bearer one" }
[[services]]
protocol = "tcp"
internal_port = 9000
processes = ["worker"]
[[services.ports]]
port = 9001
handlers = ["tls"]
[checks.alive]
type = "tcp"
port = 8080
interval = "10s"
timeout = "1s"
[[vm]]
size = "shared-cpu-1x"
memory = "512mb"
[[mounts]]
source = "data"
destination = "/data"
processes = ["worker"]
[[files]]
guest_path = "/etc/a"
raw_value = "YQ=="
[[files]]
guest_path = "/etc/b"
secret_name = "B"
[[files]]
guest_path = "/etc/c"
local_path = "c.txt"
[[restart]]
policy = "always"
retries = 3
processes = ["worker"]
[[statics]]
guest_path = "/app/public"
url_prefix = "/public"
[metrics]
port = 9091
path = "/metrics"
"""
POLICY = """[groups.web]
count = 2
max_unavailable = 1
start = false
[groups.worker]
count = 1
singleton = false
when_empty = "create"
[rollout]
order = [["web"], ["worker"]]
on_failure = "rollback"
[comment]
note = "Ask ops first."
"""
CHANGES = [
    ("SIGTERM", "SIGINT"), ("kill_timeout = 30", "kill_timeout = 31"), ("swap_size_mb = 256", "swap_size_mb = 512"),
    ("bin/web", "bin/web -v"), ('worker = "bin', 'job = "x"\nworker = "bin'), ('LEVEL = "info"', 'LEVEL = "debug"'),
    ('LEVEL = "info"', 'LEVEL = "info"\nEMPTY = ""'), ("bin/migrate", "bin/migrate --all"),
    ('release_command_timeout = "2m"', 'release_command_timeout = "4m"'), ('wait_timeout = "3m"', 'wait_timeout = "4m"'),
    ('memory = "1gb"', 'memory = "2gb"'), ("internal_port = 8080", "internal_port = 8081"),
    ("force_https = true", "force_https = false"), ('machines = "off"', 'machines = "suspend"'),
    ("min_machines_running = 1", "min_machines_running = 0"), ('type = "requests"', 'type = "connections"'),
    ("soft_limit = 20", "soft_limit = 21"), ("hard_limit = 25", "hard_limit = 26"), ('X-Frame = "DENY"', 'X-Frame = "ALLOW"'),
    ('grace_period = "5s"', 'grace_period = "6s"'), ('interval = "15s"', 'interval = "16s"'), ('timeout = "2s"', 'timeout = "3s"'),
    ('method = "GET"', 'method = "HEAD"'), ("/healthz", "/"), ("Bearer one", "Bearer two"), ('protocol = "tcp"', 'protocol = "udp"'),
    ("internal_port = 9000", "internal_port = 9002"), ("port = 9001", "port = 9003"), ('["tls"]', '["tls", "http"]'),
    ('type = "tcp"\nport = 8080', 'type = "tcp"\nport = 8082'), ("shared-cpu-1x", "shared-cpu-2x"), ('memory = "512mb"', 'memory = "1024mb"'),
    ('destination = "/data"', 'destination = "/srv"'), ("YQ==", "Yg=="), ('secret_name = "B"', 'secret_name = "C"'),
    ("/etc/c", "/etc/d"), ('policy = "always"', 'policy = "never"'), ("retries = 3", "retries = 4"), ("/app/public", "/app/assets"),
    ('"/public"', '"/assets"'), ("port = 9091", "port = 9092"), ("/metrics", "/numbers"), ('["web"]\n[http_service.c', '["worker"]\n[http_service.c'),
]  # fmt: skip
POLICIES = [
    ("count = 2", "count = 3"), ("count = 2", "count = { ams = 2 }"), ("max_unavailable = 1", "max_unavailable = 2"),
    ("start = false", "start = true"), ("singleton = false", "singleton = true"), ('"create"', '"leave"'),
    ('[["web"], ["worker"]]', '[["worker"], ["web"]]'), ('[["web"], ["worker"]]', '[["web", "worker"]]'), ('"rollback"', '"hold"'),
    ("Ask ops", "Ask nobody"),
]  # fmt: skip
CONFIG = b"debug = false"


class Checkout:
    """manifest.read.LocalFiles: any file, with one content."""

    def __init__(self, content: bytes | None) -> None:
        self._content = content

    def read(self, path: str) -> bytes | None:
        return self._content if path.endswith(".txt") else None


FLEET = fleet(
    machine("a"),
    machine("b"),
    machine("c", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}),
    volumes=(volume("vol_1", attached="c"),),
)


def made(
    text: str = TEXT,
    rules: str = POLICY,
    *,
    content: bytes | None = CONFIG,
    ref: str = NEW,
    primary: str = "ams",
    **changes: Any,
) -> Plan:
    reading = read(
        f'app = "shop"\nprimary_region = "{primary}"\n{text}', file="fly.toml", local=Checkout(content)
    )
    assert reading.manifest is not None, reading.findings
    return make_plan(
        reading.manifest,
        policy=policy(rules),
        overrides=overrides(**changes),
        fleet=FLEET,
        image=image(ref),
    )


@pytest.fixture(scope="module")
def reviewed() -> Plan:
    return made()


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_change_in_fly_toml__moves_the_digest(reviewed: Plan, before: str, after: str) -> None:
    assert before in TEXT
    assert made(TEXT.replace(before, after, 1)).digests.plan != reviewed.digests.plan


@pytest.mark.parametrize(("before", "after"), POLICIES)
def test_a_change_in_flightplan_toml__moves_the_digest(reviewed: Plan, before: str, after: str) -> None:
    assert before in POLICY
    assert made(TEXT, POLICY.replace(before, after, 1)).digests.plan != reviewed.digests.plan


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": Strategy.IMMEDIATE},
        {"max_unavailable": 2.0},
        {"wait_timeout": 60.0},
        {"on_failure": OnFailure.HOLD},
        {"compat": Compat.FLYCTL},
        {"scale": "web=3"},
        {"ref": OLD},
        {"primary": "gru"},
    ],
)
def test_another_input__moves_the_digest(reviewed: Plan, changes: dict[str, Any]) -> None:
    assert made(**changes).digests.plan != reviewed.digests.plan


def test_another_content_of_a_local_file__moves_the_digest(reviewed: Plan) -> None:
    assert made().digests == reviewed.digests
    assert made(content=b"debug = true").digests.plan != reviewed.digests.plan


def test_a_local_file_that_is_missing__blocks_whatever_the_rules_say(reviewed: Plan) -> None:
    """`[rules]` may turn files-entry off; machines would lose every file they have."""
    assert "file-missing" not in blocked_by(reviewed)
    assert "file-missing" in blocked_by(made(content=None))
