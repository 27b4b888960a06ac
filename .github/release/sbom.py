"""Print what an image holds as a CycloneDX document: `docker run --rm -i --entrypoint /venv/bin/python IMAGE -I - <sbom.py`.

Runs inside the image, on its own Python: Debian's packages from dpkg's list, Python, and what is installed in /venv.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path("/")


def component(kind: str, name: str, found: str, purl: str) -> dict[str, str]:
    return {"type": kind, "name": name, "version": found, "purl": purl, "bom-ref": purl}


def debian() -> Iterator[dict[str, str]]:
    """Installed packages, with the sources they were built from where the name differs."""
    release = dict(
        re.findall(r'^(\w+)="?([^"\n]*)"?$', (ROOT / "etc/os-release").read_text("utf-8"), flags=re.MULTILINE)
    )
    distro = f"{release['ID']}-{release['VERSION_ID']}"
    yield {
        "type": "operating-system",
        "name": release["ID"],
        "version": release["VERSION_ID"],
        "bom-ref": distro,
    }
    for paragraph in (ROOT / "var/lib/dpkg/status").read_text("utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, flags=re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name, found = fields["Package"], fields["Version"]
            about = f"?arch={fields['Architecture']}&distro={distro}"
            yield component(
                "library", name, found, f"pkg:deb/{release['ID']}/{name}@{quote(found, safe='')}{about}"
            )


def python() -> Iterator[dict[str, str]]:
    found = platform.python_version()
    yield component("library", "python", found, f"pkg:generic/python@{found}")
    for each in distributions():
        name = re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()
        if name != "flightplan":
            yield component("library", name, each.version, f"pkg:pypi/{name}@{each.version}")


def document() -> dict[str, Any]:
    """CycloneDX 1.6, the same for the same image."""
    ours = {
        "type": "container",
        "name": "flightplan",
        "version": version("flightplan"),
        "bom-ref": "flightplan",
    }
    components = sorted([*debian(), *python()], key=lambda each: each["bom-ref"])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours},
        "components": components,
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
