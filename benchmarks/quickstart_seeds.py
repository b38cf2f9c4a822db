"""What several quickstarts found together: accuracy by seed and by task, and how often the written
steps are right. Prints Markdown.

    for s in 0 1 2; do rungwise quickstart --seed $s --out runs/quickstart-$s; done
    python benchmarks/quickstart_seeds.py runs/quickstart-0 runs/quickstart-1 runs/quickstart-2
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rungwise.evaluate.run import PREDICTIONS
from rungwise.evaluate.statistics import Cell, mean_over_tasks, paired_difference, wilson
from rungwise.files import read_json, read_json_lines
from rungwise.problems.problem import TASKS
from rungwise.quickstart import STAGES
from rungwise.suites.items import generate
from rungwise.wording.answers import solution_text

Row = dict[str, object]


def main() -> None:
    """Read the runs and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished quickstarts")
    args = parser.parse_args()
    pooled: dict[str, list[Row]] = {stage: [] for stage in STAGES}
    print(f"| seed | seconds | {' | '.join(STAGES.values())} | GRPO less control |\n|---|---:|{'---:|' * 4}")
    for run in args.runs:
        settings = read_json(run / "settings.json")
        items = list(generate("base", settings["items"], settings["seed"], settings["view"]))
        rows: dict[str, list[Row]] = {}
        for stage in STAGES:
            rows[stage] = [row for _, row in read_json_lines(run / "evaluate" / stage / PREDICTIONS)]
            for row, item in zip(rows[stage], items, strict=True):
                row["steps right"] = steps_of(str(row["text"])) == steps_of(solution_text(item.problem, item.view))
            pooled[stage] += rows[stage]
        print_row(str(settings["seed"]), f"{read_json(run / 'seconds.json')['seconds']:.0f}", rows)
    print_row("all", "", pooled)
    print(f"\n| task | {' | '.join(STAGES.values())} |\n|---|{'---:|' * 3}")
    for task in TASKS:
        cells = [percent(share([r["value_correct"] for r in rows if r["task"] == task])) for rows in pooled.values()]
        print(f"| {task} | {' | '.join(cells)} |")
    print("\n| | steps right | value right, steps right | value right, steps wrong |\n|---|---:|---:|---:|")
    for stage, rows_of_stage in pooled.items():
        right = [r["value_correct"] for r in rows_of_stage if r["steps right"]]
        wrong = [r["value_correct"] for r in rows_of_stage if not r["steps right"]]
        print(
            f"| {STAGES[stage]} | {len(right)} of {len(rows_of_stage)} | {sum(map(bool, right))} of {len(right)} "
            f"| {sum(map(bool, wrong))} of {len(wrong)} |"
        )


def steps_of(text: str) -> str:
    """What stands before the final answer."""
    return text.partition("{")[0]


def share(hits: Sequence[object]) -> Cell:
    """The share of hits with its interval."""
    right = sum(map(bool, hits))
    return (right / len(hits), *wilson(right, len(hits)))


def print_row(seed: str, seconds: str, rows: dict[str, list[Row]]) -> None:
    """Mean over tasks of every stage, and the paired difference."""
    means = [
        mean_over_tasks([share([r["value_correct"] for r in found if r["task"] == task]) for task in TASKS])
        for found in rows.values()
    ]
    hits = {stage: [float(bool(r["value_correct"])) for r in found] for stage, found in rows.items()}
    difference = paired_difference(hits["grpo"], hits["sft_control"])
    print(f"| {seed} | {seconds} | {' | '.join(percent(m) for m in means)} | {percent(difference, '+')} |")


def percent(cell: Cell, sign: str = "") -> str:
    """A share as ``91.3 (89.0 to 93.1)``."""
    mean, lo, hi = (100 * value for value in cell)
    return f"{mean:{sign}.1f} ({lo:{sign}.1f} to {hi:{sign}.1f})"


if __name__ == "__main__":
    main()
