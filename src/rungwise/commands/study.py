"""study: thin, because the work is in the library."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rungwise.commands.output import Bars, emit, json_option, note, show_table
from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.posttrain.settings import StudySettings


@click.command(
    epilog="""\b
Examples:
  rungwise study --recipe tiny --seeds 5 --out runs/study
  rungwise study --recipe tiny --methods sft,grpo --suites base,hard --set sft.lr=5e-4 --out runs/two
  rungwise study --recipe tiny --smoke --out runs/smoke"""
)
@click.option("--recipe", "name", default="tiny", show_default=True, help="See 'rungwise list recipes'.")
@click.option("--methods", metavar="M,M,...", help="sft, dpo, kto, ppo, grpo; default: the recipe's study.methods.")
@click.option("--seeds", metavar="N", help="Independent runs; default: the recipe's study.seeds.")
@click.option("--suites", metavar="S,S,...", help="See 'rungwise list suites'; default: the recipe's study.suites.")
@click.option("--items", metavar="N", help="Items of each suite; default: the recipe's study.items.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting of the recipe.")
@click.option("--capt", help="Names in training and evaluation: none, order, random or original (natural view).")
@click.option("--workers", type=int, help="Processes; several have a thread each. Default: one a core, on a GPU one.")
@click.option("--smoke", is_flag=True, help="About two minutes, through the same code.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the study.")
@json_option
def study(
    name: str,
    methods: str | None,
    seeds: str | None,
    suites: str | None,
    items: str | None,
    overrides: tuple[str, ...],
    capt: str | None,
    workers: int | None,
    smoke: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Cold start, every method from it, every suite, over several seeds, in one report.

    Ctrl-C, a crash or kill -9, then the same command: it resumes. More methods, seeds or suites can be added later.
    """
    from rungwise.language_models import require

    torch = require("torch")
    require("trl"), require("matplotlib")
    from rungwise.posttrain.settings import recipe
    from rungwise.study import study as run

    flags = {"methods": methods, "seeds": seeds, "suites": suites, "items": items}
    given = [f"study.{key}={value}" for key, value in flags.items() if value is not None]
    given += [f"capt={capt}"] if capt else []
    chosen = recipe(name, [*overrides, *given], smoke)
    _check_seconds(chosen.study, overrides)
    if workers is None:
        workers = 1 if torch.cuda.is_available() else min(len(os.sched_getaffinity(0)), chosen.study.seeds)
    with Bars() as bars:

        def report(stage: str, row: dict[str, Any]) -> None:
            bars.update(stage, row["done"], row["of"], row["note"])

        results = run(chosen, out, workers, report, shlex.join(["rungwise", *sys.argv[1:]]))
    emit(results, as_json, lambda: _show(results))
    note(f"report: {results['report']}")


def _check_seconds(chosen: StudySettings, overrides: tuple[str, ...]) -> None:
    """Refuse a time limit that the study's own would silently replace.

    Raises:
        UserError: naming both.
    """
    for override in overrides:
        method, _, key = override.partition("=")[0].partition(".")
        wins = "cold_start_seconds" if method == "cold_start" else "seconds"
        if key == "seconds" and method != "study" and getattr(chosen, wins):
            raise UserError(f"study.{wins} decides {method}.seconds: set that, or give --set study.{wins}=0 too")


def _show(results: dict[str, Any]) -> None:
    from rich.table import Table

    from rungwise.report.words import NAMES, ends, percent, summary

    suites = results["suites"]
    table = Table("", *suites, title="value accuracy, %, mean over tasks", title_style="bold")
    for name in results["accuracy"][suites[0]]:
        means = [results["accuracy"][suite][name]["value"]["mean"] for suite in suites]
        table.add_row(NAMES.get(name, name), *(f"{percent(m['mean'])} ({ends(m['interval'])})" for m in means))
    show_table(table)
    for sentence in summary(results):
        click.echo(f"- {sentence}")
