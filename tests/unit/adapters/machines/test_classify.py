"""Every refusal that Fly was seen to send, in its own words, becomes the error that says what to do."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.classify import classify
from entrypoint.adapters.machines.private import private_values
from entrypoint.adapters.machines.refusals import (
    Conflicting,
    ImageUnknown,
    NameTaken,
    Settling,
    VolumeClaimed,
)
from entrypoint.fleet.errors import (
    AppNotFound,
    FleetError,
    LeaseHeld,
    LeaseLost,
    MachineGone,
    NoCapacity,
    Refused,
    Unauthorized,
    Unavailable,
    VersionConflict,
)

ID = "148ed21a031189"
HELD = f"machine ID {ID} lease currently held by 7c1e@tokens.fly.io, expires at 2026-11-24T21:00:00Z"

CASES: list[tuple[int, Any, type[FleetError], str]] = [
    # 409: six different things
    (409, {"status": "error", "message": HELD, "code": "invalid"}, LeaseHeld, "leases clear"),
    (409, {"error": f"aborted: {HELD}"}, LeaseHeld, "leases clear"),
    (409, {"error": "aborted: current version is 01HQ, expected 01HP"}, VersionConflict, "was changed after the plan"),
    (409, {"error": "aborted: machine update failed due to concurrent update"}, Conflicting, "again"),
    (
        409,
        {
            "error": f'already_exists: unique machine name violation, machine ID {ID} already exists with name "web-1"'
        },
        NameTaken,
        "",
    ),
    (
        409,
        {
            "error": "aborted: could not reserve resource for machine: insufficient CPUs available to fulfill request on the current host"
        },
        NoCapacity,
        "smaller [[vm]]",
    ),
    (409, {"error": "aborted: insufficient IPs available to fulfill request"}, NoCapacity, "smaller [[vm]]"),
    (
        409,
        {"error": "aborted: deploys to this host are temporarily disabled"},
        NoCapacity,
        "host has no capacity",
    ),
    (409, {"error": "governor policy blocked start"}, NoCapacity, "host has no capacity"),
    (409, {"error": "aborted: no capacity"}, NoCapacity, "another region"),
    (409, b"", VersionConflict, "was changed after the plan"),
    # 412
    (412, {"error": "failed_precondition: unable to start machine from current state: 'created'"}, Settling, "changing its state"),
    (412, {"error": "failed_precondition: machine getting replaced, refusing to start"}, Settling, "changing its state"),
    (412, {"error": "failed_precondition: machine still active, refusing to start"}, Settling, "changing its state"),
    (
        412,
        {"error": "failed_precondition: volume already claimed by machine \x00\x00"},
        VolumeClaimed,
        "still belongs",
    ),
    (
        412,
        {"error": "failed_precondition: unable to destroy machine, not currently stopped, suspended, failed or created"},
        Settling,
        "changing its state",
    ),
    (412, {"error": "x", "status": "volume_placement_capacity"}, NoCapacity, "fly volumes fork"),
    (
        412,
        {
            "error": "failed_precondition: insufficient resources to create new machine with existing volume id 'vol_1'"
        },
        NoCapacity,
        "fly volumes fork",
    ),
    (412, {"error": "lease nonce is not valid"}, LeaseLost, "The lease on the machine"),
    # other refusals
    (400, {"error": "invalid_argument: invalid config.guest: cpus"}, Refused, ""),
    (
        400,
        {"error": "invalid_argument: could not resolve image: MANIFEST_UNKNOWN: manifest unknown"},
        ImageUnknown,
        "pushed",
    ),
    (401, {"error": "Authenticate: token validation error"}, Unauthorized, "fly tokens create deploy"),
    (403, {"error": "unauthorized"}, Unauthorized, "is for another app"),
    (404, {"error": "app not found"}, AppNotFound, "organization"),
    (404, {"error": 'Could not find App "machine-lease"'}, AppNotFound, "organization"),
    (404, {"error": "machine not found"}, MachineGone, ""),
    (404, b"", MachineGone, ""),
    (404, {"status": "error", "message": "lease not found", "code": "not_found"}, LeaseLost, ""),
    (408, {"error": "deadline_exceeded: machine failed to reach desired state"}, Unavailable, "Try again"),
    (
        422,
        {"error": "could not find a candidate host", "status": "insufficient_capacity"},
        NoCapacity,
        "another region",
    ),
    (422, {"error": "Name has already been taken", "status": "name_taken"}, NameTaken, ""),
    (
        422,
        {"error": "To create more than 1 machine per app please add a payment method."},
        Refused,
        "",
    ),
    (429, {"error": "rate limit exceeded"}, Unavailable, "Try again"),
    (500, {"error": "internal: lease manager is down"}, Unavailable, "Try again"),
    (502, b"<html><body><h1>502</h1></body></html>", Unavailable, "Try again"),
    (307, b"", Refused, "FLY_FLAPS_BASE_URL"),
    (520, b"", Unavailable, "Try again"),
    (501, b"", Refused, ""),
]  # fmt: skip


def refusal(status: int, body: Any, *, holding: bool = False, hidden: tuple[str, ...] = ()) -> FleetError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(
        what="updating machine 148e",
        status=status,
        headers=httpx.Headers({"fly-request-id": "01HQ-ams"}),
        content=content,
    )
    return classify(answer, holding=holding, hidden=hidden)


@pytest.mark.parametrize(("status", "body", "kind", "hint"), CASES)
def test_a_refusal__says_what_to_do(status: int, body: Any, kind: type[FleetError], hint: str) -> None:
    found = refusal(status, body)
    assert type(found) is kind
    assert hint in found.hint
    assert str(found).startswith(f"updating machine 148e: HTTP {status}")
    assert str(found).endswith("(fly-request-id 01HQ-ams)")
    assert found.exit_code == 6


def test_the_holder_and_the_existing_machine__are_read_from_the_text() -> None:
    held, taken = refusal(409, {"message": HELD}), refusal(409, CASES[4][1])
    assert isinstance(held, LeaseHeld)
    assert held.holder == "7c1e@tokens.fly.io"
    assert isinstance(taken, NameTaken)
    assert taken.machine == ID


def test_who_sent_a_nonce_and_hears_of_another_holder__has_lost_the_lease() -> None:
    assert type(refusal(409, {"message": HELD}, holding=True)) is LeaseLost


@pytest.mark.parametrize("status", [409, 412])
@pytest.mark.parametrize(
    ("text", "holding", "kind"),
    [
        ("the lease is somebody else's", False, LeaseHeld),
        ("the lease is somebody else's", True, LeaseLost),
        ("invalid nonce", False, LeaseLost),
        ("invalid nonce", True, LeaseLost),
        ("lease currently held by jo, nonce does not match", False, LeaseHeld),
    ],
)
def test_a_conflict_about_a_lease__one_word_of_it_is_enough(
    status: int, text: str, holding: bool, kind: type[FleetError]
) -> None:
    assert type(refusal(status, {"error": text}, holding=holding)) is kind


@pytest.mark.parametrize(
    ("text", "holding", "kind"),
    [
        ("lease nonce does not match", True, LeaseLost),
        ("invalid nonce", True, LeaseLost),
        ("the lease is somebody else's", True, LeaseLost),
        ("lease nonce does not match", False, Unauthorized),
        ("unauthorized", True, Unauthorized),
    ],
)
def test_a_403__is_about_the_token_unless_it_speaks_of_our_lease(
    text: str, holding: bool, kind: type[FleetError]
) -> None:
    assert type(refusal(403, {"error": text}, holding=holding)) is kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"errors": {"detail": "no such thing"}}, "no such thing"),
        ({"error": "first", "errors": {"detail": "second"}}, "first"),
        ({"errors": ["no such thing"]}, ""),
    ],
)
def test_the_text__may_be_in_the_detail_of_the_errors(body: Any, words: str) -> None:
    assert f"HTTP 400{f' {words}' if words else ''} (" in f"{refusal(400, body)} ("


@pytest.mark.parametrize(
    "text",
    [
        'aborted: conflict on machine "please-release"',
        "aborted: machine of app unleashed is at another version",
    ],
)
def test_a_name_that_sounds_like_a_cause__is_none(text: str) -> None:
    assert type(refusal(409, {"error": text})) is VersionConflict


def test_the_status_word__goes_before_the_prose() -> None:
    found = refusal(409, {"error": "lease is fine, name exists", "status": "insufficient_capacity"})
    assert type(found) is NoCapacity


def test_secrets_that_a_server_echoes__are_not_repeated() -> None:
    found = refusal(400, {"error": "bad nonce 5c35f65c, token fm2_secret"}, hidden=("fm2_secret", "5c35f65c"))
    assert "bad nonce ***, token ***" in str(found)


def test_values_of_a_config_that_a_server_quotes__are_not_repeated() -> None:
    config = {
        "env": {"DB": "hunter2hunter2", "KIND": "machine", "PIN": "1"},
        "files": [{"guest_path": "/etc/app", "raw_value": "aHVudGVyMg=="}],
        "services": [{"checks": [{"headers": [{"name": "Authorization", "values": ["hunter3"]}]}]}],
    }
    said = "machine 1 not found: hunter2hunter2, aHVudGVyMg==, hunter3, /etc/app"
    found = classify(
        Answer(what="w", status=404, headers=httpx.Headers(), content=json.dumps({"error": said}).encode()),
        holding=False,
        hidden=(),
        private=private_values({"config": config}),
    )
    assert isinstance(found, MachineGone)
    assert "*** 1 not found: ***, ***, ***, /etc/app" in str(found)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00<", b"[1,2", b'{"error": {"message": "m"}}', b'{"error": 7}', b"null", b'"text"', b"[]",
        b'{"error": NaN}', b'{"a":' * 50_000, b'{"error": "\\ud800\\u0000\\u001b[31m"}', b"x" * 1_000_000,
    ],
)  # fmt: skip
def test_a_body_of_any_kind__is_taken_on_one_short_line(body: bytes) -> None:
    found = refusal(400, body)
    assert type(found) is Refused
    text = str(found)
    assert len(text) < 420
    assert text.encode().decode().isprintable()
