"""Requests and answers of the Machines API held against Fly's OpenAPI document (data/machines-openapi.json)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.responses.exceptions import ResponseFinderError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.contract.disagreements import (
    DISAGREEMENTS,
    Disagreement,
    allow_comma_lists,
    allow_undocumented_bodies,
    is_known_error_body,
)

DOCUMENT = Path(__file__).parent / "data" / "machines-openapi.json"
_HOST = "https://api.machines.dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer. Pairs may repeat a name."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int = 200
    reply_headers: tuple[tuple[str, str], ...] = ()
    reply: bytes = b""


class _Request:
    """What openapi-core asks of a request."""

    host_url = _HOST

    def __init__(self, exchange: Exchange) -> None:
        self.path = exchange.path
        self.method = exchange.method.lower()
        self.body = exchange.body or None
        self.content_type = "application/json"
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(exchange.query),
            header=Headers(exchange.headers),
            cookie=ImmutableMultiDict({}),
        )


class _Response:
    """What openapi-core asks of a response."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.data = exchange.reply
        self.headers = Headers(exchange.reply_headers)
        self.content_type = self.headers.get("content-type", "").partition(";")[0]


def is_covered(path: str) -> bool:
    """Whether the document speaks of such paths at all."""
    return path.startswith("/v1/")


def find_violations(
    exchange: Exchange, *, judge_request: bool | None = None, judge_answer: bool = True
) -> list[str]:
    """What is against the document. Unless told, a request counts if it was taken: refusing a bad one is right."""
    if not is_covered(exchange.path):
        return []
    where = f"{exchange.method} {exchange.path} → {exchange.status}"
    found = _check_response(exchange) if judge_answer else []
    if exchange.status < 400 if judge_request is None else judge_request:
        found += _check_request(exchange)
    return [f"{where}: {text}" for text in dict.fromkeys(found)]


def _check_request(exchange: Exchange) -> list[str]:
    try:
        load_document().validate_request(_Request(exchange))
    except OpenAPIError as error:
        return list(_explain("request", error))
    return []


def _check_response(exchange: Exchange) -> list[str]:
    try:
        load_document().validate_response(_Request(exchange), _Response(exchange))
    except PathError as error:
        return [] if exchange.status in {404, 405} else [f"no such path in the document: {error}"]
    except ResponseFinderError:
        if exchange.status >= 400 and is_known_error_body(exchange.reply):
            return []
        return [f"answer: status {exchange.status} is not documented, and its body is no known error"]
    except OpenAPIError as error:
        return list(_explain("answer", error))
    return []


def _explain(what: str, error: Exception) -> Iterable[str]:
    """The schema errors at the bottom of openapi-core's chain."""
    cause: BaseException | None = error
    while cause is not None:
        details: Any = getattr(cause, "schema_errors", None)
        if details:
            for detail in details:
                yield f"{what} at /{'/'.join(str(part) for part in detail.absolute_path)}: {detail.message[:200]}"
            return
        cause = cause.__cause__
    yield f"{what}: {type(error).__name__}: {str(error)[:200]}"


@cache
def load_document(without: Disagreement | None = None) -> OpenAPI:
    """The document, amended but for `without`. Read and compiled once a process."""
    return OpenAPI.from_dict(read_amended(without))


def read_amended(without: Disagreement | None = None) -> dict[str, Any]:
    """The document as published, amended by what is known to differ."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    for disagreement in DISAGREEMENTS:
        if disagreement is not without:
            disagreement.amend(document)
    allow_undocumented_bodies(document)
    allow_comma_lists(document)
    return document
