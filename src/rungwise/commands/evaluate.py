"""evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rungwise.commands.endpoint import make_endpoint
from rungwise.commands.output import Bars, emit, ends, json_option, note, percent, show_table
from rungwise.commands.score import published_options, show_scorings
from rungwise.errors import UserError

CAPT_TIMEOUT = 60.0
"""Seconds for a reply about the events of a prompt."""
CUT_OFF_WARNING = 0.02
"""Above this share of cut-off texts the user is told: they can't be right, however good the model is."""


@click.command(
    epilog="""\b
Examples:
  rungwise evaluate --model exact --suite caugym:base_dataset.json --rounding published
  rungwise evaluate --model runs/m --suite cladder:DIR#hard --patch audit/patch.jsonl --out runs/m/cladder
  rungwise evaluate --model graph-blind --suite decisive --n 700
  rungwise evaluate --model runs/grpo/model --suite base --view slots --out runs/grpo/base
  rungwise evaluate --model runs/m/model --suite ladder-anti --capt random --out runs/m/anti
  rungwise evaluate --model ORG/MODEL --suite items --samples 5 --temperature 0.6 --top-p 0.95 --out runs/m"""
)
@click.option("--model", required=True, help="exact, a shortcut, embedded, a model folder or a Hugging Face id.")
@click.option("--suite", required=True, help="A suite, a folder or file made by generate, or NAME:PATH[#SUBSET].")
@click.option("--view", help="natural, formal or slots; default natural, or the view of the file.")
@click.option("--n", type=int, help="Items to generate (suites of rungwise only; default 700).")
@click.option("--limit", type=int, help="Take only the first items.")
@click.option("--seed", default=0, show_default=True, help="For generating items and for sampling.")
@click.option("--samples", default=1, show_default=True, help="Texts an item.")
@click.option("--temperature", default=0.0, show_default=True, help="0 decodes greedily.")
@click.option("--top-p", default=1.0, show_default=True)
@click.option("--max-new-tokens", type=int, help="Longest text; default 256 in the slots view, else 2048.")
@click.option("--batch-size", default=64, show_default=True, help="Texts generated at once.")
@published_options
@click.option("--rounding", default="exact", show_default=True, help="exact, or published: as CauGym's labels round.")
@click.option("--capt", default="none", show_default=True, help="Names in prompts: none, order, random or original.")
@click.option("--capt-by", default="readers", show_default=True, help="Who finds them: readers, self or endpoint.")
@click.option("--capt-endpoint", metavar="URL", help="With --capt-by endpoint: an OpenAI-compatible server.")
@click.option("--capt-model", help="With --capt-by endpoint: the model's name there.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for predictions.jsonl and results.json.")
@json_option
def evaluate(
    model: str, suite: str, as_json: bool, capt_endpoint: str | None, capt_model: str | None, **settings: Any
) -> None:
    """Run a model on a suite and score it.

    With --out, the same command goes on where it was stopped.
    """
    from rungwise.evaluate.run import evaluate as run

    if (capt_endpoint is None) != (capt_model is None):
        raise UserError("--capt-endpoint and --capt-model go together")
    if capt_endpoint is not None and capt_model is not None:
        settings["capt_endpoint"] = make_endpoint(capt_endpoint, capt_model, None, CAPT_TIMEOUT, None)
    with Bars() as bars:
        results = run(
            model,
            suite,
            progress=lambda done, of, accuracy: bars.update("evaluate", done, of, f"{100 * accuracy:.1f} % right"),
            **settings,
        )
    emit(results, as_json, lambda: _show(results))
    for miss in results.get("misses", ()):
        note(f"miss: {json.dumps(miss, ensure_ascii=True)}")
    if results["cut_off"] > CUT_OFF_WARNING:
        note(f"{100 * results['cut_off']:.0f} % of the texts were cut off; raise --max-new-tokens")
    if results.get("capt", {}).get("not_abstracted"):
        note(f"{results['capt']['not_abstracted']} prompts had no faultless abstraction and were asked as they are")
    if results.get("skipped"):
        note(f"{results['skipped']} damaged rows were passed over")
    if results["unread"]:
        note(f"{100 * results['unread']:.1f} % of the items were not read; they count as wrong")
    seconds = max(results["seconds"], 1e-3)
    note(f"{results['n']} items in {seconds:.2f} s ({results['n'] / seconds:.0f} a second)")


def _show(results: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("", "items", "right", "95 %", "value right", "95 %", "answer right", "unparsed", title_style="bold")
    table.title = f"{results['model']} on {results['suite']} ({results['view']} view)"
    for name, cell in [*results["by_task"].items(), ("all", results)]:
        if name == "all":
            table.add_section()
        table.add_row(
            name,
            str(cell["n"]),
            percent(cell["accuracy"]),
            ends(cell["interval"]),
            percent(cell["value_accuracy"]),
            ends(cell["value_interval"]),
            percent(cell["answer_accuracy"]),
            percent(cell["unparsed"]),
        )
    show_table(table)
    shortcuts = ", ".join(f"{name} {percent(value)}" for name, value in results["baselines"].items())
    click.echo(f"value right by shortcuts: {shortcuts}")
    if "scorings" in results:
        show_scorings(results["scorings"])
    if "strict_corrected" in results:
        corrected = results["strict_corrected"]
        click.echo(
            f"right with the answers that the set's own sign rule gives: {percent(corrected['accuracy'])}"
            f" ({corrected['changed']} published answers contradict it)"
        )
