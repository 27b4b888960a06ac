"""Put built images together as one of all platforms: `pack.py FOLDER amd64 arm64` makes FOLDER/layout, to be pushed as it is.

FOLDER/base-amd64 and FOLDER/image-amd64 hold the base and what was built on it, as skopeo's `dir:` writes them, the latter unpacked. The
base's layers stay the bytes that its publisher packed; ours, the last, is packed here, so that no builder's habits and no
registry's contents can change a digest.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

OCI = "application/vnd.oci.image"


def pack(folder: Path, platforms: list[str]) -> None:
    """Write the layout: blobs, and an index of each platform's manifest."""
    blobs = folder / "layout" / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    rows = [
        _platform(blobs, folder / f"base-{name}", folder / f"image-{name}")
        | {"platform": {"architecture": name, "os": "linux"}}
        for name in platforms
    ]
    index = _put_json(blobs, {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": rows})
    top = {"schemaVersion": 2, "manifests": [index]}
    (folder / "layout" / "index.json").write_text(json.dumps(top), "utf-8")
    (folder / "layout" / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', "utf-8")


def _platform(blobs: Path, base: Path, image: Path) -> dict[str, Any]:
    """The descriptor of a platform's manifest."""
    below = json.loads((base / "manifest.json").read_bytes())["layers"]
    built = json.loads((image / "manifest.json").read_bytes())
    (ours,) = built["layers"][len(below) :]
    layers = []
    for layer in below:
        kind = "layer.v1.tar+gzip" if layer["mediaType"].endswith("gzip") else "layer.v1.tar+zstd"
        layers.append(_put(blobs, (base / _hex(layer)).read_bytes(), kind))
    layers.append(
        _put(blobs, gzip.compress((image / _hex(ours)).read_bytes(), 6, mtime=0), "layer.v1.tar+gzip")
    )
    config = _put(blobs, (image / _hex(built["config"])).read_bytes(), "config.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": config,
        "layers": layers,
    }
    return _put_json(blobs, manifest)


def _hex(descriptor: dict[str, Any]) -> str:
    return str(descriptor["digest"]).removeprefix("sha256:")


def _put_json(blobs: Path, value: dict[str, Any]) -> dict[str, Any]:
    return _put(blobs, json.dumps(value).encode(), value["mediaType"].removeprefix(f"{OCI}."))


def _put(blobs: Path, content: bytes, kind: str) -> dict[str, Any]:
    """Keep the content; its descriptor."""
    name = hashlib.sha256(content).hexdigest()
    (blobs / name).write_bytes(content)
    return {"mediaType": f"{OCI}.{kind}", "digest": f"sha256:{name}", "size": len(content)}


if __name__ == "__main__":
    pack(Path(sys.argv[1]), sys.argv[2:])
