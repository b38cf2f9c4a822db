"""The cold start: supervised fine-tuning on few worked solutions until held-out accuracy has stopped rising.

Objective: that of ``sft``, stopped early; the model with the best accuracy on the validation split is kept. Difference
from CauGym's cold start (arXiv 2602.06337: 75 traces, 25 each of PS, PN and NIE): as many of every task.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, TrainerCallback

from rungwise.errors import UserError
from rungwise.files import read_json, write_json
from rungwise.posttrain.common import Run, last_checkpoint, run_trainer, save_trained
from rungwise.posttrain.data import held_out, solved
from rungwise.posttrain.sft import make_trainer
from rungwise.posttrain.symbols import prompts, rows

HELD_OUT = "held_out.json"


class BestKept(TrainerCallback):  # type: ignore[misc]
    """Measures held-out accuracy now and then, keeps the best model and stops when accuracy has stopped rising.

    What was measured is kept in ``out/held_out.json``, so that a resumed run goes on from the best so far.
    """

    def __init__(
        self, trainer: Any, out: Path, every: int, patience: int, accuracy: Callable[[PreTrainedModel], float]
    ) -> None:
        self.trainer, self.out, self.every, self.patience, self.accuracy = trainer, out, every, patience, accuracy
        path, checkpoint = out / HELD_OUT, last_checkpoint(out)
        self.history: list[dict[str, float]] = read_json(path) if path.exists() and checkpoint else []

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Check after every ``every`` steps."""
        step = state.global_step
        if step % self.every or any(row["step"] == step for row in self.history):
            return
        found = self.accuracy(model)
        best = max((row["accuracy"] for row in self.history), default=-1.0)
        if found > best:
            save_trained(self.trainer, self.out / "model")
        self.history.append({"step": step, "accuracy": found})
        write_json(self.out / HELD_OUT, self.history)
        found_all = [row["accuracy"] for row in self.history]
        before, last = found_all[: -self.patience], found_all[-self.patience :]
        if before and max(last) <= max(before):
            control.should_training_stop = True


def train(run: Run) -> dict[str, Any]:
    """Train (or resume) and leave the best model in ``out/model``; returns steps, seconds, the held-out checks and
    facts about CAPT, in which held-out questions that have no abstraction are asked as they are.

    Raises:
        UserError: nothing is held out.
    """
    settings, recipe = run.recipe.cold_start, run.recipe
    shown = rows(recipe, "cold_start", solved(recipe))
    trainer, clock = make_trainer(run, settings, "cold_start", shown)
    best = None
    if settings.check_every and run.accuracy is not None:
        asked = held_out(recipe)
        if not asked:
            raise UserError(
                f"samples={recipe.samples} leaves nothing of {recipe.data} to be held out: set fewer, or "
                "cold_start.check_every=0"
            )
        measure = partial(
            run.accuracy,
            tokenizer=run.tokenizer,
            problems=asked,
            prompts=prompts(recipe, asked),
            view=recipe.view,
            max_new_tokens=recipe.grpo.max_completion,
        )
        best = BestKept(trainer, run.out, settings.check_every, settings.patience, measure)
        trainer.add_callback(best)
    run_trainer(trainer, last_checkpoint(run.out))
    if best is None or not best.history or not (run.out / "model").is_dir():
        save_trained(trainer, run.out / "model")
    return {
        "steps": trainer.state.global_step,
        "seconds": clock.seconds,
        "held_out": best.history if best else [],
        **shown.facts,
    }
