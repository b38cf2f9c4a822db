"""Evaluating on published sets that are not problems of ours: the solver, what it leaves open, and the constant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.evaluate.run import evaluate

FORK = {"vertices": ["A", "B", "C", "D"], "treatment": "B", "outcome": "C"}
ROWS: list[dict[str, Any]] = [
    {**FORK, "edges": "A causes B, A causes C, B causes C, and C causes D", "option1": "A", "option2": "D",
     "option3": "B", "GT": ["A"], "gt_answer": 1},
    {**FORK, "edges": "A causes B, A causes C, B causes C, and C causes D", "option1": "C", "option2": "D",
     "option3": "A", "GT": ["A"], "gt_answer": 3},
    {**FORK, "edges": "A causes B, B causes C, and D causes C", "option1": "A", "option2": "D",
     "option3": "C", "GT": ["A"], "gt_answer": 1},
]  # fmt: skip


def write(folder: Path) -> str:
    path = folder / "BAS-C_mix-BAS_EN.json"
    path.write_text("".join(json.dumps({"index": i + 1, **row}) + "\n" for i, row in enumerate(ROWS)))
    return f"calm:{path}"


def test_the_solver_and_what_a_set_leaves_open(tmp_path: Path) -> None:
    results = evaluate("exact", write(tmp_path), out=tmp_path / "out")
    found = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [row["score"] for row in found] == [1, 1, 0]
    assert [row["official"] for row in found] == [1, 1, 0]
    assert [row["status"] for row in found] == ["parsed", "parsed", "unparsed"]
    assert results["scorings"]["both"] == 2
    assert results["baselines"] == {"constant": pytest.approx(2 / 3)}
    assert list(results["by_task"]) == ["BAS-C mix"]
    (miss,) = results["misses"]
    assert miss["outcome"] == "undetermined"
    assert "computed" not in miss


def test_what_only_our_problems_have(tmp_path: Path) -> None:
    suite = write(tmp_path)
    with pytest.raises(UserError, match="calm is evaluated as it was published: leave out --view slots"):
        evaluate("exact", suite, view="slots")
    with pytest.raises(UserError, match="graph-blind is for our suites and caugym"):
        evaluate("graph-blind", suite)
    with pytest.raises(UserError, match="--limit"):
        evaluate("exact", suite, n=3)
