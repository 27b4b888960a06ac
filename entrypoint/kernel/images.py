"""An image reference after a registry was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedImage:
    """`ref` is repo[:tag]@sha256:…, what a machine's config gets; `digest` its last part."""

    ref: str
    digest: str
