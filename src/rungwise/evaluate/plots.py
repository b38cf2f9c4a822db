"""The pictures of a report, as PNG files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rungwise.evaluate.statistics import Cell
from rungwise.language_models import require

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#000000")
"""Okabe & Ito's palette, which people with any colour vision can tell apart."""

MARKERS = "os^Dv*Px"

SHADES = {
    "constant": "#DDDDDD",
    "unadjusted": "#C4C4C4",
    "graph-blind": "#AAAAAA",
    "lookup": "#909090",
    "exact": "#000000",
}
"""What is no model stands back, from the floor to the ceiling."""


def reward_curve(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Mean reward of the training samples against optimizer steps, faintly, with a running mean over it.

    Rows hold "step" and "reward"; "seconds", where there, names a second axis.

    Raises:
        UserError: matplotlib is not installed.
    """
    steps, rewards = [row["step"] for row in rows], [float(row["reward"]) for row in rows]
    with figure(path, (7, 3.6)) as axes:
        axes.plot(steps, rewards, color=COLOURS[4], alpha=0.5, linewidth=1, label="as logged")
        width = max(1, len(rewards) // 20)
        windows = [rewards[max(0, i - width + 1) : i + 1] for i in range(len(rewards))]
        smooth = [sum(window) / len(window) for window in windows]
        axes.plot(steps, smooth, color=COLOURS[0], linewidth=2, label=f"mean of {width}")
        axes.set(xlabel="GRPO step", ylabel="mean reward", ylim=(0, 1.02))
        axes.legend(loc="lower right", frameon=False)
        if rows and "seconds" in rows[-1]:
            axes.set_xlabel(f"GRPO step ({rows[-1]['seconds']:.0f} seconds in all)")
    return path


def bar_chart(table: Mapping[str, Mapping[str, Cell]], path: Path) -> Path:
    """Accuracy by task, one group of bars a task and one bar a row, with intervals.

    ``table`` maps a row's name to task -> (accuracy, lower end, upper end).

    Raises:
        UserError: matplotlib is not installed.
    """
    tasks = list(dict.fromkeys(task for row in table.values() for task in row))
    width = 0.84 / max(1, len(table))
    models = [name for name in table if name not in SHADES]
    with figure(path, (max(7.0, 1.35 * len(tasks)), 4.2)) as axes:
        for k, (name, row) in enumerate(table.items()):
            shown = [(i, row[task]) for i, task in enumerate(tasks) if task in row]
            axes.bar(
                [i + (k - (len(table) - 1) / 2) * width for i, _ in shown],
                [cell[0] for _, cell in shown],
                width,
                yerr=_errors([cell for _, cell in shown]),
                color=SHADES[name] if name in SHADES else COLOURS[models.index(name) % len(COLOURS)],
                error_kw={"elinewidth": 0.8, "ecolor": "#555555"},
                label=name,
            )
        axes.set_xticks(range(len(tasks)), tasks)
        axes.set(ylabel="value accuracy", ylim=(0, 1.02))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncol=min(4, max(1, len(table))), frameon=False)
    return path


def crossover(points: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Accuracy against the number of worked solutions, one line a method, with intervals.

    Points hold "method", "solutions" (a task), "accuracy", "lo" and "hi".

    Raises:
        UserError: matplotlib is not installed.
    """
    with figure(path, (7, 4)) as axes:
        for k, method in enumerate(dict.fromkeys(point["method"] for point in points)):
            line = sorted((p for p in points if p["method"] == method), key=lambda p: p["solutions"])
            axes.errorbar(
                [p["solutions"] for p in line],
                [p["accuracy"] for p in line],
                yerr=_errors([(p["accuracy"], p["lo"], p["hi"]) for p in line]),
                color=COLOURS[k % len(COLOURS)],
                marker=MARKERS[k % len(MARKERS)],
                capsize=3,
                label=method,
            )
        budgets = sorted({point["solutions"] for point in points})
        axes.set_xscale("log")
        axes.set_xticks(budgets, [str(b) for b in budgets])
        axes.set_xticks([], minor=True)
        axes.set(xlabel="worked solutions a task", ylabel="mean value accuracy", ylim=(0, 1.02))
        axes.legend(loc="lower right", frameon=False)
    return path


def _errors(cells: Sequence[Cell]) -> list[list[float]]:
    return [[max(0.0, c[0] - c[1]) for c in cells], [max(0.0, c[2] - c[0]) for c in cells]]


@contextmanager
def figure(path: Path, inches: tuple[float, float]) -> Iterator[Any]:
    """Axes in the house style, saved under ``path`` when the block ends well. No window and no global state."""
    require("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    yield axes
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, format="png")
    temporary.replace(path)
