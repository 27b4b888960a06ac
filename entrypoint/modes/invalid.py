"""plan, where the files have errors: report them where the plan would have been. Asks nothing of Fly."""

from __future__ import annotations

import posixpath

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.review_errors import GithubError
from entrypoint.kernel.run import CommentMode, Inputs
from entrypoint.modes.evidence import Review, post_review
from entrypoint.modes.ports import GitHub
from entrypoint.modes.result import Result
from entrypoint.modes.source import app_in, named_app
from entrypoint.modes.subject import Subject, checkout_of
from entrypoint.modes.validate import present_findings
from entrypoint.modes.world import World
from entrypoint.planning.review.checkout import Checkout
from entrypoint.planning.review.key import ReviewKey, review_key
from entrypoint.report.marker import frame_plan

_NO_APP = "Nothing was posted on the pull request: fly.toml names no app. Write its name there, or set the input `app`."


async def publish_findings(subject: Subject, inputs: Inputs, world: World) -> Result:
    """Post the findings as the plan comment. It has no record, so nothing can be deployed by it."""
    run, url, checkout = subject.run, "", checkout_of(subject)
    github = None if inputs.comment is CommentMode.NEVER else world.github
    name = named_app(inputs, subject.source)
    if name is None and github is not None and run.pull_number is not None:
        name = await _named_on_base(subject, checkout, github)
    markdown = present_findings(subject.source, inputs, run, console=world.console, app=name)
    if github is not None and run.pull_number is not None:
        if name is None:
            world.console.note(_NO_APP)
        else:
            key: ReviewKey = review_key(
                app=name, config=subject.source.config, environment=inputs.environment
            )
            review = Review(
                key=key,
                pull=run.pull_number,
                base=checkout.base_branch,
                head=checkout.head,
                body=frame_plan(key, markdown, None),
                record=None,
                may_merge=False,
            )
            url = await post_review(github, world.console, review=review)
    return Result(
        exit_code=ExitCode.FINDINGS, outputs={"changes": "false", "result": "invalid", "comment-url": url}
    )


async def _named_on_base(subject: Subject, checkout: Checkout, github: GitHub) -> AppName | None:
    """The app that the fly.toml of the base branch names, for one that is empty now or cannot be read. None also where GitHub does not
    answer: the findings are reported even without a comment."""
    path = posixpath.normpath(subject.source.config)
    try:
        base = checkout.base_sha or (await github.branch(checkout.base_branch)).sha
        found = (await github.file_states([(base, path)]))[base, path]
    except GithubError:
        return None
    return app_in(found.text) if found is not None and found.text is not None else None
