"""Accuracy against the number of worked solutions: what SFT and GRPO buy for the same seconds.

For each budget (solutions a task) and seed: the cold start of `rungwise quickstart`, then GRPO and, from the same
cold start and for the same seconds, more SFT; all evaluated on `base`. Resumable: the same command goes on.

    python benchmarks/solution_budget.py --out runs/budget --budgets 25 100 400 3500 --seeds 0
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rungwise.evaluate.plots import crossover
from rungwise.files import write_json
from rungwise.quickstart import quickstart


def main() -> None:
    """Run the grid and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budgets", type=int, nargs="+", default=[25, 100, 400, 3500])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--smoke", action="store_true", help="seconds instead of minutes, through the same code")
    args = parser.parse_args()
    points = []
    for budget in args.budgets:
        found: dict[str, list[dict[str, float]]] = {}
        for seed in args.seeds:
            folder = args.out / f"{budget}-seed{seed}"
            _, rows = quickstart(
                folder, seed, None, args.smoke, [f"solutions={budget}"], lambda stage, row: None, "solution_budget.py"
            )
            for name in ("cold start", "SFT control", "GRPO"):
                mean = rows[name]["mean_over_tasks"]
                cell = {"accuracy": mean["value_accuracy"], "lo": mean["interval"][0], "hi": mean["interval"][1]}
                found.setdefault(name, []).append(cell)
            print(budget, seed, {name: round(cells[-1]["accuracy"], 3) for name, cells in found.items()}, flush=True)
        for name, cells in found.items():
            middle = {key: sum(cell[key] for cell in cells) / len(cells) for key in ("accuracy", "lo", "hi")}
            points.append({"method": name, "solutions": budget, "seeds": len(cells), **middle})
        write_json(args.out / "points.json", points)
        crossover(points, args.out / "crossover.png")


if __name__ == "__main__":
    main()
