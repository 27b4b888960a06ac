"""flightplan.toml: from the words and limits of entrypoint/manifest/policy/model.py, described by the table of docs/flightplan-toml.md."""

from __future__ import annotations

import re
from collections.abc import Mapping

from entrypoint.kernel.run import OnFailure
from entrypoint.kernel.verify import MOST_BAKE
from entrypoint.manifest.checks.rules.catalogue import SUMMARIES
from entrypoint.manifest.policy.groups import MOST_MACHINES
from entrypoint.manifest.policy.model import MOST_GB, MOST_NOTE, AddressMode
from entrypoint.manifest.policy.read import LEVELS, WHEN_EMPTY
from tests.contract.schemas.common import DRAFT, HOME, Schema, one_of
from tests.stage import ROOT

NAME = "flightplan-toml.json"
PAGE = ROOT / "docs" / "flightplan-toml.md"
_ROW = re.compile(r"^\| `\[([a-z.X]+)\] ([a-zA-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": MOST_MACHINES}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_GROUP: Mapping[str, Schema] = {
    "count": {
        **_NUMBER,
        "type": ["integer", "object"],
        "patternProperties": {"^[a-z]{3}$": _NUMBER},
        "additionalProperties": False,
    },
    "max_unavailable": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": MOST_MACHINES,
        "if": {"minimum": 1},
        "then": {"type": "integer"},
    },
    "singleton": _FLAG,
    "drain": _FLAG,
    "when_empty": one_of(WHEN_EMPTY),
    "start": _FLAG,
    "snapshot": _FLAG,
    "volume_size": {
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": MOST_GB,
        "pattern": r"^[+-]?[0-9. ]+([kmgtpKMGTP]([iI]?[bB])?|[bB])?$",
    },
}
_VERIFY: Mapping[str, Schema] = {
    "url": {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://"},
    "status": {"type": "integer", "minimum": 100, "maximum": 599},
    "json": {"$ref": "#/definitions/json"},
    "bake": {"type": "integer", "minimum": 0, "maximum": MOST_BAKE},
}
_ROLLOUT: Mapping[str, Schema] = {
    "order": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "on_failure": one_of([word.value for word in OnFailure]),
    "logs": _FLAG,
}
_SECTIONS: Mapping[str, str] = {
    "groups": "Settings of single process groups, by their names in fly.toml.",
    "network": "Addresses of the app.",
    "rollout": "How a deploy runs.",
    "verify": "A question to the app itself after the last wave.",
    "comment": "The plan comment.",
    "rules": "Severity of single checks of fly.toml: off, notice, warning or error.",
}


def make() -> Schema:
    """The whole schema."""
    group = _table("groups.X", _GROUP)
    verify = _table("verify", _VERIFY) | {"dependencies": {"status": ["url"], "json": ["url"]}}
    note: Schema = {"type": "string", "pattern": rf"^\s*(\S([\s\S]{{0,{MOST_NOTE - 2}}}\S)?)?\s*$"}
    rules = {name: {"description": summary, **one_of(LEVELS)} for name, summary in sorted(SUMMARIES.items())}
    sections: Mapping[str, Schema] = {
        "groups": {"type": "object", "additionalProperties": group},
        "network": _table("network", {"addresses": one_of([mode.value for mode in AddressMode])}),
        "rollout": _table("rollout", _ROLLOUT),
        "verify": verify,
        "comment": _table("comment", {"note": note}),
        "rules": _closed(rules),
    }
    step = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {"anyOf": [_SCALAR, {"$ref": "#/definitions/json"}]},
    }
    return {
        "$schema": DRAFT,
        "$id": f"{HOME}/{NAME}",
        "title": "flightplan.toml",
        "description": "What fly.toml cannot say: counts, order, and what a deploy does beside it.",
        **_closed({name: {"description": _SECTIONS[name], **section} for name, section in sections.items()}),
        "definitions": {"json": step},
    }


def rows() -> Mapping[tuple[str, str], str]:
    """The words of the page for each (section, key): what it does, and its default."""
    found = {}
    for section, key, does, _, default in _ROW.findall(PAGE.read_text("utf-8")):
        text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", f"{does[0].upper()}{does[1:]}. Default: {default}.")
        found[section, key] = text.replace("`", "")
    return found


def _table(section: str, keys: Mapping[str, Schema]) -> Schema:
    words = rows()
    return _closed({key: {"description": words[section, key], **schema} for key, schema in keys.items()})


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}
