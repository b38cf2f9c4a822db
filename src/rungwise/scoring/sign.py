"""From the sign of a value to Yes or No."""

from __future__ import annotations

from rungwise.problems.problem import EFFECTS, Query


def answer_from_value(q: Query, value: float) -> str | None:
    """Yes when the asked direction holds strictly, No otherwise; None for PN and PS, which ask for no answer.

    ETT's value is observed minus counterfactual, and the question asks about the counterfactual, so there
    a negative value means more likely.
    """
    if q.task not in EFFECTS:
        return None
    more = value < 0 if q.task == "ETT" else value > 0
    less = value > 0 if q.task == "ETT" else value < 0
    return "Yes" if (more if q.direction == "more" else less) else "No"
