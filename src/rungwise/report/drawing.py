"""Drawings as SVG inside a page, whose style gives their colours in light and dark. All texts are escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rungwise.evaluate.report import printable
from rungwise.evaluate.statistics import Cell

NAME_WIDTH, PANEL, GAP, ROW, HEAD = 210, 150, 26, 19, 26
PANELS_A_LINE = 4
LONGEST_NAME, TITLE = 30, 21
"""Letters of a name and of a panel's title that are shown; all are told when the mouse is over them."""
STACK = 640
LETTER = 7
"""Pixels a letter takes at most."""


@dataclass(frozen=True)
class Bars:
    """A panel: row -> accuracy and its interval; rows without one stay empty."""

    title: str
    cells: Mapping[str, Cell | None]


def panels(shown: Sequence[Bars], classes: Mapping[str, str]) -> str:
    """Small panels of horizontal bars from 0 to 100 % with intervals, the same rows in each.

    ``classes`` maps the rows' names, in order, to the class of the style that colours them.
    """
    parts: list[str] = []
    line_height = HEAD + ROW * len(classes) + 34
    for start in range(0, len(shown), PANELS_A_LINE):
        top = start // PANELS_A_LINE * line_height
        for k, name in enumerate(classes):
            parts.append(_name(name, NAME_WIDTH - 10, top + HEAD + ROW * k + 13))
        for at, panel in enumerate(shown[start : start + PANELS_A_LINE]):
            parts.append(_panel(panel, classes, NAME_WIDTH + at * (PANEL + GAP), top))
    width = NAME_WIDTH + min(PANELS_A_LINE, len(shown)) * (PANEL + GAP)
    return _svg(width, -(-len(shown) // PANELS_A_LINE) * line_height, parts)


def _panel(panel: Bars, classes: Mapping[str, str], left: float, top: float) -> str:
    parts = [f'<text x="{left}" y="{top + 14}" font-weight="600">{_clipped(panel.title, TITLE)}</text>']
    bottom = top + HEAD + ROW * len(classes)
    for share in (0, 0.5, 1):
        x = left + PANEL * share
        kind = "dashed" if share else "rule"
        parts.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top + HEAD - 4}" y2="{bottom + 2}"/>')
        parts.append(f'<text class="soft" x="{x}" y="{bottom + 16}" text-anchor="middle">{100 * share:.0f}</text>')
    for k, (name, colour) in enumerate(classes.items()):
        cell = panel.cells.get(name)
        if cell is None:
            continue
        mean, lo, hi = cell
        y = top + HEAD + ROW * k
        told = f"{name}, {panel.title}: {100 * mean:.1f} % ({100 * lo:.1f} to {100 * hi:.1f})"
        x1, x2 = (f"{left + PANEL * end:.1f}" for end in (lo, hi))
        parts.append(
            f"<g><title>{_text(told)}</title>"
            f'<rect class="{colour}" x="{left}" y="{y + 3}" width="{PANEL * mean:.1f}" height="{ROW - 6}" rx="1.5"/>'
            f'<line class="whisker" x1="{x1}" x2="{x2}" y1="{y + ROW / 2}" y2="{y + ROW / 2}"/>'
            f'<line class="whisker" x1="{x1}" x2="{x1}" y1="{y + 6}" y2="{y + ROW - 6}"/>'
            f'<line class="whisker" x1="{x2}" x2="{x2}" y1="{y + 6}" y2="{y + ROW - 6}"/></g>'
        )
    return "".join(parts)


def stacks(rows: Mapping[str, Mapping[str, float]], classes: Mapping[str, str]) -> str:
    """A bar a row from 0 to 100 %, made of parts; ``classes`` maps the parts' names, in order, to their colours."""
    used = [part for part in classes if any(row.get(part) for row in rows.values())]
    parts: list[str] = []
    x: float = NAME_WIDTH
    y: float = 0
    for part in used:
        width = 22 + LETTER * len(part)
        if x + width > NAME_WIDTH + STACK:
            x, y = float(NAME_WIDTH), y + ROW
        parts.append(f'<rect class="{classes[part]}" x="{x}" y="{y + 4}" width="11" height="11" rx="2"/>')
        parts.append(f'<text x="{x + 15}" y="{y + 14}">{_text(part)}</text>')
        x += width
    y += ROW + 8
    for name, row in rows.items():
        parts.append(_name(name, NAME_WIDTH - 10, y + 15))
        x = float(NAME_WIDTH)
        for part in used:
            share = row.get(part, 0.0)
            span = STACK * share
            if not share:
                continue
            told = f"{name}: {part} {100 * share:.1f} %"
            size = f'x="{x:.1f}" y="{y}" width="{max(0.5, span - 1):.1f}" height="{ROW + 2}"'
            parts.append(f'<g><title>{_text(told)}</title><rect class="{classes[part]}" {size}/>')
            if span > 34:
                parts.append(f'<text class="inside" x="{x + 5:.1f}" y="{y + 15}">{100 * share:.0f} %</text>')
            parts.append("</g>")
            x += span
        y += ROW + 7
    return _svg(NAME_WIDTH + STACK + 10, y, parts)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'<svg role="img" {size}>{"".join(parts)}</svg>'


def _name(name: str, x: float, y: float) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="end">{_clipped(name, LONGEST_NAME)}</text>'


def _clipped(text: str, most: int) -> str:
    """The end of a long path says most."""
    return f"<title>{_text(text)}</title>{_text(text if len(text) <= most else f'…{text[1 - most :]}')}"


def _text(text: str) -> str:
    return escape(printable(text))
