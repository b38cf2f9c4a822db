"""reword: a recipe's worked solutions in a language model's words."""

from __future__ import annotations

from pathlib import Path

import click

from rungwise.commands.endpoint import endpoint_options, make_endpoint
from rungwise.commands.output import Bars, emit, json_option, note


@click.command(
    epilog="""\b
Examples:
  rungwise reword --recipe qwen2.5-3b-lora --endpoint http://localhost:8000/v1 --model NAME --out solutions.jsonl
  rungwise train --recipe qwen2.5-3b-lora --method sft --set reworded=solutions.jsonl --out runs/sft"""
)
@click.option("--recipe", "recipe_name", required=True, help="Whose worked solutions: a recipe's name or a YAML file.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As for train.")
@endpoint_options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File for the solutions that are kept.")
@json_option
def reword(
    recipe_name: str,
    overrides: tuple[str, ...],
    endpoint: str,
    model: str,
    key_env: str | None,
    concurrency: int,
    tries: int,
    timeout: float,
    temperature: float | None,
    out: Path,
    as_json: bool,
) -> None:
    """Have a recipe's worked solutions reworded, and keep those in which the answer and every step are still right.

    SFT and the cold start see a solution in these words half of the time, with --set reworded=FILE. A rewording that is
    refused is asked for again, with the reason. The same command goes on where it was stopped.
    """
    from rungwise.language_models import require

    require("pydantic")
    from rungwise.posttrain import rewording as run
    from rungwise.posttrain.settings import recipe

    asked = make_endpoint(endpoint, model, key_env, timeout, temperature)
    job = run.Rewording(recipe(recipe_name, list(overrides)), asked, tries, concurrency)
    with Bars() as bars:
        counts = run.reword(job, out, lambda done, of, text: bars.update("reword", done, of, text))
    dropped = ", ".join(f"{code} {count}" for code, count in counts["dropped"].items()) or "none"
    emit(
        counts,
        as_json,
        lambda: note(f"{counts['kept']} of {counts['solutions']} solutions in {out}; dropped: {dropped}"),
    )
