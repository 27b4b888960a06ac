"""A Machine config's keys and their types, as flyctl's client knows them (fly-go machine_types.go:MachineConfig).

`machine_config` in fly.toml is JSON of this shape. A wrong type fails the deploy; a key that is not here is dropped.
"""

from __future__ import annotations

from typing import Final

from entrypoint.manifest.decode.schema import (
    BOOL,
    DURATION,
    FLOAT,
    GUEST,
    HTTP_OPTIONS,
    INT,
    PROXY_PROTO_OPTIONS,
    STRING,
    STRINGS,
    TLS_OPTIONS,
    Fields,
)
from entrypoint.manifest.decode.types import ListOf, MapOf, Scalar, Struct

_TEXTS: Final = MapOf(STRING)
_HEADERS: Final = ListOf(Struct("header", {"name": STRING, "values": STRINGS}))
_STOP: Final = Struct("stop", {"timeout": DURATION, "signal": STRING})
_RESTART: Final = Struct("restart", {"policy": STRING, "max_retries": INT})
_FILES: Final = ListOf(
    Struct(
        "file",
        {
            "guest_path": STRING,
            "raw_value": STRING,
            "secret_name": STRING,
            "image_config": STRING,
            "mode": INT,
        },
    )
)
_SERVICE_CHECK: Final[Fields] = {
    "port": INT,
    "type": STRING,
    "interval": DURATION,
    "timeout": DURATION,
    "grace_period": DURATION,
    "method": STRING,
    "path": STRING,
    "protocol": STRING,
    "tls_skip_verify": BOOL,
    "tls_server_name": STRING,
    "headers": _HEADERS,
}
_PORT: Final = Struct(
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
_SERVICE: Final = Struct(
    "service",
    {
        "protocol": STRING,
        "internal_port": INT,
        "autostop": Scalar.AUTOSTOP,
        "autostart": BOOL,
        "min_machines_running": INT,
        "ports": ListOf(_PORT),
        "checks": ListOf(Struct("check", _SERVICE_CHECK)),
        "concurrency": Struct("concurrency", {"type": STRING, "hard_limit": INT, "soft_limit": INT}),
        "force_instance_key": STRING,
        "force_instance_description": STRING,
    },
)
_SECRETS: Final = ListOf(Struct("secret", {"env_var": STRING, "name": STRING}))
_ENV_FROM: Final = ListOf(Struct("env_from", {"env_var": STRING, "field_ref": STRING}))
_PROBE: Final[Fields] = {
    "port": INT,
    "method": STRING,
    "path": STRING,
    "headers": _HEADERS,
    "scheme": STRING,
    "tls_skip_verify": BOOL,
    "tls_server_name": STRING,
}
_HEALTHCHECK: Final = Struct(
    "healthcheck",
    {
        "name": STRING,
        **dict.fromkeys(
            ("interval", "grace_period", "success_threshold", "failure_threshold", "timeout"), INT
        ),
        "kind": STRING,
        "unhealthy": STRING,
        "http": Struct("http", _PROBE),
        "tcp": Struct("tcp", {"port": INT}),
        "exec": Struct("exec", {"command": STRINGS}),
    },
)
_CONTAINER: Final = Struct(
    "container",
    {
        "name": STRING,
        "image": STRING,
        "exec": STRINGS,
        "entrypoint": STRINGS,
        "cmd": STRINGS,
        "user": STRING,
        "env": _TEXTS,
        "secrets": _SECRETS,
        "env_from": _ENV_FROM,
        "files": _FILES,
        "restart": _RESTART,
        "stop": _STOP,
        "depends_on": ListOf(Struct("dependency", {"name": STRING, "condition": STRING})),
        "healthchecks": ListOf(_HEALTHCHECK),
        "mounts": ListOf(Struct("mount", {"name": STRING, "path": STRING})),
    },
)
_PROCESS: Final = Struct(
    "process",
    {
        "exec": STRINGS,
        "entrypoint": STRINGS,
        "cmd": STRINGS,
        "user": STRING,
        "env": _TEXTS,
        "secrets": _SECRETS,
        "ignore_app_secrets": BOOL,
        "env_from": _ENV_FROM,
    },
)
_MOUNT: Final = Struct(
    "mount",
    {
        "encrypted": BOOL,
        "path": STRING,
        "size_gb": INT,
        "volume": STRING,
        "name": STRING,
        "extend_threshold_percent": INT,
        "add_size_gb": INT,
        "size_gb_limit": INT,
    },
)
_VOLUME: Final = Struct(
    "volume",
    {
        "name": STRING,
        "temp_dir": Struct("temp_dir", {"storage_type": STRING, "size_mb": INT}),
        "image": STRING,
    },
)
_DNS: Final = Struct(
    "dns",
    {
        "skip_registration": BOOL,
        "nameservers": STRINGS,
        "searches": STRINGS,
        "options": ListOf(Struct("option", {"name": STRING, "value": STRING})),
        "dns_forward_rules": ListOf(Struct("rule", {"basename": STRING, "addr": STRING})),
        "hostname": STRING,
        "hostname_fqdn": STRING,
    },
)
_STATIC: Final = Struct(
    "static",
    dict.fromkeys(("guest_path", "url_prefix", "tigris_bucket", "index_document"), STRING),
)
MACHINE_CONFIG: Final = Struct(
    "machine_config",
    {
        "env": _TEXTS,
        "init": Struct(
            "init",
            {
                "exec": STRINGS,
                "entrypoint": STRINGS,
                "cmd": STRINGS,
                "tty": BOOL,
                "swap_size_mb": INT,
                "kernel_args": STRINGS,
            },
        ),
        "guest": Struct("guest", GUEST),
        "metadata": _TEXTS,
        "mounts": ListOf(_MOUNT),
        "services": ListOf(_SERVICE),
        "metrics": Struct("metrics", {"port": INT, "path": STRING, "https": BOOL}),
        "checks": MapOf(Struct("check", {**_SERVICE_CHECK, "kind": STRING})),
        "statics": ListOf(_STATIC),
        "image": STRING,
        "files": _FILES,
        "schedule": STRING,
        "auto_destroy": BOOL,
        "restart": _RESTART,
        "dns": _DNS,
        "processes": ListOf(_PROCESS),
        "standbys": STRINGS,
        "stop_config": _STOP,
        "containers": ListOf(_CONTAINER),
        "volumes": ListOf(_VOLUME),
        "rootfs": Struct("rootfs", {"persist": Scalar.ROOTFS, "size_gb": INT}),
        "cache_drive": Struct("cache_drive", {"size_mb": INT}),
        "spot": Struct("spot", {"max_price_fraction": FLOAT}),
        "size": STRING,
        "disable_machine_autostart": BOOL,
    },
)
