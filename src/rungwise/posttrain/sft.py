"""Supervised fine-tuning on worked solutions, with TRL's SFTTrainer.

Objective: mean cross-entropy of the solution's tokens given the prompt. In the slots view every solution is redrawn
each time it is seen (letters, variable order and with it slots, which value is called 0), so that a small set of
solutions teaches the reasoning and not the symbols: CAPT's intervention (arXiv 2506.09433) at no cost. Differences
from CauGym's SFT (arXiv 2602.06337): all weights instead of LoRA unless ``lora`` is set, solutions rendered from the
worked steps instead of reworded by a language model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from datasets import IterableDataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import SFTConfig, SFTTrainer

from rungwise.posttrain.common import Clock, Progress, last_checkpoint, save_model, trainer_settings
from rungwise.problems.problem import Problem
from rungwise.problems.streams import stream
from rungwise.suites.items import to_text
from rungwise.wording.answers import solution_text
from rungwise.wording.slots import redraw


@dataclass(frozen=True)
class SFTSettings:
    """Settings of a run.

    Attributes:
        seconds: training time at most.
        batch, lr, warmup: solutions a step, peak learning rate, steps to reach it (then constant).
        check_every: steps between held-out accuracies (0: never; then the whole time is used).
        patience: stop after so many checks without a new best accuracy; the best model is kept.
    """

    seconds: float = 150.0
    batch: int = 32
    lr: float = 5e-4
    warmup: int = 20
    check_every: int = 0
    patience: int = 3
    seed: int = 0


class BestKept(TrainerCallback):
    """Measures held-out accuracy now and then, keeps the best model and stops when accuracy has stopped rising."""

    def __init__(self, every: int, patience: int, accuracy: Callable[[PreTrainedModel], float], folder: Path, save: Any):
        self.every, self.patience, self.accuracy, self.folder, self.save = every, patience, accuracy, folder, save
        self.best, self.since = -1.0, 0
        self.history: list[dict[str, float]] = []

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Check after every ``every`` steps."""
        if state.global_step % self.every:
            return
        found = self.accuracy(model)
        self.history.append({"step": state.global_step, "accuracy": found})
        if found > self.best:
            self.best, self.since = found, 0
            self.save(model, self.folder)
        else:
            self.since += 1
            control.should_training_stop |= self.since >= self.patience


def solutions_stream(solutions: list[Problem], view: str, batch: int, seed: int) -> Iterator[dict[str, str]]:
    """Endless (prompt, completion) rows: each epoch shuffled and redrawn, rows of similar length beside each other."""
    epoch = 0
    while True:
        rng = stream("sft", seed, epoch)
        rows = []
        for i in rng.permutation(len(solutions)):
            problem = redraw(solutions[i], rng) if view == "slots" else solutions[i]
            rows.append({"prompt": to_text(problem, view), "completion": solution_text(problem, view)})
        for start in range(0, len(rows), 8 * batch):
            part = sorted(rows[start : start + 8 * batch], key=lambda row: len(row["prompt"]))
            batches = [part[i : i + batch] for i in range(0, len(part), batch)]
            for i in rng.permutation(len(batches)):
                yield from batches[i]
        epoch += 1


def train_sft(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    solutions: list[Problem],
    view: str,
    out: Path,
    settings: SFTSettings,
    progress: Progress,
    accuracy: Callable[[PreTrainedModel], float] | None = None,
) -> dict[str, Any]:
    """Train (or resume) and leave the model in ``out/model``; returns steps, seconds and the held-out checks.
    """
    clock = Clock(out, settings.seconds, progress)
    resume = last_checkpoint(out)
    callbacks: list[TrainerCallback] = [clock]
    best = None
    if settings.check_every and accuracy is not None:
        best = BestKept(
            settings.check_every, settings.patience, accuracy, out / "model", lambda m, folder: save_model(m, tokenizer, folder)
        )
        callbacks.append(best)
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        # Not as gen_kwargs: there a list is taken for shards, and the first of our endless ones would be all that is read.
        train_dataset=IterableDataset.from_generator(
            partial(solutions_stream, solutions, view, settings.batch, settings.seed)
        ),
        args=SFTConfig(
            **trainer_settings(out, settings.seed, save_steps=100),
            max_steps=1_000_000,
            per_device_train_batch_size=settings.batch,
            learning_rate=settings.lr,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=settings.warmup,
            max_length=None,
            completion_only_loss=True,
            weight_decay=0.01,
        ),
        callbacks=callbacks,
    )
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if best is None or not best.history:
        save_model(trainer.model, tokenizer, out / "model")
    return {
        "steps": trainer.state.global_step,
        "seconds": clock.seconds,
        "held_out": best.history if best else [],
    }
