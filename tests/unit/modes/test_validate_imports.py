"""validate is what a fork's pull request and an editor call: it loads what it needs and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {"httpx", "github", "jinja2", "trio", "anyio", "requests", "pydantic", "asyncio", "ssl"}
SCRIPT = """
import sys
from entrypoint.app import Process, main
code = main(Process(arguments=["validate", "-c", "fly.toml"], environ={}, out=lambda text: None, err=print))
print(code, *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_validate_loads_no_network_no_templates_no_event_loop(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text("app = 'shop'\n[http_service]\ninternal_port = 8080\n")
    (tmp_path / "flightplan.toml").write_text("[rules]\nregion = 'off'\n")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    code, *modules = run.stdout.split()
    assert code == "0", run.stdout + run.stderr
    assert HEAVY.isdisjoint(modules)
