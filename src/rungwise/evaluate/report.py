"""The final table and the report of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rungwise.evaluate.plots import bar_chart, reward_curve
from rungwise.evaluate.statistics import Cell
from rungwise.files import replacing

if TYPE_CHECKING:
    from rich.table import Table

MEAN = "mean"
LONGEST = 6_000
"""Characters of a prompt or an answer that a report shows."""

SCOPE = (
    "The model has about a million parameters and sees problems in the slots view only: a graph of letters, facts"
    " with numbered slots, a question. It shows that the method works end to end; it is not a general reasoner."
)


def cells(results: Mapping[str, Any]) -> dict[str, Cell]:
    """Task -> (value accuracy, lower end, upper end) of a ``results.json``, and the mean over tasks last."""
    found = {task: (c["value_accuracy"], *c["value_interval"]) for task, c in results["by_task"].items()}
    mean = results["mean_over_tasks"]
    return {**found, MEAN: (mean["value_accuracy"], *mean["interval"])}


def final_table(rows: Mapping[str, Mapping[str, Any]], title: str = "value accuracy, %, with 95 % intervals") -> Table:
    """Tasks down, one column for each results object, in order."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_style="bold", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("task")
    for name in rows:
        # Eight columns fit into 80 characters when names may break.
        table.add_column(name.replace("-", "-\n").replace(" ", "\n"), justify="right")
    columns = [cells(results) for results in rows.values()]
    for task in _tasks(rows):
        if task == MEAN:
            table.add_section()
        found = [column.get(task) for column in columns]
        table.add_row(task, *(f"{100 * c[0]:.1f}\n[dim]{_ends(c)}[/]" if c else "" for c in found))
    return table


def table_markdown(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The same table in Markdown."""
    columns = [cells(results) for results in rows.values()]
    lines = [f"| task | {' | '.join(map(_cell_text, rows))} |", f"|---|{'---:|' * len(rows)}"]
    for task in _tasks(rows):
        found = [column.get(task) for column in columns]
        texts = [f"{100 * c[0]:.1f} ({_ends(c)})" if c else "" for c in found]
        lines.append(f"| {task} | {' | '.join(texts)} |")
    return "\n".join(lines)


def write_report(
    out: Path,
    rows: Mapping[str, Mapping[str, Any]],
    curve: Sequence[Mapping[str, Any]],
    examples: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> Path:
    """``out/report.md`` with ``accuracy.png`` and ``reward.png``.

    Args:
        rows: name -> results, the columns of the table.
        curve: the rows of ``reward_curve``; no picture when empty.
        examples: problems with "prompt", "before", "after", "truth" ({"value", "answer"}) and "solution".
        facts: what was run, e.g. "command", "seed", "seconds", "solutions a task": name -> plain value or dictionary
            of plain values, in the order shown. Two become sentences: "difference" (estimate, lower end, upper end),
            GRPO's mean value accuracy less the control's, and "real", the results of the model on a published file.

    Raises:
        UserError: matplotlib is not installed.
    """
    out.mkdir(parents=True, exist_ok=True)
    bar_chart({name: cells(results) for name, results in rows.items()}, out / "accuracy.png")
    parts = ["# A causal reasoner, post-trained", "## What was run", _facts(facts)]
    parts += ["## What came out", *([_verdict(facts["difference"])] if facts.get("difference") else [])]
    parts += [_real(facts["real"])] if facts.get("real") else []
    parts += [f"Value accuracy in %, with 95 % intervals.\n\n{table_markdown(rows)}", "![value accuracy](accuracy.png)"]
    if curve:
        reward_curve(curve, out / "reward.png")
        parts.append("![reward during GRPO](reward.png)")
    if examples:
        parts.append("## What the model wrote, before and after")
        parts += [_example(i, example) for i, example in enumerate(examples, 1)]
    parts += ["## Scope", SCOPE]
    path = out / "report.md"
    with replacing(path) as file:
        file.write("\n\n".join(parts) + "\n")
    return path


def fenced(text: str) -> str:
    """Any text as a Markdown code block: control characters shown as such, and a fence that it can't close."""
    text = printable(text)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n... and {len(text) - LONGEST} characters more"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def printable(text: str) -> str:
    """The text with control characters, which could drive a terminal, written as their codes."""
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in text.replace("\t", "    "))


def _tasks(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found = dict.fromkeys(task for results in rows.values() for task in results["by_task"])
    return [*found, MEAN]


def _ends(cell: Cell) -> str:
    return f"{100 * cell[1]:.0f}-{100 * cell[2]:.0f}"


def _cell_text(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _facts(facts: Mapping[str, Any]) -> str:
    lines = []
    for name, value in facts.items():
        if name not in ("command", "difference", "real"):
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else value
            lines.append(f"| {_cell_text(name)} | {_cell_text(shown)} |")
    table = "\n".join(["| | |", "|---|---|", *lines])
    return f"{fenced(facts['command'])}\n\n{table}" if "command" in facts else table


def _verdict(difference: Cell) -> str:
    points, lo, hi = (100 * part for part in difference)
    ends = f"{points:+.1f} points (95 % interval {lo:+.1f} to {hi:+.1f})"
    if lo > 0:
        return f"GRPO is better than continuing the SFT for the same seconds: {ends}."
    if hi < 0:
        return f"GRPO is worse than continuing the SFT for the same seconds: {ends}."
    return f"GRPO and continuing the SFT for the same seconds can't be told apart here: {ends}."


def _real(results: Mapping[str, Any]) -> str:
    lo, hi = (100 * end for end in results["value_interval"])
    return (
        f"On the {results['n']} items of {_cell_text(results['suite'])}: {100 * results['value_accuracy']:.1f} % of the"
        f" values are right ({lo:.0f}-{hi:.0f}); with the answer as well, by the set's own sign rule,"
        f" {100 * results['strict_corrected']['accuracy']:.1f} %. Graph-blind:"
        f" {100 * results['baselines']['graph-blind']:.1f} %."
    )


def _example(number: int, example: Mapping[str, Any]) -> str:
    parts = [f"### Problem {number}", fenced(str(example["prompt"]))]
    names = (("before", "Before GRPO"), ("after", "After GRPO"), ("solution", "Worked solution"))
    for key, name in names:
        parts += [f"{name}:", fenced(str(example[key]))]
    value = example["truth"]["value"]
    parts.append("True value: " + ("not determined" if value is None else f"{value:.4f}"))
    return "\n\n".join(parts)
