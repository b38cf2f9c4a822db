"""Runs of a second with a model of a few thousand parameters, on a clock that counts how often it is read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from ticks import Ticks
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from rungwise.posttrain import common
from rungwise.posttrain.common import Accuracy, Progress, Run
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import (
    ColdStartSettings,
    DPOSettings,
    GRPOSettings,
    KTOSettings,
    PPOSettings,
    SFTSettings,
    TrainRecipe,
)
from rungwise.pretrain.tokenizer import END, make_tokenizer
from rungwise.pretrain.train import PretrainRecipe, make_model
from rungwise.suites.items import generate
from rungwise.wording.answers import solution_text

CHECKPOINT = 4
"""Steps between checkpoints."""


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


def save_talker(folder: Path, template: str | None, family: str = "llama") -> Path:
    """A tiny model for English: its tokenizer learnt from our own problems, with a chat template if one is given."""
    items = list(generate("published-style", 28, 1))
    texts = [text for item in items for text in (item.text, solution_text(item.problem, "natural"))]
    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<pad>", "<unk>", "<end>", "<user>", "<assistant>", "<think>"]
    core.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=800,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", unk_token="<unk>", eos_token="<end>")
    tokenizer.chat_template = template
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        family,
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=2048, pad_token_id=0, eos_token_id=2, bos_token_id=2,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_recipe(model: Path, seconds: float = 30.0) -> TrainRecipe:
    brief: dict[str, Any] = {"seconds": seconds, "lr": 5e-3, "warmup": 2, "save_every": CHECKPOINT}
    preference: dict[str, Any] = {**brief, "batch": 4, "rows": 14}
    online: dict[str, Any] = {**brief, "prompts": 2, "group": 4, "updates": 2, "max_completion": 8}
    return TrainRecipe(
        model=str(model),
        solutions=2,
        questions=28,
        validation=7,
        cold_start=ColdStartSettings(**brief, batch=4, check_every=CHECKPOINT),
        sft=SFTSettings(**brief, batch=4),
        dpo=DPOSettings(**preference),
        kto=KTOSettings(**preference),
        ppo=PPOSettings(**online),
        grpo=GRPOSettings(**online),
    )


def ignore(row: dict[str, Any]) -> None:
    pass


def tiny_run(recipe: TrainRecipe, out: Path, progress: Progress = ignore, accuracy: Accuracy | None = None) -> Run:
    """What a method's ``train`` is given, for the recipe's model."""
    model, tokenizer = load_for_training(recipe.model, recipe.lora)
    return Run(recipe, model, tokenizer, out, progress, accuracy)


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
