"""fly.toml: from entrypoint/manifest/decode/schema.py, with what flyctl's migrations take beyond it (entrypoint/manifest/decode/patches.py).

A file that `flightplan validate` takes without an error is valid by this schema; keys that flyctl ignores are warnings there, and allowed
here. Stricter in one place: a duration that is neither text nor a number, which flyctl drops without a word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import assert_never

from entrypoint.manifest.decode import schema as keys
from entrypoint.manifest.decode.types import ListOf, MapOf, Scalar, Struct, Type
from tests.contract.schemas.common import DRAFT, HOME, Schema, list_or_one, one_of, suggest, table

NAME = "fly-toml.json"
DESCRIPTIONS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (Path(__file__).parent / "fly_keys.toml").read_text("utf-8")
)
_FAMILIES = {
    "http check": "check",
    "tcp check": "check",
    "http_service": "serving",
    "service": "serving",
}
"""Structs whose keys are described together."""
_SPELT = r"[+-]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)"
_DURATION: Schema = {"type": ["string", "number"], "pattern": f"^{_SPELT}$"}
_MAYBE_DURATION: Schema = {"type": ["string", "number"], "pattern": f"^({_SPELT})?$"}
_INT64: Schema = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
_LOOSE_INT: Schema = {"type": ["number", "string"], "pattern": "^[+-]?[0-9]+$"}
_TEXT_OR_NUMBER: Schema = {"type": ["string", "number"]}
_SIZES = [f"shared-cpu-{n}x" for n in (1, 2, 4, 6, 8)] + [f"performance-{n}x" for n in (1, 2, 4, 8, 16)]
_SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM")
_HEADERS: Schema = {"type": ["object", "array"], "items": {"type": "object", "required": ["name"]}}
_WORDS: Mapping[tuple[str, str], Schema] = {
    ("fly.toml", "kill_signal"): suggest(_SIGNALS),
    ("deploy", "strategy"): one_of(["", "rolling", "immediate", "canary", "bluegreen"]),
    ("build", "compression"): suggest(["gzip", "zstd"]),
    ("restart", "policy"): one_of(["always", "on-failure", "never"]),
    ("check", "type"): one_of(["http", "tcp"]),
    ("http check", "protocol"): suggest(["http", "https"]),
    ("check", "protocol"): suggest(["http", "https"]),
    ("service", "protocol"): suggest(["tcp", "udp"]),
    ("concurrency", "type"): suggest(["connections", "requests"]),
    ("vm", "size"): suggest(_SIZES),
    ("vm", "cpu_kind"): suggest(["shared", "performance"]),
    ("replay_cache", "type"): suggest(["cookie", "header"]),
    ("proxy_proto_options", "version"): suggest(["v1", "v2"]),
}
"""Strings that have a few values. Those that are an error otherwise are closed, the others are offered."""


class _Maker:
    """Makes the schema; structs become definitions."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def of(self, type_: Type, *, migrated: bool = False) -> Schema:
        """The schema of a type. `migrated`: it stands where flyctl's migrations have been."""
        match type_:
            case Scalar():
                return _scalar(type_)
            case ListOf(of=inner):
                return {"type": "array", "items": self.of(inner, migrated=migrated)}
            case MapOf(of=inner):
                return {"type": "object", "additionalProperties": self.of(inner, migrated=migrated)}
            case Struct():
                return self.struct(type_, migrated=migrated)
            case _:
                assert_never(type_)

    def struct(self, type_: Struct, *, migrated: bool) -> Schema:
        """A reference to the definition of a struct."""
        name = re.sub(r"[^a-z]+", "-", type_.name) + ("-migrated" if migrated else "")
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = {"properties": self.properties(type_, migrated=migrated)}
        return table(name)

    def properties(self, type_: Struct, *, migrated: bool) -> dict[str, Schema]:
        """The keys of a struct."""
        properties: dict[str, Schema] = {}
        for key, value in type_.fields.items():
            made = _WORDS.get((type_.name, key)) or self.of(value, migrated=migrated)
            if (special := _MIGRATED.get((type_.name, key))) and (migrated or type_.name not in _BOTH):
                made = special(self)
            properties[key] = {"description": describe(type_.name, key), **made}
        for (struct, key), extra in _EXTRA.items():
            if struct == type_.name:
                properties[key] = {"description": describe(struct, key), **extra(self)}
        return properties


_BOTH = frozenset({"http check", "tcp check"})
"""Structs that stand in [http_service], which no migration touches, and in [[services]]."""


def _merged(struct: Struct, key: str) -> Callable[[_Maker], Schema]:
    """A section in any of its spellings: a list or a table, and one value that may be a number."""

    def make(maker: _Maker) -> Schema:
        maker.struct(struct, migrated=True)
        name = re.sub(r"[^a-z]+", "-", struct.name) + "-migrated"
        if key:
            properties = maker.definitions[name]["properties"]
            properties[key] = {"description": describe(struct.name, key), **_TEXT_OR_NUMBER}
        return list_or_one(table(name))

    return make


_VM, _MOUNTS = _merged(keys.COMPUTE, "memory"), _merged(keys.MOUNT, "initial_size")
_METRICS_TYPE = keys.CONFIG.fields["metrics"]
assert isinstance(_METRICS_TYPE, ListOf)
assert isinstance(_METRICS_TYPE.of, Struct)
_METRICS = _merged(_METRICS_TYPE.of, "")
_STRING_OR_LIST: Schema = {"type": ["string", "array"], "items": {"type": "string"}}


def _env(maker: _Maker) -> Schema:
    """A table; once also a list of tables, and of such lists."""
    env: Schema = {"$ref": "#/definitions/env"}
    maker.definitions["env"] = {"type": ["object", "array"], "items": env}
    return env


def _checks(maker: _Maker) -> Schema:
    check = maker.struct(keys.TOP_CHECK, migrated=True)
    return {
        "type": ["object", "array"],
        "additionalProperties": check,
        "items": {**check, "required": ["name"]},
    }


_MIGRATED: Mapping[tuple[str, str], Callable[[_Maker], Schema]] = {
    ("fly.toml", "env"): _env,
    ("fly.toml", "processes"): lambda _: {
        "type": ["object", "array"],
        "additionalProperties": {"type": "string"},
    },
    ("fly.toml", "services"): lambda maker: list_or_one(maker.struct(keys.SERVICE, migrated=True)),
    ("fly.toml", "checks"): _checks,
    ("fly.toml", "vm"): _VM,
    ("fly.toml", "mounts"): _MOUNTS,
    ("fly.toml", "metrics"): _METRICS,
    ("fly.toml", "kill_timeout"): lambda _: _MAYBE_DURATION,
    ("experimental", "cmd"): lambda _: _STRING_OR_LIST,
    ("experimental", "entrypoint"): lambda _: _STRING_OR_LIST,
    ("experimental", "exec"): lambda _: _STRING_OR_LIST,
    ("service", "internal_port"): lambda _: _LOOSE_INT,
    ("service", "ports"): lambda maker: list_or_one(_port(maker)),
    ("service", "tcp_checks"): lambda maker: list_or_one(maker.struct(keys.TCP_CHECK, migrated=True)),
    ("service", "http_checks"): lambda maker: list_or_one(maker.struct(keys.HTTP_CHECK, migrated=True)),
    ("service", "concurrency"): lambda maker: {
        **maker.struct(keys.CONCURRENCY, migrated=False),
        "type": ["object", "string"],
        "pattern": "^[+-]?[0-9]+,[+-]?[0-9]+$",
    },
    **{(check, "headers"): lambda _: _HEADERS for check in ("http check", "check")},
    **{
        (check, key): lambda _: _MAYBE_DURATION
        for check in ("http check", "tcp check", "check")
        for key in ("interval", "timeout", "grace_period")
    },
}
"""What may stand at a key before flyctl's migrations."""
_EXTRA: Mapping[tuple[str, str], Callable[[_Maker], Schema]] = {
    ("fly.toml", "compute"): _VM,
    ("fly.toml", "computes"): _VM,
    ("fly.toml", "mount"): _MOUNTS,
    ("fly.toml", "metric"): _METRICS,
    ("build", "build_target"): lambda _: {"type": "string"},
    ("experimental", "kill_timeout"): lambda _: _MAYBE_DURATION,
    ("experimental", "metrics_port"): lambda _: {"type": "integer"},
    ("experimental", "metrics_path"): lambda _: {"type": "string"},
    ("check", "name"): lambda _: {"type": "string"},
}
"""Keys that only the migrations know."""


def _port(maker: _Maker) -> Schema:
    properties = maker.properties(keys.PORT, migrated=False)
    properties["port"] = {"description": describe("port", "port"), **_LOOSE_INT}
    maker.definitions["port"] = {"properties": properties}
    return table("port")


def _scalar(type_: Scalar) -> Schema:
    match type_:
        case Scalar.STRING:
            return {"type": "string"}
        case Scalar.INT:
            return _INT64
        case Scalar.UINT32:
            return {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
        case Scalar.FLOAT:
            return {"type": "number"}
        case Scalar.BOOL:
            return {"type": "boolean"}
        case Scalar.DURATION:
            return _DURATION
        case Scalar.AUTOSTOP:
            return one_of(["off", "stop", "suspend", True, False])
        case Scalar.ROOTFS:
            return one_of(["never", "restart", "always", "none", "", 0, 1, 2, 3])
        case Scalar.ANY:
            return {}
        case _:
            assert_never(type_)


def describe(struct: str, key: str) -> str:
    """The words for a key. Raises KeyError where there are none: each key has some."""
    return DESCRIPTIONS[_FAMILIES.get(struct, struct)][key]


def make() -> Schema:
    """The whole schema."""
    maker = _Maker()
    top = {"type": "object", "properties": maker.properties(keys.CONFIG, migrated=False)}
    return {
        "$schema": DRAFT,
        "$id": f"{HOME}/{NAME}",
        "title": "fly.toml",
        "description": DESCRIPTIONS["fly.toml"][""],
        **top,
        "definitions": dict(sorted(maker.definitions.items())),
    }
