"""fly.toml's keys and their types, after the patches (flyctl internal/appconfig/config.go, service.go)."""

from __future__ import annotations

from typing import Final, TypeAlias

from entrypoint.manifest.decode.types import ListOf, MapOf, Scalar, Struct, Type

STRING, FLOAT, BOOL, DURATION = Scalar.STRING, Scalar.FLOAT, Scalar.BOOL, Scalar.DURATION
INT = Scalar.INT
Fields: TypeAlias = dict[str, Type]
STRINGS: Final = ListOf(STRING)

_CHECK: Final[Fields] = {
    "interval": DURATION,
    "timeout": DURATION,
    "grace_period": DURATION,
    "method": STRING,
    "path": STRING,
    "protocol": STRING,
    "tls_skip_verify": BOOL,
    "tls_server_name": STRING,
    "headers": MapOf(STRING),
}
HTTP_CHECK: Final = Struct("http check", _CHECK)
TCP_CHECK: Final = Struct("tcp check", {"interval": DURATION, "timeout": DURATION, "grace_period": DURATION})
TOP_CHECK: Final = Struct("check", {**_CHECK, "port": INT, "type": STRING, "processes": STRINGS})
MACHINE_CHECK: Final = Struct(
    "machine check",
    {
        "command": STRINGS,
        "image": STRING,
        "entrypoint": STRINGS,
        "kill_signal": STRING,
        "kill_timeout": DURATION,
    },
)
TLS_OPTIONS: Final = Struct(
    "tls_options", {"alpn": STRINGS, "versions": STRINGS, "default_self_signed": BOOL}
)
HTTP_OPTIONS: Final = Struct(
    "http_options",
    {
        "compress": BOOL,
        "response": Struct("response", {"headers": MapOf(Scalar.ANY), "pristine": BOOL}),
        "h2_backend": BOOL,
        "idle_timeout": Scalar.UINT32,
        "headers_read_timeout": Scalar.UINT32,
        "replay_cache": ListOf(
            Struct(
                "replay_cache",
                {
                    "path_prefix": STRING,
                    "ttl_seconds": INT,
                    "type": STRING,
                    "name": STRING,
                    "allow_bypass": BOOL,
                },
            )
        ),
    },
)
PROXY_PROTO_OPTIONS: Final = Struct("proxy_proto_options", {"version": STRING})
PORT: Final = Struct(
    "port",
    {
        "port": INT,
        "start_port": INT,
        "end_port": INT,
        "handlers": STRINGS,
        "force_https": BOOL,
        "tls_options": TLS_OPTIONS,
        "http_options": HTTP_OPTIONS,
        "proxy_proto_options": PROXY_PROTO_OPTIONS,
    },
)
CONCURRENCY: Final = Struct("concurrency", {"type": STRING, "hard_limit": INT, "soft_limit": INT})
_SERVING: Final[Fields] = {
    "internal_port": INT,
    "auto_stop_machines": Scalar.AUTOSTOP,
    "auto_start_machines": BOOL,
    "min_machines_running": INT,
    "processes": STRINGS,
    "concurrency": CONCURRENCY,
    "machine_checks": ListOf(MACHINE_CHECK),
}
HTTP_SERVICE: Final = Struct(
    "http_service",
    {
        **_SERVING,
        "force_https": BOOL,
        "tls_options": TLS_OPTIONS,
        "http_options": HTTP_OPTIONS,
        "checks": ListOf(HTTP_CHECK),
    },
)
SERVICE: Final = Struct(
    "service",
    {
        **_SERVING,
        "protocol": STRING,
        "ports": ListOf(PORT),
        "tcp_checks": ListOf(TCP_CHECK),
        "http_checks": ListOf(HTTP_CHECK),
    },
)
GUEST: Final[Fields] = {
    "cpu_kind": STRING,
    "cpus": INT,
    "memory_mb": INT,
    "max_memory_mb": INT,
    "gpus": INT,
    "gpu_kind": STRING,
    "host_dedication_id": STRING,
    "persist_rootfs": Scalar.ROOTFS,
    "kernel_args": STRINGS,
}
COMPUTE: Final = Struct("vm", {"size": STRING, "memory": STRING, **GUEST, "processes": STRINGS})
MOUNT: Final = Struct(
    "mount",
    {
        "source": STRING,
        "destination": STRING,
        "initial_size": STRING,
        "snapshot_retention": INT,
        "scheduled_snapshots": BOOL,
        "auto_extend_size_threshold": INT,
        "auto_extend_size_increment": STRING,
        "auto_extend_size_limit": STRING,
        "processes": STRINGS,
    },
)
BUILD: Final = Struct(
    "build",
    {
        "builder": STRING,
        "args": MapOf(STRING),
        "buildpacks": STRINGS,
        "image": STRING,
        "settings": MapOf(Scalar.ANY),
        "builtin": STRING,
        "dockerfile": STRING,
        "ignorefile": STRING,
        "build-target": STRING,
        "compose": Struct("compose", {"file": STRING}),
        "compression": STRING,
        "compression_level": INT,
    },
)
DEPLOY: Final = Struct(
    "deploy",
    {
        "strategy": STRING,
        "max_unavailable": FLOAT,
        "wait_timeout": DURATION,
        "release_command": STRING,
        "release_command_timeout": DURATION,
        "release_command_vm": COMPUTE,
        "seed_command": STRING,
    },
)
EXPERIMENTAL: Final = Struct(
    "experimental",
    {
        "cmd": STRINGS,
        "entrypoint": STRINGS,
        "exec": STRINGS,
        "auto_rollback": BOOL,
        "enable_consul": BOOL,
        "enable_etcd": BOOL,
        "lazy_load_images": BOOL,
        "attached": Struct("attached", {"secrets": Struct("secrets", {"export": MapOf(STRING)})}),
        "machine_config": STRING,
    },
)
CONFIG: Final = Struct(
    "fly.toml",
    {
        "app": STRING,
        "primary_region": STRING,
        "kill_signal": STRING,
        "kill_timeout": DURATION,
        "swap_size_mb": INT,
        "console_command": STRING,
        "experimental": EXPERIMENTAL,
        "build": BUILD,
        "deploy": DEPLOY,
        "env": MapOf(STRING),
        "processes": MapOf(STRING),
        "mounts": ListOf(MOUNT),
        "http_service": HTTP_SERVICE,
        "services": ListOf(SERVICE),
        "checks": MapOf(TOP_CHECK),
        "files": ListOf(
            Struct(
                "file",
                {
                    "guest_path": STRING,
                    "local_path": STRING,
                    "secret_name": STRING,
                    "raw_value": STRING,
                    "processes": STRINGS,
                },
            )
        ),
        "host_dedication_id": STRING,
        "machine_config": STRING,
        "container": STRING,
        "machine_checks": ListOf(MACHINE_CHECK),
        "restart": ListOf(Struct("restart", {"policy": STRING, "retries": INT, "processes": STRINGS})),
        "vm": ListOf(COMPUTE),
        "statics": ListOf(
            Struct(
                "static",
                {
                    "guest_path": STRING,
                    "url_prefix": STRING,
                    "tigris_bucket": STRING,
                    "index_document": STRING,
                },
            )
        ),
        "metrics": ListOf(
            Struct("metrics", {"port": INT, "path": STRING, "https": BOOL, "processes": STRINGS})
        ),
    },
)
