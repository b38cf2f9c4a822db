"""The accuracies of a study and what can be said about their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from rungwise.evaluate.run import PREDICTIONS, RESULTS
from rungwise.evaluate.statistics import mean_over_tasks
from rungwise.evaluate.study_statistics import Estimate, compare, estimate, holm
from rungwise.files import read_json, read_json_lines
from rungwise.problems.problem import TASKS
from rungwise.study_cells import REFERENCES

MEAN = "mean"
KINDS = {"value": "value_correct", "strict": "score"}
"""What is counted -> the field of a prediction."""
REAL = 0.05
"""A difference counts as real below this corrected p."""


@dataclass(frozen=True)
class Item:
    """How one model did on one item, each a mean over its samples."""

    task: str
    value: float
    strict: float


def read_items(place: Path) -> list[Item]:
    """The items of an evaluation in file order."""
    by_index: dict[int, list[dict[str, Any]]] = {}
    for _, row in read_json_lines(place / PREDICTIONS):
        by_index.setdefault(row["index"], []).append(row)
    return [
        Item(rows[0]["task"], *(sum(map(float, (row[field] for row in rows))) / len(rows) for field in KINDS.values()))
        for _, rows in sorted(by_index.items())
    ]


def accuracies(by_seed: Sequence[Sequence[Item]]) -> dict[str, dict[str, Estimate]]:
    """Kind (value, strict) -> task, and MEAN last -> accuracy over seeds."""
    tasks = [task for task in TASKS if any(item.task == task for item in by_seed[0])]
    found: dict[str, dict[str, Estimate]] = {}
    for kind in KINDS:
        values = [[[getattr(i, kind) for i in items if i.task == task] for items in by_seed] for task in tasks]
        found[kind] = {task: estimate([seeds]) for task, seeds in zip(tasks, values, strict=True)}
        found[kind][MEAN] = estimate(values)
    return found


def all_items(out: Path, folders: Sequence[str], models: Sequence[str], suite: str) -> dict[str, list[list[Item]]]:
    """Row of the tables -> seed -> items, the references last."""
    places = {name: f"evaluate/{name}" for name in models} | {
        name: f"evaluate/references/{name}" for name in REFERENCES
    }
    return {name: [read_items(out / folder / place / suite) for folder in folders] for name, place in places.items()}


def comparisons(items: dict[str, list[list[Item]]], cold: str, methods: Sequence[str]) -> list[dict[str, Any]]:
    """Value accuracy, paired, of every method less the cold start ("gain") and of every two methods ("between").

    The p-values are corrected within each of these two questions (Holm).
    """
    asked = {"gain": [(method, cold) for method in methods], "between": list(combinations(methods, 2))}
    found: list[dict[str, Any]] = []
    for question, pairs in asked.items():
        results = []
        for a, b in pairs:
            first, second = ([[item.value for item in seed] for seed in items[name]] for name in (a, b))
            results.append(compare(first, second, [[item.task for item in seed] for seed in items[a]]))
        corrected = holm([result.p for result in results])
        for (a, b), result, p in zip(pairs, results, corrected, strict=True):
            found.append({"question": question, "a": a, "b": b, **asdict(result), "p_holm": p, "real": p < REAL})
    return found


def budget_points(out: Path, folders: dict[int, str], suite: str, models: Sequence[str]) -> list[dict[str, Any]]:
    """The points of the figure of accuracy against worked solutions: one seed, intervals over items."""
    points = []
    for solutions, folder in sorted(folders.items()):
        for model in models:
            by_task = read_json(out / folder / "evaluate" / model / suite / RESULTS)["by_task"].values()
            mean, lo, hi = mean_over_tasks([(c["value_accuracy"], *c["value_interval"]) for c in by_task])
            points.append({"method": model, "solutions": solutions, "accuracy": mean, "lo": lo, "hi": hi})
    return points
