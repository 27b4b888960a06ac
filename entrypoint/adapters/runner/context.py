"""The event file and GITHUB_* → RunContext. The event is untrusted: it may have any shape."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entrypoint.kernel.run import RunContext

MOST_BYTES = 32 * 1024 * 1024
"""GitHub's payloads have at most 25 MB."""


def read_context(environ: Mapping[str, str]) -> RunContext:
    """The context of the run. Without GITHUB_EVENT_NAME: that of a laptop."""
    event = _read_event(environ.get("GITHUB_EVENT_PATH", ""))
    name = environ.get("GITHUB_EVENT_NAME", "")
    repository = environ.get("GITHUB_REPOSITORY", "")
    sha = environ.get("GITHUB_SHA", "")
    pull, group = _object(event.get("pull_request")), _object(event.get("merge_group"))
    head, base = _object(pull.get("head")), _object(pull.get("base"))
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    run_id, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    workspace = environ.get("GITHUB_WORKSPACE") or "."
    ref = environ.get("GITHUB_REF", "")
    return RunContext(
        event=name,
        action=_text(event.get("action")),
        repository=repository,
        sha=_text(head.get("sha")) or _text(group.get("head_sha")) or sha,
        ref=ref,
        ref_is_protected=environ.get("GITHUB_REF_PROTECTED") == "true",
        default_branch=_text(_object(event.get("repository")).get("default_branch")),
        base_branch=_text(base.get("ref")) or _branch(_text(group.get("base_ref")) or ref),
        pull_number=number if isinstance(number := pull.get("number"), int) else None,
        from_fork=bool(pull) and not _is_same_repository(head, base, repository),
        from_dependabot=environ.get("GITHUB_ACTOR", "") == "dependabot[bot]",
        is_deletion=name == "push" and event.get("deleted") is True,
        actor=environ.get("GITHUB_TRIGGERING_ACTOR") or environ.get("GITHUB_ACTOR", ""),
        started_at=int(time.time()),
        retention_days=_days(environ.get("GITHUB_RETENTION_DAYS", "")),
        run_id=run_id,
        run_attempt=attempt,
        run_url=f"{server}/{repository}/actions/runs/{run_id}" if run_id else "",
        workflow=_workflow(environ.get("GITHUB_WORKFLOW_REF", "")),
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
    """Whether the head is in this repository. If its repository is deleted (null), it counts as a fork."""
    name = _text(_object(head.get("repo")).get("full_name"))
    home = _text(_object(base.get("repo")).get("full_name")) or repository
    return bool(name) and name.lower() == home.lower()


def _branch(ref: str) -> str:
    """The name of a branch; "" for a tag or a pull request's ref."""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""


def _workflow(ref: str) -> str:
    """`flightplan.yml`, from `octo/shop/.github/workflows/flightplan.yml@refs/heads/main`."""
    match = re.search(r"/\.github/workflows/([A-Za-z0-9_.-]+\.ya?ml)@", ref) if ref else None
    return match.group(1) if match else ""


def _days(text: str) -> int | None:
    return int(text) if text and re.fullmatch(r"[1-9]\d{0,3}", text) else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
