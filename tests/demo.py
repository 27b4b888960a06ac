"""`make demo`: a pull request is planned, merged and deployed, on simulators of Fly and GitHub. Nothing in it is canned.

`make demo STORY=bluegreen` plays another one, `make demo REPO=../my-app` one of that folder's fly.toml (tests/stories.py).
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.stage import Stage
from tests.stories import Story, playing, stories, tell_own


def main(arguments: Sequence[str]) -> int:
    known = stories()
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("story", nargs="?", default="merge", choices=known)
    parser.add_argument("--repo", type=Path, help="folder with the fly.toml to play")
    options = parser.parse_args(arguments)
    if options.repo is None:
        return play(known[options.story])
    try:
        own = tell_own(options.repo)
    except (OSError, ValueError) as error:
        print(f"{options.repo / 'fly.toml'}: {error}", file=sys.stderr)
        return 2
    return play(own)


def play(story: Story) -> int:
    """0 where it ends as the story says."""
    begun = time.monotonic()
    image = f"registry.fly.io/{story.app}:v42"
    with playing(story, speed=6) as here:
        if story.before and (code := _make_live(here, story)) != 0:
            return code
        _say(
            f"The app {story.app} is at {here.fly} (open it in a browser and watch),",
            f"and pull request #128 {story.about}",
        )
        before = here.fleet()
        _say("1. The pull request: Flightplan plans and posts this comment")
        code, log = here.run("pull_request", image=image)
        print(_visible(here.comments()[-1]["body"]) if here.comments() else log)
        if code != 0:
            _say(f"Ended with exit code {code}: see docs/troubleshooting.md.")
            return code
        _say("2. The merge: Flightplan checks that every change came with a review, and deploys")
        here.merge()
        code = _stream(here, image)
        _say("3. On the pull request it says")
        print(_visible(here.outcomes()[-1]))
        _say("4. The fleet, before and after")
        _show_fleets(before, here.fleet())
    _say(
        f"{'Done' if code == story.ends else f'Ended with exit code {code}'} in {time.monotonic() - begun:.0f} s.",
        story.again,
        "Your own fly.toml: make demo REPO=../my-app.",
        f"Other stories: make demo STORY={'|'.join(known for known in stories() if stories()[known] != story)}.",
        "Next: README.md has the workflow to copy; docs/architecture.md shows how it works.",
    )
    return 0 if code == story.ends else code or 1


def _make_live(here: Stage, story: Story) -> int:
    """Deploy what the last commit has, so that there is a fleet for the change; the exit code."""
    _say(f"0. The last commit's fly.toml is deployed first, so that {story.app} has machines")
    (here.workspace / "fly.toml").write_text(story.before, "utf-8")
    code, log = here.run("push", image=f"registry.fly.io/{story.app}:v41", gate="none")
    print(log.splitlines()[-1] if code == 0 else log)
    (here.workspace / "fly.toml").write_text(story.manifest, "utf-8")
    return code


def _stream(here: Stage, image: str) -> int:
    """Run the deploy, its log as it happens."""
    process = here.start("push", image=image)
    assert process.stdout is not None
    for line in process.stdout:
        if not line.startswith("::add-mask::"):  # the runner takes these out, too
            sys.stdout.write(line)
            sys.stdout.flush()
    return process.wait()


def _visible(body: str) -> str:
    """The comment as GitHub shows it: without what is hidden."""
    return re.sub(r"<!--.*?-->\n?", "", body, flags=re.DOTALL).strip()


def _show_fleets(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    was = {machine["id"]: machine for machine in before}
    now = {machine["id"]: machine for machine in after}
    for id_ in sorted(was.keys() | now.keys(), key=lambda i: (_group(now.get(i) or was[i]), i)):
        group = _group(now.get(id_) or was[id_])
        print(f"  {group:8}  {id_:14}  {_short(was.get(id_)):44} → {_short(now.get(id_))}")


def _group(machine: dict[str, Any]) -> str:
    return str(machine["config"]["metadata"].get("fly_process_group", "?"))


def _short(machine: dict[str, Any] | None) -> str:
    if machine is None:
        return "–"
    config = machine["config"]
    tag = config["image"].split("@")[0].rsplit(":", 1)[-1]
    return f"{machine['region']} {machine['state']} {tag} {' '.join(config.get('init', {}).get('cmd') or [])}"


def _say(*lines: str) -> None:
    print(
        "\n" + "\n".join(f"\033[1m{line}\033[0m" if sys.stdout.isatty() else line for line in lines) + "\n",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
