"""A report as a list of blocks, written as Markdown and as one HTML file. Every text is escaped here, nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from rungwise.evaluate.report import LONGEST, fenced, printable


@dataclass(frozen=True)
class Heading:
    """A heading; ``level`` 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header. Rows whose number is in ``aside`` are shown apart: they are not ours."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    aside: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Pictures:
    """PNG files beside each other."""

    paths: Sequence[Path]


@dataclass(frozen=True)
class Code:
    """Text that is shown as it is, such as what a model wrote."""

    text: str


@dataclass(frozen=True)
class Figure:
    """A drawing by ``report.drawing``, whose texts are escaped already, and what it shows. HTML only."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Browser:
    """The data of the browser of answers, see ``report.answers``. HTML only."""

    data: Mapping[str, Any]


Block = Heading | Text | Points | Table | Pictures | Code | Figure | Browser


def markdown(blocks: Sequence[Block]) -> str:
    """The report as GitHub-flavoured Markdown; pictures by the names of their files."""
    return "\n\n".join(_markdown(block) for block in blocks if not isinstance(block, Figure | Browser)) + "\n"


def _markdown(block: Heading | Text | Points | Table | Pictures | Code) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_plain(block.text)}"
        case Text():
            return _plain(block.text)
        case Points():
            return "\n".join(f"- {_plain(text)}" for text in block.texts)
        case Table():
            lines = [block.header, ["---", *["---:"] * (len(block.header) - 1)], *block.rows]
            return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)
        case Pictures():
            return "\n".join(f"![{path.stem}]({path.name})" for path in block.paths)
        case Code():
            return fenced(block.text)


def _plain(text: str) -> str:
    """One line that Markdown shows as it is."""
    one_line = " ".join(printable(text).split())
    for mark in "\\`*_[]|~$":
        one_line = one_line.replace(mark, f"\\{mark}")
    return escape(one_line, quote=False)


HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer"><title>{title}</title><style>{style}</style></head><body>
"""
POLICY = (
    "default-src 'none'; img-src data:; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none';"
    " require-trusted-types-for 'script'"
)
"""Nothing from elsewhere; of styles and scripts only the page's own, by their hashes; no text turned into elements."""

BROWSER = """<div id="answers"><form id="filters" aria-label="which answers"></form>
<div id="pager" class="pager"></div><ol id="list"></ol></div>
<noscript><p>The answers are shown by a script in this file; allow it, or read predictions.jsonl.</p></noscript>
<script type="application/json" id="answers-data">{data}</script>"""

_MEASURED = re.compile(r"([+-]?[0-9][^()]{0,20}) \(([^()]{1,40})\)")
"""A number and its interval."""


def html(blocks: Sequence[Block], script: bool = False) -> str:
    """The report as one page with its pictures inside, nothing from elsewhere; ``script`` makes its tables sortable
    and a browser of answers work."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "report")
    body = "\n".join(_html(block) for block in blocks)
    style, code = _part("style.css"), _part("report.js") if script else ""
    policy = POLICY.format(style=_hash(style), script=_hash(code) if script else "'none'")
    head = HEAD.format(policy=policy, title=_text(title), style=style)
    return f"{head}{body}\n{f'<script>{code}</script>' if script else ''}</body></html>\n"


def _part(name: str) -> str:
    return files("rungwise.report").joinpath("page", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
        case Text():
            return f"<p>{_text(block.text)}</p>"
        case Points():
            return f"<ul>{''.join(f'<li>{_text(text)}</li>' for text in block.texts)}</ul>"
        case Table():
            head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in block.header)
            rows = [
                f"<tr{' class=aside' if i in block.aside else ''}>{''.join(map(_cell, row))}</tr>"
                for i, row in enumerate(block.rows)
            ]
            opening = f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>'
            return "\n".join([opening, *rows, "</tbody></table></div>"])
        case Pictures():
            return "\n".join(map(_picture, block.paths))
        case Code():
            return f"<pre>{_text(block.text[:LONGEST])}</pre>"
        case Figure():
            return f"<figure>{block.svg}<figcaption>{_text(block.caption)}</figcaption></figure>"
        case Browser():
            return BROWSER.format(data=_embedded(block.data))


def _text(text: str) -> str:
    return escape(printable(text))


def _cell(text: str) -> str:
    measured = _MEASURED.fullmatch(text)
    if measured is None:
        return f"<td>{_text(text)}</td>"
    return f"<td>{_text(measured[1])} <small>{_text(measured[2])}</small></td>"


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON inside a script element, which no text can end: letters that HTML looks at are written as their codes, and
    whatever is not ASCII (line separators, halves of surrogate pairs) is too."""
    told = json.dumps(data, separators=(",", ":"))
    for mark in "<>&":
        told = told.replace(mark, f"\\u{ord(mark):04x}")
    return told


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{_text(path.stem)}" src="data:image/png;base64,{data}">'
