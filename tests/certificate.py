"""A TLS certificate for tests, signed by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def make_certificate(path: Path, *, host: str) -> Path:
    """Write key and certificate for `host` to `path`, and the certificate alone to `path`.crt. Skips the test where openssl is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to sign a certificate with")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={host}",
    ]
    command += ["-addext", f"subjectAltName=DNS:{host}", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    with path.open("a") as file:
        file.write(Path(f"{path}.crt").read_text("utf-8"))
    return path
