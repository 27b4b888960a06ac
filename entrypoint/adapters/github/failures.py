"""Translates what PyGithub, requests and urllib3 raise into errors of kernel/review_errors.py, with what to do."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

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

_LONGEST_QUOTE = 300


class Permission(StrEnum):
    """What a request needs, as in a workflow's `permissions`."""

    READ = "contents: read"
    COMMENT = "pull-requests: write"
    STATUS = "statuses: write"


_PERMISSION = "Give the job `permissions: {contents: read, pull-requests: write, statuses: write}`."

_READ_ONLY = "Pull requests from forks and from Dependabot get a read-only token."

_MAY_NOT = {
    Permission.READ: MayNot,
    Permission.COMMENT: MayNotComment,
    Permission.STATUS: MayNotSetStatus,
}

_OTHER_REASONS = {
    "locked": "Unlock the conversation of the pull request.",
    "archived": "Nothing can be written in an archived repository: unarchive it.",
    "saml": "Authorize the token for single sign-on of the organization, or leave `github-token` out: a job's own token needs none.",
    "ip allow list": "Run the job where the organization's IP allow list lets it through, or add the runner's address to the list.",
}
"""What to do about refusals that no permission of the job can help, by words of GitHub's message in lower case."""


class Malformed(Exception):
    """An answer that we cannot use. The text says why, in our words."""


class Moved(Exception):
    """A redirect. `location`: where to."""

    def __init__(self, status: int, *, location: str) -> None:
        super().__init__(status)
        self.status = status
        self.location = location


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request, as its error describes it."""

    what: str
    api_url: str
    secret: Secret
    needs: Permission


def translate(error: Exception, attempt: Attempt) -> GithubError | None:
    """The failure that `error` means; None if it is a bug of ours."""
    import requests
    from github import GithubException

    match error:
        case GithubError():
            return error
        case Malformed():
            return _unreachable(attempt, str(error))
        case Moved():
            return _moved(error, attempt)
        case GithubException():
            return _refusal(error.status, error.data, error.headers or {}, attempt)
        case requests.exceptions.SSLError():
            return _unreachable(
                attempt, "the TLS certificate was not accepted", hint="Check GITHUB_API_URL and the CA file."
            )
        case requests.exceptions.Timeout():
            return _unreachable(attempt, "no answer in time")
        case requests.exceptions.RequestException():
            return _unreachable(attempt, f"the connection failed ({type(error).__name__})")
        case OSError():
            hint = "A file that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names has to exist inside the container."
            return _unreachable(attempt, _quote(error, attempt), hint=hint)
        case ValueError():
            return _unreachable(attempt, "the answer cannot be read")
        case TypeError() | AttributeError() | RecursionError():
            # PyGithub does not check the shape of an error's JSON.
            return _unreachable(attempt, "the answer has another shape than GitHub documents")
        case AssertionError() | RuntimeError():
            # PyGithub refuses addresses of other servers.
            return _elsewhere(attempt)
        case _:
            return None


def _moved(moved: Moved, attempt: Attempt) -> GithubError:
    """GitHub redirects requests for a repository that has been renamed or transferred."""
    here, there = urlsplit(attempt.api_url), urlsplit(urljoin(attempt.api_url, moved.location))
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        return _elsewhere(attempt)
    return Declined(
        f"GitHub did not {attempt.what}: the repository has another name or owner now (HTTP {moved.status})",
        hint="This run has the old name. Start a new run of the workflow: it has the new one.",
    )


def _elsewhere(attempt: Attempt) -> Unreachable:
    return _unreachable(attempt, "the answer points to another server", hint="Check GITHUB_API_URL.")


def graphql_failure(errors: object, attempt: Attempt) -> GithubError:
    """The failure in a GraphQL answer, which has status 200 and a list of errors."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    if str(first.get("message")).startswith("Something went wrong"):
        return _unreachable(attempt, _quote(first.get("message"), attempt))
    match first.get("type"):
        case "RATE_LIMITED":
            return _rate_limited({}, attempt)
        case "FORBIDDEN" | "INSUFFICIENT_SCOPES":
            return _may_not(first.get("message"), attempt)
        case _:
            return Declined(f"GitHub did not {attempt.what}: {_quote(first.get('message'), attempt)}")


def endless(attempt: Attempt) -> GithubError:
    """The failure of a list with too many pages."""
    return _unreachable(attempt, "the list has no end")


def incomplete(attempt: Attempt) -> GithubError:
    """The failure of a list whose pages lack something."""
    return _unreachable(attempt, "the answer does not have everything that it counts")


def _refusal(status: int, data: object, headers: Mapping[str, str], attempt: Attempt) -> GithubError:
    document: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    message = document.get("message")
    if status in (403, 429) and _is_rate_limit(status, message, headers):
        return _rate_limited(headers, attempt)
    match status:
        case 401:
            return BadToken(
                f"GitHub did not {attempt.what}: it does not accept the token (HTTP 401)",
                hint="A job's own token ends with the job; a personal token may have expired. Check `github-token`.",
            )
        case 403:
            return _may_not(message, attempt)
        case 404 | 410:
            return NotFound(
                f"GitHub did not {attempt.what}: not found (HTTP {status})",
                hint=f"It does not exist, or the token cannot see it. {_PERMISSION}",
            )
        case 422 if "too long" in str(document.get("errors", "")):
            return BodyTooLong(
                f"GitHub did not {attempt.what}: the text is too long (HTTP 422: {_details(document, attempt)})"
            )
        case _ if status >= 500:
            return _unreachable(attempt, f"HTTP {status}: {_quote(message, attempt)}")
        case _:
            return Declined(f"GitHub did not {attempt.what} (HTTP {status}: {_details(document, attempt)})")


def _may_not(message: object, attempt: Attempt) -> MayNot:
    said = _quote(message, attempt)
    kind = _MAY_NOT[attempt.needs]
    other = next((hint for words, hint in _OTHER_REASONS.items() if words in said.lower()), "")
    if other:
        return kind(f"GitHub did not {attempt.what} (HTTP 403: {said})", hint=other)
    if attempt.needs is Permission.READ:
        return kind(f"GitHub did not {attempt.what} (HTTP 403: {said})", hint=_PERMISSION)
    return kind(
        f"GitHub did not {attempt.what}: needs `permissions: {attempt.needs}` (HTTP 403: {said})",
        hint=f"{_PERMISSION} {_READ_ONLY}",
    )


def _is_rate_limit(status: int, message: object, headers: Mapping[str, str]) -> bool:
    """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api, "Exceeding the rate limit"."""
    text = str(message).lower()
    return (
        status == 429
        or "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "secondary rate limit" in text
        or "api rate limit exceeded" in text
    )


def _rate_limited(headers: Mapping[str, str], attempt: Attempt) -> RateLimited:
    wait = _seconds(headers.get("retry-after"))
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if wait is None and reset is not None and headers.get("x-ratelimit-remaining") == "0":
        wait = max(reset - time.time(), 0.0) + 1.0  # `reset` has whole seconds
    until = "" if wait is None else time.strftime(" until %H:%M:%S UTC", time.gmtime(time.time() + wait))
    return RateLimited(
        f"GitHub did not {attempt.what}: the rate limit is used up{until}",
        wait=wait,
        hint="Run the job again later. A job's own token has 1,000 requests an hour for the whole repository.",
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\d{1,12}(\.\d+)?", text) else None


def _unreachable(attempt: Attempt, reason: str, *, hint: str = "") -> Unreachable:
    return Unreachable(
        f"GitHub at {_quote(attempt.api_url, attempt)} did not {attempt.what}: {reason}",
        hint=hint or "Run the job again; https://www.githubstatus.com tells whether GitHub has trouble.",
    )


def _details(document: Mapping[str, object], attempt: Attempt) -> str:
    """`message` and what `errors` adds to it."""
    errors = document.get("errors")
    more = [
        str(error.get("message") or error.get("code")) if isinstance(error, Mapping) else str(error)
        for error in (errors if isinstance(errors, list) else ())
    ]
    return _quote("; ".join([str(document.get("message") or "no reason given"), *more]), attempt)


def _quote(text: object, attempt: Attempt) -> str:
    """A server's text on one line, shortened, without control characters and without our token."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text or "no reason given")).split())
    words = words.replace(attempt.secret.reveal(), "***")
    words = re.sub(r"//[^/@\s]*@", "//***@", words)
    return words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE]}…"
