"""One post-training run: recipe and method in, a run folder with a model out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json, write_json
from rungwise.posttrain.common import Progress, quiet, settle
from rungwise.posttrain.data import QUESTIONS_START, held_out, mixed
from rungwise.posttrain.grpo import train_grpo
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.settings import TrainRecipe, check, nearest
from rungwise.posttrain.sft import train_sft
from rungwise.problems.problem import TASKS
from rungwise.versions import versions

METHODS = ("sft", "grpo")

Accuracy = Callable[..., float]
"""Called as accuracy(model, tokenizer=, problems=, view=, max_new_tokens=): the share of problems that the model gets
right."""


@quiet()
def train(
    recipe: TrainRecipe,
    method: str,
    model: str | None,
    out: Path,
    progress: Progress,
    accuracy: Accuracy | None = None,
) -> dict[str, Any]:
    """Train (or resume) by ``sft`` or ``grpo``; leaves ``out/model``, settings, metrics and versions.

    With ``accuracy``, SFT measures it on held-out problems every ``sft.check_every`` steps, stops when it has stopped
    rising and keeps the best model.

    Raises:
        UserError: unknown method, a setting out of range, no such model, or ``out`` holds a run with other settings.
    """
    if method not in METHODS:
        raise UserError(f"unknown method {method!r}; {nearest(method, list(METHODS))}")
    check(recipe)
    name = model or recipe.model
    settings = {"method": method, "start": name, **asdict(recipe)}
    done = out / "done.json"
    if done.exists():
        settle(out, settings)
        finished: dict[str, Any] = read_json(done)
        return finished
    net, tokenizer = load_for_training(name, recipe.lora)
    settle(out, settings)  # only now, so that a model's misspelt name does not become part of the folder
    if method == "sft":
        solutions = mixed(recipe.solutions * len(TASKS), recipe.published, recipe.seed)
        measure = None
        if accuracy is not None and recipe.sft.check_every:
            measure = partial(
                accuracy,
                tokenizer=tokenizer,
                problems=held_out(recipe.validation, recipe.seed),
                view=recipe.view,
                max_new_tokens=recipe.grpo.max_completion,
            )
        result = train_sft(net, tokenizer, solutions, recipe.view, out, recipe.sft, progress, measure)
    else:
        questions = mixed(recipe.questions, recipe.grpo.published, recipe.seed, QUESTIONS_START)
        result = train_grpo(net, tokenizer, questions, recipe.view, out, recipe.grpo, progress)
    result = {"method": method, **result, "model": str(out / "model"), "versions": versions()}
    write_json(done, result)
    return result
