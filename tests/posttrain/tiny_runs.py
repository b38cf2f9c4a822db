"""Runs of a second with a model of a few thousand parameters, on a clock that counts how often it is read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch

from rungwise.posttrain import common
from rungwise.posttrain.grpo import GRPOSettings
from rungwise.posttrain.run import TrainRecipe, train
from rungwise.posttrain.sft import SFTSettings
from rungwise.pretrain.tokenizer import END, make_tokenizer
from rungwise.pretrain.train import PretrainRecipe, make_model

CHECKPOINT = 4
"""Steps between checkpoints."""


class Ticks:
    """Stands for the module ``time``: a second passes whenever the time is read, two or three times a step."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


def save_tiny(folder: Path) -> Path:
    make_model(PretrainRecipe(hidden=32, layers=1, heads=2)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def save_talking(folder: Path) -> Path:
    """A tiny model that writes one of a few short answers whatever it is asked, so that rewards differ in a group."""
    model, tokenizer = make_model(PretrainRecipe(hidden=32, layers=1, heads=2)), make_tokenizer()
    prompt = tokenizer("ask ATE A=1 A=0 B=1\n")["input_ids"]
    answers = [tokenizer(answer + END)["input_ids"] for answer in ('{"PROB": "0"}', '{"PROB": "v1"}', "path:yes")]
    ids_B_T = torch.tensor([prompt + answer for answer in answers])
    labels_B_T = torch.tensor([[-100] * len(prompt) + answer for answer in answers])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        torch.autograd.backward(model(input_ids=ids_B_T, labels=labels_B_T).loss)
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_recipe(model: Path, seconds: float = 30.0) -> TrainRecipe:
    return TrainRecipe(
        model=str(model),
        solutions=2,
        questions=28,
        validation=7,
        sft=SFTSettings(seconds=seconds, batch=4, lr=5e-3, warmup=2, save_every=CHECKPOINT),
        grpo=GRPOSettings(
            seconds=seconds, prompts=2, group=4, updates=2, lr=5e-3, warmup=2, max_completion=8, save_every=CHECKPOINT
        ),
    )


def ignore(row: dict[str, Any]) -> None:
    pass


def stall(recipe: TrainRecipe, method: str, out: Path) -> None:
    """Train, and stop moving two steps after the first checkpoint. For a process that is going to be killed."""
    common.time = Ticks()  # type: ignore[assignment]

    def progress(row: dict[str, Any]) -> None:
        if row["step"] >= CHECKPOINT + 2:
            (out / "stalled").touch()
            time.sleep(1000)

    train(recipe, method, None, out, progress)


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
