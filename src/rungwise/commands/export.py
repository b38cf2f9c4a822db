"""export: suites and generated items in other projects' formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rungwise.commands.output import emit, json_option, note
from rungwise.errors import UserError


@click.command(
    epilog="""\b
Examples:
  rungwise export items --to caugym --out items_caugym.json
  rungwise export train --n 7000 --to trl --out trl       sft, dpo, kto and grpo rows, and reward.py
  rungwise export items --to verl --prefill "<think>"     rows.parquet and reward.py
  rungwise export validation --n 700 --to verl --out verl-validation
  rungwise export train --n 7000 --view formal --to openrlhf
  rungwise export items --to verifiers                    a package with a taskset
  rungwise export base --n 700 --to lm-eval               a task: YAML, utils.py, rows
  rungwise export cladder:DIR#hard --to inspect"""
)
@click.argument("suite", metavar="DIR|SUITE")
@click.option("--to", "target", required=True, help="trl, verl, openrlhf, verifiers, lm-eval, inspect or caugym.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder, default NAME-TARGET; caugym: a JSON file.")
@click.option("--view", help="natural, formal or slots; default natural, or the view of the items.")
@click.option("--n", type=int, help="Items to generate (suites of rungwise only; default 700).")
@click.option("--seed", default=0, show_default=True, help="For generating items and for choosing wrong completions.")
@click.option("--limit", type=int, help="Take only the first items.")
@click.option("--prefill", default="", help='"<think>" where the chat template ends the prompt with it.')
@click.option("--plain", is_flag=True, help="trl: prompts as text, for models without a chat template.")
@json_option
def export(suite: str, target: str, out: Path | None, as_json: bool, **settings: Any) -> None:
    """Write a suite or generated items as another framework wants them.

    A folder gets the rows, the reward or task file and a README with the command that starts it there.
    """
    if target == "caugym":
        items = _caugym(suite, out, settings)
        emit({"items": items, "out": str(out)}, as_json, lambda: note(f"{items} items in {out}"))
        return
    from rungwise.adapters.export import Request, slug
    from rungwise.adapters.export import export as write

    result = write(Request(suite, target, **settings), out or Path(f"{slug(suite)}-{target}"))
    emit(result, as_json, lambda: note(f"{result['items']} items in {result['out']}; see README.md there"))
    if result["left_out"]:
        note(f"{result['left_out']} items were not read and are left out")
    if result["test_items"] and target in ("trl", "verl", "openrlhf"):
        note(f"{result['test_items']} of them are test items: a model trained on them can't be measured by them")


def _caugym(suite: str, out: Path | None, settings: dict[str, Any]) -> int:
    from rungwise.suites.export import write_caugym
    from rungwise.suites.items import SUITES

    if suite in SUITES and not Path(suite).exists():
        raise UserError(f"--to caugym takes a folder or file of items: rungwise generate {suite} --out DIR")
    if out is None:
        raise UserError("--to caugym writes one file: add --out FILE.json")
    given = sorted(name for name, value in settings.items() if value)
    if given:
        raise UserError(f"--{given[0]} is not for --to caugym, which writes all items as they are")
    return write_caugym(Path(suite), out)
