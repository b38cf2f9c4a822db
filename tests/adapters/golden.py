"""Predictions whose scores are known because of how they were made: what all adapters must agree on.

``python tests/adapters/golden.py`` makes golden.jsonl again. A line is an item of ours as ``row_of`` gives it, with its
view and its outputs, each with the score that it deserves. No score in the file comes from the scorer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rungwise.adapters.judge import row_of
from rungwise.evaluate.questions import Question, own_questions
from rungwise.problems.problem import EFFECTS, LACK_CONDITION
from rungwise.wording.answers import answer_text, solution_text

FILE = Path(__file__).with_name("golden.jsonl")


def golden() -> list[dict[str, Any]]:
    """The lines of the file."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def cases() -> list[tuple[dict[str, Any], str, int]]:
    """Triples (item, output, score)."""
    return [(item, output["text"], output["score"]) for item in golden() for output in item["outputs"]]


def _outputs(question: Question) -> Iterator[tuple[str, str, int]]:
    """Triples (kind, text, score)."""
    problem, view = question.problem, question.view
    truth, right = problem.truth, answer_text(problem, question.view)
    assert truth is not None
    lacking = truth.value is None
    wrong = '{"PROB": "v1*v1*v1"}' if view == "slots" else '{"ANSWER": "Yes", "PROB": "0.9871"}'
    yield "right", right, 1
    yield "solution", solution_text(problem, view), 1
    yield "repeated", f"{right}\nSo the final answer is\n{right}", 1
    yield "reasoned", f"<think>\nperhaps {wrong}\n</think>\n{right}", 1
    yield "closed only", f"perhaps {wrong}\n</think>\n\n{right}", 1
    yield "wrong", wrong, 0
    yield "cut off in the reasoning", f"<think>\nI would say {right} but", 0
    yield "cut off in the answer", '{"ANSWER": "Yes", "PROB": "0.1', 0
    yield "two answers", f"{right}\nor rather\n{wrong}", 0
    yield "prose", "The effect is positive, so the answer is yes, about 0.12.", 0
    yield "nothing", "", 0
    yield "lack", LACK_CONDITION, int(lacking)
    yield "lack is mentioned", f"I would not say {LACK_CONDITION} here.", 0
    if lacking or truth.value is None:
        return
    if view == "slots":
        expression = json.loads(right)["PROB"]
        yield "expression", json.dumps({"PROB": f"(1*({expression}))"}), 1
        if truth.value:
            yield "number for slots", json.dumps({"PROB": f"{truth.value:.4f}"}), 0
        return
    asked = problem.query.task in EFFECTS
    answer = {"ANSWER": truth.answer} if asked else {}
    yield "expression", json.dumps({**answer, "PROB": f"({truth.value:.4f} + 0.25) - 0.5 * 0.5"}), 1
    yield "near", json.dumps({**answer, "PROB": f"{truth.value + 0.0003:.4f}"}), 1
    yield "not near enough", json.dumps({**answer, "PROB": f"{truth.value + 0.0008:.4f}"}), 0
    if asked:
        other = "No" if truth.answer == "Yes" else "Yes"
        yield "wrong sign", json.dumps({"ANSWER": other, "PROB": f"{truth.value:.4f}"}), 0
        yield "no sign", json.dumps({"PROB": f"{truth.value:.4f}"}), 0


def make() -> Iterator[dict[str, Any]]:
    """All tasks in every view, and a pair of which one item lacks a fact."""
    for view in ("natural", "formal", "slots"):
        for suite, n in (("base", 7), ("insufficient", 2)):
            for question in own_questions(suite, view, n, seed=7):
                outputs = [{"kind": kind, "text": text, "score": score} for kind, text, score in _outputs(question)]
                yield {**row_of(question), "view": view, "outputs": outputs}


if __name__ == "__main__":
    FILE.write_text("".join(json.dumps(line) + "\n" for line in make()), encoding="utf-8")
