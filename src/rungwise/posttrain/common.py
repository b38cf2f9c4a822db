"""What the methods share: the time limit, the thread count, quiet and offline trainers, saving."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from rungwise.errors import UserError
from rungwise.files import replacing, write_json

Progress = Callable[[dict[str, Any]], None]
"""Receives a dictionary with "seconds", "of" (the limit in seconds), "step" and the newest metrics."""

CLOCK = "clock.json"


class Clock(TrainerCallback):
    """Stops training after a number of seconds, counted over all runs that share the folder; keeps metrics.

    Every log line goes to ``out/metrics.jsonl``; lines that a killed run wrote after its last checkpoint are dropped
    when it resumes, since those steps are done again.
    """

    def __init__(self, out: Path, seconds: float, progress: Progress) -> None:
        self.out, self.limit, self.progress = out, seconds, progress
        self.before, self.started = 0.0, time.monotonic()
        checkpoint = last_checkpoint(out)
        kept: list[str] = []
        metrics = out / "metrics.jsonl"
        if checkpoint is not None:
            self.before = json.loads((checkpoint / CLOCK).read_text())["seconds"]
            step = json.loads((checkpoint / "trainer_state.json").read_text())["global_step"]
            if metrics.exists():
                kept = [line for line in metrics.read_text().splitlines() if json.loads(line)["step"] <= step]
        with replacing(metrics) as file:
            file.writelines(line + "\n" for line in kept)

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
        with (self.out / "metrics.jsonl").open("a") as log:
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


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Leave an ordinary Hugging Face folder (safetensors); it appears under its name only when complete."""
    temporary = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model.save_pretrained(temporary, safe_serialization=True)
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(temporary, folder)


def trainer_settings(out: Path, seed: int, save_steps: int) -> dict[str, Any]:
    """The arguments every TRL trainer here gets: no network, no reports, float32 on a CPU, checkpoints to resume from."""
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
        "save_total_limit": 1,
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
        old = json.loads(path.read_text())
        changed = sorted(k for k in {*old, *settings} if old.get(k) != settings.get(k))
        if changed:
            raise UserError(f"{out} holds a run with other settings ({', '.join(changed)}); choose another --out")
    write_json(path, settings)
