"""Markdown → a page that looks as GitHub shows it: its own style sheet, its alert blocks, its Mermaid."""

from __future__ import annotations

import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

_ICON = (
    '<svg class="octicon mr-2" viewBox="0 0 16 16" width="16" height="16"><path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Zm.6 1.5L2.5 5.6v4.8l3.1 3.1h4.8'
    'l3.1-3.1V5.6l-3.1-3.1ZM8 4a.75.75 0 0 1 .75.75v3.5a.75.75 0 0 1-1.5 0v-3.5A.75.75 0 0 1 8 4Zm0 8a1 1 0 1 1 0-2 1 1 0 0 1 0 2Z"/></svg>'
)
"""A sign of ours in the place of GitHub's."""
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_ALERT = re.compile(
    r"<blockquote>\n<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\n?(.*?)</blockquote>", re.DOTALL
)
_MERMAID = re.compile(r'<pre><code class="language-mermaid">(.*?)</code></pre>', re.DOTALL)
_DIFF = re.compile(r'<pre><code class="language-diff">(.*?)</code></pre>', re.DOTALL)
_INKED = re.compile("\x1b\\[([0-9;]+)m(.*?)\x1b\\[0m")
_STYLE = """
body { margin: 0; padding: 16px; background: #f6f8fa; }
.box { background: #ffffff; border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden; }
.head { font: 14px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; padding: 8px 16px; color: #59636e;
        background: #f6f8fa; border-bottom: 1px solid #d1d9e0; }
.head b { color: #1f2328; }
.markdown-body { padding: 16px; font-size: 14px; }
.markdown-body pre.terminal { white-space: pre; }
.sgr1 { font-weight: bold } .sgr2 { opacity: .6 } .sgr31 { color: #f85149 } .sgr32 { color: #3fb950 } .sgr33 { color: #d29922 }
.ins { color: #116329; background: #dafbe1; display: block } .del { color: #82071e; background: #ffebe9; display: block }
@media (prefers-color-scheme: dark) {
  body { background: #010409; } .box { background: #0d1117; border-color: #3d444d; }
  .head { background: #151b23; border-color: #3d444d; color: #9198a1; } .head b { color: #f0f6fc; }
  .ins { color: #aff5b4; background: #033a16; } .del { color: #ffdcd7; background: #67060c; }
}
"""
_NUMBERED = """
.markdown-body { padding-left: 52px; }
.markdown-body > * { position: relative; }
.number { position: absolute; left: -40px; top: 2px; width: 26px; height: 26px; border-radius: 13px; background: #bf3989; color: #ffffff;
          font: bold 15px/26px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; text-align: center; }
"""
_NUMBER = """
const parts = [...document.querySelectorAll(".markdown-body > *")].filter(
  (part, at, all) => part.tagName !== "UL" && !(part.tagName === "DETAILS" && all[at - 1]?.tagName === "DETAILS"));
parts.forEach((part, at) => {
  const number = document.createElement("span");
  number.className = "number"; number.textContent = at + 1;
  if (part.tagName === "TABLE") { const box = document.createElement("div"); box.style.position = "relative"; part.before(box); box.append(number, part); }
  else (part.querySelector("summary") ?? part).prepend(number);
});
"""
"""Each part of a comment gets its number: a list belongs to what stands before it, and all folds are one part."""
_DRAW = """
window.drawn = (async () => {
  if (!document.querySelector("pre.mermaid")) return 0;
  mermaid.initialize({ startOnLoad: false, theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "default" });
  await mermaid.run({ querySelector: "pre.mermaid" });
  return document.querySelectorAll("pre.mermaid svg").length;
})();
"""


def make_page(
    markdown: str,
    *,
    modules: Path,
    opened: bool = True,
    numbered: bool = False,
    author: str = "github-actions bot",
) -> str:
    """One comment, as a document. `modules`: where npm put github-markdown-css and mermaid. `opened`: folds are open. `numbered`: its parts
    have numbers, as docs/plan-comment.md explains them."""
    body = to_html(markdown)
    if opened:
        body = body.replace("<details>", "<details open>")
    css = (modules / "github-markdown-css" / "github-markdown.css").as_uri()
    mermaid = modules / "mermaid" / "dist" / "mermaid.min.js"
    script = (
        f'<script src="{mermaid.as_uri()}"></script><script>{_DRAW}</script>' if "mermaid" in body else ""
    )
    style = _STYLE + (_NUMBERED if numbered else "")
    script += f"<script>{_NUMBER}</script>" if numbered else ""
    return (
        f'<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{css}"><style>{style}</style>'
        f'<div class="box"><div class="head"><b>{author}</b></div>'
        f'<div class="markdown-body">{body}</div></div>{script}'
    )


def make_log(text: str, *, modules: Path) -> str:
    """A log or a terminal, in its colours."""
    lines = (f"<div>{_INKED.sub(_inked, html.escape(line)) or '&nbsp;'}</div>" for line in text.split("\n"))
    return make_page(
        f"<pre class='terminal'>{''.join(lines)}</pre>", modules=modules, author="$ flightplan plan"
    )


def _inked(match: re.Match[str]) -> str:
    classes = " ".join(f"sgr{number}" for number in match.group(1).split(";"))
    return f"<span class='{classes}'>{match.group(2)}</span>"


def to_html(markdown: str) -> str:
    """As GitHub does, as far as our comments go."""
    found: str = _MARKDOWN.render(markdown)
    found = _ALERT.sub(_alert, found)
    found = _MERMAID.sub(r'<pre class="mermaid">\1</pre>', found)
    return _DIFF.sub(_diff, found)


def _alert(match: re.Match[str]) -> str:
    kind = match.group(1).lower()
    rest = match.group(2)
    rest = f"<p>{rest}" if not rest.lstrip().startswith("</p>") else rest.lstrip().removeprefix("</p>")
    title = f'<p class="markdown-alert-title">{_ICON}{kind.capitalize()}</p>'
    return f'<div class="markdown-alert markdown-alert-{kind}">{title}{rest}</div>'


def _diff(match: re.Match[str]) -> str:
    kinds = {"+": "ins", "-": "del"}
    lines = [
        f'<span class="{kinds[line[0]]}">{line}</span>' if line[:1] in kinds else f"{line}\n"
        for line in match.group(1).rstrip("\n").split("\n")
    ]
    return f"<pre><code>{''.join(lines)}</code></pre>"
