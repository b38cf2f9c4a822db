"""pretrain, train and quickstart: thin, because the work is in the library."""

from __future__ import annotations

import shlex
import sys
from collections import deque
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rungwise.commands.live import TrainingView
from rungwise.commands.output import Bars, emit, json_option, note, show_table
from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.posttrain.settings import TrainRecipe


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
    flags: dict[str, Any] = {"batches": batches, "seed": seed}
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
  rungwise train --recipe tiny --method cold_start --out runs/cold
  rungwise train --recipe tiny --method grpo --model runs/cold/model --set grpo.lr=1e-4 --out runs/grpo
  rungwise train --recipe tiny --method grpo --model runs/cold/model --preflight --samples 8
  rungwise train --recipe tiny --method sft --set view=natural --set data=ladder --capt random --out runs/capt"""
)
@click.option("--recipe", "name", default="tiny", show_default=True, help="See 'rungwise list recipes'.")
@click.option("--method", required=True, help="cold_start, sft, dpo, kto, ppo or grpo.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting of the recipe.")
@click.option("--capt", help="Names in prompts and solutions: none, order, random or original (natural view).")
@click.option("--model", help="embedded, a model folder or a Hugging Face id; default: the recipe's.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; the model is OUT/model.")
@click.option("--smoke", is_flag=True, help="A run of seconds through the same code.")
@click.option("--preflight", "only_check", is_flag=True, help="Say what the run would do and need; don't train.")
@click.option(
    "--samples", default=0, metavar="K", help="With --preflight: K completions a question; what can be learnt?"
)
@click.option("--per-task", default=4, show_default=True, help="With --samples: questions of a task at each level.")
@json_option
def train(
    name: str,
    method: str,
    overrides: tuple[str, ...],
    capt: str | None,
    model: str | None,
    out: Path | None,
    smoke: bool,
    only_check: bool,
    samples: int,
    per_task: int,
    as_json: bool,
) -> None:
    """One post-training run. The same command resumes."""
    from rungwise.language_models import require

    require("trl")
    from rungwise.evaluate.quick import value_accuracy
    from rungwise.posttrain.common import processes
    from rungwise.posttrain.preflight import preflight
    from rungwise.posttrain.run import train as run
    from rungwise.posttrain.settings import method_settings, recipe

    chosen = recipe(name, [*overrides, *([f"capt={capt}"] if capt else [])], smoke)
    if only_check:
        _preflight(chosen, method, model, samples, per_task, as_json)
        return
    if samples:
        raise UserError("--samples goes with --preflight")
    if out is None:
        raise UserError("name the run's folder with --out")
    if not (out / "done.json").exists():
        first = processes().is_main_process  # asked before the preflight asks how many there are
        lines = preflight(chosen, method, model).lines()  # by every process, so that all of them refuse
        if first:
            note("\n".join(lines))
    with TrainingView(method, out, method_settings(chosen, method).steps) as view:
        result = run(chosen, method, model, out, view.update, value_accuracy)
    emit(result, as_json, lambda: click.echo(f"the model is in {result['model']}"))
    if left_out := result.get("capt", {}).get("left_out"):
        reasons = ", ".join(f"{code} {count}" for code, count in left_out.items())
        note(f"{sum(left_out.values())} rows had no abstraction without fault and were left out ({reasons})")


def _preflight(recipe: TrainRecipe, method: str, model: str | None, samples: int, per_task: int, as_json: bool) -> None:
    """What the run would do and need and, with samples, what there is to learn."""
    from rungwise.posttrain.advice import advice, tables
    from rungwise.posttrain.learnability import learnability
    from rungwise.posttrain.preflight import preflight

    found = preflight(recipe, method, model)
    if not samples:
        emit(asdict(found), as_json, lambda: click.echo("\n".join(found.lines())))
        return
    with Bars() as bars:
        sampled = learnability(
            recipe, method, model, samples, per_task, lambda done, of: bars.update("questions", done, of)
        )
    told = advice(sampled, recipe, method)

    def show() -> None:
        click.echo("\n".join(found.lines()))
        for table in tables(sampled):
            show_table(table)
        click.echo("\n".join(told.lines()))

    emit({**asdict(found), "learnability": {**asdict(sampled), **asdict(told)}}, as_json, show)


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
    from rungwise.suites.published import open_set
    from rungwise.suites.published.item import refuse

    if real is not None:  # a slip in its name should not show after ten minutes of training
        deque(open_set(f"caugym:{real}", refuse)[1], maxlen=0)
    with Bars() as bars:

        def report(stage: str, row: dict[str, Any]) -> None:
            if "warning" in row:
                note(f"{stage}: warning: {row['warning']}")
                return
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
