"""One post-training run: recipe and method in, a run folder with a model out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.models import EMBEDDED
from rungwise.files import read_json, write_json
from rungwise.posttrain.common import Progress, quiet, settle
from rungwise.posttrain.data import QUESTIONS_START, held_out, mixed
from rungwise.posttrain.grpo import GRPOSettings, train_grpo
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.sft import SFTSettings, train_sft
from rungwise.problems.problem import TASKS
from rungwise.suites.items import VIEWS
from rungwise.versions import versions

METHODS = ("sft", "grpo")

Accuracy = Callable[..., float]
"""Called as accuracy(model, tokenizer=, problems=, view=, max_new_tokens=): the share of problems that the model gets
right."""


@dataclass(frozen=True)
class TrainRecipe:
    """Everything that decides a run.

    Attributes:
        model: what is trained when no --model is given.
        view: the view of prompts and solutions.
        solutions: worked solutions a task (SFT).
        questions: questions with answers only (GRPO).
        published: share of problems that show only the facts their solution needs.
        validation: held-out problems for stopping SFT.
        lora: rank of LoRA adapters; 0 trains all weights.
    """

    model: str = EMBEDDED
    view: str = "slots"
    solutions: int = 50
    questions: int = 4200
    published: float = 1 / 3
    validation: int = 140
    lora: int = 0
    seed: int = 0
    sft: SFTSettings = field(default_factory=SFTSettings)
    grpo: GRPOSettings = field(default_factory=GRPOSettings)


RECIPES = {
    "tiny": TrainRecipe(),
    "tiny-smoke": TrainRecipe(
        solutions=10,
        questions=140,
        validation=28,
        sft=SFTSettings(seconds=8, check_every=0),
        grpo=GRPOSettings(seconds=8),
    ),
}
"""Recipes by name; tiny: the embedded model on two CPU cores in minutes."""


def recipe(name: str, overrides: list[str] | None = None) -> TrainRecipe:
    """A recipe with ``key=value`` overrides such as ``grpo.lr=1e-4``.

    Raises:
        UserError: unknown recipe or key (with the nearest name), or a value of the wrong type.
    """
    if name not in RECIPES:
        raise UserError(f"unknown recipe {name!r}; {_nearest(name, list(RECIPES))}")
    found = RECIPES[name]
    for override in overrides or []:
        key, equals, text = override.partition("=")
        if not equals:
            raise UserError(f"--set needs key=value, got {override!r}")
        found = _set(found, key.split("."), text, key)
    return found


def _set(target: Any, path: list[str], text: str, key: str) -> Any:
    names = [f.name for f in fields(target)]
    if path[0] not in names:
        raise UserError(f"unknown setting {key!r}; {_nearest(path[0], names)}")
    old = getattr(target, path[0])
    if is_dataclass(old):
        if len(path) == 1:
            raise UserError(f"{key!r} is a group of settings; name one of them, as in {key}.{fields(old)[0].name}")
        return replace(target, **{path[0]: _set(old, path[1:], text, key)})
    if len(path) > 1:
        raise UserError(f"{path[0]!r} is a single setting, so {key!r} does not exist")
    kind = type(getattr(type(target), path[0]))  # the default's: a recipe may say 8 where 8.5 is as good
    try:
        return replace(target, **{path[0]: kind(text)})
    except ValueError as error:
        raise UserError(f"{key} needs a value of type {kind.__name__}, got {text!r}") from error


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def _check(recipe: TrainRecipe) -> None:
    if recipe.view not in VIEWS:
        raise UserError(f"unknown view {recipe.view!r}; views are {', '.join(VIEWS)}")
    if not 0 <= recipe.published <= 1:
        raise UserError(f"published is a share from 0 to 1, got {recipe.published}")
    grpo = recipe.grpo
    at_least = {
        "lora": (recipe.lora, 0),
        "solutions": (recipe.solutions, 1),
        "questions": (recipe.questions, grpo.prompts),
        "validation": (recipe.validation, 1),
        "sft.batch": (recipe.sft.batch, 1),
        "grpo.prompts": (grpo.prompts, 1),
        "grpo.group": (grpo.group, 2),
        "grpo.updates": (grpo.updates, 1),
        "grpo.max_completion": (grpo.max_completion, 1),
    }
    for key, (value, least) in at_least.items():
        if value < least:
            raise UserError(f"{key} must be at least {least}, got {value}")
    if grpo.prompts * grpo.group % grpo.updates:
        raise UserError(f"grpo.prompts x grpo.group must be a multiple of grpo.updates ({grpo.updates})")


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
        raise UserError(f"unknown method {method!r}; {_nearest(method, list(METHODS))}")
    _check(recipe)
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
        check = None
        if accuracy is not None and recipe.sft.check_every:
            check = partial(
                accuracy,
                tokenizer=tokenizer,
                problems=held_out(recipe.validation, recipe.seed),
                view=recipe.view,
                max_new_tokens=recipe.grpo.max_completion,
            )
        result = train_sft(net, tokenizer, solutions, recipe.view, out, recipe.sft, progress, check)
    else:
        questions = mixed(recipe.questions, recipe.published, recipe.seed, QUESTIONS_START)
        result = train_grpo(net, tokenizer, questions, recipe.view, out, recipe.grpo, progress)
    result = {"method": method, **result, "model": str(out / "model"), "versions": versions()}
    write_json(done, result)
    return result
