"""The types of a configuration's members, as the platform's decoder wants them. Unknown members pass."""

from __future__ import annotations

from typing import Any

from tests.simulator.state.refusals import invalid

Text, Whole, Truth, Duration = "a string", "a whole number", "true or false", "a duration"

_CHECK = {
    "type": Text, "port": Whole, "path": Text, "method": Text, "protocol": Text, "kind": Text, "tls_skip_verify": Truth,
    "tls_server_name": Text, "interval": Duration, "timeout": Duration, "grace_period": Duration,
    "headers": [{"name": Text, "values": [Text]}],
}  # fmt: skip
_SERVICE = {
    "protocol": Text, "internal_port": Whole, "autostart": Truth, "min_machines_running": Whole,
    "ports": [{"port": Whole, "start_port": Whole, "end_port": Whole, "handlers": [Text], "force_https": Truth}],
    "checks": [_CHECK], "concurrency": {"type": Text, "soft_limit": Whole, "hard_limit": Whole},
}  # fmt: skip
CONFIG = {
    "image": Text, "env": {"*": Text}, "metadata": {"*": Text}, "schedule": Text, "auto_destroy": Truth, "size": Text,
    "services": [_SERVICE], "checks": {"*": _CHECK}, "standbys": [Text],
    "mounts": [{"volume": Text, "path": Text, "name": Text, "size_gb": Whole}],
    "init": {"cmd": [Text], "entrypoint": [Text], "exec": [Text], "tty": Truth, "swap_size_mb": Whole},
    "guest": {"cpu_kind": Text, "cpus": Whole, "memory_mb": Whole, "kernel_args": [Text]},
    "restart": {"policy": Text, "max_retries": Whole}, "stop_config": {"signal": Text, "timeout": Duration},
    "dns": {"skip_registration": Truth}, "files": [{"guest_path": Text, "raw_value": Text, "secret_name": Text}],
    "metrics": {"port": Whole, "path": Text}, "statics": [{"guest_path": Text, "url_prefix": Text}],
    "processes": [{}], "containers": [{}],
}  # fmt: skip


def check_shape(value: Any, shape: Any, where: str) -> None:
    """Refuse a value that has not the type its place asks for. null is the same as nothing."""
    if value is None:
        return
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise invalid(f"invalid {where}: must be a list")
        for number, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{number}]")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            raise invalid(f"invalid {where}: must be an object")
        for key, item in value.items():
            inner = shape.get(key, shape.get("*"))
            if inner is not None:
                check_shape(item, inner, f"{where}.{key}")
    elif not _is_kind(value, shape):
        raise invalid(f"invalid {where}: must be {shape}")


def _is_kind(value: Any, kind: str) -> bool:
    if kind == Truth:
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == Duration:
        return isinstance(value, str | int)
    return isinstance(value, str if kind == Text else int)
