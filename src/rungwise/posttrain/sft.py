"""Supervised fine-tuning on worked solutions, with TRL's SFTTrainer.

Objective: mean cross-entropy of the solution's tokens given the prompt. In the slots view every solution is redrawn
each time it is seen (letters, variable order and with it slots, which value is called 0), so that a small set of
solutions teaches the reasoning and not the symbols: CAPT's intervention (arXiv 2506.09433) at no cost. Differences
from CauGym's SFT (arXiv 2602.06337): all weights instead of LoRA unless ``lora`` is set, solutions rendered from the
worked steps instead of reworded by a language model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from datasets import IterableDataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import SFTConfig, SFTTrainer

from rungwise.files import read_json, write_json
from rungwise.posttrain.common import (
    Clock,
    Progress,
    chat,
    last_checkpoint,
    opening,
    run_trainer,
    save_model,
    steps_done,
    trainer_settings,
)
from rungwise.posttrain.settings import SFTSettings
from rungwise.problems.problem import Problem
from rungwise.problems.streams import stream
from rungwise.suites.items import to_text
from rungwise.wording.answers import solution_text
from rungwise.wording.slots import redraw

HELD_OUT = "held_out.json"


class BestKept(TrainerCallback):  # type: ignore[misc]
    """Measures held-out accuracy now and then, keeps the best model and stops when accuracy has stopped rising.

    What was measured is kept in ``out/held_out.json``, so that a resumed run goes on from the best so far.
    """

    def __init__(
        self, out: Path, every: int, patience: int, accuracy: Callable[[PreTrainedModel], float], tokenizer: Any
    ) -> None:
        self.out, self.every, self.patience, self.accuracy, self.tokenizer = out, every, patience, accuracy, tokenizer
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
            save_model(model, self.tokenizer, self.out / "model")
        self.history.append({"step": step, "accuracy": found})
        write_json(self.out / HELD_OUT, self.history)
        found_all = [row["accuracy"] for row in self.history]
        before, last = found_all[: -self.patience], found_all[-self.patience :]
        if before and max(last) <= max(before):
            control.should_training_stop = True


def solutions_stream(
    solutions: list[Problem], view: str, batch: int, seed: int, start: int = 0
) -> Iterator[dict[str, str]]:
    """Endless (prompt, completion) rows from row ``start`` on: each epoch shuffled and redrawn, rows of similar length
    beside each other."""
    epoch, skipped = divmod(start, len(solutions))
    while True:
        rng = stream("sft", seed, epoch)
        rows = []
        for i in rng.permutation(len(solutions)):
            problem = redraw(solutions[i], rng) if view == "slots" else solutions[i]
            rows.append({"prompt": to_text(problem, view), "completion": solution_text(problem, view)})
        ordered: list[dict[str, str]] = []
        for first in range(0, len(rows), 8 * batch):
            part = sorted(rows[first : first + 8 * batch], key=lambda row: len(row["prompt"]))
            batches = [part[i : i + batch] for i in range(0, len(part), batch)]
            ordered += [row for i in rng.permutation(len(batches)) for row in batches[i]]
        yield from ordered[skipped:]
        epoch, skipped = epoch + 1, 0


def token_row(row: dict[str, str], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """Token ids of a prompt as generation makes them, then those of the completion and the end; the mask is 1 on the
    latter. Tokenized as one text, tokens could merge across the boundary, and templates show the prompt another way."""
    prompt, completion = row["prompt"], row["completion"]
    if tokenizer.chat_template:
        asked = tokenizer.apply_chat_template(chat(prompt), add_generation_prompt=True, return_dict=False)
    else:
        asked = tokenizer(prompt)["input_ids"]
    if opening(tokenizer):  # the steps are the reasoning, the last line is the answer
        steps, _, answer = completion.rpartition("\n")
        completion = f"{steps}\n</think>\n{answer}"
    written = [*tokenizer(completion, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return {"input_ids": [*asked, *written], "completion_mask": [0] * len(asked) + [1] * len(written)}


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
    """Train (or resume) and leave the model in ``out/model``; returns steps, seconds and the held-out checks."""
    clock = Clock(out, settings.seconds, progress)
    resume = last_checkpoint(out)
    callbacks: list[TrainerCallback] = [clock]
    best = None
    if settings.check_every and accuracy is not None:
        best = BestKept(out, settings.check_every, settings.patience, accuracy, tokenizer)
        callbacks.append(best)
    start = steps_done(resume) * settings.batch
    # Not as gen_kwargs: there a list is taken for shards, and the first of our endless ones would be all that is read.
    rows = IterableDataset.from_generator(
        partial(solutions_stream, solutions, view, settings.batch, settings.redraw_seed, start)
    )
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=rows.map(partial(token_row, tokenizer=tokenizer), remove_columns=["prompt", "completion"]),
        args=SFTConfig(
            **trainer_settings(out, settings.seed, settings.save_every),
            ignore_data_skip=True,  # the rows start where the checkpoint ends; to skip the others one by one takes long
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
    run_trainer(trainer, resume)
    if best is None or not best.history or not (out / "model").is_dir():
        save_model(trainer.model, tokenizer, out / "model")
    return {
        "steps": trainer.state.global_step,
        "seconds": clock.seconds,
        "held_out": best.history if best else [],
    }
