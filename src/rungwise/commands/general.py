"""general: what post-training cost in general ability."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rungwise.commands.output import Bars, emit, ends, json_option, percent, show_table


@click.command(
    epilog="""\b
Examples:
  rungwise general --model ORG/MODEL --out runs/general/before
  rungwise general --model runs/grpo/model --out runs/general/after --before runs/general/before
  rungwise general --model M --out runs/g --samples 5 --temperature 0.6 --top-p 0.95     the paper's setting
  rungwise general --model M --out runs/g --tasks gsm8k,minerva_math500 --max-new-tokens 1024"""
)
@click.option("--model", required=True, help="A model folder or a Hugging Face id.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for texts, items and results.")
@click.option(
    "--before", type=click.Path(path_type=Path), help="The folder of an earlier measurement, to compare with."
)
@click.option("--tasks", help="Names of lm-eval's tasks, with commas; default MATH-500, Minerva Math and AMC 2023.")
@click.option("--include", type=click.Path(path_type=Path, exists=True), help="A folder with more lm-eval tasks.")
@click.option("--samples", default=1, show_default=True, help="Texts an item.")
@click.option("--temperature", default=0.0, show_default=True, help="0 decodes greedily.")
@click.option("--top-p", default=1.0, show_default=True)
@click.option("--max-new-tokens", default=8192, show_default=True)
@click.option("--batch-size", default=16, show_default=True, help="Texts generated at once.")
@click.option("--seed", default=0, show_default=True)
@click.option("--limit", type=int, help="Take only the first items of each task.")
@json_option
def general(model: str, out: Path, before: Path | None, tasks: str | None, as_json: bool, **settings: Any) -> None:
    """Measure general ability through lm-eval (extra lm-eval), and what changed.

    The same command goes on where it was stopped. The data sets come from the Hugging Face hub.
    """
    from rungwise.evaluate.general import SETS, differences, measure

    named = tuple(name.strip() for name in tasks.split(",")) if tasks else SETS
    with Bars() as bars:
        results = measure(
            model, out, tasks=named, progress=lambda done, of, _: bars.update("general", done, of), **settings
        )
    if before is not None:
        results = {**results, "differences": differences(before, out, results["seed"])}
    emit(results, as_json, lambda: _show(results))


def _show(results: dict[str, Any]) -> None:
    from rich.table import Table

    compared = results.get("differences")
    table = Table("", "items", "right", "95 %", *(("before", "after - before", "95 %") if compared else ()))
    table.title = results["model"]
    for task, cell in results["by_task"].items():
        columns = [task, str(cell["n"]), percent(cell["accuracy"]), ends(cell["interval"])]
        if compared:
            change = compared[task]
            low, high = change["interval"]
            columns += [
                percent(change["before"]),
                f"{100 * change['difference']:+.1f}",
                f"{100 * low:+.1f} to {100 * high:+.1f}",
            ]
        table.add_row(*columns)
    show_table(table)
