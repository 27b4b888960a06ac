"""The types of the schema: what a key may hold, as Go's encoding/json decodes it into flyctl's structs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple, TypeAlias


class Scalar(Enum):
    """A value without parts."""

    STRING = auto()
    INT = auto()
    UINT32 = auto()
    FLOAT = auto()
    BOOL = auto()
    DURATION = auto()
    """Go duration string, or an integer of nanoseconds (fly-go duration.go:ParseDuration)."""
    AUTOSTOP = auto()
    """false | true | "off" | "stop" | "suspend" (fly-go MachineAutostop)."""
    ROOTFS = auto()
    """"" | none | never | restart | always, or 0 to 3 (fly-go MachinePersistRootfs)."""
    ANY = auto()


class ListOf(NamedTuple):
    """A JSON array."""

    of: Type


class MapOf(NamedTuple):
    """A JSON object with free keys."""

    of: Type


class Struct(NamedTuple):
    """A JSON object with known keys; others are ignored by flyctl. `name` is for messages."""

    name: str
    fields: Mapping[str, Type]


Type: TypeAlias = Scalar | ListOf | MapOf | Struct
