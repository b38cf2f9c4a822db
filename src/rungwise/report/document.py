"""A report as a list of blocks, written as Markdown and as one HTML file. Every text is escaped here, nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

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


Block = Heading | Text | Points | Table | Pictures | Code


def markdown(blocks: Sequence[Block]) -> str:
    """The report as GitHub-flavoured Markdown; pictures by the names of their files."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
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
    for mark in "\\`*_[]|":
        one_line = one_line.replace(mark, f"\\{mark}")
    return escape(one_line, quote=False)


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; display: block; overflow-x: auto }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
tr.aside { color: #666; font-style: italic; background: #f6f6f6 }
img { max-width: 49%; height: auto }
pre { background: #f6f6f6; padding: .6rem; overflow-x: auto; white-space: pre-wrap }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ddd }
"""

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body>
"""


def html(blocks: Sequence[Block]) -> str:
    """The report as one page with its pictures inside: no script, nothing from elsewhere."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "report")
    body = "\n".join(_html(block) for block in blocks)
    return HEAD.format(title=_text(title), style=STYLE) + body + "\n</body></html>\n"


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
        case Text():
            return f"<p>{_text(block.text)}</p>"
        case Points():
            return f"<ul>{''.join(f'<li>{_text(text)}</li>' for text in block.texts)}</ul>"
        case Table():
            head = "".join(f"<th>{_text(cell)}</th>" for cell in block.header)
            rows = [
                f"<tr{' class=aside' if i in block.aside else ''}>{''.join(f'<td>{_text(c)}</td>' for c in row)}</tr>"
                for i, row in enumerate(block.rows)
            ]
            return "\n".join([f"<table><thead><tr>{head}</tr></thead><tbody>", *rows, "</tbody></table>"])
        case Pictures():
            return "\n".join(map(_picture, block.paths))
        case Code():
            return f"<pre>{_text(block.text[:LONGEST])}</pre>"


def _text(text: str) -> str:
    return escape(printable(text))


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{_text(path.stem)}" src="data:image/png;base64,{data}">'
