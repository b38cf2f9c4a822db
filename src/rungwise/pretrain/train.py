"""Pre-training of the embedded base model: a small decoder learns to read graphs, menus and formulas.

One plain loop: contexts are drawn fresh for every batch from (seed, batch number), so a resumed run sees what an
uninterrupted one would; AdamW, loss on the answers alone.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from rungwise.errors import UserError
from rungwise.files import read_json, read_log, write_json, write_json_lines
from rungwise.language_models import load_model
from rungwise.posttrain.common import quiet, save_model
from rungwise.pretrain.reading import context
from rungwise.pretrain.tokenizer import make_tokenizer
from rungwise.problems.streams import stream

IGNORED = -100

LOG_EVERY, CHECK_EVERY, SAVE_SECONDS = 50, 500, 120.0
"""Batches between two lines of metrics and between two accuracies; seconds between two states to resume from."""

TOGETHER = 16
"""Batches that are drawn at once."""


@dataclass(frozen=True)
class PretrainRecipe:
    """All settings of a pre-training run.

    Attributes:
        batches: optimizer steps; each sees ``batch`` contexts of ``questions`` questions.
        cycles: equal parts of the run in which the learning rate rises and falls. After each the model is as good as
            one trained for so long, and it goes on from there.
        lr: learning rate, reached after a cycle's first ``warmup`` batches, constant, falling over its last fifth.
        hidden, layers, heads: the decoder's size (GPT-NeoX with ReLU and rotary positions).
        longest: tokens per context; further questions are left out.
        each_answer: every answer weighs the same, however long; else every token does, and an answer of one token among
            long ones is hardly learnt.
        start: a model folder with whose weights training begins; "" for random ones.
    """

    batches: int = 6000
    cycles: int = 2
    batch: int = 48
    questions: int = 12
    lr: float = 1.5e-3
    warmup: int = 200
    hidden: int = 128
    layers: int = 5
    heads: int = 4
    longest: int = 320
    seed: int = 0
    each_answer: bool = False
    start: str = ""


class Corpus(Protocol):
    """What a model is pre-trained on."""

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer of the texts."""

    def context(self, rng: np.random.Generator, questions: int) -> list[tuple[str, str]]:
        """Pieces (prompt, answer) whose concatenation is one training text."""


class Reading:
    """The embedded model's corpus, see ``pretrain.reading``."""

    tokenizer = staticmethod(make_tokenizer)
    context = staticmethod(context)


READING = Reading()


def make_model(recipe: PretrainRecipe, tokenizer: PreTrainedTokenizerFast | None = None) -> GPTNeoXForCausalLM:
    """The untrained decoder for a tokenizer (default: the embedded model's), reproducible from the recipe's seed."""
    tokenizer = tokenizer or make_tokenizer()
    torch.manual_seed(recipe.seed)
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            intermediate_size=4 * recipe.hidden,
            hidden_act="relu",
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5},
            hidden_dropout=0.0,
            attention_dropout=0.0,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.eos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            initializer_range=0.02,
        )
    )


@dataclass(frozen=True)
class Batch:
    """Token ids, labels and the weights of these in the loss, of shape (contexts, length); ``kinds[i]`` lists (first
    word, start, end) of each answer."""

    ids_B_T: torch.Tensor
    labels_B_T: torch.Tensor
    weights_B_T: torch.Tensor
    kinds: list[list[tuple[str, int, int]]]


def make_batches(
    recipe: PretrainRecipe, tokenizer: Any, key: tuple[object, ...], count: int, corpus: Corpus = READING
) -> list[Batch]:
    """``count`` batches drawn together and grouped by length, so that little is spent on padding."""
    rng = stream(*key)
    texts = [corpus.context(rng, recipe.questions) for _ in range(count * recipe.batch)]
    pieces = [piece for text in texts for pair in text for piece in pair]
    encoded = iter(e.ids for e in tokenizer.backend_tokenizer.encode_batch(pieces))
    rows: list[tuple[list[int], list[int], list[tuple[str, int, int]]]] = []
    for text in texts:
        ids: list[int] = []
        labels: list[int] = []
        kinds = []
        for prompt, _ in text:
            p, a = next(encoded), next(encoded)
            if len(ids) + len(p) + len(a) <= recipe.longest:
                kinds.append(
                    (prompt.rsplit("\n", 1)[-1].split(" ", 1)[0], len(ids) + len(p), len(ids) + len(p) + len(a))
                )
                ids += p + a
                labels += [IGNORED] * len(p) + a
        rows.append((ids, labels, kinds))
    rows.sort(key=lambda row: len(row[0]))
    out = []
    for start in range(0, len(rows), recipe.batch):
        part = rows[start : start + recipe.batch]
        width = max(len(ids) for ids, _, _ in part)
        weights_B_T = torch.ones(len(part), width)
        for row, (_, _, kinds) in enumerate(part if recipe.each_answer else ()):
            for _, first, end in kinds:
                weights_B_T[row, first:end] = 1 / (end - first)
        out.append(
            Batch(
                torch.tensor([ids + [tokenizer.pad_token_id] * (width - len(ids)) for ids, _, _ in part]),
                torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels, _ in part]),
                weights_B_T,
                [kinds for _, _, kinds in part],
            )
        )
    return [out[i] for i in rng.permutation(len(out))]


def loss_of(model: PreTrainedModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted mean cross-entropy of the answers' tokens; which tokens come out right, shape (contexts, length - 1)."""
    hidden_B_T_D = model.base_model(input_ids=batch.ids_B_T).last_hidden_state[:, :-1]
    targets_B_T = batch.labels_B_T[:, 1:]
    asked_B_T = targets_B_T != IGNORED  # most tokens are not; over a whole vocabulary they would cost as much
    logits_A_V = model.get_output_embeddings()(hidden_B_T_D[asked_B_T]).float()
    hits_B_T = torch.zeros_like(asked_B_T)
    hits_B_T[asked_B_T] = logits_A_V.argmax(-1) == targets_B_T[asked_B_T]
    weights_A = batch.weights_B_T[:, 1:][asked_B_T]
    losses_A = cross_entropy(logits_A_V, targets_B_T[asked_B_T], reduction="none")
    return (losses_A * weights_A).sum() / weights_A.sum(), hits_B_T


@torch.no_grad()
def accuracy(model: PreTrainedModel, batches: list[Batch]) -> dict[str, float]:
    """Share of answers with every token right (given the tokens before it), by the question's first word."""
    right: dict[str, list[bool]] = defaultdict(list)
    model.eval()
    for batch in batches:
        _, hits = loss_of(model, batch)
        for row, kinds in enumerate(batch.kinds):
            for kind, start, end in kinds:
                right[kind].append(bool(hits[row, start - 1 : end - 1].all()))
    model.train()
    return {kind: sum(v) / len(v) for kind, v in sorted(right.items())}


@quiet()
def pretrain(
    recipe: PretrainRecipe,
    out: Path,
    report: Callable[[dict[str, Any]], None],
    save_seconds: float = SAVE_SECONDS,
    corpus: Corpus = READING,
) -> Path:
    """Train (or resume) and leave a Hugging Face folder in ``out/model``.

    ``report`` receives a dictionary every 50 batches: batch, of, loss, seconds and, now and then, accuracy. The
    state to resume from is written every ``save_seconds``.

    Raises:
        UserError: ``out`` holds a run with another recipe.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = out / "recipe.json"
    if settings.exists() and (old := read_json(settings)) != asdict(recipe):
        changed = sorted(k for k in {*old, *asdict(recipe)} if old.get(k) != asdict(recipe).get(k))
        raise UserError(f"{out} holds a run with other settings ({', '.join(changed)}); choose another --out")
    write_json(settings, asdict(recipe))
    tokenizer = corpus.tokenizer()
    model = load_model(recipe.start, "cpu")[0].train() if recipe.start else make_model(recipe, tokenizer)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    # Forward and backward in bfloat16 where the CPU or GPU has matrix units for it (twice the speed; without them it
    # is ten times slower than float32), the update on float32 master weights: small steps would be lost in eight bits
    # of mantissa.
    half = torch.cuda.is_available() or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    fast = copy.deepcopy(model).to(torch.bfloat16 if half else torch.float32)
    pairs = list(zip(model.parameters(), fast.parameters(), strict=True))
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
        lr=recipe.lr,
        betas=(0.9, 0.98),
    )
    state, metrics = out / "state.safetensors", out / "metrics.jsonl"
    done, spent = 0, 0.0
    if state.exists():
        done, spent = _restore(state, model, optimizer, device)
        _copy_weights(pairs)
    if metrics.exists():  # what a killed run wrote after its last state is done again
        write_json_lines(metrics, [row for row in read_log(metrics) if row["batch"] <= done])
    held_out = make_batches(recipe, tokenizer, ("pretrain", recipe.seed, "held out"), 8, corpus)
    started = time.monotonic() - spent
    saved = time.monotonic()
    losses: list[float] = []
    for batch in islice(_batches_from(done, recipe, tokenizer, corpus), recipe.batches - done):
        loss, _ = loss_of(fast, _on(device, batch))
        torch.autograd.backward(loss)
        for master, quick in pairs:
            master.grad = quick.grad.float() if quick.grad is not None else None
            quick.grad = None
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * _rate(done, recipe)
        optimizer.step()
        _copy_weights(pairs)
        losses.append(loss.item())
        done += 1
        if done % LOG_EVERY == 0 or done == recipe.batches:
            seconds = time.monotonic() - started
            row: dict[str, Any] = {"batch": done, "of": recipe.batches, "seconds": round(seconds, 1)}
            row["loss"] = sum(losses[-LOG_EVERY:]) / len(losses[-LOG_EVERY:])
            if done % CHECK_EVERY == 0 or done == recipe.batches:
                row["accuracy"] = accuracy(model.cpu(), held_out)
                model.to(device)
            with metrics.open("a") as log:
                log.write(json.dumps(row) + "\n")
            report(row)
        if time.monotonic() - saved > save_seconds or done == recipe.batches:
            _save(state, model, optimizer, done, time.monotonic() - started)
            saved = time.monotonic()
    save_model(model.cpu(), tokenizer, out / "model")
    return out / "model"


def _batches_from(number: int, recipe: PretrainRecipe, tokenizer: Any, corpus: Corpus) -> Iterator[Batch]:
    """Endless batches from ``number`` on; they are drawn TOGETHER at a time."""
    while True:
        key = ("pretrain", recipe.seed, number // TOGETHER)
        yield from make_batches(recipe, tokenizer, key, TOGETHER, corpus)[number % TOGETHER :]
        number += TOGETHER - number % TOGETHER


def _on(device: torch.device, batch: Batch) -> Batch:
    return Batch(batch.ids_B_T.to(device), batch.labels_B_T.to(device), batch.weights_B_T.to(device), [])


@torch.no_grad()
def _copy_weights(pairs: list[tuple[torch.nn.Parameter, torch.nn.Parameter]]) -> None:
    for master, half in pairs:
        half.copy_(master)


def _rate(batch: int, recipe: PretrainRecipe) -> float:
    """Warm-up, then constant, then a linear fall to a twentieth over a cycle's last fifth (Hägele et al. 2024)."""
    length = -(-recipe.batches // recipe.cycles)
    done = batch % length
    return min(1.0, (done + 1) / max(1, recipe.warmup), max(0.05, (length - done) / max(1, length // 5)))


def _save(path: Path, model: Any, optimizer: Any, done: int, seconds: float) -> None:
    """Parameters, Adam's moments and the place in the run, under a temporary name first."""
    tensors = {f"model.{k}": v.detach().contiguous() for k, v in model.named_parameters()}
    for i, group in enumerate(optimizer.param_groups):
        for j, p in enumerate(group["params"]):
            for k, v in optimizer.state[p].items():
                tensors[f"adam.{i}.{j}.{k}"] = torch.as_tensor(v)
    temporary = path.with_name(path.name + ".tmp")
    save_file(tensors, temporary, metadata={"done": str(done), "seconds": str(seconds)})
    os.replace(temporary, path)


def _restore(path: Path, model: Any, optimizer: Any, device: torch.device) -> tuple[int, float]:
    from safetensors import safe_open

    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        place = file.metadata()
    model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")}, strict=False)
    for i, group in enumerate(optimizer.param_groups):
        for j, p in enumerate(group["params"]):
            prefix = f"adam.{i}.{j}."
            optimizer.state[p] = {
                k[len(prefix) :]: v if k.endswith(".step") else v.to(device)
                for k, v in tensors.items()
                if k.startswith(prefix)
            }
    return int(place["done"]), float(place["seconds"])
