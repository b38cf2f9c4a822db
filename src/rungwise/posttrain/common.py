"""What the methods share: what a run is given, the time limit, quiet and offline trainers, checkpoints, saving."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from transformers.integrations import get_reporting_integration_callbacks
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import logging as transformers_logging

from rungwise.errors import UserError
from rungwise.files import read_json, read_log, write_json, write_json_lines
from rungwise.language_models import THINK
from rungwise.posttrain.settings import TrainRecipe, Updates

Progress = Callable[[dict[str, Any]], None]
"""Receives a dictionary with "seconds", "of" (the limit in seconds), "step" and the newest metrics or a "warning"."""

Accuracy = Callable[..., float]
"""Called as accuracy(model, tokenizer=, problems=, view=, max_new_tokens=): the share of problems that the model gets
right."""


@dataclass(frozen=True)
class Run:
    """What a method's ``train`` is given.

    Attributes:
        recipe: all settings.
        model, tokenizer: in training mode, see ``load_for_training``.
        out: the run's folder; the method leaves ``out/model``.
        progress: called after each step and with each line of metrics.
        accuracy: measures held-out accuracy (cold start).
    """

    recipe: TrainRecipe
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    out: Path
    progress: Progress
    accuracy: Accuracy | None = None


CLOCK, METRICS = "clock.json", "metrics.jsonl"

ENDLESS = 1_000_000
"""Steps of a run that only its seconds end."""


class NothingLeft(Exception):
    """Raised where training would begin, with the state of the checkpoint loaded, when all of its steps are done."""


class Clock(TrainerCallback):  # type: ignore[misc]
    """Stops training after a number of seconds, counted over all runs that share the folder; keeps metrics.

    Every log line goes to ``out/metrics.jsonl``; lines that a killed run wrote after its last checkpoint are dropped
    when it resumes, since those steps are done again. ``spent``: seconds that the making of the data took. Of several
    processes the first one decides, writes and reports.
    """

    def __init__(self, out: Path, seconds: float, progress: Progress, spent: float = 0.0) -> None:
        self.out, self.limit, self.progress = out, seconds, progress
        self.before, self.started, self.over = spent, time.monotonic(), False
        checkpoint = last_checkpoint(out)
        kept: list[dict[str, Any]] = []
        if checkpoint is not None:
            found = read_json(checkpoint / CLOCK)
            self.before, self.over = found["seconds"], found["over"]
            kept = [row for row in read_log(out / METRICS) if row["step"] <= steps_done(checkpoint)]
        last = kept[-1] if kept else {"step": 0}
        self.tokens: float = last.get("num_tokens", 0)
        self.logged: int = last["step"]
        self.writes = processes().is_main_process
        if self.writes:
            write_json_lines(out / METRICS, kept)

    @property
    def seconds(self) -> float:
        """Seconds trained so far, earlier runs included."""
        return self.before + time.monotonic() - self.started

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Setting up does not count as training; a run whose last step is in its checkpoint has no other to do."""
        self.started = time.monotonic()
        if self.over:
            raise NothingLeft  # the trainer looks at its control only after a step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report, and stop when the time is up."""
        if self.writes:
            self.progress({"seconds": self.seconds, "of": self.limit, "step": state.global_step})
        over = [self.seconds >= self.limit]
        broadcast_object_list(over)  # one that stops alone leaves the others waiting for it
        if over[0]:
            control.should_training_stop = True
        if control.should_save or control.should_training_stop:
            control.should_log = True  # what was measured since the last line is in no checkpoint

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Append the trainer's numbers to the metrics."""
        numbers = logs if logs is not None else {}
        if "num_tokens" in numbers and not state.num_input_tokens_seen:
            numbers["num_tokens"] += self.tokens  # a trainer that does not keep them in its state begins at 0 again
        if not self.writes or state.global_step == self.logged:  # the trainer's summary, after the last line
            return
        self.logged = state.global_step
        row = {"step": state.global_step, "seconds": round(self.seconds, 2)}
        # JSON has no NaN; what is no number is null.
        row |= {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in numbers.items()}
        with (self.out / METRICS).open("a") as log:
            log.write(json.dumps(row) + "\n")
        self.progress({**row, "of": self.limit})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Put the clock beside the checkpoint that was just written."""
        if not self.writes:
            return
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        write_json(folder / CLOCK, {"seconds": self.seconds, "over": control.should_training_stop})


def processes() -> PartialState:
    """This process among those that train together. Asked for in any other way before the trainer is made, each
    process of a CPU takes itself for the only one."""
    return PartialState(cpu=not torch.cuda.is_available())


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


def save_trained(trainer: Any, folder: Path) -> None:
    """Leave a trainer's model as ``save_model`` does. All processes must call it: where FSDP or ZeRO-3 divides the
    weights among them, each has to give its part. Of adapters those that are trained are saved, and not the copy of
    their start that TRL keeps beside them."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    if "ref" in getattr(model, "peft_config", {}):
        model.delete_adapter("ref")
    weights: dict[str, torch.Tensor] | None = None
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        gathered = trainer.accelerator.get_state_dict(trainer.model_wrapped)
        names = [{name for name, _ in model.named_parameters(remove_duplicate=once)} for once in (False, True)]
        weights = {name: values for name, values in gathered.items() if name not in names[0] - names[1]}  # tied ones
    save_model(model, trainer.processing_class, folder, weights)


def save_model(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    weights: dict[str, torch.Tensor] | None = None,
) -> None:
    """Leave an ordinary Hugging Face folder (safetensors); it appears under its name only when complete. Of several
    processes the first one writes it and the others wait. ``weights``: the first one's, where the model itself does
    not hold all of its own."""
    if processes().is_main_process:
        temporary = folder.with_name(folder.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        model.save_pretrained(temporary, state_dict=weights)
        tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    processes().wait_for_everyone()


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


def check_saving(trainer: Any) -> None:
    """Make sure that a model that ZeRO-3 divides can be saved whole.

    Raises:
        UserError: DeepSpeed is told not to gather it.
    """
    if trainer.is_deepspeed_enabled:
        zero = trainer.accelerator.state.deepspeed_plugin.deepspeed_config.get("zero_optimization", {})
        if zero.get("stage") == 3 and not zero.get("stage3_gather_16bit_weights_on_model_save"):
            raise UserError("ZeRO-3 would leave no whole model: set zero3_save_16bit_model: true in its configuration")


def run_trainer(trainer: Any, resume: Path | None) -> None:
    """Train, from a checkpoint if there is one.

    Raises:
        UserError: see ``check_saving``.
    """
    check_saving(trainer)
    trainer.remove_callback(PrinterCallback)  # it writes to stdout, which belongs to results
    for reporter in get_reporting_integration_callbacks(trainer.args.report_to):
        if found := trainer.pop_callback(reporter):  # to the end: our callbacks add numbers to a line of metrics
            trainer.add_callback(found)
    with suppress(NothingLeft):
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)


def rows_at_once(settings: Updates, rows: int) -> int:
    """How many of a step's rows a process has in a forward pass.

    Raises:
        UserError: the rows can't be divided among processes and accumulated parts.
    """
    parts: int = settings.accumulate * processes().num_processes
    if rows % parts:
        raise UserError(f"{rows} rows a step can't be divided into {parts} equal parts (accumulate x processes)")
    return rows // parts


def trainer_settings(run: Run, settings: Updates, rows: int) -> dict[str, Any]:
    """The arguments every trainer here gets: no network, float32 on a CPU, checkpoints to resume from.

    Args:
        rows: completions (or pairs) of an optimizer step, over all processes and accumulated parts.

    Raises:
        UserError: the rows can't be divided among them.
    """
    cuda = torch.cuda.is_available()
    return {
        "max_steps": settings.steps or ENDLESS,
        "per_device_train_batch_size": rows_at_once(settings, rows),
        "gradient_accumulation_steps": settings.accumulate,
        "learning_rate": settings.lr,
        "lr_scheduler_type": "constant_with_warmup" if settings.schedule == "constant" else settings.schedule,
        "warmup_steps": settings.warmup,
        "output_dir": str(run.out),
        "seed": run.recipe.seed,
        "report_to": list(run.recipe.report_to) or "none",
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": False,
        "disable_tqdm": True,
        "logging_steps": 5,
        "logging_nan_inf_filter": False,  # it would show the last good loss in place of one that is not a number
        "save_strategy": "steps",
        "save_steps": settings.save_every,
        "save_total_limit": 2,  # one would be deleted before the next has its clock
        "dataloader_pin_memory": cuda,
        "max_grad_norm": 1.0,
    }


def check_reporters(names: Sequence[str]) -> None:
    """Make sure that the metrics can be reported.

    Raises:
        UserError: a reporter's package is not installed.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(f"report_to {name} needs its package: pip install {name} (or leave report_to empty)")


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
