"""The tables of a report as LaTeX (booktabs). Every text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rungwise.evaluate.report import printable
from rungwise.report.document import Block, Heading, Table, Text

OPENING = r"""% \usepackage{booktabs}
% Accuracies in %, with 95 % intervals in parentheses."""

_WRITTEN = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\char34{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}",
    "[": "{[}", "]": "{]}",
}  # fmt: skip


def latex(blocks: Sequence[Block]) -> str:
    """Each table of the blocks as a table* that floats, under the headings and the sentence that stand over it."""
    parts, headings = [OPENING], [""] * 6
    for before, block in pairwise([Text(""), *blocks]):
        if isinstance(block, Heading):
            headings[block.level - 1 :] = [block.text, *[""] * (6 - block.level)]
        if isinstance(block, Table):
            said = before.text if isinstance(before, Text) else ""
            caption = ". ".join(text for text in (*headings[1:], said.rstrip(".")) if text)
            parts.append(_table(block, caption, len(parts)))
    return "\n\n".join(parts) + "\n"


def _table(table: Table, caption: str, number: int) -> str:
    rows = [" & ".join(map(_escaped, row)) + r" \\" for row in table.rows]
    rule = min(table.aside, default=None)
    if rule is not None and rule > 0:
        rows.insert(rule, r"\midrule")
    lines = [
        r"\begin{table*}",
        r"\centering\small",
        f"\\caption{{{_escaped(caption)}.}}",
        f"\\label{{tab:rungwise-{number}}}",
        f"\\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
        r"\toprule",
        " & ".join(map(_escaped, table.header)) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table*}",
    ]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """One line that LaTeX prints as it is; letters beyond Latin, which need a font of their own, as their codes."""
    one_line = " ".join(printable(text).split())
    written = "".join(_WRITTEN.get(c) or (c if c < "ƀ" else f"U+{ord(c):04X}") for c in one_line)
    return written.replace("--", "-{}-").replace("--", "-{}-")  # two hyphens would be a dash; twice, for three
