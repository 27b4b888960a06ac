"""What GitHub's refusals become, and that their words are safe to show."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from github import GithubException

from entrypoint.adapters.github.failures import Attempt, Malformed, Permission, graphql_failure, translate
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.review_errors import (
    BadToken,
    BodyTooLong,
    Declined,
    GithubError,
    MayNot,
    MayNotComment,
    MayNotSetStatus,
    NotFound,
    RateLimited,
    Unreachable,
)
from entrypoint.kernel.secrets import Secret

TOKEN = "ghs_0123456789abcdef"


def attempt(*, needs: Permission = Permission.READ, api_url: str = "https://api.github.com") -> Attempt:
    return Attempt(what="comment on #7", api_url=api_url, secret=Secret(TOKEN), needs=needs)


def refusal(
    status: int,
    document: Any = None,
    headers: dict[str, str] | None = None,
    *,
    needs: Permission = Permission.READ,
) -> GithubError:
    failure = translate(GithubException(status, document, headers), attempt(needs=needs))
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (401, {"message": "Bad credentials"}, BadToken),
        (403, {"message": "Resource not accessible by integration"}, MayNot),
        (404, {"message": "Not Found"}, NotFound),
        (410, {"message": "This issue was deleted"}, NotFound),
        (409, {"message": "Conflict"}, Declined),
        (422, {"message": "Validation Failed", "errors": [{"message": "Body is too long (maximum is 65536 characters)"}]}, BodyTooLong),
        (422, {"message": "Validation Failed", "errors": [{"code": "missing_field"}]}, Declined),
        (422, {"message": "Validation Failed", "errors": ["text"]}, Declined),
        (500, {"data": "<html>unicorn</html>"}, Unreachable),
        (502, None, Unreachable),
        (503, ["a", "list"], Unreachable),
        (429, {"message": "Too many"}, RateLimited),
        (403, {"message": "You have exceeded a secondary rate limit and have been blocked"}, RateLimited),
        (403, {"message": "API rate limit exceeded for installation ID 1."}, RateLimited),
        (400, {"message": None}, Declined),
    ],
)  # fmt: skip
def test_each_status_has_its_class(status: int, document: Any, expected: type[GithubError]) -> None:
    failure = refusal(status, document)
    assert type(failure) is expected
    assert failure.exit_code is ExitCode.OUTSIDE
    assert "comment on #7" in str(failure)


def test_a_read_only_token_is_told_which_permission_it_lacks() -> None:
    failure = refusal(403, {"message": "Resource not accessible by integration"}, needs=Permission.COMMENT)
    assert isinstance(failure, MayNotComment)
    assert "pull-requests: write" in str(failure)
    assert "fork" in failure.hint.lower()


def test_a_token_that_cannot_set_statuses_is_told_so() -> None:
    failure = refusal(403, {"message": "Resource not accessible by integration"}, needs=Permission.STATUS)
    assert isinstance(failure, MayNotSetStatus)
    assert "statuses: write" in str(failure)
    assert "statuses: write" in failure.hint


def test_a_locked_conversation_is_not_blamed_on_permissions() -> None:
    failure = refusal(
        403, {"message": "Unable to create comment because issue is locked."}, needs=Permission.COMMENT
    )
    assert isinstance(failure, MayNotComment)
    assert "pull-requests: write" not in str(failure) + failure.hint
    assert "Unlock" in failure.hint


def test_a_rate_limit_says_until_when() -> None:
    reset = int(time.time()) + 3000
    failure = refusal(
        403,
        {"message": "API rate limit exceeded"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)},
    )
    assert isinstance(failure, RateLimited)
    assert failure.wait is not None
    assert 2990 < failure.wait <= 3002
    assert f"until {time.strftime('%H:%M', time.gmtime(reset + 1))}" in str(failure)


def test_retry_after_counts_before_the_reset() -> None:
    failure = refusal(
        429, {}, {"retry-after": "7", "x-ratelimit-reset": "99999999999", "x-ratelimit-remaining": "0"}
    )
    assert isinstance(failure, RateLimited)
    assert failure.wait == 7


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 40])
def test_a_retry_after_that_is_no_number_is_no_wait(text: str) -> None:
    failure = refusal(403, {"message": "x"}, {"retry-after": text})
    assert isinstance(failure, RateLimited)
    assert failure.wait is None


def test_a_reset_with_requests_left_is_no_rate_limit() -> None:
    headers = {"x-ratelimit-remaining": "17", "x-ratelimit-reset": "99999999999"}
    assert type(refusal(403, {"message": "no"}, headers)) is MayNot


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (requests.exceptions.ConnectTimeout("x"), "no answer in time"),
        (requests.exceptions.ReadTimeout("x"), "no answer in time"),
        (requests.exceptions.SSLError("x"), "certificate"),
        (requests.exceptions.ConnectionError(f"Authorization: {TOKEN}"), "ConnectionError"),
        (requests.exceptions.ChunkedEncodingError("x"), "ChunkedEncodingError"),
        (ValueError(f"Invalid header {TOKEN}"), "cannot be read"),
        (AssertionError("evil.example"), "another server"),
        (RuntimeError("redirected"), "another server"),
        (RecursionError("deep"), "another shape"),
        (OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /x"), "CA certificate"),
        (AttributeError("get"), "another shape"),
        (Malformed("the answer lacks a list"), "lacks a list"),
    ],
)
def test_trouble_on_the_way_is_unreachable(error: Exception, word: str) -> None:
    failure = translate(error, attempt())
    assert type(failure) is Unreachable
    assert word in str(failure)
    assert TOKEN not in str(failure) + failure.hint


def test_what_is_not_githubs_doing_is_left_alone() -> None:
    assert translate(ImportError("no github"), attempt()) is None


def test_a_servers_words_are_short_plain_and_without_our_token() -> None:
    hostile = f"a\n::error::b\r\x1b[31m\u202e {TOKEN} " + "x" * 5000
    text = str(refusal(409, {"message": hostile}))
    assert TOKEN not in text
    assert "***" in text
    assert text.isprintable()
    assert len(text) < 500


def test_credentials_in_a_url_are_not_shown() -> None:
    failure = translate(
        requests.exceptions.ReadTimeout(), attempt(api_url="https://me:pw@ghe.example/api/v3")
    )
    assert "pw" not in str(failure)
    assert "ghe.example" in str(failure)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}], RateLimited),
        ([{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}], MayNot),
        ([{"message": "Something went wrong while executing your query."}], Unreachable),
        ([{"message": "Field 'x' doesn't exist on type 'IssueComment'"}], Declined),
        ([], Declined),
        ("nonsense", Declined),
        (["text"], Declined),
        ([{"message": ["odd"]}], Declined),
    ],
)
def test_graphql_says_it_in_its_own_way(errors: object, expected: type[GithubError]) -> None:
    assert type(graphql_failure(errors, attempt())) is expected
