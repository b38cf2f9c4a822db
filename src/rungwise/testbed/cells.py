"""The cells of a test bed that are no training run of ``posttrain``: pre-training a biased base model, and evaluating
a model on the three suites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rungwise.capt.estimation import estimate
from rungwise.capt.intervention import Intervention, Mode
from rungwise.errors import UserError
from rungwise.files import write_json, write_json_lines
from rungwise.language_models import generate_texts, load_model
from rungwise.posttrain.settings import TestBedSettings
from rungwise.pretrain.train import PretrainRecipe, pretrain
from rungwise.scoring.choice import final_choice
from rungwise.study_cells import FINISHED
from rungwise.testbed.corpus import Corpus
from rungwise.testbed.items import BedItem, items

Tell = Callable[[dict[str, Any]], None]

SUITES = ("id", "anti", "non")
"""id: common sense is right as often as in pre-training. anti: it is wrong as often. non: made-up names."""
OPTIONS = {"ontology": ("True", "False"), "ladder": ("Yes", "No")}
PREDICTIONS = "predictions.jsonl"
ANSWERED = 0.8
"""Share of texts with bias whose question is answered at once: there the bias is."""
LONGEST = 72
"""Tokens of an answer at most; the longest worked solution has fewer."""


def pretrain_base(
    settings: TestBedSettings, family: str, strength: float | None, seed: int, start: Path | None, out: Path, tell: Tell
) -> None:
    """The trunk, whose corpus has no bias (``strength`` None), or from it a base model that has seen biased texts."""
    batches = settings.trunk_batches if strength is None else settings.bias_batches
    corpus = Corpus(family, 0.5, seed) if strength is None else Corpus(family, strength, seed, ANSWERED)
    recipe = PretrainRecipe(
        batches=batches, cycles=1, batch=settings.batch, questions=settings.questions, lr=settings.lr,
        warmup=settings.warmup, hidden=settings.hidden, layers=settings.layers, heads=settings.heads, longest=256,
        seed=seed, each_answer=True, start=str(start) if start else "",
    )  # fmt: skip
    pretrain(
        recipe, out, lambda row: tell({"done": row["batch"], "of": batches, "note": f"loss {row['loss']:.3f}"}),
        corpus=corpus,
    )  # fmt: skip
    network, _ = load_model(str(out / "model"), "cpu")
    write_json(out / FINISHED, {"parameters": network.num_parameters()})


def _told(tell: Tell, suite: int, done: int, of: int) -> None:
    tell({"done": suite * of + done, "of": len(SUITES) * of, "note": SUITES[suite]})


def suite_items(family: str, suite: str, strength: float, n: int, seed: int) -> list[BedItem]:
    """The items of a suite, all of the test split; id and anti ask the same problems."""
    names, agreement = ("nonsense", 0.5) if suite == "non" else ("world", strength if suite == "id" else 1 - strength)
    return list(items(family, names, n, f"evaluation {seed}", "test", agreement))


def evaluate_suites(
    model: Path, family: str, strength: float, mode: Mode, n: int, seed: int, direct: bool, out: Path, tell: Tell
) -> None:
    """Answers to the three suites, greedily, their texts treated as the training texts were.

    An item whose names can't be taken out is asked as it is, and its row says so. ``direct``: the model is asked for
    the answer at once, as in its pre-training.
    """
    network, tokenizer = load_model(str(model))
    for k, suite in enumerate(SUITES):
        path = out / suite / PREDICTIONS
        if path.exists():
            continue
        asked = suite_items(family, suite, strength, n, seed)
        prompts = [shown(item, mode, seed) for item in asked]
        texts = generate_texts(
            network, tokenizer, [prompt if direct else f"{prompt}\n" for prompt, _ in prompts],
            max_new_tokens=1 if direct else LONGEST, batch_size=100,
            progress=partial(_told, tell, k),
        )  # fmt: skip
        write_json_lines(path, _rows(family, asked, prompts, [text[0] for text in texts]))
    write_json(out / FINISHED, {"suites": SUITES})


def shown(item: BedItem, mode: Mode, seed: int) -> tuple[str, bool]:
    """What a model gets to see, and whether the names were treated as ``mode`` says. The answer plays no part."""
    if mode == "none":
        return item.prompt, True
    found = estimate(item.prompt).abstraction
    if found is None:
        return item.prompt, False
    try:
        return Intervention(mode, seed).texts(found.events, [item.prompt], item.id)[0], True
    except UserError:
        return item.prompt, False


def _rows(
    family: str, asked: Sequence[BedItem], prompts: Sequence[tuple[str, bool]], texts: Sequence[str]
) -> list[dict[str, Any]]:
    rows = []
    for index, (item, (prompt, treated), text) in enumerate(zip(asked, prompts, texts, strict=True)):
        choice = final_choice(text.strip(), OPTIONS[family])
        rows.append(
            {
                "index": index, "id": item.id, "prompt": prompt, "text": text, "answer": choice.option,
                "truth": item.answer, "score": int(choice.option == item.answer), "reason": choice.reason,
                "treated": treated, "related": item.related,
            }
        )  # fmt: skip
    return rows
