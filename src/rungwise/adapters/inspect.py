"""Inspect AI (0.3): ``inspect eval rungwise/causal -T suite=base --model ...``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState, generate

from rungwise.adapters.judge import judge, numbers, row_of


@scorer(metrics=[accuracy(), stderr()])  # type: ignore[untyped-decorator]
def strict(prefill: str = "") -> Scorer:
    """1 for a right answer, else 0; with what was extracted, and why. A failure of our own is the sample's error."""

    async def score(state: TaskState, target: Target) -> Score:
        verdict = judge(prefill + state.output.completion, state.metadata["truth"])
        answer = " ".join(str(part) for part in (verdict.answer, verdict.value) if part is not None)
        parts = dict(numbers(verdict))
        return Score(value=verdict.score, answer=answer or None, explanation=verdict.reason, metadata=parts)

    return score


def rows_task(rows: Iterable[Mapping[str, Any]], prefill: str = "") -> Task:
    """A task over exported rows. ``prefill``: the ``<think>`` that a local model's chat template writes itself."""
    samples = [
        Sample(row["prompt"], target=row["answer"], id=i, metadata={"truth": row["truth"], "task": row["task"]})
        for i, row in enumerate(rows, 1)
    ]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=strict(prefill))


@task  # type: ignore[untyped-decorator]
def causal(
    suite: str = "base", view: str | None = None, n: int | None = None, limit: int | None = None, prefill: str = ""
) -> Task:
    """A suite, a folder or file of generated items, or a published set; arguments as of ``rungwise evaluate``."""
    from rungwise.evaluate.questions import load_suite

    questions = load_suite(suite, view, n, limit=limit).questions
    return rows_task([row_of(question) for question in questions if question.prompt is not None], prefill)
