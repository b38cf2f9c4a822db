"""Every method on an architecture that people train: Qwen2 with random weights, a chat template, the natural view."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("trl")
from safetensors.torch import load_file
from tiny_runs import ignore, metrics, save_talker, tiny_recipe

from rungwise.files import read_json
from rungwise.language_models import generate_texts, load_model
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import METHODS, TrainRecipe
from rungwise.suites.items import generate

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
STEPS = 2


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_talker(tmp_path_factory.mktemp("qwen"), TEMPLATE, "qwen2")


def natural(base: Path, method: str) -> TrainRecipe:
    tiny = tiny_recipe(base, 600.0)
    brief = {"steps": STEPS, "warmup": 0, **({"published": 1.0} if method in ("ppo", "grpo") else {})}
    own = replace(getattr(tiny, method), **brief)
    if method in ("ppo", "grpo"):
        own = replace(own, beta=0.1)  # with a reference
    return replace(tiny, view="natural", names="real", published=1.0, questions=14, **{method: own})


@pytest.mark.parametrize("method", METHODS)
def test_it_is_trained_and_answers(method: str, qwen: Path, tmp_path: Path) -> None:
    out = tmp_path / method
    result = train(natural(qwen, method), method, None, out, ignore)
    assert result["steps"] == STEPS
    losses = [row["loss"] for row in metrics(out) if "loss" in row]
    assert losses
    assert all(loss is not None and math.isfinite(loss) for loss in losses)
    before, after = (load_file(folder / "model.safetensors") for folder in (qwen, out / "model"))
    assert before.keys() == after.keys()
    moved = [name for name in before if not before[name].equal(after[name])]
    assert moved or method in ("ppo", "grpo")  # whose completions, of random weights, are all cut off and earn nothing
    assert read_json(out / "model" / "config.json")["model_type"] == "qwen2"
    model, tokenizer = load_model(out / "model")
    asked = [item.text for item in generate("base", 2, 0)]
    assert len(generate_texts(model, tokenizer, asked, max_new_tokens=4)) == 2
    assert tokenizer.chat_template == TEMPLATE
