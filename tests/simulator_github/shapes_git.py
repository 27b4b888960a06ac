"""Commits, statuses and branches as GitHub's REST API writes them."""

from __future__ import annotations

from typing import Any

from tests.simulator_github.shapes import Shapes, moment
from tests.simulator_github.world import Branch, Status

UNSIGNED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


class GitShapes(Shapes):
    """Everything that the REST API writes."""

    def status(self, status: Status) -> dict[str, Any]:
        """A status."""
        creator = None if status.creator is None else self.user(status.creator)
        return {
            "url": f"{self.repo_url}/statuses/{status.sha}",
            "avatar_url": creator["avatar_url"] if creator else None,
            "id": status.id,
            "node_id": f"SC_{status.id}",
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": moment(status.created),
            "updated_at": moment(status.created),
            "creator": creator,
        }

    def commit(self, sha: str) -> dict[str, Any]:
        """A commit."""
        info = self.world.git.info(sha)
        url = f"{self.repo_url}/commits/{sha}"
        return {
            "url": url,
            "sha": sha,
            "node_id": f"C_{sha[:12]}",
            "html_url": f"{self.site}/{self.world.repository}/commit/{sha}",
            "comments_url": f"{url}/comments",
            "commit": {
                "url": f"{self.repo_url}/git/commits/{sha}",
                **self._people(sha),
                "message": info.message,
                "comment_count": 0,
                "tree": self._tree(info.tree),
                "verification": UNSIGNED,
            },
            "author": self.user(info.author),
            "committer": self.user(info.author),
            "parents": [
                {
                    "sha": parent,
                    "url": f"{self.repo_url}/commits/{parent}",
                    "html_url": f"{self.site}/{self.world.repository}/commit/{parent}",
                }
                for parent in info.parents
            ],
        }

    def git_commit(self, sha: str) -> dict[str, Any]:
        """A git-commit: the object alone."""
        info, whole = self.world.git.info(sha), self.commit(sha)
        return {
            "sha": sha,
            "node_id": whole["node_id"],
            "url": whole["commit"]["url"],
            "html_url": whole["html_url"],
            **self._people(sha),
            "tree": self._tree(info.tree),
            "message": info.message,
            "parents": whole["parents"],
            "verification": UNSIGNED,
        }

    def branch(self, name: str, branch: Branch) -> dict[str, Any]:
        """A branch-with-protection."""
        url = f"{self.repo_url}/branches/{name}"
        html = f"{self.site}/{self.world.repository}/tree/{name}"
        return {
            "name": name,
            "commit": self.commit(branch.sha),
            "_links": {"self": url, "html": html},
            "protected": branch.protected,
            "protection": {"enabled": branch.protected},
            "protection_url": f"{url}/protection",
        }

    def ref(self, name: str, sha: str) -> dict[str, Any]:
        """A git-ref."""
        return {
            "ref": name,
            "node_id": f"REF_{name}",
            "url": f"{self.repo_url}/git/{name}",
            "object": {"type": "commit", "sha": sha, "url": f"{self.repo_url}/git/commits/{sha}"},
        }

    def _people(self, sha: str) -> dict[str, Any]:
        info = self.world.git.info(sha)
        person = {
            "name": info.author,
            "email": f"{info.author}@users.noreply.github.invalid",
            "date": moment(info.when),
        }
        return {"author": person, "committer": person}

    def _tree(self, tree: str) -> dict[str, Any]:
        return {"sha": tree, "url": f"{self.repo_url}/git/trees/{tree}"}
