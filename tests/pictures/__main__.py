"""`make pictures`: everything that people see, light, dark and as wide as a phone, in build/pictures/.

GitHub's style sheet and Mermaid come from npm into build/pictures/node_modules; nothing of them is kept in the repository.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.pictures.browser import Tab, find_browser, open_browser
from tests.pictures.page import make_log, make_page
from tests.pictures.subjects import subjects, terminal
from tests.stage import ROOT

FOLDER = ROOT / "build" / "pictures"
MODULES = FOLDER / "node_modules"
PACKAGES = ("github-markdown-css@5", "mermaid@11")
WIDE, PHONE = 860, 390
ANNOTATED = "plan-destroys-allowed"
"""Has every part; with numbers on them it explains a comment."""
KEPT = {
    "annotated": "annotated.png", "plan-example": "plan.png", "plan-destroys": "destroys.png", "outcome-deployed": "outcome.png",
}  # fmt: skip
"""Light and folded, these stand in docs/pictures/."""
KEPT_DARK = {"plan-example": "plan-dark.png"}
"""The same for readers whose GitHub is dark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One way to look at a comment."""

    suffix: str
    width: int
    dark: bool
    opened: bool


SHOTS = (
    _Shot(suffix="light", width=WIDE, dark=False, opened=False),
    _Shot(suffix="open", width=WIDE, dark=False, opened=True),
    _Shot(suffix="dark", width=WIDE, dark=True, opened=True),
    _Shot(suffix="phone", width=PHONE, dark=False, opened=False),
)


NIGHT = _Shot(suffix="night", width=WIDE, dark=True, opened=False)


def main() -> int:
    browser = find_browser()
    if browser is None:
        print("Chromium is needed: apt-get install chromium fonts-noto-color-emoji", file=sys.stderr)
        return 2
    if not _fetch():
        return 2
    with tempfile.TemporaryDirectory() as home, open_browser(browser, Path(home)) as tab:
        for name, markdown in subjects():
            for shot in (*SHOTS, *([NIGHT] if name in KEPT_DARK else [])):
                page = make_page(markdown, modules=MODULES, opened=shot.opened)
                _take(tab, page, FOLDER / f"{name}-{shot.suffix}.png", home=Path(home), shot=shot)
                if (name, shot) == (ANNOTATED, SHOTS[0]):
                    page = make_page(markdown, modules=MODULES, opened=False, numbered=True)
                    _take(tab, page, FOLDER / "annotated-light.png", home=Path(home), shot=shot)
        page = make_log(terminal(), modules=MODULES)
        _take(tab, page, FOLDER / "terminal-dark.png", home=Path(home), shot=SHOTS[2])
    print("\n".join(_keep()))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures are in {FOLDER.relative_to(ROOT)}/")
    return 0


def _fetch() -> bool:
    """Once; a later run needs no network."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if all((MODULES / package.partition("@")[0]).is_dir() for package in PACKAGES):
        return True
    npm = shutil.which("npm")
    if npm is None:
        print(
            "npm is needed, to fetch GitHub's style sheet and Mermaid: apt-get install npm", file=sys.stderr
        )
        return False
    command = [
        npm,
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(FOLDER),
    ]
    return subprocess.run([*command, *PACKAGES], check=False).returncode == 0


def _take(tab: Tab, page: str, file: Path, *, home: Path, shot: _Shot) -> None:
    document = home / "page.html"
    document.write_text(page, "utf-8")
    tab.open(document, width=shot.width, dark=shot.dark)
    tab.ask("window.drawn")
    tab.picture(file, width=shot.width)


def _keep() -> Iterator[str]:
    """Anew in docs/pictures/ what README and docs show."""
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    pictures = {f"{name}-light.png": kept for name, kept in KEPT.items()}
    pictures |= {f"{name}-{NIGHT.suffix}.png": kept for name, kept in KEPT_DARK.items()}
    for made, kept in pictures.items():
        shutil.copyfile(FOLDER / made, folder / kept)
        yield f"docs/pictures/{kept}: {(folder / kept).stat().st_size // 1024} KiB"


if __name__ == "__main__":
    sys.exit(main())
