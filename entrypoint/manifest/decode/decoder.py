"""Decodes the patched tree by the schema, like Go's encoding/json into flyctl's structs.

Keys match without regard to case; unknown keys are dropped (and remembered, for the rules); a string is never a number; an integral
float is an integer. flyctl stops at the first wrong type; here all are found, and the rest is decoded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, assert_never

from entrypoint.kernel.durations import parse_duration
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.redaction import is_private_path
from entrypoint.manifest.decode import hints
from entrypoint.manifest.decode.types import ListOf, MapOf, Scalar, Struct, Type
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.syntax.scalars import Moment
from entrypoint.manifest.syntax.tree import Node, Path
from entrypoint.manifest.values import to_int64

_AUTOSTOP = {"off": "off", "stop": "stop", "suspend": "suspend", False: "off", True: "stop"}
_ROOTFS = {"": "", "none": "", "never": "never", "restart": "restart", "always": "always"}
_ROOTFS_NUMBERS: Mapping[float, str] = {0: "", 1: "never", 2: "restart", 3: "always"}


class UnknownKey(NamedTuple):
    """A key that flyctl ignores. `known`: the keys that exist there."""

    path: Path
    node: Node
    known: tuple[str, ...]
    section: str


class Decoder:
    """Decodes one file. `nodes` maps the path of every decoded value to its node, for positions."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.nodes: dict[Path, Node] = {}
        self.unknown: list[UnknownKey] = []
        self.respelt: list[tuple[Path, Node, str]] = []
        """Keys that match a known one only without regard to case: path, node, the known spelling."""

    def decode(self, node: Node, type_: Type, path: Path) -> Json:
        """The value; None if flyctl refuses it, which a finding reports."""
        self.nodes[path] = node
        match type_:
            case Scalar():
                return self._scalar(node, type_, path)
            case ListOf():
                return self._list(node, type_, path)
            case MapOf():
                return self._map(node, type_, path)
            case Struct():
                return self._struct(node, type_, path)
            case _:
                assert_never(type_)

    def _list(self, node: Node, type_: ListOf, path: Path) -> Json:
        if not isinstance(node.value, list):
            self._wrong(node, path, _list_message(path, type_), hint=_list_hint(node, path, type_))
            return None
        return [self.decode(item, type_.of, (*path, index)) for index, item in enumerate(node.value)]

    def _map(self, node: Node, type_: MapOf, path: Path) -> Json:
        if not isinstance(node.value, dict):
            self._wrong(node, path, f"{path[-1]} must be a table")
            return None
        return {key: self.decode(item, type_.of, (*path, key)) for key, item in node.value.items()}

    def _struct(self, node: Node, type_: Struct, path: Path) -> Json:
        if not isinstance(node.value, dict):
            hint = f"Write it as [{path[-1]}], once." if isinstance(node.value, list) else ""
            self._wrong(node, path, f"{path[-1]} must be a table", hint=hint)
            return None
        result: JsonObject = {}
        folded = {name.casefold(): name for name in type_.fields}
        for key in sorted(node.value):
            item = node.value[key]
            name = key if key in type_.fields else folded.get(key.casefold())
            if name is None:
                self.unknown.append(
                    UnknownKey(path=(*path, key), node=item, known=tuple(type_.fields), section=type_.name)
                )
                continue
            if name != key:
                self.respelt.append(((*path, key), item, name))
            value = self.decode(item, type_.fields[name], (*path, name))
            if value is not None:
                result[name] = _over(result.get(name), value, type_.fields[name])
        return result

    def _scalar(self, node: Node, type_: Scalar, path: Path) -> Json:
        value = node.value
        if isinstance(value, float) and not math.isfinite(value):
            return None  # find_infinities tells
        match type_:
            case Scalar.ANY:
                return _as_float64(plain(node))
            case Scalar.STRING:
                return self._string(node, path)
            case Scalar.BOOL:
                if isinstance(value, bool):
                    return value
                self._wrong(node, path, f"{_name(path)} must be true or false", hint=hints.for_bool(value))
            case Scalar.INT:
                return self._int(node, path, low=-(2**63), high=2**63 - 1)
            case Scalar.UINT32:
                return self._int(node, path, low=0, high=2**32 - 1)
            case Scalar.FLOAT:
                if isinstance(value, int | float) and not isinstance(value, bool):
                    return float(value)
                self._wrong(node, path, f"{_name(path)} must be a number", hint=hints.for_number(value))
            case Scalar.DURATION:
                return self._duration(node, path)
            case Scalar.AUTOSTOP:
                if isinstance(value, str | bool) and value in _AUTOSTOP:
                    return _AUTOSTOP[value]
                message = f"{_name(path)} must be off, stop or suspend, or true or false"
                words = ("off", "stop", "suspend", "true", "false")
                self._wrong(node, path, message, hint=hints.for_bool(value) or hints.for_word(value, words))
            case Scalar.ROOTFS:
                return self._rootfs(node, path)
            case _:
                assert_never(type_)
        return None

    def _string(self, node: Node, path: Path) -> Json:
        value = node.value
        if isinstance(value, str):
            return value
        if isinstance(value, Moment):
            return value.json
        spelt = "" if is_private_path(path) else self.problems.source.text[node.start : node.end]
        self._wrong(node, path, f"{_name(path)} must be a string", hint=hints.for_string(node, spelt))
        return None

    def _int(self, node: Node, path: Path, *, low: int, high: int) -> Json:
        value = node.value
        if (
            isinstance(value, float) and value.is_integer() and abs(value) < 1e21
        ):  # Go spells larger ones with an exponent
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        what = "a whole number" if low < 0 else "a whole number from 0 up"
        self._wrong(node, path, f"{_name(path)} must be {what}", hint=hints.for_number(value))
        return None

    def _duration(self, node: Node, path: Path) -> Json:
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return to_int64(float(value))  # Go reads it from JSON, where every number is a float64
        if isinstance(value, str):
            try:
                return parse_duration(value)
            except ValueError as error:
                self._wrong(
                    node, path, f"{_name(path)}: {error}", hint='Write a duration such as "10s" or "1m30s".'
                )
                return None
        self._wrong(
            node, path, f"{_name(path)} must be a duration", hint='Write a duration such as "10s" or "1m30s".'
        )
        return None

    def _rootfs(self, node: Node, path: Path) -> Json:
        value = node.value
        if isinstance(value, str) and value in _ROOTFS:
            return _ROOTFS[value]
        if isinstance(value, int | float) and not isinstance(value, bool) and value in _ROOTFS_NUMBERS:
            return _ROOTFS_NUMBERS[value]
        message = f"{_name(path)} must be none, never, restart or always"
        self._wrong(node, path, message, hint=hints.for_word(value, _ROOTFS))
        return None

    def _wrong(self, node: Node, path: Path, message: str, *, hint: str = "") -> None:
        self.problems.add("wrong-type", message, node=node, path=path, hint=hint, flyctl_rejects=True)


def _over(before: Json, value: Json, type_: Type) -> Json:
    """The value of a key that came twice, in two spellings: encoding/json decodes the second into the value of the first."""
    if isinstance(type_, Struct) and isinstance(before, Mapping) and isinstance(value, Mapping):
        inner = {key: _over(before.get(key), item, type_.fields[key]) for key, item in value.items()}
        return {**before, **inner}
    if isinstance(type_, MapOf) and isinstance(before, Mapping) and isinstance(value, Mapping):
        return {**before, **value}
    if isinstance(type_, ListOf) and isinstance(before, list) and isinstance(value, list):
        return [_over(before[i] if i < len(before) else None, item, type_.of) for i, item in enumerate(value)]
    return value


def find_infinities(node: Node, path: Path) -> Iterator[tuple[Node, Path]]:
    """Report NaN and infinities anywhere. Go cannot write them as JSON, so the whole file fails to decode."""
    if isinstance(node.value, dict):
        for key, item in node.value.items():
            yield from find_infinities(item, (*path, key))
    elif isinstance(node.value, list):
        for index, item in enumerate(node.value):
            yield from find_infinities(item, (*path, index))
    elif isinstance(node.value, float) and not math.isfinite(node.value):
        yield node, path


def plain(node: Node) -> Json:
    """The tree below a node as JSON."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Moment):
        return value.json
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


def _as_float64(value: Json) -> Json:
    """Whole numbers as Go's `any` holds them after JSON."""
    if isinstance(value, Mapping):
        return {key: _as_float64(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_float64(item) for item in value]
    return int(float(value)) if isinstance(value, int) and not isinstance(value, bool) else value


def _name(path: Path) -> str:
    parts = [str(part) for part in path if isinstance(part, str)]
    return parts[-1] if parts else "value"


def _list_message(path: Path, type_: ListOf) -> str:
    if isinstance(type_.of, Struct):
        return f"{path[-1]} must be a list of tables"
    return f"{path[-1]} must be a list"


def _list_hint(node: Node, path: Path, type_: ListOf) -> str:
    if isinstance(type_.of, Struct):
        dotted = ".".join(str(part) for part in path if isinstance(part, str))
        return f"Write it as [[{dotted}]]."
    return f'Write {path[-1]} = ["{node.value}"].' if isinstance(node.value, str) else ""
