"""compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rungwise.commands.output import emit, json_option, note, show_table

if TYPE_CHECKING:
    from rungwise.report.document import Table

MOST_MOVES = 12
"""Shown in the terminal."""


@click.command(
    epilog="""\b
Examples:
  rungwise compare runs/sft/base runs/grpo/base
  rungwise compare runs/base runs/sft runs/dpo runs/grpo --first --by value --out compare.md
  rungwise compare runs/a runs/b --diagnose --flips flips.jsonl --json"""
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", type=click.Path(path_type=Path))
@click.option("--by", default="strict", show_default=True, help="strict, value or official (published sets).")
@click.option("--first", "first_only", is_flag=True, help="Compare the others with the first only, not all pairs.")
@click.option("--diagnose", "with_diagnosis", is_flag=True, help="Name errors by diagnosis; takes longer.")
@click.option("--suite", help="Where the runs' suite is now, if not where they found it.")
@click.option("--flips", type=click.Path(path_type=Path), help="JSONL file for every item that flipped.")
@click.option("--out", type=click.Path(path_type=Path), help="Markdown file for the whole comparison.")
@json_option
def compare(runs: tuple[Path, ...], as_json: bool, flips: Path | None, out: Path | None, **settings: Any) -> None:
    """Say which differences between runs on the same items are real.

    A RUN is a folder made by evaluate or score. The tests are paired and corrected for their number; what they mean:
    docs/comparing.md.
    """
    from rungwise.evaluate.compare import compare as run
    from rungwise.files import replacing, write_json_lines
    from rungwise.report.comparison import blocks
    from rungwise.report.document import markdown

    results, flipped = run(runs, **settings)
    emit(results, as_json, lambda: _show(results))
    if flips is not None:
        write_json_lines(flips, flipped)
        note(f"{len(flipped)} flips in {flips}")
    if out is not None:
        with replacing(out) as file:
            file.write(markdown(blocks(results)))
        note(f"the comparison is in {out}")


def _show(results: dict[str, Any]) -> None:
    from rungwise.report.comparison import BY, accuracy_table, flips_table, moves_table, tests_table, verdict

    _print(accuracy_table(results), f"{results['suite']} ({results['view']} view), {BY[results['by']]}")
    for comparison in results["comparisons"]:
        _print(tests_table(comparison), f"{comparison['b']} less {comparison['a']}")
        _print(flips_table(comparison), "items that flipped, the largest changes")
        moves = moves_table(comparison)
        _print(type(moves)(moves.header, moves.rows[:MOST_MOVES]), f"errors, by {comparison['errors']['by']}")
    for comparison in results["comparisons"]:
        click.echo(verdict(comparison))


def _print(table: Table, title: str) -> None:
    from rich.markup import escape
    from rich.table import Table as Rich

    from rungwise.evaluate.report import printable

    if not table.rows:
        return
    shown = Rich(*map(escape, table.header), title=escape(printable(title)), title_style="bold")
    for i, row in enumerate(table.rows):
        if i and i == min(table.aside, default=0):
            shown.add_section()
        shown.add_row(*(escape(printable(cell)) for cell in row))
    show_table(shown)
