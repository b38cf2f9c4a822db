"""Rewards: thin calls of the scorer and of the step checks. docs/rewards.md says what each part can be gamed by."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

from rungwise.errors import UserError
from rungwise.problems.problem import Problem
from rungwise.scoring.choice import OPTIONS_OF, choice_verdict
from rungwise.scoring.score import VIEWS, Verdict, score
from rungwise.scoring.steps import checked

Completion = str | Sequence[Mapping[str, Any]]
"""A text, or chat messages of which the last holds the text."""


@dataclass(frozen=True)
class Weights:
    """What a completion is paid for; every part is a share from 0 to 1.

    Attributes:
        format: for one readable final answer.
        process: for the share of right steps, see ``scoring.steps``. A right answer earns what these two leave.
        length: taken off for a completion of full length, in proportion below.
        tolerance: values off by less than this earn a part of the answer's share, falling linearly; 0: all or nothing.

    Raises:
        UserError: a part outside 0 to 1, or format and process above 1 together.
    """

    format: float = 0.1
    process: float = 0.0
    length: float = 0.0
    tolerance: float = 0.0

    # Where settings hold one: unknown keys are refused there, as everywhere in a recipe.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (isinstance(value, (int, float)) and 0 <= value <= 1):
                raise UserError(f"{field.name} is a share from 0 to 1, got {value!r}")
        if self.format + self.process > 1 + 1e-9:
            given = f"{self.format} and {self.process}"
            raise UserError(f"format and process are shares of one reward: together 1 at most, got {given}")


def reward(
    text: str, problem: Problem, view: str = "natural", weights: Weights = Weights(), used: float | None = None
) -> float:
    """format + process x (right steps / steps expected) + (1 - format - process) x answer - length x used, in [0, 1].

    A text without one readable final answer earns 0. ``answer`` is 1 when everything asked for is right; with
    ``tolerance`` also 1 - |value - truth| / tolerance where the answer is right and the value is near.

    Args:
        used: the share of the allowed tokens that the completion took; None: nothing is taken off for length.

    Raises:
        UserError: unknown view, or a problem without truth.
    """
    return _earned(score(text, problem, view), text, problem, view, weights, used)


def _earned(verdict: Verdict, text: str, problem: Problem, view: str, weights: Weights, used: float | None) -> float:
    if verdict.status == "unparsed":
        return 0.0
    answer = _answer_share(verdict, problem, weights.tolerance)
    earned = weights.format + (1 - weights.format - weights.process) * answer
    if weights.process:
        steps = checked(text, problem, view, verdict)
        earned += weights.process * sum([step.status == "right" for step in steps]) / len(steps)
    return min(1.0, max(0.0, earned - weights.length * min(used or 0.0, 1.0)))


def _answer_share(verdict: Verdict, problem: Problem, tolerance: float) -> float:
    truth = problem.truth
    if verdict.score or not tolerance or not verdict.answer_correct:
        return float(verdict.score)
    if truth is None or truth.value is None or verdict.value is None:
        return 0.0
    if verdict.reason.startswith("number_for_slots"):  # any number is near some truth, and none is shown
        return 0.0
    return max(0.0, 1 - abs(verdict.value - truth.value) / tolerance)


def make_trl_reward(
    view: str, weights: Weights = Weights(), prefill: str = "", limit: int | None = None
) -> Callable[..., list[float]]:
    """A reward function with TRL's signature, for GRPO and for our PPO.

    The data set needs a column ``problem`` with ``json.dumps(problem.to_dict())``. Where the chat template ends the
    prompt with ``<think>``, give it as ``prefill``: else reasoning that was cut off would be read as an answer.
    ``limit`` is the number of tokens a completion may have, for the length weight. Score, value and reason of the
    verdicts go to TRL's ``log_extra`` where it is given. Failures propagate: a reward that turns its own errors into 0
    trains on silently wrong numbers.

    Raises:
        UserError: unknown view, or a length weight without limit; from the returned function, a problem that cannot be
            read or has no truth.
    """
    if view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")

    def judge(text: str, stored: str, used: float) -> tuple[Verdict, float]:
        problem = stored_problem(stored)
        verdict = score(text, problem, view)
        return verdict, _earned(verdict, text, problem, view, weights, used)

    return _trl_reward(judge, weights, prefill, limit)


def make_choice_reward(
    weights: Weights = Weights(), prefill: str = "", limit: int | None = None
) -> Callable[..., list[float]]:
    """The same for questions that are answered Yes or No, True or False: format + (1 - format) x answer - length x
    used, where the answer is what ``scoring.choice`` takes for the final one.

    The data set's column ``problem`` holds JSON with the right answer: ``{"truth": {"answer": "Yes"}}``.

    Raises:
        UserError: a process weight or a tolerance, which need a problem's steps and value; a length weight without
            limit; from the returned function, a row without such an answer.
    """
    if weights.process or weights.tolerance:
        raise UserError(
            "answers that are Yes or No, True or False have no checked steps and no value: set "
            "reward.process=0 and reward.tolerance=0"
        )

    def judge(text: str, stored: str, used: float) -> tuple[Verdict, float]:
        answer = stored_answer(stored)
        verdict = choice_verdict(text, OPTIONS_OF[answer], answer)
        if verdict.status == "unparsed":
            return verdict, 0.0
        earned = weights.format + (1 - weights.format) * verdict.score - weights.length * min(used, 1.0)
        return verdict, min(1.0, max(0.0, earned))

    return _trl_reward(judge, weights, prefill, limit)


def _trl_reward(
    judge: Callable[[str, str, float], tuple[Verdict, float]], weights: Weights, prefill: str, limit: int | None
) -> Callable[..., list[float]]:
    """``judge`` (text, stored problem, share of the allowed tokens) as a reward function with TRL's signature."""
    if weights.length and not limit:
        raise UserError("a reward with a length weight needs limit, the number of tokens a completion may have")

    def causal_reward(
        completions: Sequence[Completion],
        problem: Sequence[str],
        completion_ids: Sequence[Sequence[int]] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        **columns: Any,
    ) -> list[float]:
        if weights.length and completion_ids is None:
            raise UserError("a reward with a length weight needs completion_ids")
        ids = completion_ids if limit and completion_ids is not None else [()] * len(completions)
        texts = [prefill + text_of(completion) for completion in completions]
        judged = [
            judge(text, stored, len(tokens) / (limit or 1))
            for text, stored, tokens in zip(texts, problem, ids, strict=True)
        ]
        if log_extra is not None:
            for column in ("score", "value", "reason"):
                log_extra(column, [getattr(verdict, column) for verdict, _ in judged])
        return [earned for _, earned in judged]

    return causal_reward


def text_of(completion: Completion) -> str:
    """What was written, of either kind."""
    if isinstance(completion, str):
        return completion
    # A message that only calls a tool has no content: nothing was said.
    return completion[-1]["content"] or "" if completion else ""


@lru_cache(maxsize=1024)
def stored_answer(stored: str) -> str:
    """The right answer of a row, one of OPTIONS_OF."""
    try:
        answer = json.loads(stored)["truth"]["answer"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UserError(f"the problem column must hold JSON with the truth and its answer: {error!r}") from error
    if answer not in OPTIONS_OF:
        raise UserError(f"the answer must be one of {', '.join(OPTIONS_OF)}, got {answer!r}")
    return str(answer)


@lru_cache(maxsize=1024)
def stored_problem(stored: str) -> Problem:
    """The problem of a row. Each comes back once per sample of its group and once per epoch; read it once."""
    try:
        data = json.loads(stored)
    except json.JSONDecodeError as error:
        raise UserError(f"the problem column must hold JSON of problem.to_dict(): {error}") from error
    return Problem.from_dict(data)
