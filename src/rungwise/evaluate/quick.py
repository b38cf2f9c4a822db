"""Value accuracy of a model in memory, for use while it trains."""

from __future__ import annotations

from typing import Any

from rungwise.language_models import generate_texts
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.items import to_text


def value_accuracy(model: Any, tokenizer: Any, problems: list[Problem], view: str, max_new_tokens: int) -> float:
    """Share of problems whose value the model gets right, decoding greedily. Leaves the model in training mode."""
    model.eval()
    texts = generate_texts(model, tokenizer, [to_text(p, view) for p in problems], max_new_tokens=max_new_tokens)
    model.train()
    return sum(score(t[0], p, view).value_correct for t, p in zip(texts, problems, strict=True)) / len(problems)
