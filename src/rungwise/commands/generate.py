"""generate and reveal: items in folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from rungwise.commands.output import Bars, emit, json_option, note
from rungwise.errors import UserError


@click.command(
    epilog="""\b
Examples:
  rungwise generate base --n 7
  rungwise generate base decisive --n 700 --seed 1 --out items
  rungwise generate rephrased omitted --n 700 --out reworded
  rungwise generate hard --n 700 --names anti-commonsense --twins --wording rephrased --annotate --out hard
  rungwise generate train --n 100000 --workers 8 --format parquet --out train
  rungwise generate base --n 700 --commit --out exam     the seed stays secret until 'rungwise reveal exam'"""
)
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@click.option("--n", default=7, show_default=True, help="Items of each suite.")
@click.option("--seed", type=int, help="Default 0; with --commit a random secret one.")
@click.option("--view", default="natural", show_default=True, help="natural, formal or slots.")
@click.option("--names", default="real", show_default=True, help="real, commonsense, anti-commonsense or nonsense.")
@click.option("--twins", is_flag=True, help="After each effect the same question with the other polarity.")
@click.option("--level", help="Difficulty in place of the suite's own: starter, easy, medium, advanced, hard, expert.")
@click.option("--outcome-values", default=2, show_default=True, help="2 or 3 values of the outcome.")
@click.option("--sufficient", default=0.5, show_default=True, help="insufficient: share of items that lack nothing.")
@click.option("--wording", default="plain", show_default=True, help="Natural view: plain, rephrased or omitted.")
@click.option("--annotate", is_flag=True, help="Natural view: labels carry letter and value, as in 'low (C=0)'.")
@click.option("--distinct", is_flag=True, help="Every item of a task has a causal structure of its own (3 to 5 nodes).")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the shards, manifest.json and README.md.")
@click.option("--format", "file_format", default="jsonl", show_default=True, help="jsonl or parquet.")
@click.option("--shard-size", default=10_000, show_default=True, help="Items of a file.")
@click.option("--workers", default=1, show_default=True, help="Processes; any number makes the same bytes.")
@click.option("--engine", default="local", show_default=True, help="local or ray.")
@click.option("--ray-address", help="A Ray cluster's address; without, one is started here.")
@click.option("--commit", is_flag=True, help="Keep the seed secret and commit to it (needs --out).")
@json_option
def generate(
    suites: tuple[str, ...],
    n: int,
    seed: int | None,
    view: str,
    names: str,
    twins: bool,
    level: str | None,
    outcome_values: int,
    sufficient: float,
    wording: str,
    annotate: bool,
    distinct: bool,
    out: Path | None,
    file_format: str,
    shard_size: int,
    workers: int,
    engine: str,
    ray_address: str | None,
    commit: bool,
    as_json: bool,
) -> None:
    """Make items with exact answers and their certificates.

    With --out they go to a folder of shards with a manifest and a data set card; without, they are printed. The same
    command goes on where it was stopped.
    """
    from rungwise.suites import items
    from rungwise.suites.families import FAMILIES, family_items

    every = {
        "twins": twins, "level": level, "outcome_values": outcome_values, "sufficient": sufficient, "wording": wording,
        "annotate": annotate, "distinct": distinct,
    }  # fmt: skip
    unset = {field.name: field.default for field in fields(items.Options)}
    options: dict[str, Any] = {key: value for key, value in every.items() if value != unset[key]}
    families = [suite for suite in suites if suite in FAMILIES]
    if families and (out is not None or view != "natural" or names != "real" or options):
        raise UserError(f"{families[0]} is printed as it is: leave out --out, --view, --names and other options")
    if out is not None:
        _to_folder(out, suites, n, seed, view, names, options, file_format, shard_size, workers, engine, ray_address,
                   commit, as_json)  # fmt: skip
        return
    if commit:
        raise UserError("--commit is for folders: add --out")
    if n < 1:
        raise UserError(f"--n must be at least 1, got {n}")

    def made(suite: str) -> Iterator[tuple[str, str, str | None]]:
        if suite in FAMILIES:
            own = family_items(suite, n, seed or 0)
            return ((item.id, item.text, item.label.answer if item.label else None) for item in own)
        found = items.generate(suite, n, seed or 0, view, names, **options)
        return ((item.id, item.text, item.problem.answer_text(view)) for item in found)

    rows = (
        {"suite": suite, "id": name, "text": text, "answer": answer}
        for suite in suites
        for name, text, answer in made(suite)
    )
    if as_json:
        found = {"view": view, "seed": seed or 0, "items": list(rows)}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in rows:  # as they are made, for the impatient and for pipes
        click.echo(f"--- {row['suite']} {row['id']}\n{row['text']}\n>>> {row['answer']}\n")


def _to_folder(
    out: Path,
    suites: tuple[str, ...],
    n: int,
    seed: int | None,
    view: str,
    names: str,
    options: dict[str, Any],
    file_format: str,
    shard_size: int,
    workers: int,
    engine: str,
    ray_address: str | None,
    commit: bool,
    as_json: bool,
) -> None:
    from rungwise.suites.commitment import keep_secret
    from rungwise.suites.folder import write_folder
    from rungwise.suites.shards import Request

    unique = tuple(dict.fromkeys(suites))
    request = Request(unique, n, seed or 0, view, names, file_format, shard_size, options)
    commitment = keep_secret(out, seed) if commit else None
    if commitment is not None:
        request = Request(unique, n, commitment.seed, view, names, file_format, shard_size, options)
    with Bars() as bars:
        manifest = write_folder(
            out,
            request,
            workers,
            engine,
            ray_address,
            commitment,
            lambda done, of: bars.update("generate", done, of),
            note,
        )
    emit(manifest, as_json, lambda: note(f"{n * len(unique)} items in {out}"))


@click.command(
    epilog="""\b
Examples:
  rungwise reveal exam            tell the seed of a folder made with --commit
  rungwise reveal exam --check    anybody: is it the seed that was committed to, and does it make these items?"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Check what was revealed, and make the first shard again.")
@click.option("--all", "every", is_flag=True, help="With --check: make all shards again.")
@json_option
def reveal(folder: Path, check: bool, every: bool, as_json: bool) -> int:
    """Tell, or check, the seed of a folder that was made with --commit. Exit code 1 if other items come out."""
    from rungwise.suites import commitment

    if not check:
        kept = commitment.reveal(folder)
        emit({"seed": kept.seed, "salt": kept.salt}, as_json, lambda: note(f"{folder / 'reveal.json'}: {kept.seed}"))
        return 0
    from rungwise.suites.folder import remade

    different = remade(folder, commitment.revealed_request(folder), None if every else 1)
    found = {"committed": True, "different": different}
    emit(found, as_json, lambda: click.echo("\n".join(f"{name}: other items" for name in different) or "as committed"))
    return 1 if different else 0
