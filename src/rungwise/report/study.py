"""From a study's folder to results.json, the pictures, report.md and report.html."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rungwise.evaluate.plots import bar_chart, crossover
from rungwise.evaluate.run import RESULTS
from rungwise.evaluate.statistics import Cell
from rungwise.evaluate.study_statistics import Estimate
from rungwise.files import replacing, write_json
from rungwise.posttrain.settings import TrainRecipe
from rungwise.report import sections
from rungwise.report.accuracies import MEAN, accuracies, all_items, budget_points, comparisons
from rungwise.report.document import html, markdown
from rungwise.report.pictures import curve_picture
from rungwise.report.runs import cost, curves, errors, examples, health
from rungwise.report.words import NAMES, best_methods
from rungwise.versions import versions

COLD = "cold_start"


def write_study(
    out: Path, recipe: TrainRecipe, folders: list[str], budget_folders: dict[int, str], command: str
) -> dict[str, Any]:
    """Write the report of a finished study.

    Args:
        folders: below ``out``, one a seed.
        budget_folders: worked solutions a task -> folder below ``out``.
        command: the command line, to be shown.

    Returns:
        What is in ``results.json``: what was run; "accuracy" (suite -> row -> value or strict -> task, and "mean" with
        all its intervals); "comparisons" (suite -> pairs); "budgets"; "cost", "health"; "errors" (suite -> method).

    Raises:
        UserError: matplotlib is not installed.
    """
    results = collect(out, recipe, folders, budget_folders, command)
    suite, models = results["suites"][0], (COLD, *results["methods"])
    bar_chart(
        {NAMES.get(name, name): _cells(row["value"]) for name, row in results["accuracy"][suite].items()},
        out / "tasks.png",
    )
    by_suite = {
        NAMES.get(name, name): {s: _cells(results["accuracy"][s][name]["value"])[MEAN] for s in results["suites"]}
        for name in results["accuracy"][suite]
    }
    bar_chart(by_suite, out / "suites.png")
    if results["budgets"]:
        crossover([{**point, "method": NAMES[point["method"]]} for point in results["budgets"]], out / "budgets.png")
    pictures = [
        curve_picture(metric, lines, out / f"{method}-{metric.replace('/', '-')}.png")
        for method in models
        for metric, lines in curves(out, folders, method).items()
    ]
    best = best_methods(results, suite)[0]
    blocks = [
        *sections.opening(results),
        *sections.main_tables(results, out),
        *sections.differences(results),
        *sections.budgets(results, out),
        *sections.runs(results, pictures),
        *sections.mistakes(results),
        *sections.transcripts(examples(out, folders[0], (COLD, best), recipe), suite, best),
        *sections.all_numbers(results),
    ]
    for name, text in (("report.md", markdown(blocks)), ("report.html", html(blocks))):
        with replacing(out / name) as file:
            file.write(text)
    write_json(out / RESULTS, results)
    return results


def collect(
    out: Path, recipe: TrainRecipe, folders: list[str], budget_folders: dict[int, str], command: str
) -> dict[str, Any]:
    """All numbers of a study, see ``write_study``."""
    chosen = recipe.study
    models = (COLD, *chosen.methods)
    items = {suite: all_items(out, folders, models, suite) for suite in chosen.suites}
    return {
        "command": command,
        "model": recipe.model,
        "view": recipe.view,
        "seeds": [recipe.seed + k for k in range(chosen.seeds)],
        "methods": list(chosen.methods),
        "suites": list(chosen.suites),
        "items": chosen.items,
        "samples": chosen.samples,
        "temperature": chosen.temperature,
        "tokens": recipe.grpo.max_completion,
        "solutions": recipe.solutions,
        "questions": recipe.questions,
        "versions": versions(),
        "accuracy": {
            suite: {row: _shown(accuracies(by_seed)) for row, by_seed in rows.items()} for suite, rows in items.items()
        },
        "comparisons": {suite: comparisons(rows, COLD, chosen.methods) for suite, rows in items.items()},
        "budgets": budget_points(out, budget_folders, chosen.suites[0], (COLD, "sft", "grpo")),
        "cost": {method: cost(out, folders, method, recipe) for method in models},
        "health": [warning for method in models for warning in health(out, folders, method)],
        "errors": {suite: {model: errors(out, folders, model, suite) for model in models} for suite in chosen.suites},
        "report": str(out / "report.md"),
    }


def _shown(found: dict[str, dict[str, Estimate]]) -> dict[str, dict[str, Any]]:
    """Of the means all there is, of the tasks what the tables show."""
    return {
        kind: {task: asdict(e) if task == MEAN else {"mean": e.mean, "interval": e.interval} for task, e in row.items()}
        for kind, row in found.items()
    }


def _cells(row: dict[str, Any]) -> dict[str, Cell]:
    return {task: (cell["mean"], *cell["interval"]) for task, cell in row.items()}
