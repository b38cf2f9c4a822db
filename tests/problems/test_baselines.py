"""The shortcuts: what they may look at, and that the shipped lookup table is what its recipe makes."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

import rungwise
from rungwise.errors import UserError
from rungwise.problems.baselines import BASELINES, baseline_value, count_lookup, lookup_table
from rungwise.problems.problem import TOLERANCE


def accuracy(suite: str, n: int) -> dict[str, float]:
    right: dict[str, list[bool]] = defaultdict(list)
    for item in rungwise.generate(suite, n, seed=11, view="slots", names="nonsense"):
        for name in BASELINES:
            value = baseline_value(name, item.problem)
            right[name].append(value is not None and abs(value - item.problem.truth.value) <= TOLERANCE)
    return {name: sum(hits) / n for name, hits in right.items()}


def test_shipped_lookup_table_is_what_its_recipe_makes() -> None:
    assert lookup_table() == count_lookup()


def test_no_shortcut_gets_far_on_base() -> None:
    found = accuracy("base", 280)
    assert max(found.values()) <= 0.65
    assert found["constant"] <= 0.2


def test_graph_blind_fails_on_half_of_decisive() -> None:
    assert accuracy("decisive", 700)["graph-blind"] <= 0.5


def test_graph_blind_solves_what_shows_only_the_needed_facts() -> None:
    assert accuracy("published-style", 140)["graph-blind"] >= 0.95


def test_graph_blind_solves_the_published_base_set(published) -> None:  # type: ignore[no-untyped-def]
    rows = json.loads((published / "caugym" / "base_dataset.json").read_text())
    right = 0
    for row in rows:
        value = baseline_value("graph-blind", rungwise.read(row["problem"]))
        right += value is not None and abs(value - float(json.loads(row["answer"])["PROB"])) <= TOLERANCE
    assert right >= 0.98 * len(rows)


def test_unknown_baseline() -> None:
    item = next(rungwise.generate("base", 1))
    with pytest.raises(UserError, match="graph-blind"):
        baseline_value("oracle", item.problem)
