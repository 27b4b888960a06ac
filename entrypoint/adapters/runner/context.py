"""What this run is about: the event file and GITHUB_* → RunContext. The event is data from outside: nothing in it is assumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entrypoint.kernel.run import RunContext

MOST_BYTES = 32 * 1024 * 1024
"""GitHub's payloads end at 25 MB."""


def read_context(environ: Mapping[str, str]) -> RunContext:
    """The run, or that of a laptop where there is no GITHUB_EVENT_NAME."""
    event = _read_event(environ.get("GITHUB_EVENT_PATH", ""))
    name = environ.get("GITHUB_EVENT_NAME", "")
    repository = environ.get("GITHUB_REPOSITORY", "")
    sha = environ.get("GITHUB_SHA", "")
    pull = _object(event.get("pull_request"))
    head, base = _object(pull.get("head")), _object(pull.get("base"))
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    run_id, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    workspace = environ.get("GITHUB_WORKSPACE") or "."
    return RunContext(
        event=name,
        repository=repository,
        sha=_text(head.get("sha")) or sha,
        ref=environ.get("GITHUB_REF", ""),
        default_branch=_text(_object(event.get("repository")).get("default_branch")),
        pull_number=number if isinstance(number := pull.get("number"), int) else None,
        from_fork=bool(pull) and not _is_same_repository(head, base, repository),
        pushed_shas=_pushed(event, sha) if name == "push" else (),
        run_id=run_id,
        run_attempt=attempt,
        run_url=f"{server}/{repository}/actions/runs/{run_id}" if run_id else "",
        api_url=environ.get("GITHUB_API_URL", "https://api.github.com"),
        server_url=server,
        workspace=workspace,
        temp=environ.get("RUNNER_TEMP") or workspace,
        in_actions=environ.get("GITHUB_ACTIONS") == "true",
    )


def _read_event(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        file = Path(path)
        if file.stat().st_size > MOST_BYTES:
            return {}
        return _object(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}


def _is_same_repository(head: Mapping[str, Any], base: Mapping[str, Any], repository: str) -> bool:
    """A head whose repository is deleted (null) counts as a fork."""
    name = _text(_object(head.get("repo")).get("full_name"))
    home = _text(_object(base.get("repo")).get("full_name")) or repository
    return bool(name) and name.lower() == home.lower()


def _pushed(event: Mapping[str, Any], sha: str) -> tuple[str, ...]:
    commits = event.get("commits")
    found = [_text(_object(commit).get("id")) for commit in commits] if isinstance(commits, list) else []
    return tuple(dict.fromkeys(filter(None, [sha, *reversed(found)])))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
