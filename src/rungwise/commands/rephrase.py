"""rephrase: generated items in a language model's words."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rungwise.commands.output import Bars, emit, json_option, note
from rungwise.errors import UserError

DEFAULT_KEY = "OPENAI_API_KEY"


@click.command(
    epilog="""\b
Examples:
  rungwise generate train --n 700 --out items
  rungwise rephrase items --endpoint http://localhost:8000/v1 --model NAME --out reworded --dry-run
  rungwise rephrase items --endpoint http://localhost:8000/v1 --model NAME --out reworded
  rungwise verify reworded"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--endpoint", required=True, help="Base URL of an OpenAI-compatible server, as in http://localhost:8000/v1."
)
@click.option("--model", required=True, help="The model's name at the endpoint.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for what is kept.")
@click.option("--key-env", help=f"Environment variable that holds the key.  [default: {DEFAULT_KEY}]")
@click.option("--concurrency", default=4, show_default=True, help="Items in work at a time.")
@click.option("--tries", default=3, show_default=True, help="Requests for an item at most.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds for a reply.")
@click.option("--temperature", type=float, help="The endpoint's own by default.")
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
    from rungwise.suites.endpoint import Endpoint

    key = os.environ.get(key_env or DEFAULT_KEY) or None
    if key_env and not key:
        raise UserError(f"the environment variable {key_env} is not set; it should hold the endpoint's key")
    job = run.Rephrasing(folder, Endpoint(endpoint, model, timeout, temperature, key), tries, concurrency, limit)
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
