"""report: evaluations in one file to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rungwise.commands.output import emit, ends, json_option, note, percent, show_table


@click.command(
    epilog="""\b
Examples:
  rungwise report runs/m --out runs/m/report
  rungwise report runs/a/base runs/a/hard runs/b/base runs/b/hard --out report
  rungwise report runs/* --samples 1000 --out report"""
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option("--samples", default=4_000, show_default=True, type=click.IntRange(1), help="Most answers to browse.")
@click.option("--seed", default=0, show_default=True, help="Of the choice of these, where there are more.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the report.")
@json_option
def report(runs: tuple[Path, ...], samples: int, seed: int, out: Path, as_json: bool) -> None:
    """Tables, plots and a browser of answers from finished evaluations.

    RUN is a folder that evaluate --out or score --out wrote. report.html is one file that needs no network; report.md
    and table.tex hold its tables.
    """
    from rungwise.report.evaluation import write_evaluations

    result = write_evaluations(runs, out, samples, seed)
    emit(result, as_json, lambda: _show(result))
    note(f"report: {result['report']} ({result['bytes'] / 1e6:.1f} MB), {result['markdown']}, {result['latex']}")
    if result["answers_shown"] < result["answers"]:
        note(f"{result['answers_shown']} of {result['answers']} answers are in it; --samples sets how many")
    for suite in dict.fromkeys(run["suite"] for run in result["runs"] if not run["suite_loaded"]):
        note(f"warning: the items of {suite} could not be loaded again: no prompts, solutions and diagnoses")


def _show(result: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("model", "suite", "strict", "95 %", title_style="bold")
    for run in result["runs"]:
        table.add_row(run["model"], run["suite"], percent(run["accuracy"]), ends(run["interval"]))
    show_table(table)
