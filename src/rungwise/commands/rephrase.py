"""rephrase: generated items in a language model's words."""

from __future__ import annotations

from pathlib import Path

import click

from rungwise.commands.endpoint import endpoint_options, make_endpoint
from rungwise.commands.output import Bars, emit, json_option, note


@click.command(
    epilog="""\b
Examples:
  rungwise generate train --n 700 --out items
  rungwise rephrase items --endpoint http://localhost:8000/v1 --model NAME --out reworded --dry-run
  rungwise rephrase items --endpoint http://localhost:8000/v1 --model NAME --out reworded
  rungwise verify reworded"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@endpoint_options
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for what is kept.")
@click.option("--limit", type=int, help="The first items only.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and send nothing.")
@json_option
def rephrase(
    folder: Path,
    endpoint: str,
    model: str,
    out: Path,
    key_env: str | None,
    concurrency: int,
    tries: int,
    timeout: float,
    temperature: float | None,
    limit: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Have generated items reworded, and keep what surely means the same.

    The folder's items are in the natural view. A rewording that is refused is asked for again, with the reason; after
    --tries requests the item is dropped and counted. The same command goes on where it was stopped.
    """
    from rungwise.suites import rephrase as run

    asked = make_endpoint(endpoint, model, key_env, timeout, temperature)
    job = run.Rephrasing(folder, asked, tries, concurrency, limit)
    if dry_run:
        planned = run.estimate(job)
        told = (
            f"{planned['items']} items in {planned['requests']} to {planned['requests_at_most']} requests, about "
            f"{planned['prompt_tokens']:,} tokens in and {planned['completion_tokens']:,} out if one each suffices"
        )
        emit(planned, as_json, lambda: click.echo(told))
        return
    with Bars() as bars:
        manifest = run.rephrase(job, out, lambda done, of, text: bars.update("rephrase", done, of, text))
    counts = manifest["rephrased"]
    dropped = ", ".join(f"{code} {count}" for code, count in counts["dropped"].items()) or "none"
    emit(counts, as_json, lambda: note(f"{counts['accepted']} of {counts['items']} items in {out}; dropped: {dropped}"))
