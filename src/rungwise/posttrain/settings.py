"""Recipes: everything that decides a post-training run, and how settings are changed from outside. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any

from rungwise.errors import UserError
from rungwise.language_models import EMBEDDED
from rungwise.suites.items import VIEWS


@dataclass(frozen=True)
class SFTSettings:
    """Settings of a run.

    Attributes:
        seconds: training time at most.
        batch, lr, warmup: solutions a step, peak learning rate, steps to reach it (then constant).
        check_every: steps between held-out accuracies (0: never; then the whole time is used).
        patience: stop after so many checks without a new best accuracy; the best model is kept.
        save_every: steps between checkpoints to resume from.
        redraw_seed: seed of the order and the redrawn symbols.
    """

    seconds: float = 150.0
    batch: int = 32
    lr: float = 1e-3
    warmup: int = 20
    check_every: int = 50
    patience: int = 3
    save_every: int = 100
    seed: int = 0
    redraw_seed: int = 0


@dataclass(frozen=True)
class GRPOSettings:
    """Settings of a run.

    Attributes:
        seconds: training time at most.
        published: share of questions that show only the facts their solution needs: few, because most are solved
            in every completion, and then nothing is learnt from them.
        prompts, group: questions a generation step, completions a question.
        updates: optimizer steps made from one generation step.
        beta: weight of the per-token KL to the start model.
        clip: half-width of the surrogate's clipping range.
        max_completion: tokens a completion may have.
        format_weight: reward of an answer that can be read; a right one earns the rest.
        save_every: steps between checkpoints to resume from; a multiple of ``updates``.
    """

    seconds: float = 200.0
    published: float = 0.1
    prompts: int = 32
    group: int = 8
    updates: int = 1
    lr: float = 3e-4
    warmup: int = 10
    beta: float = 0.0
    clip: float = 0.2
    temperature: float = 1.0
    max_completion: int = 72
    format_weight: float = 0.1
    save_every: int = 40
    seed: int = 0


@dataclass(frozen=True)
class TrainRecipe:
    """Everything that decides a run.

    Attributes:
        model: what is trained when no --model is given.
        view: the view of prompts and solutions.
        solutions: worked solutions a task (SFT).
        questions: questions with answers only (GRPO).
        published: share of worked solutions whose problem shows only the facts they need.
        validation: held-out problems for stopping SFT.
        lora: rank of LoRA adapters; 0 trains all weights.
    """

    model: str = EMBEDDED
    view: str = "slots"
    solutions: int = 25
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
        raise UserError(f"unknown recipe {name!r}; {nearest(name, list(RECIPES))}")
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
        raise UserError(f"unknown setting {key!r}; {nearest(path[0], names)}")
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


def nearest(name: str, known: list[str]) -> str:
    """A hint at what may have been meant."""
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def check(recipe: TrainRecipe) -> None:
    """Refuse what can't work.

    Raises:
        UserError: a setting is out of range; the message names it.
    """
    if recipe.view not in VIEWS:
        raise UserError(f"unknown view {recipe.view!r}; views are {', '.join(VIEWS)}")
    grpo = recipe.grpo
    for key, share in {"published": recipe.published, "grpo.published": grpo.published}.items():
        if not 0 <= share <= 1:
            raise UserError(f"{key} is a share from 0 to 1, got {share}")
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
