"""What the methods share: the time limit, quiet and offline trainers, checkpoints, saving."""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import logging as transformers_logging

from rungwise.errors import UserError
from rungwise.files import read_json, read_log, write_json, write_json_lines
from rungwise.language_models import THINK

Progress = Callable[[dict[str, Any]], None]
"""Receives a dictionary with "seconds", "of" (the limit in seconds), "step" and the newest metrics."""

CLOCK, METRICS = "clock.json", "metrics.jsonl"


class Clock(TrainerCallback):  # type: ignore[misc]
    """Stops training after a number of seconds, counted over all runs that share the folder; keeps metrics.

    Every log line goes to ``out/metrics.jsonl``; lines that a killed run wrote after its last checkpoint are dropped
    when it resumes, since those steps are done again.
    """

    def __init__(self, out: Path, seconds: float, progress: Progress) -> None:
        self.out, self.limit, self.progress = out, seconds, progress
        self.before, self.started = 0.0, time.monotonic()
        checkpoint = last_checkpoint(out)
        kept: list[dict[str, Any]] = []
        if checkpoint is not None:
            self.before = read_json(checkpoint / CLOCK)["seconds"]
            kept = [row for row in read_log(out / METRICS) if row["step"] <= steps_done(checkpoint)]
        write_json_lines(out / METRICS, kept)

    @property
    def seconds(self) -> float:
        """Seconds trained so far, earlier runs included."""
        return self.before + time.monotonic() - self.started

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Setting up does not count as training."""
        self.started = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report, and stop when the time is up."""
        self.progress({"seconds": self.seconds, "of": self.limit, "step": state.global_step})
        if self.seconds >= self.limit:
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Append the trainer's numbers to the metrics."""
        row = {"step": state.global_step, "seconds": round(self.seconds, 2), **(logs or {})}
        with (self.out / METRICS).open("a") as log:
            log.write(json.dumps(row) + "\n")
        self.progress({**row, "of": self.limit})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Put the clock beside the checkpoint that was just written."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        write_json(folder / CLOCK, {"seconds": self.seconds})


def last_checkpoint(out: Path) -> Path | None:
    """The newest checkpoint that was written to its end, or None; unfinished ones are removed."""
    while out.is_dir() and (found := get_last_checkpoint(str(out))):
        if (Path(found) / CLOCK).exists():
            return Path(found)
        shutil.rmtree(found)
    return None


def steps_done(checkpoint: Path | None) -> int:
    """Optimizer steps behind a checkpoint; 0 where there is none."""
    return int(read_json(checkpoint / "trainer_state.json")["global_step"]) if checkpoint else 0


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Leave an ordinary Hugging Face folder (safetensors); it appears under its name only when complete."""
    temporary = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model.save_pretrained(temporary, safe_serialization=True)
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(temporary, folder)


def opening(tokenizer: PreTrainedTokenizerBase) -> str:
    """``<think>`` where the chat template itself opens the reasoning after the question, else nothing."""
    if not tokenizer.chat_template:
        return ""
    asked = tokenizer.apply_chat_template(chat("?"), add_generation_prompt=True, tokenize=False)
    return THINK if str(asked).rstrip().endswith(THINK) else ""


def chat(prompt: str) -> list[dict[str, str]]:
    """The prompt as messages, for models with a chat template: evaluation applies it too."""
    return [{"role": "user", "content": prompt}]


@contextmanager
def quiet() -> Iterator[None]:
    """No bars and no notes on future versions while the block runs: training reports by ``Progress`` alone."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def run_trainer(trainer: Any, resume: Path | None) -> None:
    """Train, from a checkpoint if there is one."""
    trainer.remove_callback(PrinterCallback)  # it writes to stdout, which belongs to results
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)


def trainer_settings(out: Path, seed: int, save_steps: int) -> dict[str, Any]:
    """The arguments every trainer here gets: no network, no reports, float32 on a CPU, checkpoints to resume from."""
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(out),
        "seed": seed,
        "report_to": "none",
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": False,
        "disable_tqdm": True,
        "logging_steps": 5,
        "save_strategy": "steps",
        "save_steps": save_steps,
        "save_total_limit": 2,  # one would be deleted before the next has its clock
        "dataloader_pin_memory": cuda,
        "max_grad_norm": 1.0,
    }


def settle(out: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a run, or make sure that the run in ``out`` has the same ones.

    Raises:
        UserError: it has other settings; the message names them.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "settings.json"
    settings = json.loads(json.dumps(settings, default=str))
    if path.exists():
        old = read_json(path)
        changed = sorted(k for k in {*old, *settings} if old.get(k) != settings.get(k))
        if changed:
            raise UserError(f"{out} holds a run with other settings ({', '.join(changed)}); choose another --out")
    write_json(path, settings)
