"""flyctl as a process: told what the simulator prints for people, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.environment import read
from tests.simulator.process import Running

_GONE = frozenset({"destroyed", "destroying"})
_ID = r"([0-9a-f]{14})"


def find_flyctl() -> Path | str:
    """Where it is; else why the tests cannot run."""
    named = os.environ.get("FLYCTL", "")
    found = shutil.which(named or "flyctl")
    if found is not None:
        return Path(found).resolve()
    return f"{named}: no such program" if named else "no flyctl on PATH: make flyctl-conformance FLYCTL=path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it said."""

    command: str
    code: int
    said: str

    @property
    def changed(self) -> set[str]:
        """The machines that flyctl says it updated, or failed to bring up afterwards."""
        return set(re.findall(rf"Machine {_ID} \[\S+\] update (?:succeeded|failed)", self.said))

    @property
    def created(self) -> set[str]:
        """The machines that flyctl says it created."""
        return set(re.findall(rf"Machine {_ID} \[\S+\] was created", self.said)) | set(
            re.findall(rf"Created machine {_ID} \[", self.said)
        )

    @property
    def destroyed(self) -> set[str]:
        """The machines that flyctl says it destroyed."""
        return set(re.findall(rf"machine {_ID} was found and is currently in", self.said)) | set(
            re.findall(rf"Machine {_ID} \[\S+\] destroyed", self.said)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flyctl:
    """One flyctl with a home of its own, told of one simulator."""

    program: Path
    folder: Path
    simulator: Running

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end, without a terminal."""
        ended = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=110,
            check=False,
        )
        said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", ended.stdout)
        return Ended(command=" ".join(("flyctl", *arguments)), code=ended.returncode, said=said)

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        told = read(self.simulator.printed)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "FLY_CONFIG_DIR": str(home),
            "NO_COLOR": "1",
            **told,
        }

    def deploy(self, toml: str, *flags: str, tag: str = "v42") -> Ended:
        """Deploy a fly.toml, as a workflow does. Smoke checks, which take ten seconds a machine, only if `flags` ask for them."""
        (self.folder / "fly.toml").write_text(toml)
        always = [
            "--image",
            f"registry.fly.io/acme-shop:{tag}",
            "--yes",
            "--dns-checks=false",
            "--depot=true",
        ]
        if not any(flag.startswith("--smoke-checks") for flag in flags):
            always.append("--smoke-checks=false")
        return self.run("deploy", *always, *flags)

    def list_machines(self) -> list[dict[str, Any]]:
        """What `flyctl machine list` shows."""
        ended = self.run("machine", "list", "--json", "--app", "acme-shop")
        assert ended.code == 0, ended.said
        found: list[dict[str, Any]] = json.loads(ended.said[ended.said.index("[") :])
        return found

    def fleet(self) -> dict[str, Any]:
        """The truth: what is there in the simulator, without what is on its way out."""
        app = self.simulator.app()
        return {**app, "machines": [m for m in app["machines"] if m["state"] not in _GONE]}
