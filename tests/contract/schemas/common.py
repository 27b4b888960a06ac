"""What both schemas share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
"""What Taplo (Even Better TOML) and SchemaStore take."""
HOME = "https://raw.githubusercontent.com/flightplan-dev/flightplan/main/docs/schemas"


def suggest(words: Iterable[str]) -> Schema:
    """Any string; an editor offers these words."""
    return {"anyOf": [{"type": "string", "enum": list(words)}, {"type": "string"}]}


def one_of(words: Iterable[Any]) -> Schema:
    """These values and no others."""
    return {"enum": list(words)}


def table(definition: str) -> Schema:
    """A table with the keys of a definition."""
    return {"type": "object", "allOf": [{"$ref": f"#/definitions/{definition}"}]}


def list_or_one(item: Schema) -> Schema:
    """A list of tables, or one alone. Without anyOf: then an editor marks the wrong value, and not the whole section."""
    return {"type": ["array", "object"], "items": item, "allOf": item["allOf"]}


def spell(schema: Schema) -> str:
    """As the file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
