"""Objects as GitHub's REST API writes them: every URL on the host that was asked."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from tests.simulator_github.branches import merge_ref
from tests.simulator_github.world import Comment, Pull, World


def moment(seconds: int | None) -> str | None:
    """ISO 8601 in UTC, whole seconds."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int) -> str:
    """A global id: opaque to clients, like GitHub's."""
    return f"{kind}_kwDO{base64.urlsafe_b64encode(number.to_bytes(8, 'big')).decode().rstrip('=')}"


class Shapes:
    """Writes the objects of `world` with URLs below `base` (scheme, host, port, REST prefix)."""

    def __init__(self, world: World, base: str) -> None:
        self.world = world
        self.base = base
        self.site = base.removesuffix("/api/v3")
        self.repo_url = f"{base}/repos/{world.repository}"

    def user(self, login: str) -> dict[str, Any]:
        """A simple-user."""
        number = self.world.account_id(login)
        url = f"{self.base}/users/{login}"
        return {
            "login": login,
            "id": number,
            "node_id": node_id("U", number),
            "avatar_url": f"{self.site}/avatars/{number}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.site}/{login}",
            **{
                f"{name}_url": f"{url}/{name}"
                for name in ("followers", "organizations", "repos", "received_events", "subscriptions")
            },
            "following_url": f"{url}/following{{/other_user}}",
            "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
            "events_url": f"{url}/events{{/privacy}}",
            "type": "Bot" if login.endswith("[bot]") else "User",
            "site_admin": False,
        }

    def comment(self, comment: Comment) -> dict[str, Any]:
        """An issue-comment."""
        return {
            "url": f"{self.repo_url}/issues/comments/{comment.id}",
            "html_url": f"{self.site}/{self.world.repository}/pull/{comment.pull}#issuecomment-{comment.id}",
            "issue_url": f"{self.repo_url}/issues/{comment.pull}",
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": None if comment.author is None else self.user(comment.author),
            "created_at": moment(comment.created),
            "updated_at": moment(comment.updated),
            "author_association": "CONTRIBUTOR",
            "body": comment.body,
            "performed_via_github_app": None,
        }

    def pull(self, pull: Pull) -> dict[str, Any]:
        """A pull-request-simple."""
        url, issue = f"{self.repo_url}/pulls/{pull.number}", f"{self.repo_url}/issues/{pull.number}"
        html = f"{self.site}/{self.world.repository}/pull/{pull.number}"
        links = {
            "comments": f"{issue}/comments",
            "commits": f"{url}/commits",
            "statuses": f"{self.repo_url}/statuses/{pull.head_sha}",
            "review_comments": f"{url}/comments",
            "review_comment": f"{self.repo_url}/pulls/comments{{/number}}",
        }
        return {
            "url": url,
            "id": 7_000_000_000 + pull.number,
            "node_id": node_id("PR", pull.number),
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": issue,
            **{f"{name}_url": link for name, link in links.items()},
            "_links": {
                name: {"href": link}
                for name, link in {**links, "self": url, "html": html, "issue": issue}.items()
            },
            "number": pull.number,
            "state": "open" if pull.closed is None else "closed",
            "locked": pull.locked,
            "title": pull.title,
            "user": self.user(pull.author),
            "body": None,
            "labels": [],
            "milestone": None,
            "created_at": moment(pull.created),
            "updated_at": moment(pull.updated or pull.merged or pull.created),
            "closed_at": moment(pull.closed),
            "merged_at": moment(pull.merged),
            "merge_commit_sha": self._merge_commit(pull),
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "head": self._end(pull.head_ref, pull.head_sha, pull.head_repository),
            "base": self._end(pull.base_ref, pull.base_sha, self.world.repository),
            "author_association": "CONTRIBUTOR",
            "auto_merge": None,
            "draft": pull.draft,
        }

    def full_pull(self, pull: Pull) -> dict[str, Any]:
        """A pull-request."""
        merged, git = pull.merged is not None, self.world.git
        known = pull.closed is None and pull.head_sha in git
        fits = None if merged else not known or merge_ref(self.world, pull) is not None
        count = pull.count
        if known:
            count = len(git.between(self.world.branches[pull.base_ref].sha, pull.head_sha))
        return self.pull(pull) | {
            "merged": merged,
            "mergeable": fits,
            "rebaseable": fits,
            "mergeable_state": "unknown" if merged else "clean" if fits else "dirty",
            "merged_by": self.user(pull.author) if merged else None,
            "comments": len(self.world.comments_of(pull.number)),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": count,
            "additions": 1,
            "deletions": 1,
            "changed_files": 1,
        }

    def _merge_commit(self, pull: Pull) -> str | None:
        """The test merge of an open pull request; of a merged one the commit that merged it, known a moment later."""
        if pull.closed is None:
            return merge_ref(self.world, pull)
        if pull.unsettled_for:
            pull.unsettled_for -= 1
            return None
        return pull.merge_commit_sha

    def _end(self, ref: str, sha: str, repository: str | None) -> dict[str, Any]:
        """One end of a pull request. `repository` None: this one; "": a fork that was deleted."""
        name = self.world.repository if repository is None else repository
        owner = name.split("/", maxsplit=1)[0]
        return {
            "label": f"{owner or 'unknown'}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(owner) if owner else None,
            "repo": self.repository(name) if name else None,
        }

    def repository(self, full_name: str) -> dict[str, Any]:
        """A repository; `full_repository` adds what only GET repos/{owner}/{repo} has."""
        owner, name = full_name.split("/")
        url = f"{self.base}/repos/{full_name}"
        clone = f"{self.site}/{full_name}.git"
        here = full_name == self.world.repository
        number = 500 if here else 501
        return {
            "id": number,
            "node_id": node_id("R", number),
            "name": name,
            "full_name": full_name,
            "owner": self.user(owner),
            "private": self.world.private,
            "html_url": f"{self.site}/{full_name}",
            "description": None,
            "fork": not here,
            "url": url,
            **{f"{link}_url": f"{url}/{link}" for link in _LINKS},
            **{f"{link}_url": f"{url}/{link.replace('_', '/')}{{/id}}" for link in _TEMPLATES},
            "git_url": clone.replace("http", "git", 1),
            "ssh_url": f"git@github.invalid:{full_name}.git",
            "clone_url": clone,
            "svn_url": clone,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            **dict.fromkeys(_COUNTS, 0),
            "default_branch": self.world.default_branch,
            **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
            **dict.fromkeys(("has_pages", "has_discussions", "archived", "disabled"), False),
            "license": None,
            **dict.fromkeys(("created_at", "updated_at", "pushed_at"), "2026-01-01T00:00:00Z"),
        }

    def full_repository(self) -> dict[str, Any]:
        """A full-repository: the one this world is about."""
        return self.repository(self.world.repository) | {"network_count": 0, "subscribers_count": 0}


_LINKS = (
    "contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges", "stargazers",
    "subscribers", "subscription", "tags", "teams",
)  # fmt: skip
_TEMPLATES = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "git_commits", "git_refs", "git_tags", "issue_comment", "issue_events", "issues", "keys", "labels", "milestones",
    "notifications", "pulls", "releases", "statuses", "trees",
)  # fmt: skip
_COUNTS = (
    "forks_count", "stargazers_count", "watchers_count", "size", "open_issues_count", "forks", "open_issues", "watchers",
)  # fmt: skip
