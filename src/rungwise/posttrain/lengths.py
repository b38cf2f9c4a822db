"""How long a run's rows are in a model's tokens, and a refusal of tokenizers and lengths with which it can't work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from rungwise.errors import UserError
from rungwise.posttrain.common import opening
from rungwise.posttrain.data import questions, solved
from rungwise.posttrain.settings import ColdStartSettings, OnlineSettings, PreferenceSettings, TrainRecipe, Updates
from rungwise.posttrain.solutions import after_prompt, completion_ids, prompt_ids
from rungwise.posttrain.subjects import Subject, completion_text, prompt_text, verdict
from rungwise.posttrain.symbols import rows
from rungwise.problems.problem import TASKS

SAMPLE = 70
"""Rows that are measured."""


@dataclass(frozen=True)
class Lengths:
    """Tokens of a sample of the run's rows.

    Attributes:
        prompt, prompt_longest: mean and longest prompt.
        solution, solution_longest: mean and longest completion that is learnt or, where the model writes its own, that
            would be the reference.
        over: share of solutions longer than what the model may write.
    """

    prompt: float
    prompt_longest: int
    solution: float
    solution_longest: int
    over: float


def sample_of(recipe: TrainRecipe, settings: Updates) -> list[Subject]:
    """A few of those that the run will see."""
    recipe = replace(recipe, samples=min(recipe.samples, SAMPLE))
    if isinstance(settings, OnlineSettings):
        least = max(SAMPLE, recipe.ppo.prompts, recipe.grpo.prompts)
        return questions(replace(recipe, questions=min(recipe.questions, least)), settings)
    return solved(replace(recipe, solutions=min(recipe.solutions, SAMPLE // len(TASKS))))


def measured(
    recipe: TrainRecipe, settings: Updates, name: str, tokenizer: PreTrainedTokenizerBase, vocabulary: int, limit: int
) -> Lengths:
    """Tokens of a sample of the run's rows, each of which goes to tokens and back on the way.

    Raises:
        UserError: the tokenizer can't write the view's texts, or a reference solution read back from its tokens would
            not be paid.
    """
    if tokenizer.eos_token_id is None:
        raise UserError(
            f"the tokenizer of {name} has no end token, so the model could never stop: give it an eos_token"
        )
    asked, written = [], []
    shown = rows(recipe, "preflight", sample_of(recipe, settings))
    for subject in shown.subjects:
        told = (prompt_text(subject, recipe.view), completion_text(subject, recipe.view, recipe.guidance))
        prompt, solution = shown.shown(subject, told)
        asked.append(prompt_ids(prompt, tokenizer))
        written.append(completion_ids(after_prompt(solution, tokenizer), tokenizer))
        check_tokens(prompt, recipe.view, name, tokenizer)
        back = opening(tokenizer) + tokenizer.decode(written[-1], skip_special_tokens=True)
        judged = verdict(back, subject, recipe.view)
        if judged.score != 1:
            raise UserError(
                f"the reference solution of {subject.id} scores 0 after going through the tokens of {name}"
                f" ({judged.reason}), so no right answer could be paid: use another model or view"
            )
    highest = max(max(ids) for ids in (*asked, *written))
    if highest >= vocabulary:
        raise UserError(
            f"the tokenizer of {name} makes token {highest}, but the model has {vocabulary}: they don't match"
        )
    return Lengths(
        prompt=_mean(asked),
        prompt_longest=max(map(len, asked)),
        solution=_mean(written),
        solution_longest=max(map(len, written)),
        over=sum(len(ids) > limit for ids in written) / len(written),
    )


SILENT = {"slots": "P()[]=,"}
"""Characters of a view that carry nothing, which the embedded model's tokenizer leaves out."""


def check_tokens(prompt: str, view: str, name: str, tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer that loses something of a prompt. White space may change.

    Raises:
        UserError: what is lost.
    """
    silent = SILENT.get(view, "")

    def back(text: str) -> str:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))

    def lost(text: str) -> bool:
        before, after = (
            "".join(c for c in shown if c not in silent and not c.isspace()) for shown in (text, back(text))
        )
        return before != after

    if lost(prompt):
        word = next((word for word in prompt.split() if lost(word)), prompt)
        raise UserError(
            f"the tokenizer of {name} can't write the {view} view: {word!r} becomes {back(word)!r}; use another view"
            f" (--set view=...) or model"
        )


def check_lengths(lengths: Lengths, settings: Updates, config: Any, limit: int) -> Iterator[str]:
    """Warn of rows that are too long to be written, refuse those that can't be read.

    Raises:
        UserError: a row is longer than the model's context, or every worked solution is longer than ``limit`` where the
            model has to write one.
    """
    context = getattr(config.get_text_config(), "max_position_embeddings", None)
    sampled = isinstance(settings, OnlineSettings)
    longest = lengths.prompt_longest + (limit if sampled else lengths.solution_longest)
    if context is not None and longest > context:
        what = f"completions of up to {limit}" if sampled else f"solutions of up to {lengths.solution_longest}"
        raise UserError(
            f"prompts of up to {lengths.prompt_longest} tokens and {what} are more than the model's context of"
            f" {context}: use {'a smaller max_completion, ' if sampled else ''}another view or model"
        )
    checked = isinstance(settings, ColdStartSettings) and settings.check_every > 0
    own = isinstance(settings, PreferenceSettings) and settings.negatives == "own"
    if lengths.over == 0 or not (sampled or checked or own):
        return
    key = "max_completion" if sampled else "grpo.max_completion"
    if lengths.over == 1 and not own:
        raise UserError(
            f"every worked solution is longer than {key}={limit} tokens, so the model could never write one: set it to"
            f" {lengths.solution_longest} or more"
        )
    yield (
        f"{lengths.over:.0%} of the worked solutions are longer than {key}={limit} tokens and can never be written:"
        f" set it to {lengths.solution_longest} or more"
    )


def _mean(rows: Sequence[Sequence[int]]) -> float:
    return sum(map(len, rows)) / len(rows)
