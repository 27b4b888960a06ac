"""What this GitHub holds: one repository, its pull requests, comments and statuses, and who may do what.

branches.py is what happens to its commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulator_github.git import Repository

LONGEST_BODY = 65_536
"""Characters. GitHub's error names this limit (docs: troubleshooting the REST API, validation failed)."""

MOST_STATUSES = 1_000
"""Of one commit and context (docs: commit statuses)."""
LONGEST_DESCRIPTION = 140

READ_ONLY = {
    "metadata": "read",
    "contents": "read",
    "pull-requests": "read",
    "issues": "read",
    "statuses": "read",
}
WRITE = READ_ONLY | {"pull-requests": "write", "statuses": "write"}
"""What the README's workflow asks for."""
BOT = "github-actions[bot]"
DEFAULT_TOKEN = "ghs_simulated"


class Trouble(Exception):
    """A refusal: the status and JSON that GitHub would answer with."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.document = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
            **more,
        }


@dataclass(kw_only=True)
class Token:
    """Who speaks, and what they may do. An installation token (a job's GITHUB_TOKEN) cannot read /user."""

    login: str
    permissions: Mapping[str, str]
    installation: bool = True


@dataclass(kw_only=True)
class Comment:
    """An issue comment. `editor` is the last one who changed the body; None also where that account is deleted."""

    id: int
    pull: int
    author: str | None
    body: str
    created: int
    updated: int
    editor: str | None = None
    edited: int | None = None
    minimized: str | None = None
    """The reason, where somebody hid it."""
    versions: list[str] = field(default_factory=list)
    """The texts before this one, oldest first."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """A commit status: never changed, never deleted by hand."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: str | None
    created: int


@dataclass(kw_only=True)
class Branch:
    """A branch of this repository, or of a fork (then its name holds a colon)."""

    sha: str
    protected: bool = False


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """A pull request in the merge queue. `head` is the commit that would be merged, `base` its parent."""

    pull: int
    base: str
    head: str
    state: str = "AWAITING_CHECKS"


@dataclass(kw_only=True)
class Pull:
    """A pull request. `commits` are those it brought to the base branch, the merge commit last."""

    number: int
    title: str = "A change"
    author: str = "mona"
    head_sha: str = "1" * 40
    head_ref: str = "change"
    head_repository: str | None = None
    """None: the repository itself. "": a fork that was deleted."""
    base_ref: str = "main"
    created: int = 0
    merged: int | None = None
    merge_commit_sha: str | None = None
    base_sha: str = "0" * 40
    updated: int = 0
    closed: int | None = None
    commits: tuple[str, ...] = ()
    count: int = 1
    """Commits of its head that its base had not, when it was merged."""
    draft: bool = False
    locked: bool = False
    hidden_for: int = 0
    """How many more times commits/{sha}/pulls and the list leave it out (they are eventually consistent)."""
    unsettled_for: int = 0
    """How many more times `merge_commit_sha` is null, as it may be for a moment after the merge."""


@dataclass(kw_only=True)
class World:
    """All of it. `now` gives seconds since 1970."""

    repository: str = "octo/acme-shop"
    default_branch: str = "main"
    private: bool = True
    tokens: dict[str, Token] = field(
        default_factory=lambda: {DEFAULT_TOKEN: Token(login=BOT, permissions=WRITE)}
    )
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    retention_days: int = 90
    """Statuses older than that are gone."""
    git: Repository = field(default_factory=Repository)
    branches: dict[str, Branch] = field(default_factory=dict)
    queues: dict[str, list[QueueEntry]] = field(default_factory=dict)
    """Merge queues by branch, first in line first."""
    next_comment: int = 2_900_000_001
    now: Callable[[], float] = time.time

    def account_id(self, login: str) -> int:
        """The number of an account, chosen when it is first asked for."""
        return self.accounts.setdefault(login, 41_898_282 if login == BOT else 1_000 + len(self.accounts))

    def add_pull(self, **fields: Any) -> Pull:
        """Open a pull request. `number` may be left out."""
        number = fields.pop("number", None) or max(self.pulls, default=0) + 1
        pull = Pull(number=number, **{"created": int(self.now()), "updated": int(self.now()), **fields})
        self.pulls[number] = pull
        return pull

    def merge(self, number: int, *, sha: str, commits: tuple[str, ...] = (), hidden_for: int = 0) -> Pull:
        """Merge it as commit `sha`, which may be made up; a rebase brings more `commits`."""
        pull = self.pulls[number]
        pull.merged = pull.closed = pull.updated = int(self.now())
        pull.merge_commit_sha = sha
        pull.commits, pull.hidden_for = (*commits, sha), hidden_for
        return pull

    def pull(self, number: int) -> Pull:
        """That pull request, or 404."""
        try:
            return self.pulls[number]
        except KeyError:
            raise Trouble(404, "Not Found") from None

    def comment(self, number: int) -> Comment:
        """That comment, or 404."""
        try:
            return self.comments[number]
        except KeyError:
            raise Trouble(404, "Not Found") from None

    def comments_of(self, pull: int) -> list[Comment]:
        """Oldest first."""
        self.pull(pull)
        return [comment for _, comment in sorted(self.comments.items()) if comment.pull == pull]

    def add_comment(self, pull: int, *, author: str, body: str) -> Comment:
        """What POST does, whoever asks."""
        if self.pull(pull).locked:
            raise Trouble(403, "Unable to create comment because issue is locked.")
        check_body(body)
        moment = int(self.now())
        comment = Comment(
            id=self.next_comment, pull=pull, author=author, body=body, created=moment, updated=moment
        )
        self.comments[comment.id] = comment
        self.next_comment += 1
        return comment

    def edit_comment(self, number: int, *, editor: str | None, body: str) -> Comment:
        """What PATCH does, whoever asks. Writing the same text again is no edit."""
        comment = self.comment(number)
        check_body(body)
        if comment.body != body:
            comment.versions.append(comment.body)
            comment.body, comment.editor = body, editor
            comment.edited = comment.updated = int(self.now())
        return comment

    def delete_comment(self, number: int) -> None:
        """What DELETE does."""
        self.comment(number)
        del self.comments[number]

    def add_status(self, sha: str, *, creator: str | None, state: object, **fields: Any) -> Status:
        """What POST does, whoever asks."""
        if sha not in self.git and all(sha != pull.head_sha for pull in self.pulls.values()):
            raise Trouble(422, f"No commit found for SHA: {sha}")
        context = fields.get("context") or "default"
        description = fields.get("description")
        if state not in ("error", "failure", "pending", "success"):
            raise _unprocessable("custom", "State is not included in the list", field="state", of="Status")
        if description is not None and len(description) > LONGEST_DESCRIPTION:
            text = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
            raise _unprocessable("custom", text, field="description", of="Status")
        if len(context) > 255:
            raise _unprocessable(
                "custom", "context is too long (maximum is 255 characters)", field="context", of="Status"
            )
        if sum(s.sha == sha and s.context == context for s in self.statuses) >= MOST_STATUSES:
            text = "This SHA and context has reached the maximum number of statuses."
            raise _unprocessable("custom", text, field="base", of="Status")
        status = Status(
            id=31_000_000_001 + len(self.statuses),
            sha=sha,
            state=str(state),
            context=context,
            description=description,
            target_url=fields.get("target_url"),
            creator=creator,
            created=int(self.now()),
        )
        self.statuses.append(status)
        return status

    def statuses_of(self, sha: str) -> list[Status]:
        """Newest first, those that are past retention left out."""
        oldest = self.now() - self.retention_days * 86_400
        return [s for s in reversed(self.statuses) if s.sha == sha and s.created >= oldest]

    def pulls_with(self, sha: str) -> list[Pull]:
        """commits/{sha}/pulls: the merged ones that brought it, else the open ones that hold it."""
        found = []
        for pull in self.pulls.values():
            if sha in pull.commits or sha == pull.head_sha:
                if pull.hidden_for:
                    pull.hidden_for -= 1
                else:
                    found.append(pull)
        return found


def check_body(body: object) -> None:
    """422 as GitHub words it."""
    if not isinstance(body, str) or not body.strip():
        raise _unprocessable("missing_field", "Body can't be blank", field="body")
    if any("\ud800" <= character <= "\udfff" for character in body):
        raise Trouble(400, "Problems parsing JSON")
    if len(body) > LONGEST_BODY:
        raise _unprocessable(
            "unprocessable", f"Body is too long (maximum is {LONGEST_BODY} characters)", field="data"
        )


def _unprocessable(code: str, message: str, *, field: str, of: str = "IssueComment") -> Trouble:
    error = {"resource": of, "code": code, "field": field, "message": message}
    return Trouble(422, "Validation Failed", errors=[error])
