"""What a step of our GRPO and of our PPO costs beside TRL's bare GRPOTrainer: same model, questions, reward, number of
completions. The three take turns, each for a few steps from the same start with the round's seed. Prints Markdown.

    rungwise train --recipe tiny --method cold_start --out runs/cold
    python benchmarks/online_methods.py --model runs/cold/model
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer

from rungwise.posttrain import grpo, ppo
from rungwise.posttrain.common import Clock, Run, opening, quiet, run_trainer
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.settings import TrainRecipe, recipe
from rungwise.scoring.reward import make_trl_reward


def bare(run: Run) -> None:
    """TRL's trainer and our questions, reward and settings."""
    settings, chosen = run.recipe.grpo, run.recipe
    trainer = GRPOTrainer(
        model=run.model,
        processing_class=run.tokenizer,
        reward_funcs=make_trl_reward(chosen.view, chosen.reward, opening(run.tokenizer), settings.max_completion),
        train_dataset=grpo.question_rows(run, settings),
        args=GRPOConfig(**grpo.online_settings(run, settings), beta=settings.beta),
        callbacks=[Clock(run.out, settings.seconds, run.progress)],
    )
    run_trainer(trainer, None)


METHODS: dict[str, Callable[[Run], Any]] = {"TRL's GRPOTrainer": bare, "our GRPO": grpo.train, "our PPO": ppo.train}
COMPARED = [("our GRPO", "TRL's GRPOTrainer", "at most 1.05"), ("our PPO", "our GRPO", "at most 1.5")]


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="tiny")
    parser.add_argument("--model", help="a model that has had its cold start: else few completions end by themselves")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as for rungwise train")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="of each method a round; the first is not counted")
    parser.add_argument("--skip-bare", action="store_true", help="compare PPO and GRPO alone")
    args = parser.parse_args()
    chosen = recipe(args.recipe, args.set)
    alike = {
        name: getattr(chosen.grpo, name)
        for name in ("prompts", "group", "updates", "beta", "max_completion", "accumulate")
    }
    limits = {"steps": args.steps, "seconds": 3600.0, "schedule": "constant"}
    chosen = replace(
        chosen,
        grpo=replace(chosen.grpo, **limits),
        ppo=replace(chosen.ppo, **alike, **limits),
        model=args.model or chosen.model,
    )
    methods = {name: method for name, method in METHODS.items() if not (args.skip_bare and method is bare)}
    seconds: dict[str, list[list[float]]] = {name: [] for name in methods}
    for seed in range(args.rounds):
        for name in [*methods][seed % len(methods) :] + [*methods][: seed % len(methods)]:
            seconds[name].append(steps_of(methods[name], replace(chosen, seed=seed)))
    completions = chosen.grpo.prompts * chosen.grpo.group // chosen.grpo.updates
    print(f"{completions} completions a step, {args.rounds} rounds, {torch.get_num_threads()} threads\n")
    print("| method | seconds a step, median | middle half |\n|---|---:|---:|")
    for name, rounds in seconds.items():
        low, middle, high = statistics.quantiles([step for steps in rounds for step in steps], n=4)
        print(f"| {name} | {middle:.2f} | {low:.2f} to {high:.2f} |")
    print("\n| ratio, by round | median | all rounds | must be |\n|---|---:|---:|---:|")
    for ours, other, bound in COMPARED:
        if {ours, other} <= seconds.keys():
            pairs = zip(seconds[ours], seconds[other], strict=True)
            ratios = sorted(statistics.mean(a) / statistics.mean(b) for a, b in pairs)
            shown = " ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"| {ours} / {other} | {statistics.median(ratios):.2f} | {shown} | {bound} |")


@quiet()
def steps_of(method: Callable[[Run], Any], chosen: TrainRecipe) -> list[float]:
    """Seconds of each step but the first."""
    ends: dict[int, float] = {}

    def progress(row: dict[str, Any]) -> None:
        ends.setdefault(row["step"], row["seconds"])

    model, tokenizer = load_for_training(chosen.model, chosen.lora)
    with tempfile.TemporaryDirectory() as out:
        method(Run(chosen, model, tokenizer, Path(out), progress))
    moments = [ends[step] for step in sorted(ends)]
    return [after - before for before, after in pairwise(moments)]


if __name__ == "__main__":
    main()
