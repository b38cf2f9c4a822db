"""Rewards: thin calls of the scorer, plus a small wage for an answer that can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from rungwise.errors import UserError
from rungwise.problems.problem import Problem
from rungwise.scoring.score import VIEWS, score

Completion = str | Sequence[Mapping[str, Any]]
"""A text, or chat messages of which the last holds the text."""


def reward(text: str, problem: Problem, view: str = "natural", format_weight: float = 0.1) -> float:
    """``format_weight`` for one readable final answer plus ``1 - format_weight`` for a right one; from 0 to 1.

    What it can be gamed by:

    - the wage for format is paid to any constant answer (``{"PROB": "0"}``, LACK_CONDITION); within a group of
      samples that all have the format it gives no gradient, so keep the weight small;
    - a constant answer earns the share of items for which it is right (zero effects, undetermined values): look at
      the constant baseline of the training suite and balance it;
    - in the natural and formal views an expression leaves the arithmetic to the scorer (``by_expression`` tells),
      and a text whose facts give the estimand away can be solved without reading the graph (graph-blind baseline);
    - the reasoning is never read, only the final answer.

    Raises:
        UserError: unknown view, a problem without truth, or a weight outside [0, 1].
    """
    _check(format_weight)
    verdict = score(text, problem, view)
    return format_weight * (verdict.status == "parsed") + (1 - format_weight) * verdict.score


def make_trl_reward(view: str, format_weight: float = 0.1, prefill: str = "") -> Callable[..., list[float]]:
    """A reward function with TRL's signature, for GRPO and for our PPO.

    The data set needs a column ``problem`` with ``json.dumps(problem.to_dict())``. Where the chat template ends the
    prompt with ``<think>``, give it as ``prefill``: else reasoning that was cut off would be read as an answer.
    Failures propagate: a reward that turns its own errors into 0 trains on silently wrong numbers.

    Raises:
        UserError: unknown view or weight; from the returned function, a problem that cannot be read or has no truth.
    """
    if view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")
    _check(format_weight)

    def causal_reward(completions: Sequence[Completion], problem: Sequence[str], **columns: Any) -> list[float]:
        return [
            reward(prefill + _text(completion), _problem(stored), view, format_weight)
            for completion, stored in zip(completions, problem, strict=True)
        ]

    return causal_reward


def _check(format_weight: float) -> None:
    if not 0 <= format_weight <= 1:
        raise UserError(f"format_weight is {format_weight}; give a number from 0 to 1")


def _text(completion: Completion) -> str:
    if isinstance(completion, str):
        return completion
    # A message that only calls a tool has no content: nothing was said.
    return completion[-1]["content"] or "" if completion else ""


@lru_cache(maxsize=1024)
def _problem(stored: str) -> Problem:
    """Each problem comes back once per sample of its group and once per epoch; read it once."""
    try:
        data = json.loads(stored)
    except json.JSONDecodeError as error:
        raise UserError(f"the problem column must hold JSON of problem.to_dict(): {error}") from error
    return Problem.from_dict(data)
