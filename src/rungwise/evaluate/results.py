"""Rows of predictions.jsonl and the summary in results.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from rungwise.evaluate.groups import Clusters, clusters_of, difficulties
from rungwise.evaluate.questions import Question
from rungwise.evaluate.statistics import clustered_wilson, mean_over_tasks
from rungwise.problems.problem import TASKS, Answer
from rungwise.scoring.score import score
from rungwise.suites.published.item import Benchmark, PublishedItem, Truth

Row = dict[str, Any]
"""One line of predictions.jsonl."""

THINK_END = "</think>"


def scored_row(question: Question, text: str, sample: int = 0, view: str | None = None) -> Row:
    """The row of an answer; ``view`` where the answer was not written in the question's own."""
    if question.published is not None and (view or question.view) == "natural":
        return judged_row(*question.published, question.index, sample, text)
    verdict = score(text, question.problem, view or question.view)
    return {
        **_opening(question, text, sample),
        "value": verdict.value,
        "answer": verdict.answer,
        "truth": truth_row(question.truth),
        "status": verdict.status,
        "score": verdict.score,
        "value_correct": verdict.value_correct,
        "answer_correct": verdict.answer_correct,
        "by_expression": verdict.by_expression,
        "reason": verdict.reason,
    }


def written_row(question: Question, text: str, sample: int, thinking: str, cut_off: bool) -> Row:
    """The row of what a model wrote: "text" is its answer, and where there is any, "thinking" its reasoning and
    "cut_off" true.

    Reasoning that ends with ``</think>`` was part of the text, and a benchmark's own rule sees it, as it would in its
    authors' hands; what a server sends in a field of its own it does not see. Our rule reads the answer alone.
    """
    whole = thinking + text if thinking.endswith(THINK_END) else text
    return {
        **scored_row(question, whole, sample),
        "text": text,
        **({"thinking": thinking} if thinking else {}),
        **({"cut_off": True} if cut_off else {}),
    }


def unread_row(question: Question, sample: int = 0) -> Row:
    """The row of an item that our reader could not read and that could therefore not be asked."""
    return {
        **_opening(question, "", sample),
        "value": None,
        "answer": None,
        "truth": truth_row(question.truth),
        "status": "unread",
        "score": 0,
        "value_correct": False,
        "answer_correct": False,
        "by_expression": False,
        "reason": f"unread: {question.unread}",
        **({"official": 0.0} if question.published is not None and question.view == "natural" else {}),
    }


def missing_row(question: Question) -> Row:
    """The row of an item to which there is no output."""
    return {**unread_row(question), "status": "unparsed", "reason": "no_output: there is no output to this item"}


def judged_row(chosen: Benchmark, item: PublishedItem, index: int, sample: int, text: str) -> Row:
    """The row of predictions.jsonl of one output; "official" is what the benchmark's own rule makes of it."""
    assert item.label is not None
    verdict = chosen.strict(text, item)
    return {
        "index": index,
        "id": item.id,
        "sample": sample,
        "task": item.task,
        "text": text,
        "value": verdict.value,
        "answer": verdict.answer,
        "truth": truth_row(item.label),
        "status": verdict.status,
        "score": verdict.score,
        "value_correct": verdict.value_correct,
        "answer_correct": verdict.answer_correct,
        "by_expression": verdict.by_expression,
        "reason": verdict.reason,
        "official": chosen.official(text, item),
    }


def truth_row(truth: Answer | Truth) -> dict[str, Any]:
    """A truth as rows hold it."""
    shares = list(truth.shares) if isinstance(truth, Truth) and truth.shares is not None else None
    return {"value": truth.value, "answer": truth.answer, **({} if shares is None else {"shares": shares})}


def _opening(question: Question, text: str, sample: int) -> Row:
    return {"index": question.index, "id": question.id, "sample": sample, "task": question.task, "text": text}


def summary(rows: Sequence[Row], questions: Sequence[Question] = ()) -> dict[str, Any]:
    """All fractions and intervals of some rows, over all tasks, by task, by suite where there are several, and by
    difficulty where it is known.

    ``answer_accuracy`` is over the rows that ask for an answer, None where none does. ``mean_over_tasks`` weighs
    every task the same. Intervals respect which questions share a model and which rows a question.
    """
    clusters = clusters_of(questions)
    found = dict.fromkeys(row["task"] for row in rows)
    ours = [task for task in TASKS if task in found]
    tasks = ours if len(ours) == len(found) else found
    by_task = {task: _cell([row for row in rows if row["task"] == task], clusters) for task in tasks}
    means: dict[str, Any] = {}
    for value, ends in (("accuracy", "interval"), ("value_accuracy", "value_interval")):
        mean, lo, hi = mean_over_tasks([(c[value], *c[ends]) for c in by_task.values()])
        means |= {value: mean, ends: [lo, hi]}
    suites = {question.index: question.suite for question in questions}
    return {
        **_cell(rows, clusters),
        "by_task": by_task,
        "mean_over_tasks": {
            "value_accuracy": means["value_accuracy"],
            "interval": means["value_interval"],
            "strict": means["accuracy"],
            "strict_interval": means["interval"],
        },
        "by_suite": _by_suite(rows, suites, clusters) if len(set(suites.values())) > 1 else {},
        "by_difficulty": {
            name: {
                band: _cell([row for row in rows if row["index"] in indices], clusters)
                for band, indices in groups.items()
            }
            for name, groups in difficulties(questions).items()
        },
        "clusters": len({clusters.get(row["index"], row["index"]) for row in rows}),
    }


def _by_suite(rows: Sequence[Row], suites: Mapping[int, str], clusters: Clusters) -> dict[str, Any]:
    return {
        name: _cell([row for row in rows if suites[row["index"]] == name], clusters)
        for name in dict.fromkeys(suites.values())
    }


def strict_corrected(rows: Sequence[Row], questions: Sequence[Question]) -> dict[str, Any]:
    """Strict accuracy on a published set with the answers that its own sign rule gives.

    ``changed`` counts the items whose published answer differs.
    """
    corrected = {q.index: q.corrected for q in questions}

    def right(row: Row) -> bool:
        return bool(row["value_correct"] and corrected[row["index"]] in (None, row["answer"]))

    return {
        "accuracy": share(rows, right),
        "interval": interval(rows, right, clusters_of(questions)),
        "changed": sum(q.corrected != q.truth.answer for q in questions),
    }


def _cell(rows: Sequence[Row], clusters: Clusters) -> dict[str, Any]:
    asked = [r for r in rows if r["truth"]["answer"] is not None]
    official = all("official" in r for r in rows)
    return {
        "n": len({r["index"] for r in rows}),
        "accuracy": share(rows, itemgetter("score")),
        "value_accuracy": share(rows, itemgetter("value_correct")),
        "answer_accuracy": share(asked, itemgetter("answer_correct")) if asked else None,
        "unparsed": share(rows, lambda r: r["status"] == "unparsed"),
        "unread": share(rows, lambda r: r["status"] == "unread"),
        "cut_off": share(rows, is_cut_off),
        "interval": interval(rows, itemgetter("score"), clusters),
        "value_interval": interval(rows, itemgetter("value_correct"), clusters),
        **({"official": share(rows, itemgetter("official"))} if official else {}),
        **({"official_interval": interval(rows, itemgetter("official"), clusters)} if official else {}),
        "by_expression": share(rows, itemgetter("by_expression")),
        "plain_value_accuracy": share(rows, lambda r: r["value_correct"] and not r["by_expression"]),
    }


def is_cut_off(row: Row) -> bool:
    """Whether the text ended at the limit of tokens."""
    return bool(row.get("cut_off"))


def reason_code(row: Row) -> str:
    """The first word of the reason, as in "wrong_value"."""
    return str(row["reason"]).partition(":")[0]


def share(rows: Sequence[Row], right: Callable[[Row], object]) -> float:
    """Of the rows, those that are right."""
    return sum(bool(right(row)) for row in rows) / len(rows)


def interval(rows: Sequence[Row], right: Callable[[Row], object], clusters: Clusters) -> list[float]:
    """See ``clustered_wilson``; rows of one item are never independent."""
    index = [row["index"] for row in rows]
    return list(clustered_wilson([float(bool(right(row))) for row in rows], [clusters.get(i, i) for i in index]))
