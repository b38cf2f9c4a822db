"""What every adapter calls: a text and a row's truth in, the one scorer's verdict out. Pure and safe in threads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.questions import Question
from rungwise.files import parse_json
from rungwise.problems.problem import Problem
from rungwise.scoring.score import Verdict, score
from rungwise.suites.published import BENCHMARKS, benchmark
from rungwise.suites.published.item import PublishedItem, Truth


def stored_truth(question: Question) -> str:
    """What a row carries to be judged by, as JSON: the problem and its view, or a published item as it was read."""
    if question.published is not None and question.view == "natural":
        chosen, item = question.published
        if chosen.name not in BENCHMARKS:
            raise UserError(f"suites of {chosen.name} can't be exported yet; evaluate them here")
        return json.dumps({"benchmark": chosen.name, "item": asdict(item)}, ensure_ascii=False)
    return json.dumps({"view": question.view, "problem": question.problem.to_dict()}, ensure_ascii=False)


def row_of(question: Question) -> dict[str, Any]:
    """A question as a row, all texts: ``truth`` is what a response is judged by, ``answer`` the right one.

    Raises:
        ValueError: a problem's own answer is not right by the row's truth.
    """
    truth, answer = stored_truth(question), reference(question)
    if question.published is None and not judge(answer, truth).score:
        raise ValueError(f"the answer of {question.id} is not right: {judge(answer, truth).reason}")
    return {
        "id": question.id,
        "task": question.task,
        "datasource": f"rungwise/{question.task}",
        "prompt": question.prompt,
        "answer": answer,
        "truth": truth,
    }


def reference(question: Question) -> str:
    """The right answer as a model would write it."""
    if question.published is not None and question.view == "natural":
        chosen, item = question.published
        assert item.label is not None
        return chosen.write(item, item.label)
    return question.problem.answer_text(question.view)


def judge(text: str, truth: str) -> Verdict:
    """The verdict that ``evaluate`` would give.

    Args:
        text: what the model wrote, after the ``<think>`` with which a chat template may end the prompt.
        truth: from ``stored_truth``.

    Raises:
        UserError: ``truth`` is damaged. Texts never make it raise.
    """
    return _judge_of(truth)(text)


def numbers(verdict: Verdict) -> dict[str, float]:
    """A verdict as metrics: always the same keys, all from 0 to 1. ``acc`` repeats ``score`` for those who plot it."""
    return {
        "score": float(verdict.score),
        "acc": float(verdict.score),
        "value_correct": float(verdict.value_correct),
        "answer_correct": float(verdict.answer_correct),
        "unparsed": float(verdict.status == "unparsed"),
        "by_expression": float(verdict.by_expression),
    }


@lru_cache(maxsize=1024)
def _judge_of(truth: str) -> Callable[[str], Verdict]:
    """Kept, because a row comes back once for each sample of its group."""
    data = parse_json(truth, "the truth of a row")
    if "benchmark" in data:
        chosen, fields = benchmark(data["benchmark"]), data["item"]
        label = fields["label"]
        shares = None if label["shares"] is None else tuple(label["shares"])
        item = PublishedItem(**{**fields, "label": Truth(**{**label, "shares": shares})})
        return lambda text: chosen.strict(text, item)
    problem, view = Problem.from_dict(data["problem"]), data["view"]
    return lambda text: score(text, problem, view)
