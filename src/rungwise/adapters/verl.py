"""verl (0.9): ``reward.custom_reward_function.path`` names a file with this function. It is run in threads."""

from __future__ import annotations

from typing import Any

from rungwise.adapters.judge import judge, numbers


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None, prefill: str = "", **_: Any
) -> dict[str, float]:
    """The strict score and what it is made of. ``prefill``: the ``<think>`` that the chat template writes itself.

    Raises:
        UserError: ``ground_truth`` is damaged.
    """
    return numbers(judge(prefill + solution_str, ground_truth))
