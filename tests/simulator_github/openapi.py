"""Requests and answers, held against GitHub's OpenAPI document (tests/contract/github-openapi.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

DOCUMENT = Path(__file__).parent.parent / "contract" / "github-openapi.json"
HOST = "https://api.github.com"


@lru_cache(maxsize=1)
def _document() -> OpenAPI:
    return OpenAPI.from_dict(json.loads(DOCUMENT.read_text("utf-8")))


class Exchange:
    """One request and its answer."""

    def __init__(
        self, *, method: str, path: str, query: dict[str, str], body: bytes, content_type: str
    ) -> None:
        self._request = MockRequest(
            HOST,
            method.lower(),
            _one_segment(path),
            args=query,
            data=body or None,
            content_type=content_type or "application/json",
        )

    def request_violations(self) -> list[str]:
        """What the document does not allow in the request."""
        return list(_texts(_document().iter_request_errors(self._request)))

    def response_violations(self, *, status: int, body: bytes, content_type: str) -> list[str]:
        """What the document does not allow in the answer."""
        response = MockResponse(body, status_code=status, content_type=content_type.split(";", maxsplit=1)[0])
        return list(_texts(_document().iter_response_errors(self._request, response)))


def _one_segment(path: str) -> str:
    """The names of branches and references hold slashes; in the document's paths they are one parameter."""
    for before in ("/git/ref/", "/branches/", "/compare/"):
        head, found, name = path.partition(before)
        if found:
            return f"{head}{found}{name.replace('/', '%2F')}"
    return path


def _texts(errors: Iterator[Exception]) -> Iterator[str]:
    for error in errors:
        details = getattr(error.__cause__, "schema_errors", None) or ()
        yield (
            f"{error} {[str(detail.message) for detail in details]}"
            if details
            else f"{type(error).__name__}: {error}"
        )
