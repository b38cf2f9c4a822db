"""verify and list."""

from __future__ import annotations

from pathlib import Path

import click

from rungwise.commands.output import Bars, emit, json_option
from rungwise.errors import UserError

VIOLATIONS_SHOWN = 20


@click.command(
    epilog="""\b
Examples:
  rungwise generate base --n 700 --out items && rungwise verify items
  rungwise verify items --workers 2 --out report
  rungwise verify exam --against train --against caugym:base_dataset.json"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--against", multiple=True, help="Another folder or file that must share no text or test structure.")
@click.option("--workers", default=1, show_default=True, help="Processes; any number gives the same report.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for report.md and report.json.")
@json_option
def verify(folder: Path, against: tuple[str, ...], workers: int, out: Path | None, as_json: bool) -> int:
    """Recompute and check a generated folder (or one of its files).

    Truths by independent roads, texts, steps, reference answers (each must score 1), ids, twins, duplicates, splits,
    balance, file hashes. Exit code 1 when anything is wrong.
    """
    from rungwise.files import replacing, write_json
    from rungwise.suites.verify import verify_folder
    from rungwise.suites.verify_report import markdown

    if workers < 1:
        raise UserError(f"--workers must be at least 1, got {workers}")
    with Bars() as bars:
        found = verify_folder(folder, against, workers, lambda done, of: bars.update("verify", done, of))
    violations = found["violations"]
    if out is not None:
        write_json(out / "report.json", found)
        with replacing(out / "report.md") as file:
            file.write(markdown(str(folder), found))

    def show() -> None:
        for violation in violations[:VIOLATIONS_SHOWN]:
            click.echo(f"{violation['where']}: {violation['kind']}: {violation['what']}")
        if len(violations) > VIOLATIONS_SHOWN:
            click.echo(f"... and {len(violations) - VIOLATIONS_SHOWN} more")
        click.echo(f"{found['items']} items ({found['thorough']} thoroughly): {len(violations) or 'no'} violations")

    emit(found, as_json, show)
    return 1 if violations else 0


@click.command(
    name="list",
    epilog="""\b
Examples:
  rungwise list
  rungwise list suites --json""",
)
@click.argument("what", required=False, metavar="[suites|tasks|recipes|models]")
@json_option
def list_(what: str | None, as_json: bool) -> None:
    """What there is: suites, tasks, recipes and models."""
    from rungwise.posttrain.recipes import recipe_names

    kinds = {"suites": _suites, "tasks": _tasks, "recipes": recipe_names, "models": _models}
    if what is not None and what not in kinds:
        raise UserError(f"there is no list of {what!r}; lists are {', '.join(kinds)}")
    found = {kind: make() for kind, make in kinds.items() if what in (kind, None)}

    def tell() -> None:
        for kind, entries in found.items():
            width = max(map(len, entries))
            click.echo(f"{kind}")
            for name, text in entries.items():
                click.echo(f"  {name:{width}}  {text}")

    emit(found, as_json, tell)


def _suites() -> dict[str, str]:
    from rungwise.suites.families import FAMILIES
    from rungwise.suites.items import SUITES
    from rungwise.suites.published import BENCHMARKS, benchmark

    return {**SUITES, **FAMILIES, **{f"{name}:PATH[#SUBSET]": benchmark(name).source for name in BENCHMARKS}}


def _tasks() -> dict[str, str]:
    from rungwise.problems.problem import TASKS
    from rungwise.problems.tasks import POINT_TASKS, task

    return {name: task(name).TITLE for name in (*TASKS, *POINT_TASKS)}


def _models() -> dict[str, str]:
    return {
        "exact": "the solver: the ceiling",
        "constant, unadjusted, graph-blind, lookup": "shortcuts: the floor",
        "embedded": "the small base model that ships with rungwise",
        "PATH or ID": "any causal language model in a folder or on the Hugging Face hub",
    }
