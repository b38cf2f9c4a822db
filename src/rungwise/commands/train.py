"""pretrain, train and quickstart: thin, because the work is in the library."""

from __future__ import annotations

import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from rungwise.commands.output import Bars, emit, json_option, note, show_table
from rungwise.errors import UserError


@click.command(
    epilog="""\b
Examples:
  rungwise pretrain --out runs/embedded
  rungwise pretrain --recipe recipes/embedded.json --batches 200 --out runs/short"""
)
@click.option("--recipe", type=click.Path(path_type=Path), help="JSON object with settings; default: as shipped.")
@click.option("--batches", type=int, help="Optimizer steps.")
@click.option("--seed", type=int)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder; the model is OUT/model.")
@json_option
def pretrain(recipe: Path | None, batches: int | None, seed: int | None, out: Path, as_json: bool) -> None:
    """Make the embedded base model: teach a small decoder to read, not to reason."""
    from rungwise.files import read_json
    from rungwise.language_models import require

    require("torch"), require("transformers")
    from rungwise.pretrain.train import PretrainRecipe
    from rungwise.pretrain.train import pretrain as run

    given = read_json(recipe) if recipe is not None else {}
    known = {field.name: type(field.default) for field in fields(PretrainRecipe)}
    wrong = given if not isinstance(given, dict) else [k for k, v in given.items() if known.get(k) is not type(v)]
    if wrong:
        raise UserError(f"{recipe}: unknown setting or wrong type: {wrong}; settings are {', '.join(known)}")
    flags = {"batches": batches, "seed": seed}
    chosen = PretrainRecipe(**given)
    chosen = replace(chosen, **{name: value for name, value in flags.items() if value is not None})
    rows: list[dict[str, Any]] = []
    with Bars() as bars:

        def report(row: dict[str, Any]) -> None:
            rows.append(row)
            bars.update("pretrain", row["batch"], row["of"], f"loss {row['loss']:.3f}")

        model = run(chosen, out, report)
    last = rows[-1] if rows else {}
    emit({"model": str(model), **last}, as_json, lambda: click.echo(f"the model is in {model}"))


@click.command(
    epilog="""\b
Examples:
  rungwise train --recipe tiny --method sft --out runs/sft
  rungwise train --recipe tiny --method grpo --model runs/sft/model --set grpo.lr=1e-4 --out runs/grpo"""
)
@click.option("--recipe", "name", default="tiny", show_default=True, help="See 'rungwise list recipes'.")
@click.option("--method", required=True, help="sft or grpo.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting of the recipe.")
@click.option("--model", help="embedded, a model folder or a Hugging Face id; default: the recipe's.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder; the model is OUT/model.")
@click.option("--smoke", is_flag=True, help="A run of seconds through the same code.")
@json_option
def train(
    name: str, method: str, overrides: tuple[str, ...], model: str | None, out: Path, smoke: bool, as_json: bool
) -> None:
    """One post-training run. The same command resumes."""
    from rungwise.language_models import require

    require("trl")
    from rungwise.evaluate.quick import value_accuracy
    from rungwise.posttrain.run import train as run
    from rungwise.posttrain.settings import recipe

    chosen = recipe(f"{name}-smoke" if smoke else name, list(overrides))
    with Bars() as bars:

        def report(row: dict[str, Any]) -> None:
            bars.update(method, row["seconds"], row["of"], _numbers(row))

        result = run(chosen, method, model, out, report, value_accuracy)
    emit(result, as_json, lambda: click.echo(f"the model is in {result['model']}"))


@click.command(
    epilog="""\b
Examples:
  rungwise quickstart
  rungwise quickstart --real base_dataset.json --seed 1 --out runs/quickstart-1"""
)
@click.option("--out", default="runs/quickstart", show_default=True, type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True)
@click.option("--real", type=click.Path(path_type=Path), help="A CauGym test file to score the trained model on too.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting of the recipe.")
@click.option("--smoke", is_flag=True, help="Under two minutes, through the same code.")
@json_option
def quickstart(out: Path, seed: int, real: Path | None, overrides: tuple[str, ...], smoke: bool, as_json: bool) -> None:
    """Post-train the embedded model by SFT and GRPO, evaluate it, and write a report.

    About ten minutes on two CPU cores. Ctrl-C or a crash, then the same command: it resumes.
    """
    from rungwise.language_models import require

    require("trl"), require("matplotlib")
    from rungwise.quickstart import quickstart as run
    from rungwise.suites.published import caugym

    if real is not None:
        caugym.load(real)  # a slip in its name should not show after ten minutes of training
    with Bars() as bars:

        def report(stage: str, row: dict[str, Any]) -> None:
            done = row["done"] if "done" in row else row["seconds"]
            bars.update(stage, done, row["of"], _numbers(row))

        command = shlex.join(["rungwise", *sys.argv[1:]])
        result, rows = run(out, seed, real, smoke, list(overrides), report, command)

    def show() -> None:
        from rungwise.evaluate.report import final_table

        show_table(final_table(rows))
        click.echo(f"report: {result['report']}")

    emit(result, as_json, show)
    note(f"{result['seconds']:.0f} seconds")


def _numbers(row: dict[str, Any]) -> str:
    """The metrics worth a glance."""
    shown = ("loss", "reward", "accuracy")
    return ", ".join(f"{name} {row[name]:.3f}" for name in shown if isinstance(row.get(name), float))
