"""Where Fly's OpenAPI document and what really travels disagree: a short list, each with its source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disagreement:
    """At `at` (keys from the document's root) `patch` is laid over the document, because of `why`, seen in `source`."""

    at: tuple[str, ...]
    patch: Mapping[str, Any]
    why: str
    source: str

    def amend(self, document: dict[str, Any]) -> None:
        """Change the document in place. Raises KeyError when it has no such place any more."""
        place = document
        for key in self.at:
            place = place[key]
        place.update(self.patch)


_SCHEMAS = ("components", "schemas")
_LEASE_PATH = ("paths", "/v1/apps/{app_name}/machines/{machine_id}/lease")
_MACHINE_PATH = ("paths", "/v1/apps/{app_name}/machines/{machine_id}")
_MESSAGE = {
    "type": "object",
    "required": ["status", "message", "code"],
    "properties": {"status": {"type": "string"}, "message": {"type": "string"}, "code": {"type": "string"}},
}
_NETWORK = {
    "network": {
        "type": "object",
        "nullable": True,
        "properties": {"name": {"type": "string"}, "org_slug": {"type": "string"}},
    }
}
_WRAPPED_LEASE = {
    "schema": {
        "type": "object",
        "required": ["status", "data"],
        "properties": {"status": {"type": "string"}, "data": {"$ref": "#/components/schemas/Lease"}},
    }
}

DISAGREEMENTS = (
    Disagreement(
        at=(*_SCHEMAS, "fly.MachineService", "properties", "force_instance_key"),
        patch={"nullable": True},
        why="every service carries force_instance_key: null",
        source="flyctl-written configs",
    ),
    Disagreement(
        at=(*_SCHEMAS, "fly.MachineService", "properties"),
        patch={
            "autostop": {
                "anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["off", "stop", "suspend"]}]
            }
        },
        why="off and stop travel as false and true, both ways",
        source="fly-go MachineAutostop.MarshalJSON",
    ),
    Disagreement(
        at=(*_SCHEMAS, "Volume", "properties"),
        patch={
            "attached_machine_id": {"type": "string", "nullable": True},
            "attached_alloc_id": {"type": "string", "nullable": True},
        },
        why="null where nothing is attached",
        source="fly-go Volume.AttachedMachine *string",
    ),
    Disagreement(
        at=(*_SCHEMAS, "IPAssignment", "properties"),
        patch=_NETWORK,
        why="null for all types but private_v6, says the network's own description",
        source="L117 of tests/simulator/README.md",
    ),
    Disagreement(
        at=(*_SCHEMAS, "AssignIPResponse", "properties"),
        patch=_NETWORK,
        why="null for all types but private_v6, says the network's own description",
        source="L117 of tests/simulator/README.md",
    ),
    Disagreement(
        at=(*_SCHEMAS, "AppSecretsUpdateRequest", "properties", "values", "additionalProperties"),
        patch={"nullable": True},
        why="null unsets a secret, says the operation's own description",
        source="flyctl secrets unset (tests/contract/flyctl)",
    ),
    Disagreement(
        at=(*_SCHEMAS, "main.TokenAccess", "properties"),
        patch={"action": {"type": "string", "pattern": "^[rwcdC]*$"}},
        why="actions travel as their letters, says the property's own description",
        source="superfly/macaroon resset/action.go, MarshalJSON",
    ),
    Disagreement(
        at=_SCHEMAS,
        patch={"macaroon.CaveatSet": {"type": "array", "items": {"type": "object"}}},
        why="caveats travel as a list of type and body",
        source="superfly/macaroon caveat_set.go, MarshalJSON",
    ),
    Disagreement(
        at=(*_SCHEMAS, "CreateVolumeRequest", "properties"),
        patch={
            "auto_backup_enabled": {"type": "boolean", "nullable": True},
            "fstype": {"type": "string", "nullable": True},
            "require_unique_zone": {"type": "boolean", "nullable": True},
            "snapshot_id": {"type": "string", "nullable": True},
            "snapshot_retention": {"type": "integer", "nullable": True},
            "source_volume_id": {"type": "string", "nullable": True},
            "unique_zone_app_wide": {"type": "boolean", "nullable": True},
        },
        why="a client sends null for what it leaves to the platform",
        source="volume creates of an unmodified flyctl (tests/contract/flyctl)",
    ),
    Disagreement(
        at=(*_MACHINE_PATH, "post", "responses", "409", "content", "application/json"),
        patch={"schema": {"anyOf": [{"$ref": "#/components/schemas/ErrorResponse"}, _MESSAGE]}},
        why="a refusal for the lease may come in the leases' own shape (open point 6)",
        source="tests/simulator/README.md, open point 6",
    ),
    Disagreement(
        at=(*_LEASE_PATH, "post", "requestBody"),
        patch={"required": False},
        why="the ttl may come in the query instead, without a body",
        source="fly-go AcquireLease",
    ),
    Disagreement(
        at=(*_LEASE_PATH, "post", "responses", "201", "content", "application/json"),
        patch=_WRAPPED_LEASE,
        why="leases travel wrapped in status and data",
        source="fly-go MachineLease",
    ),
    Disagreement(
        at=(*_LEASE_PATH, "get", "responses", "200", "content", "application/json"),
        patch=_WRAPPED_LEASE,
        why="leases travel wrapped in status and data",
        source="fly-go MachineLease",
    ),
)


def allow_comma_lists(document: dict[str, Any]) -> None:
    """`state` of a wait takes "repeated or comma-separated values", says its own description; its schema takes one."""
    parameters = document["paths"]["/v1/apps/{app_name}/machines/{machine_id}/wait"]["get"]["parameters"]
    (state,) = [parameter for parameter in parameters if parameter["name"] == "state"]
    words = "|".join(state["schema"].pop("enum"))
    state["schema"]["pattern"] = f"^({words})(,({words}))*$"


def allow_undocumented_bodies(document: dict[str, Any]) -> None:
    """Answers documented with no content at all (stop, destroy, cordon …) do come with one, `{"ok":true}`.

    Source: fly-go decodes it.
    """
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation.get("responses", {}).values() if isinstance(operation, dict) else ():
                if answer.get("content") == {}:
                    del answer["content"]


def is_known_error_body(reply: bytes) -> bool:
    """The document names few error statuses; the others come with one of these bodies (L129 of tests/simulator/README.md)."""
    if not reply or not reply.startswith((b"{", b"[", b"<")):
        return True
    try:
        body = json.loads(reply)
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    errors = body.get("errors")
    detail = errors.get("detail") if isinstance(errors, dict) else None
    return any(isinstance(text, str) for text in (body.get("error"), body.get("message"), detail))
