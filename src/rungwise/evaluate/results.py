"""Rows of predictions.jsonl and the summary in results.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rungwise.evaluate.questions import Question
from rungwise.evaluate.statistics import cluster_bootstrap, mean_over_tasks, wilson
from rungwise.problems.problem import TASKS
from rungwise.scoring.score import score

Row = dict[str, Any]
"""One line of predictions.jsonl."""


def scored_row(question: Question, text: str, sample: int = 0, view: str | None = None) -> Row:
    """The row of an answer; ``view`` where the answer was not written in the question's own."""
    verdict = score(text, question.problem, view or question.view)
    return {
        **_opening(question, text, sample),
        "value": verdict.value,
        "answer": verdict.answer,
        "truth": {"value": question.truth.value, "answer": question.truth.answer},
        "status": verdict.status,
        "score": verdict.score,
        "value_correct": verdict.value_correct,
        "answer_correct": verdict.answer_correct,
        "by_expression": verdict.by_expression,
        "reason": verdict.reason,
    }


def unread_row(question: Question, sample: int = 0) -> Row:
    """The row of an item that our reader could not read and that could therefore not be asked."""
    return {
        **_opening(question, "", sample),
        "value": None,
        "answer": None,
        "truth": {"value": question.truth.value, "answer": question.truth.answer},
        "status": "unread",
        "score": 0,
        "value_correct": False,
        "answer_correct": False,
        "by_expression": False,
        "reason": f"unread: {question.unread}",
    }


def _opening(question: Question, text: str, sample: int) -> Row:
    return {"index": question.index, "id": question.id, "sample": sample, "task": question.task, "text": text}


def summary(rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """All fractions and intervals of some rows, over all tasks and by task.

    ``answer_accuracy`` is over the rows that ask for an answer, None where none does. ``mean_over_tasks`` weighs
    every task the same.
    """
    by_task = {task: _cell(part, seed) for task in TASKS if (part := [r for r in rows if r["task"] == task])}
    cells = [(c["value_accuracy"], *c["value_interval"]) for c in by_task.values()]
    mean, lo, hi = mean_over_tasks(cells)
    return {
        **_cell(rows, seed),
        "by_task": by_task,
        "mean_over_tasks": {"value_accuracy": mean, "interval": [lo, hi]},
        "by_expression": _share(rows, lambda r: r["by_expression"]),
        "plain_value_accuracy": _share(rows, lambda r: r["value_correct"] and not r["by_expression"]),
    }


def strict_corrected(rows: Sequence[Row], questions: Sequence[Question], seed: int = 0) -> dict[str, Any]:
    """Strict accuracy on a published set with the answers that its own sign rule gives.

    ``changed`` counts the items whose published answer differs.
    """
    corrected = {q.index: q.corrected for q in questions}

    def right(row: Row) -> bool:
        return bool(row["value_correct"] and corrected[row["index"]] in (None, row["answer"]))

    return {
        "accuracy": _share(rows, right),
        "interval": _interval(rows, right, seed),
        "changed": sum(q.corrected != q.truth.answer for q in questions),
    }


def _cell(rows: Sequence[Row], seed: int) -> dict[str, Any]:
    asked = [r for r in rows if r["truth"]["answer"] is not None]
    return {
        "n": len({r["index"] for r in rows}),
        "accuracy": _share(rows, lambda r: r["score"]),
        "value_accuracy": _share(rows, lambda r: r["value_correct"]),
        "answer_accuracy": _share(asked, lambda r: r["answer_correct"]) if asked else None,
        "unparsed": _share(rows, lambda r: r["status"] == "unparsed"),
        "unread": _share(rows, lambda r: r["status"] == "unread"),
        "interval": _interval(rows, lambda r: r["score"], seed),
        "value_interval": _interval(rows, lambda r: r["value_correct"], seed),
    }


def _share(rows: Sequence[Row], right: Callable[[Row], object]) -> float:
    return sum(bool(right(row)) for row in rows) / len(rows)


def _interval(rows: Sequence[Row], right: Callable[[Row], object], seed: int) -> list[float]:
    """Wilson's for one sample an item; else items are resampled, because samples of one item are not independent."""
    values = [float(bool(right(row))) for row in rows]
    items = [row["index"] for row in rows]
    if len(set(items)) == len(rows):
        return list(wilson(sum(values), len(values)))
    return list(cluster_bootstrap(values, items, seed))
