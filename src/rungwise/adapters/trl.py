"""TRL (1.16): a reward for its GRPO and RLOO trainers, which call it with the data set's columns by name."""

from __future__ import annotations

from collections.abc import Callable

from rungwise.scoring.reward import Weights, make_trl_reward

STRICT = Weights(format=0.0)
"""1 for a right answer, else 0."""


def make_reward(view: str, prefill: str = "", weights: Weights = STRICT) -> Callable[..., list[float]]:
    """The reward of rows with a column ``problem``; by default the strict score. See ``scoring.reward`` for more pay.

    Raises:
        UserError: see ``make_trl_reward``.
    """
    return make_trl_reward(view, weights, prefill)
