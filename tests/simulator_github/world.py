"""What this GitHub holds: one repository, its pull requests and comments, and who may do what."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_BODY = 65_536
"""Characters. GitHub's error names this limit (docs: troubleshooting the REST API, validation failed)."""

READ_ONLY = {"metadata": "read", "contents": "read", "pull-requests": "read", "issues": "read"}
WRITE = READ_ONLY | {"pull-requests": "write"}
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
    commits: tuple[str, ...] = ()
    locked: bool = False
    hidden_for: int = 0
    """How many more times commits/{sha}/pulls leaves this pull request out (it is eventually consistent)."""


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
    next_comment: int = 2_900_000_001
    now: Callable[[], float] = time.time

    def account_id(self, login: str) -> int:
        """The number of an account, made up on first sight."""
        return self.accounts.setdefault(login, 41_898_282 if login == BOT else 1_000 + len(self.accounts))

    def add_pull(self, **fields: Any) -> Pull:
        """Open a pull request. `number` may be left out."""
        number = fields.pop("number", None) or max(self.pulls, default=0) + 1
        pull = Pull(number=number, created=int(self.now()), **fields)
        self.pulls[number] = pull
        return pull

    def merge(self, number: int, *, sha: str, commits: tuple[str, ...] = (), hidden_for: int = 0) -> Pull:
        """Merge it as commit `sha`; a rebase brings more `commits`."""
        pull = self.pulls[number]
        pull.merged, pull.merge_commit_sha = int(self.now()), sha
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
            comment.body, comment.editor = body, editor
            comment.edited = comment.updated = int(self.now())
        return comment

    def delete_comment(self, number: int) -> None:
        """What DELETE does."""
        self.comment(number)
        del self.comments[number]

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


def _unprocessable(code: str, message: str, *, field: str) -> Trouble:
    error = {"resource": "IssueComment", "code": code, "field": field, "message": message}
    return Trouble(422, "Validation Failed", errors=[error])
