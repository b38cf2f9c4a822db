"""One post-training run: recipe and method in, a run folder with a model out."""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from transformers import set_seed

from rungwise.files import read_json, read_log, write_json
from rungwise.posttrain.card import write_card
from rungwise.posttrain.common import METRICS, Accuracy, Progress, Run, check_reporters, processes, quiet, settle
from rungwise.posttrain.health import Health, health_warnings
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.settings import TrainRecipe, method_settings
from rungwise.versions import versions


@quiet()
def train(
    recipe: TrainRecipe,
    method: str,
    model: str | None,
    out: Path,
    progress: Progress,
    accuracy: Accuracy | None = None,
) -> dict[str, Any]:
    """Train (or resume) by a method; leaves ``out/model``, settings, metrics and versions.

    With ``accuracy``, the cold start measures it on held-out problems every ``cold_start.check_every`` steps, stops
    when it has stopped rising and keeps the best model.

    Raises:
        UserError: unknown method, a setting that can't work, no such model, or ``out`` holds a run with other
            settings.
    """
    first = processes().is_main_process  # asked before anything else does
    method_settings(recipe, method)
    name = model or recipe.model
    settings = {"method": method, "start": name, **asdict(recipe)}
    done = out / "done.json"
    if done.exists():
        settle(out, settings)
        finished: dict[str, Any] = read_json(done)
        return finished
    check_reporters(recipe.report_to)
    set_seed(recipe.seed)  # new adapters begin with random numbers
    net, tokenizer = load_for_training(name, recipe.lora)
    settle(out, settings)  # only now, so that a model's misspelt name does not become part of the folder
    run = Run(recipe, net, tokenizer, out, Health(method, out / METRICS, progress), accuracy)
    found = import_module(f"rungwise.posttrain.{method}").train(run)
    health = [warning._asdict() for warning in health_warnings(read_log(out / METRICS), method)]
    result = {"method": method, **found, "health": health, "model": str(out / "model"), "versions": versions()}
    if first:
        write_card(recipe, name, result, out / "model")
        write_json(done, result)
    return result
