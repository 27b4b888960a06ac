"""Everything that fly.toml and flightplan.toml may ask for, as fields with values, drawn; and the same with one field changed.

FIELDS has every key of fly.toml that reaches a machine, a volume or the way of a rollout: test_visible.py holds it against the
schema, so that a new key cannot be forgotten. `[]` is the one item of a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomlkit
from hypothesis import strategies as st

Path = tuple[str, ...]
GROUPS = ["web"], ["worker"], ["web", "worker"]
SECONDS = "3s", "4s", "70s", "2m"
_HTTP_OPTIONS: Mapping[str, tuple[Any, ...]] = {
    "compress": (True, False),
    "h2_backend": (True, False),
    "idle_timeout": (30, 31),
    "headers_read_timeout": (10, 11),
    "response.pristine": (True, False),
    "response.headers.X-Frame": ("DENY", "ALLOW", False),
    "response.headers.X-Other": ("1", ["a", "b"]),
    "replay_cache.[].path_prefix": ("/", "/a"),
    "replay_cache.[].ttl_seconds": (20, 30),
    "replay_cache.[].type": ("cookie", "header"),
    "replay_cache.[].name": ("sid", "tid"),
    "replay_cache.[].allow_bypass": (True, False),
}
_TLS_OPTIONS: Mapping[str, tuple[Any, ...]] = {
    "alpn": (["h2"], ["http/1.1"]),
    "versions": (["TLSv1.2"], ["TLSv1.3"], ["TLSv1.2", "TLSv1.3"]),
    "default_self_signed": (True, False),
}
_CHECK: Mapping[str, tuple[Any, ...]] = {
    "interval": ("15s", "16s", "50s"),
    "timeout": SECONDS,
    "grace_period": SECONDS,
}
_HTTP_CHECK: Mapping[str, tuple[Any, ...]] = {
    **_CHECK,
    "method": ("GET", "HEAD", "POST"),
    "path": ("/", "/up", "/up?deep=1"),
    "protocol": ("http", "https"),
    "tls_skip_verify": (True, False),
    "tls_server_name": ("a.example", "b.example"),
    "headers.Host": ("a.example", "b.example"),
    "headers.X-Key": ("one", "two"),
}
_MACHINE_CHECK: Mapping[str, tuple[Any, ...]] = {
    "command": (["curl", "up"], ["curl", "down"], ["sh", "-c", "x" * 90], ["sh", "-c", "x" * 91]),
    "image": ("alpine:3", "busybox:1"),
    "entrypoint": (["sh"], ["bash"]),
    "kill_signal": ("SIGINT", "SIGTERM"),
    "kill_timeout": SECONDS,
}
_SERVING: Mapping[str, tuple[Any, ...]] = {
    "internal_port": (8080, 8081),
    "auto_stop_machines": ("off", "stop", "suspend"),
    "auto_start_machines": (True, False),
    "min_machines_running": (0, 1, 2),
    "processes": GROUPS,
    "concurrency.type": ("requests", "connections"),
    "concurrency.hard_limit": (25, 26),
    "concurrency.soft_limit": (20, 21),
}
_GUEST: Mapping[str, tuple[Any, ...]] = {
    "size": ("shared-cpu-1x", "shared-cpu-2x", "performance-1x"),
    "memory": ("1gb", "2gb"),
    "cpu_kind": ("shared", "performance"),
    "cpus": (1, 2),
    "memory_mb": (1024, 2048),
    "max_memory_mb": (4096, 8192),
    "gpus": (1, 2),
    "gpu_kind": ("a10", "l40s"),
    "host_dedication_id": ("host-1", "host-2"),
    "persist_rootfs": ("always", "restart"),
    "kernel_args": (["quiet"], ["debug"]),
}


def _under(prefix: str, fields: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {f"{prefix}.{key}": values for key, values in fields.items()}


FIELDS: Mapping[str, tuple[Any, ...]] = {
    "primary_region": ("ams", "gru"),
    "kill_signal": ("SIGTERM", "SIGQUIT"),
    "kill_timeout": (30, 31),
    "swap_size_mb": (256, 512),
    "host_dedication_id": ("host-3", "host-4"),
    "machine_config": (
        '{"dns": {"hostname": "a"}}',
        '{"dns": {"hostname": "b"}, "rootfs": {"size_gb": 3}}',
        '{"rootfs": {"size_gb": 4}, "schedule": "daily"}',
        '{"env": {"FROM_JSON": "1"}, "cache_drive": {"size_mb": 10}}',
        '{"processes": [{"cmd": ["a"], "env": {"A": "1"}}], "auto_destroy": true}',
        '{"processes": [{"cmd": ["b"], "user": "root"}], "disable_machine_autostart": true}',
    ),
    "experimental.cmd": (["bin/all"], ["bin/all", "-v"]),
    "experimental.entrypoint": (["/init"], ["/tini", "--"]),
    "experimental.exec": (["/bin/a"], ["/bin/b"]),
    "deploy.strategy": ("rolling", "immediate", "canary", "bluegreen"),
    "deploy.max_unavailable": (1.0, 2.0, 0.5),
    "deploy.wait_timeout": ("3m", "200s"),
    "deploy.release_command": ("bin/migrate", "bin/migrate --all"),
    "deploy.release_command_timeout": ("2m", "4m"),
    **_under("deploy.release_command_vm", _GUEST),
    "env.LEVEL": ("info", "debug", ""),
    "env.OTHER": ("1", "2"),
    "env.OTHER\u200b": ("1", "2"),
    f"env.{'LONG' * 60}_A": ("1", "2"),
    f"env.{'LONG' * 60}_B": ("1", "2"),
    "processes.web": ("bin/web", "bin/web -v", "'bin/web -v'", "sh -c 'a b'", "sh -c 'a  b'", "sh -c 'a\u200bb'", "bin/w\u0435b"),
    "processes.worker": ("bin/worker", f"bin/worker {'a' * 500} b {'c' * 500}", f"bin/worker {'a' * 500} d {'c' * 500}"),
    "mounts.[].source": ("data", "other"),
    "mounts.[].destination": ("/data", "/srv"),
    "mounts.[].initial_size": ("2gb", "3gb"),
    "mounts.[].snapshot_retention": (7, 8),
    "mounts.[].scheduled_snapshots": (True, False),
    "mounts.[].auto_extend_size_threshold": (80, 90),
    "mounts.[].auto_extend_size_increment": ("1gb", "2gb"),
    "mounts.[].auto_extend_size_limit": ("9gb", "10gb"),
    "mounts.[].processes": GROUPS,
    **_under("http_service", _SERVING),
    "http_service.force_https": (True, False),
    **_under("http_service.tls_options", _TLS_OPTIONS),
    **_under("http_service.http_options", _HTTP_OPTIONS),
    **_under("http_service.checks.[]", _HTTP_CHECK),
    **_under("http_service.machine_checks.[]", _MACHINE_CHECK),
    **_under("services.[]", _SERVING),
    "services.[].protocol": ("tcp", "udp"),
    "services.[].ports.[].port": (9000, 9001),
    "services.[].ports.[].start_port": (9100, 9101),
    "services.[].ports.[].end_port": (9200, 9201),
    "services.[].ports.[].handlers": (["tls"], ["tls", "http"], ["http", "tls"]),
    "services.[].ports.[].force_https": (True, False),
    **_under("services.[].ports.[].tls_options", _TLS_OPTIONS),
    **_under("services.[].ports.[].http_options", _HTTP_OPTIONS),
    "services.[].ports.[].proxy_proto_options.version": ("v1", "v2"),
    **_under("services.[].tcp_checks.[]", _CHECK),
    **_under("services.[].http_checks.[]", _HTTP_CHECK),
    **_under("services.[].machine_checks.[]", _MACHINE_CHECK),
    **_under("checks.alive", _HTTP_CHECK),
    "checks.alive.port": (8080, 8082),
    "checks.alive.type": ("tcp", "http"),
    "checks.alive.processes": GROUPS,
    "files.[].guest_path": ("/etc/a", "/etc/b"),
    "files.[].local_path": ("a.txt", "b.txt"),
    "files.[].secret_name": ("A", "B"),
    "files.[].raw_value": ("YQ==", "Yg=="),
    "files.[].processes": GROUPS,
    **_under("machine_checks.[]", _MACHINE_CHECK),
    "restart.[].policy": ("always", "never", "on-failure"),
    "restart.[].retries": (3, 4),
    "restart.[].processes": GROUPS,
    **_under("vm.[]", _GUEST),
    "vm.[].processes": GROUPS,
    "statics.[].guest_path": ("/app/public", "/app/assets"),
    "statics.[].url_prefix": ("/public", "/assets"),
    "statics.[].index_document": ("index.html", "start.html"),
    "metrics.[].port": (9091, 9092),
    "metrics.[].path": ("/metrics", "/numbers"),
    "metrics.[].https": (True, False),
    "metrics.[].processes": GROUPS,
}  # fmt: skip
ELSEWHERE = {
    "app": "names the app: another app is another plan",
    "build": "makes the image; the image is an input of its own",
    "console_command": "fly console only",
    "container": "names which container is meant; containers are not supported",
    "deploy.release_command_vm.processes": "the release machine is of no group",
    "deploy.seed_command": "fly launch only",
    "experimental.auto_rollback": "no effect",
    "experimental.enable_consul": "fly launch only",
    "experimental.enable_etcd": "fly launch only",
    "experimental.lazy_load_images": "no effect",
    "experimental.attached": "fly launch only",
    "experimental.machine_config": "machine_config, by its old name",
    "statics.[].tigris_bucket": "blocked by name",
}
"""Keys that reach no machine, and why."""
NEEDED = {
    "http_service": ("internal_port",),
    "services.[]": ("internal_port", "protocol"),
    "services.[].ports.[]": ("port",),
    "mounts.[]": ("source", "destination"),
    "files.[]": ("guest_path", "raw_value"),
    "restart.[]": ("policy",),
    "metrics.[]": ("port", "path"),
    "statics.[]": ("guest_path", "url_prefix"),
    "checks.alive": ("port", "type"),
    "machine_checks.[]": ("command",),
    "http_service.machine_checks.[]": ("command",),
    "services.[].machine_checks.[]": ("command",),
    "http_service.http_options.replay_cache.[]": ("path_prefix", "ttl_seconds", "type", "name"),
    "services.[].ports.[].http_options.replay_cache.[]": ("path_prefix", "ttl_seconds", "type", "name"),
}
"""What a section cannot do without."""
SECTIONS = sorted({field.rpartition(".")[0] for field in FIELDS})

POLICY: Mapping[str, tuple[Any, ...]] = {
    **{
        f"groups.{group}.{key}": values
        for group in ("web", "worker")
        for key, values in {
            "count": (0, 1, 2, 3, {"ams": 2}, {"ams": 1, "gru": 1}),
            "max_unavailable": (1, 2, 0.5),
            "singleton": (True, False),
            "when_empty": ("create", "leave", "fail"),
            "start": (True, False),
            "snapshot": (True, False),
            "volume_size": (2, 3, "4gb"),
            "drain": (True, False),
        }.items()
    },
    "rollout.order": ([["web"], ["worker"]], [["worker"], ["web"]], [["web", "worker"]]),
    "rollout.on_failure": ("rollback", "hold"),
    "network.addresses": ("shared", "dedicated", "private", "none"),
    "verify.url": ("https://shop.example/up", "https://shop.example/ready"),
    "verify.status": (200, 204),
    "verify.json": ({"db": "ok"}, {"db": "up"}, {"checks": {"db": "ok"}}),
    "verify.bake": (0, 30, 60),
    "comment.note": ("Ask ops first.", "Ask nobody."),
}
QUIET = {"rollout.logs": "what goes into the log only", "rules": "severities: findings of their own, or none"}
INPUTS: Mapping[str, tuple[Any, ...]] = {
    "strategy": ("rolling", "immediate", "canary", "bluegreen"),
    "max_unavailable": (1.0, 2.0, 0.5),
    "wait_timeout": (60.0, 90.0),
    "on_failure": ("rollback", "hold"),
    "scale": ("web=1", "web=2 worker=1", "web=ams:1,gru:1"),
    "ref": (1, 2, 3),
    "groups": (["web"], ["worker"], ["web", "worker"]),
    "regions": (["ams"], ["gru"]),
}
PRIVATE = ("env.", ".headers.", "machine_config")
CONTENTS = ("files.[].raw_value", "files.[].local_path")
"""Values that nobody may repeat: what they are is seen nowhere. Of a file there is always one content or another."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Fields and their values, by file."""

    manifest: Mapping[str, Any]
    policy: Mapping[str, Any]
    inputs: Mapping[str, Any]

    @property
    def toml(self) -> str:
        return written(self.manifest)

    @property
    def policy_toml(self) -> str:
        return written(self.policy)


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one file, before and after; None is absent."""

    file: str
    field: str
    before: Any
    after: Any

    @property
    def is_private(self) -> bool:
        """Both values are hidden, so that two plans may say the same of them."""
        if self.file == "manifest" and self.field in CONTENTS:
            return True
        hidden = self.file == "manifest" and any(part in f"{self.field}." for part in PRIVATE)
        return hidden and self.before is not None and self.after is not None


def written(fields: Mapping[str, Any]) -> str:
    """As TOML."""
    root: dict[str, Any] = {}
    for field, value in fields.items():
        _put(root, tuple(field.split(".")), value)
    return tomlkit.dumps(root)


def _put(table: dict[str, Any], path: Path, value: Any) -> None:
    head, *rest = path
    if not rest:
        table[head] = value
    elif rest[0] == "[]":
        items = table.setdefault(head, [{}])
        _put(items[0], tuple(rest[1:]), value)
    else:
        _put(table.setdefault(head, {}), tuple(rest), value)


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    """Some sections, and some fields of each."""
    there = draw(st.sets(st.sampled_from(SECTIONS), max_size=7))
    fields: dict[str, Any] = {}
    for section in sorted(there):
        own = [field for field in FIELDS if field.rpartition(".")[0] == section]
        for field in sorted(draw(st.sets(st.sampled_from(own), min_size=1, max_size=4))):
            fields[field] = draw(st.sampled_from(FIELDS[field]))
    policy = draw(st.sets(st.sampled_from(sorted(POLICY)), max_size=3))
    inputs = draw(st.sets(st.sampled_from(sorted(INPUTS)), max_size=1))
    return Asked(
        manifest=whole(fields),
        policy=answerable({field: draw(st.sampled_from(POLICY[field])) for field in sorted(policy)}),
        inputs={field: draw(st.sampled_from(INPUTS[field])) for field in sorted(inputs)},
    )


def whole(fields: Mapping[str, Any]) -> dict[str, Any]:
    """With what the sections cannot do without."""
    result = dict(fields)
    for section, needed in NEEDED.items():
        if any(field.startswith(f"{section}.") for field in fields):
            for key in needed:
                result.setdefault(f"{section}.{key}", FIELDS[f"{section}.{key}"][0])
    return result


def answerable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be answered needs somebody who is asked."""
    asks = "verify.json" in fields or "verify.status" in fields
    return ({"verify.url": POLICY["verify.url"][0]} if asks else {}) | dict(fields)


@st.composite
def changed(draw: st.DrawFn, before: Asked) -> tuple[Asked, Change]:
    """One field has another value, is there for the first time, or no longer."""
    file = draw(st.sampled_from(("manifest", "manifest", "manifest", "policy", "inputs")))
    known: Mapping[str, tuple[Any, ...]] = {"manifest": FIELDS, "policy": POLICY, "inputs": INPUTS}[file]
    fields: Mapping[str, Any] = getattr(before, file)
    is_near = bool(fields) and draw(st.booleans())
    near = sorted(fields) if is_near else sorted(known)
    field = draw(st.sampled_from(near))
    was = fields.get(field)
    section, _, key = field.rpartition(".")
    values = [v for v in known[field] if v != was or type(v) is not type(was)]
    goes = was is not None and key not in NEEDED.get(section, ()) and draw(st.integers(0, 3)) == 0
    value = None if goes else draw(st.sampled_from(values))
    other = {k: v for k, v in fields.items() if k != field} | ({} if value is None else {field: value})
    other = whole(other) if file == "manifest" else answerable(other) if file == "policy" else other
    files = {"manifest": before.manifest, "policy": before.policy, "inputs": before.inputs, file: other}
    return Asked(**files), Change(file, field, was, value)
