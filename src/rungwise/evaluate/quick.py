"""Value accuracy of a model in memory, for use while it trains."""

from __future__ import annotations

from typing import Any

from rungwise.language_models import generate_texts
from rungwise.posttrain.subjects import Subject, prompt_text, verdict


def value_accuracy(
    model: Any,
    tokenizer: Any,
    problems: list[Subject],
    view: str,
    max_new_tokens: int,
    prompts: list[str] | None = None,
) -> float:
    """Share of problems whose value (of exercises: whose answer) the model gets right, decoding greedily. Leaves the
    model in training mode. ``prompts`` are shown in place of the problems' own."""
    model.eval()
    asked = prompts if prompts is not None else [prompt_text(one, view) for one in problems]
    texts = generate_texts(model, tokenizer, asked, max_new_tokens=max_new_tokens)
    model.train()
    return sum(verdict(t[0], one, view).value_correct for t, one in zip(texts, problems, strict=True)) / len(problems)
