"""The example workflows that need no token of Fly, executed by act (act.py)."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from entrypoint import __version__
from tests.container.act import ACTIONS, write_workflow
from tests.container.shops import APP, MANIFEST, make_app, open_stage
from tests.container.team import Team
from tests.wheel import build_wheel

pytestmark = pytest.mark.container
WRONG = MANIFEST.replace("internal_port = 8080", 'internal_port = "web"')
WRONG_LINE = WRONG[: WRONG.index('port = "web"')].count("\n") + 1


def test_only_checks(tmp_path: Path, action: Path) -> None:
    with open_stage(tmp_path, make_app(APP)) as here:
        workflow = write_workflow(here.workspace, example="check-only.yml", renamed={})
        team = Team(here=here, action=action, workflow=workflow, secrets={})
        team.begin()
        wrong = team.open("wrong", {"fly.toml": WRONG}, fork="stranger/acme-shop")
        code, log = team.plan(wrong)
        assert code != 0
        assert f"::error title=wrong-type,file=fly.toml,line={WRONG_LINE}," in log
        right = team.open("right", {"fly.toml": MANIFEST.replace("--threads 8", "--threads 9")})
        code, log = team.plan(right)
        assert code == 0, log
        assert here.journal() == []
        assert here.github_state()["journal"] == []


def test_code_scanning(tmp_path: Path, action: Path, image: str) -> None:
    """pipx installs the wheel of this checkout from the release's address, into the image's environment."""
    wheel = build_wheel(tmp_path / "wheel")
    with _served(wheel) as address, open_stage(tmp_path, make_app(APP)) as here:
        workflow = write_workflow(
            here.workspace, example="code-scanning.yml", renamed={"https://github.com": address}
        )
        pipx = f"-v {ACTIONS / 'pipx'}:/usr/local/bin/pipx:ro"
        team = Team(here=here, action=action, workflow=workflow, secrets={}, runner=image, options=pipx)
        team.begin()
        code, log = team.push({"fly.toml": WRONG})
        assert code == 0, log
        (category, packed) = re.findall(r"Uploaded (\S+) (H4s\S+)", log)[0]
        assert category == "flightplan"
        (run,) = json.loads(gzip.decompress(base64.b64decode(packed)))["runs"]
        places = [
            (place["artifactLocation"]["uri"], place["region"]["startLine"])
            for result in run["results"]
            for place in [result["locations"][0]["physicalLocation"]]
        ]
        assert ("fly.toml", WRONG_LINE) in places
        assert here.journal() == []


@contextmanager
def _served(wheel: Path) -> Iterator[str]:
    """The wheel as an asset of the release."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == f"/flightplan-dev/flightplan/releases/download/v{__version__}/{wheel.name}"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(wheel.read_bytes() if found else b"")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
