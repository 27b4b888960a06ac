"""fly.toml's keys and their types, after the patches (flytoml spec §1; flyctl internal/appconfig/config.go, service.go)."""

from __future__ import annotations

from typing import Final, TypeAlias

from entrypoint.manifest.types import ListOf, MapOf, Scalar, Struct, Type

S, F, B, D = Scalar.STRING, Scalar.FLOAT, Scalar.BOOL, Scalar.DURATION
INT = Scalar.INT
Fields: TypeAlias = dict[str, Type]
STRINGS: Final = ListOf(S)

_CHECK: Final[Fields] = {
    "interval": D,
    "timeout": D,
    "grace_period": D,
    "method": S,
    "path": S,
    "protocol": S,
    "tls_skip_verify": B,
    "tls_server_name": S,
    "headers": MapOf(S),
}
HTTP_CHECK: Final = Struct("http check", _CHECK)
TCP_CHECK: Final = Struct("tcp check", {"interval": D, "timeout": D, "grace_period": D})
TOP_CHECK: Final = Struct("check", {**_CHECK, "port": INT, "type": S, "processes": STRINGS})
MACHINE_CHECK: Final = Struct(
    "machine check",
    {"command": STRINGS, "image": S, "entrypoint": STRINGS, "kill_signal": S, "kill_timeout": D},
)
TLS_OPTIONS: Final = Struct("tls_options", {"alpn": STRINGS, "versions": STRINGS, "default_self_signed": B})
HTTP_OPTIONS: Final = Struct(
    "http_options",
    {
        "compress": B,
        "response": Struct("response", {"headers": MapOf(Scalar.ANY), "pristine": B}),
        "h2_backend": B,
        "idle_timeout": Scalar.UINT32,
        "headers_read_timeout": Scalar.UINT32,
        "replay_cache": ListOf(
            Struct(
                "replay_cache",
                {"path_prefix": S, "ttl_seconds": INT, "type": S, "name": S, "allow_bypass": B},
            )
        ),
    },
)
PORT: Final = Struct(
    "port",
    {
        "port": INT,
        "start_port": INT,
        "end_port": INT,
        "handlers": STRINGS,
        "force_https": B,
        "tls_options": TLS_OPTIONS,
        "http_options": HTTP_OPTIONS,
        "proxy_proto_options": Struct("proxy_proto_options", {"version": S}),
    },
)
CONCURRENCY: Final = Struct("concurrency", {"type": S, "hard_limit": INT, "soft_limit": INT})
_SERVING: Final[Fields] = {
    "internal_port": INT,
    "auto_stop_machines": Scalar.AUTOSTOP,
    "auto_start_machines": B,
    "min_machines_running": INT,
    "processes": STRINGS,
    "concurrency": CONCURRENCY,
    "machine_checks": ListOf(MACHINE_CHECK),
}
HTTP_SERVICE: Final = Struct(
    "http_service",
    {
        **_SERVING,
        "force_https": B,
        "tls_options": TLS_OPTIONS,
        "http_options": HTTP_OPTIONS,
        "checks": ListOf(HTTP_CHECK),
    },
)
SERVICE: Final = Struct(
    "service",
    {
        **_SERVING,
        "protocol": S,
        "ports": ListOf(PORT),
        "tcp_checks": ListOf(TCP_CHECK),
        "http_checks": ListOf(HTTP_CHECK),
    },
)
GUEST: Final[Fields] = {
    "cpu_kind": S,
    "cpus": INT,
    "memory_mb": INT,
    "max_memory_mb": INT,
    "gpus": INT,
    "gpu_kind": S,
    "host_dedication_id": S,
    "persist_rootfs": Scalar.ROOTFS,
    "kernel_args": STRINGS,
}
COMPUTE: Final = Struct("vm", {"size": S, "memory": S, **GUEST, "processes": STRINGS})
MOUNT: Final = Struct(
    "mount",
    {
        "source": S,
        "destination": S,
        "initial_size": S,
        "snapshot_retention": INT,
        "scheduled_snapshots": B,
        "auto_extend_size_threshold": INT,
        "auto_extend_size_increment": S,
        "auto_extend_size_limit": S,
        "processes": STRINGS,
    },
)
BUILD: Final = Struct(
    "build",
    {
        "builder": S,
        "args": MapOf(S),
        "buildpacks": STRINGS,
        "image": S,
        "settings": MapOf(Scalar.ANY),
        "builtin": S,
        "dockerfile": S,
        "ignorefile": S,
        "build-target": S,
        "compose": Struct("compose", {"file": S}),
        "compression": S,
        "compression_level": INT,
    },
)
DEPLOY: Final = Struct(
    "deploy",
    {
        "strategy": S,
        "max_unavailable": F,
        "wait_timeout": D,
        "release_command": S,
        "release_command_timeout": D,
        "release_command_vm": COMPUTE,
        "seed_command": S,
    },
)
EXPERIMENTAL: Final = Struct(
    "experimental",
    {
        "cmd": STRINGS,
        "entrypoint": STRINGS,
        "exec": STRINGS,
        "auto_rollback": B,
        "enable_consul": B,
        "enable_etcd": B,
        "lazy_load_images": B,
        "attached": Struct("attached", {"secrets": Struct("secrets", {"export": MapOf(S)})}),
        "machine_config": S,
    },
)
CONFIG: Final = Struct(
    "fly.toml",
    {
        "app": S,
        "primary_region": S,
        "kill_signal": S,
        "kill_timeout": D,
        "swap_size_mb": INT,
        "console_command": S,
        "experimental": EXPERIMENTAL,
        "build": BUILD,
        "deploy": DEPLOY,
        "env": MapOf(S),
        "processes": MapOf(S),
        "mounts": ListOf(MOUNT),
        "http_service": HTTP_SERVICE,
        "services": ListOf(SERVICE),
        "checks": MapOf(TOP_CHECK),
        "files": ListOf(
            Struct(
                "file",
                {"guest_path": S, "local_path": S, "secret_name": S, "raw_value": S, "processes": STRINGS},
            )
        ),
        "host_dedication_id": S,
        "machine_config": S,
        "container": S,
        "machine_checks": ListOf(MACHINE_CHECK),
        "restart": ListOf(Struct("restart", {"policy": S, "retries": INT, "processes": STRINGS})),
        "vm": ListOf(COMPUTE),
        "statics": ListOf(
            Struct("static", {"guest_path": S, "url_prefix": S, "tigris_bucket": S, "index_document": S})
        ),
        "metrics": ListOf(Struct("metrics", {"port": INT, "path": S, "https": B, "processes": STRINGS})),
    },
)
