"""score: outputs that were made elsewhere, or texts of a run, again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rungwise.commands.output import emit, ends, json_option, note, percent, show_table
from rungwise.errors import UserError

Command = TypeVar("Command", bound=Callable[..., Any])


def published_options(command: Command) -> Command:
    """The options of every command that reads a published set."""
    patch = click.option("--patch", type=click.Path(path_type=Path), help="Corrected labels, made by audit.")
    skip = click.option("--skip-bad", is_flag=True, help="Pass over damaged rows of a published set, and count them.")
    return patch(skip(command))


@click.command(
    epilog="""\b
Examples:
  rungwise score --suite caugym:base_dataset.json --predictions outputs.json
  rungwise score --suite cladder:o1_preview_processed.jsonl --predictions o1_preview_raw.jsonl
  rungwise score --suite caugym:DIR#base --predictions outputs.csv --patch audit/patch.jsonl --out runs/theirs
  rungwise score runs/m
  rungwise score runs/m --patch audit/patch.jsonl --out runs/m-corrected"""
)
@click.argument("run", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--suite", help="The published set, NAME:PATH[#SUBSET]; of a RUN: where its suite is now.")
@click.option("--predictions", type=click.Path(path_type=Path), help="JSON, JSONL, CSV or Parquet.")
@published_options
@click.option("--out", type=click.Path(path_type=Path), help="Folder for predictions.jsonl and results.json.")
@json_option
def score(
    run: Path | None, suite: str | None, predictions: Path | None, skip_bad: bool, as_json: bool, **settings: Any
) -> None:
    """Score outputs made elsewhere, by the benchmark's own rule and by ours; or the texts of a RUN again.

    Each row of predictions holds a text (text, output, response, completion, prediction, all_generated_answers,
    raw_inference_result; a list is samples) and the item's id, its index from 0 or its prompt; else rows are taken in
    the items' order. The texts of a RUN, a folder made by evaluate, are scored again without a model, in place; what
    changed is said.
    """
    if run is not None:
        from rungwise.evaluate.again import score_again

        if predictions is not None or skip_bad:
            raise UserError("a RUN has its own predictions: leave out --predictions and --skip-bad")
        results = score_again(run, suite=suite, **settings)
        emit(results, as_json, lambda: _show_again(results))
        return
    if suite is None or predictions is None:
        raise UserError("score takes --suite and --predictions, or the folder of a RUN")
    from rungwise.evaluate.rescore import rescore

    results = rescore(suite, predictions, skip_bad=skip_bad, **settings)
    emit(results, as_json, lambda: _show(results))
    if results["missing"]:
        note(f"{results['missing']} of {results['n']} items have no output; they count as wrong")
    if results["skipped"]:
        note(f"{results['skipped']} damaged rows were passed over")


def _show_again(results: dict[str, Any]) -> None:
    found = results["rescored"]
    then, now = found["accuracy"]
    versions = " to ".join(dict.fromkeys(found["rungwise"]))
    click.echo(f"{results['model']} on {results['suite']}: {percent(then)} then, {percent(now)} now")
    click.echo(f"{found['changed']} rows changed, {found['labels_changed']} of them in their label ({versions})")
    for change, count in found["by_reason"].items():
        click.echo(f"  {change}: {count}")


def _show(results: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("", "items", "official", "strict", "95 %", "unparsed", title_style="bold")
    table.title = f"{results['model']} on {results['suite']}"
    for name, cell in [*results["by_task"].items(), ("all", results)]:
        if name == "all":
            table.add_section()
        columns = percent(cell["official"]), percent(cell["accuracy"]), ends(cell["interval"])
        table.add_row(name, str(cell["n"]), *columns, percent(cell["unparsed"]))
    show_table(table)
    show_scorings(results["scorings"])


def show_scorings(found: dict[str, Any]) -> None:
    """How the two rules differ on these outputs."""
    for name, what in (("official", "the set's own rule"), ("strict", "one final answer, value and sign")):
        cell = found[name]
        click.echo(f"{name} ({what}): {percent(cell['accuracy'])} ({ends(cell['interval'])})")
    click.echo(
        f"both call {found['both']} right, official alone {found['official_only']},"
        f" strict alone {found['strict_only']}, neither {found['neither']}"
    )
    reasons = ", ".join(f"{reason} {count}" for reason, count in found["official_only_reasons"].items())
    if reasons:
        click.echo(f"right by the official rule alone: {reasons}")
