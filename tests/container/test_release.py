"""A release, rehearsed: the scripts of .github/release against a registry on this machine, then act runs what they released.

What needs GitHub is left out: signing, publishing, pulling from GHCR. Of the arm64 image nothing is run; its machine code is looked at.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.container.act import built_from, pushed, run_act, write_workflow
from tests.integration.test_registry import registry
from tests.stage import ROOT, Stage, stage

TOOLS = ("buildah", "skopeo", "docker-registry")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(
        bool(MISSING) and "buildah" not in os.environ.get("FLIGHTPLAN_REQUIRE", ""),
        reason=f"{', '.join(MISSING)} not installed (on Debian: apt-get install {' '.join(TOOLS)})",
    ),
]
SCRIPTS = Path(".github") / "release"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
TAG = f"v{VERSION}"
OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
NAME = "flightplan-dev/flightplan"
MEGABYTES = 15
"""What our own layers may weigh, packed: every run of every user pulls them."""
AARCH64 = 0xB7


class Registry:
    """A registry's plain HTTP API, as far as this needs it."""

    def __init__(self, host: str, repository: str) -> None:
        self._base = f"http://{host}/v2/{repository}"

    def blob(self, digest: str) -> bytes:
        return httpx.get(f"{self._base}/blobs/{digest}").raise_for_status().content

    def manifest(self, reference: str) -> dict[str, Any]:
        accept = f"{OCI}.index.v1+json, {OCI}.manifest.v1+json, {DOCKER}"
        found: dict[str, Any] = (
            httpx.get(f"{self._base}/manifests/{reference}", headers={"accept": accept})
            .raise_for_status()
            .json()
        )
        return found

    def platforms(self, index: str) -> dict[str, str]:
        """Architecture → digest of its manifest."""
        return {m["platform"]["architecture"]: m["digest"] for m in self.manifest(index)["manifests"]}

    def put_blob(self, content: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        place = httpx.post(f"{self._base}/blobs/uploads/").raise_for_status().headers["location"]
        httpx.put(httpx.URL(place).copy_merge_params({"digest": digest}), content=content).raise_for_status()
        return {"mediaType": f"{OCI}.{kind}", "digest": digest, "size": len(content)}

    def put_manifest(self, manifest: Mapping[str, Any], reference: str) -> str:
        body, kind = json.dumps(manifest).encode(), manifest["mediaType"]
        httpx.put(
            f"{self._base}/manifests/{reference}", content=body, headers={"content-type": kind}
        ).raise_for_status()
        return f"sha256:{hashlib.sha256(body).hexdigest()}"


def push_base(host: str) -> str:
    """The Dockerfile's base for this machine, and for arm64 one that holds nothing, since nothing of it is run; repository:tag@digest."""
    name = f"{host}/python:3.13-slim"
    docker("tag", "python:3.13-slim", name)
    try:
        docker("push", "--quiet", name)
    finally:
        docker("rmi", name)
    base = Registry(host, "python")
    amd64 = base.manifest("3.13-slim")
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as layer:
        layer.addfile(tarfile.TarInfo("base-of-arm64"))
    about = {"architecture": "arm64", "os": "linux", "config": {}}
    roots = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar.getvalue()).hexdigest()}"]}
    arm64 = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": base.put_blob(json.dumps(about | {"rootfs": roots}).encode(), "config.v1+json"),
        "layers": [base.put_blob(gzip.compress(tar.getvalue()), "layer.v1.tar+gzip")],
    }
    rows = [
        {
            "mediaType": manifest["mediaType"],
            "digest": base.put_manifest(manifest, architecture),
            "size": len(json.dumps(manifest)),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture, manifest in (("amd64", amd64), ("arm64", arm64))
    ]
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": rows}
    return f"{name}@{base.put_manifest(index, 'index')}"


def docker(*arguments: str) -> str:
    return run("docker", *arguments)


def run(*command: str, cwd: Path = ROOT, umask: int = -1, **environ: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environ},
        umask=umask,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout.strip()


class Repository:
    """This checkout as a repository of its own whose changelog tells of the version, tagged as a maintainer would, and its origin."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.origin = folder / "source", folder / "origin.git"
        self.folder.mkdir()
        built_from(self.folder)
        shutil.copytree(ROOT / SCRIPTS, self.folder / SCRIPTS)
        changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
        if f"## {VERSION} " not in changelog:
            changelog = changelog.replace("## Unreleased", f"## {VERSION} (1 December 2026)")
        (self.folder / "CHANGELOG.md").write_text(changelog, "utf-8")
        run("git", "init", "--quiet", "--bare", str(self.origin))
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", str(self.origin))
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Release it")
        self.git("tag", TAG)
        self.git("push", "--quiet", "origin", "main", TAG)
        self.source = self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        return run(
            "git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments, cwd=self.folder
        )

    def script(
        self,
        name: str,
        *arguments: str,
        cwd: Path | None = None,
        umask: int = -1,
        local: Mapping[str, str] | None = None,
    ) -> str:
        named = {
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_SHA": self.source,
        }
        place = cwd or self.folder
        return run(str(place / SCRIPTS / name), *arguments, cwd=place, umask=umask, **named, **(local or {}))

    def released(self) -> dict[str, str]:
        """Tag → commit, at the origin."""
        lines = run("git", "ls-remote", "--tags", str(self.origin)).splitlines()
        return {ref.removeprefix("refs/tags/"): sha for sha, ref in (line.split("\t") for line in lines)}

    def check_out(self, commit: str, folder: Path) -> Path:
        """The commit in a folder of its own, with the rights of an untidy machine."""
        run("git", "clone", "--quiet", "--no-checkout", str(self.origin), str(folder), umask=0o002)
        run("git", "checkout", "--quiet", "--detach", commit, cwd=folder, umask=0o002)
        return folder


def test_a_release(tmp_path: Path) -> None:
    assert not MISSING, f"FLIGHTPLAN_REQUIRE asks for them: {MISSING}"
    with registry(tmp_path) as host:
        repository, base, ours = Repository(tmp_path), push_base(host), Registry(host, NAME)
        local = {"BASE": base, "TLS_VERIFY": "false"}
        digest = repository.script("build", f"{host}/{NAME}", VERSION, local=local)
        assert set(ours.platforms(digest)) == {"amd64", "arm64"}
        check_layers(ours, digest, base=Registry(host, "python"), index=base.partition("@")[2])

        commit = repository.script("commit", TAG, f"{host}/{NAME}@{digest}", repository.source)
        assert commit == repository.script("commit", TAG, f"{host}/{NAME}@{digest}", repository.source)
        repository.script("major", TAG)
        assert repository.released() == {TAG: commit, TAG.partition(".")[0]: commit}
        checkout = repository.check_out(commit, tmp_path / "released")
        assert run("git", "diff", "--name-only", repository.source, commit, cwd=checkout) == "action.yml"

        again = repository.script(
            "build", f"{host}/again", VERSION, cwd=checkout, umask=0o002, local=local | {"PLATFORMS": "amd64"}
        )
        assert Registry(host, "again").platforms(again)["amd64"] == ours.platforms(digest)["amd64"], (
            "the same bytes from another folder, and from the commit that names the image"
        )
        with pulled(f"{host}/{NAME}@{digest}") as image:
            check_sbom(image)
            deploy_with(checkout)


def check_layers(ours: Registry, digest: str, *, base: Registry, index: str) -> None:
    """Ours are light, have no time but the commit's, and hold machine code of their platform only."""
    below = base.platforms(index)
    for architecture, manifest in ours.platforms(digest).items():
        count = len(base.manifest(below[architecture])["layers"])
        (layer,) = ours.manifest(manifest)["layers"][count:]
        assert layer["size"] <= MEGABYTES * 10**6, f"{architecture}: {layer['size']} bytes"
        with tarfile.open(fileobj=io.BytesIO(ours.blob(layer["digest"]))) as files:
            members = files.getmembers()
            assert len({member.mtime for member in members}) == 1
            code = [member for member in members if re.search(r"\.so(\.|$)", member.name)]
            machines = {
                int.from_bytes((files.extractfile(m) or io.BytesIO()).read(20)[18:], "little") for m in code
            }
        assert code
        assert (machines == {AARCH64}) == (architecture == "arm64")


@contextmanager
def pulled(image: str) -> Iterator[str]:
    """The image on this machine's Docker, until the block ends."""
    docker("pull", "--quiet", image)
    try:
        yield image
    finally:
        docker("rmi", "--force", image)


def check_sbom(image: str) -> None:
    """It names every locked package with its version, Python, and what Debian brings."""
    with (ROOT / SCRIPTS / "sbom.py").open() as script:
        command = [
            "docker",
            "run",
            "--rm",
            "--interactive",
            "--entrypoint",
            "/venv/bin/python",
            image,
            "-I",
            "-",
        ]
        told = json.loads(subprocess.run(command, stdin=script, check=True, capture_output=True).stdout)
    found = {component["purl"].partition("?")[0] for component in told["components"] if "purl" in component}
    lock = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in lock} <= found
    assert any(purl.startswith("pkg:generic/python@3.13.") for purl in found)
    assert any(purl.startswith("pkg:deb/debian/libc6@") for purl in found)
    assert told["metadata"]["component"]["version"] == VERSION


def deploy_with(checkout: Path) -> None:
    """The recommended workflow, its `uses:` as it is: the pull request is planned and the push deployed, and nothing is built."""
    with stage(speed=4) as here:
        write_workflow(here.workspace, example="flightplan.yml")
        log = _act(here, "pull_request", checkout)
        assert "Flightplan says planned. " in log, log
        here.merge()
        log += _act(here, "push", checkout)
        assert "Flightplan says deployed. " in log, log
        (built,) = pushed(log)
        assert {machine["config"]["image"].partition("@")[2] for machine in here.fleet()} >= {built}
        assert "docker build" not in log


def _act(here: Stage, event: str, checkout: Path) -> str:
    environment = here.environment(event)
    code, log = run_act(
        here,
        event,
        payload=Path(environment["GITHUB_EVENT_PATH"]),
        sha=environment["GITHUB_SHA"],
        released=checkout,
    )
    assert code == 0, log
    return log


def test_starts_quickly(image: str) -> None:
    """The goal is 1.3, and docs/benchmarks.md says how far below it each is on a quiet machine. Beside other tests, 1.4 was measured for the same image."""
    with (ROOT / "tests" / "benchmarks" / "start.py").open() as driver:
        command = [
            "docker",
            "run",
            "--rm",
            "--interactive",
            "--network",
            "none",
            "--entrypoint",
            "/venv/bin/python",
        ]
        done = subprocess.run([*command, image, "-I", "-"], stdin=driver, check=True, capture_output=True)
    ratios = json.loads(done.stdout)
    assert ratios["version ratio"] <= 0.4
    assert ratios["request ratio"] <= 1.5
    assert ratios["step ratio"] <= 1.5
