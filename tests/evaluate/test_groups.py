"""What belongs together: twins, pairs, repetitions, difficulty; and what results make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rungwise.evaluate.groups import BANDS, band, bands, clusters_of, difficulties
from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.results import scored_row, summary
from rungwise.evaluate.run import evaluate
from rungwise.evaluate.statistics import wilson
from rungwise.problems.baselines import baseline_value
from rungwise.suites.items import generate
from rungwise.suites.shards import row_of


def test_twins_and_pairs_share_a_cluster(tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    items = [*generate("base", 14, twins=True), *generate("decisive", 4), *generate("insufficient", 4)]
    file.write_text("".join(json.dumps(row_of(item, "base", "")) + "\n" for item in [*items, items[0]]))
    clusters = clusters_of(load_suite(str(file)).questions)
    assert [clusters[i] == clusters[i + 1] for i in range(0, 10, 2)] == [True] * 5
    assert [clusters[i] == clusters[i + 1] for i in range(14, 22, 2)] == [True] * 4
    assert clusters[22] == clusters[0]
    assert len(set(clusters.values())) == 5 + 4 + 4


def test_every_value_has_a_band() -> None:
    assert bands((0, 1, 3)) == ["0", "1 to 2", "3 or more"]
    assert [band((0, 1, 3), value) for value in (0, 1, 2, 3, 50)] == ["0", "1 to 2", "1 to 2", *["3 or more"] * 2]
    for starts in BANDS.values():
        assert {band(starts, value) for value in range(200)} <= set(bands(starts))


def test_difficulty_is_what_the_problems_say() -> None:
    questions = load_suite("base", n=21, seed=3).questions
    found = difficulties(questions)
    assert set(found) == {*BANDS, "zero", "graph-blind"}
    for groups in found.values():
        assert sorted(i for indices in groups.values() for i in indices) == list(range(21))
    for q in questions:
        assert q.index in found["nodes"][str(q.problem.graph.n)]
        assert q.problem.truth is not None
        assert q.problem.truth.value is not None
        blind = baseline_value("graph-blind", q.problem)
        right = blind is not None and abs(blind - q.problem.truth.value) <= 5e-4
        assert q.index in found["graph-blind"]["right" if right else "wrong"]


def test_results_by_difficulty_and_suite(tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    rows = [row_of(item, name, "") for name in ("base", "hard") for item in generate(name, 7)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    results = evaluate("graph-blind", str(file))
    assert {name: cell["n"] for name, cell in results["by_suite"].items()} == {"base": 7, "hard": 7}
    right = results["by_difficulty"]["graph-blind"]
    assert right["right"]["value_accuracy"] == 1
    assert right["wrong"]["value_accuracy"] == 0
    assert sum(cell["n"] for cell in right.values()) == 14
    assert results["clusters"] == 14
    assert evaluate("exact", "base", n=7)["by_suite"] == {}


def test_intervals_count_models_not_rows() -> None:
    """Twins answered alike, two samples each: 40 rows about 10 models."""
    questions = load_suite("base", n=14, seed=1).questions
    twins = [q for q in questions if q.task not in ("PN", "PS")]
    rows = [scored_row(q, q.problem.answer_text() if q.index % 2 else "?", k) for q in twins for k in range(2)]
    k, n = sum(q.index % 2 for q in twins), len(twins)
    assert summary(rows, questions)["interval"] == pytest.approx(wilson(k / n * (n - 1), n - 1))


def test_rates_by_task() -> None:
    questions = load_suite("base", n=7).questions
    rows = [scored_row(q, '{"ANSWER": "Yes", "PROB": "1/2+0"}' if q.index else "?") for q in questions]
    rows[2]["cut_off"] = True
    found = summary(rows, questions)
    assert [cell["unparsed"] for cell in found["by_task"].values()] == [1, 0, 0, 0, 0, 0, 0]
    assert [cell["cut_off"] for cell in found["by_task"].values()] == [0, 0, 1, 0, 0, 0, 0]
    assert [cell["by_expression"] for cell in found["by_task"].values()] == [0, 1, 1, 1, 1, 1, 1]
    assert found["plain_value_accuracy"] == 0
