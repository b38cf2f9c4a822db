"""Whole runs: slips that leave nothing, resuming after a kill, adapters, models with text tokenizers and templates."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from killed import kill
from safetensors.torch import load_file
from tiny_runs import CHECKPOINT, ignore, metrics, save_talker, stall, tiny_recipe

from rungwise.errors import UserError
from rungwise.evaluate.quick import value_accuracy
from rungwise.language_models import load_model
from rungwise.posttrain import grpo, run, sft
from rungwise.posttrain.data import solved
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import LoRASettings, recipe
from rungwise.scoring.reward import Weights, make_trl_reward
from rungwise.scoring.score import score
from rungwise.scoring.steps import check_steps
from rungwise.suites.items import to_text


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("method", "overrides", "message"),
    [
        ("sft", ["model=nowhere/at/all"], "no model folder"),
        ("grop", [], r"unknown method 'grop'; did you mean 'grpo'"),
    ],
)
def test_a_slip_leaves_the_folder_free(method: str, overrides: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        train(recipe("tiny", overrides), method, None, tmp_path / "run", ignore)
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("method", ["sft", "grpo"])
def test_a_killed_run_goes_on_from_its_checkpoint(method: str, talking_folder: Path, tmp_path: Path) -> None:
    chosen = tiny_recipe(talking_folder)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(chosen, method, None, whole, ignore)
    kill(stall, chosen, method, resumed, when=(resumed / "stalled").exists)
    assert not (resumed / "model").exists()
    steps: list[int] = []
    result = train(chosen, method, None, resumed, lambda row: steps.append(row["step"]))

    assert steps[0] == CHECKPOINT + 1
    assert result["steps"] > 2 * CHECKPOINT
    assert result["seconds"] >= 30
    found = [row["step"] for row in metrics(resumed)]
    assert found == sorted(set(found))
    # Weights, optimizer, random numbers and data go on as if nothing had happened.
    for step in (2 * CHECKPOINT, 3 * CHECKPOINT):
        checkpoints = [weights(out / f"checkpoint-{step}") for out in (whole, resumed)]
        assert same(*checkpoints)
        assert not same(checkpoints[0], weights(talking_folder))
    assert {path.suffix for path in (resumed / "model").iterdir()} == {".json", ".safetensors", ".md"}
    load_model(resumed / "model")
    assert json.loads((resumed / "done.json").read_text()) == result
    assert {"torch", "trl", "transformers", "python"} <= result["versions"].keys()


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("method", ["sft", "kto", "grpo", "ppo"])
def test_a_run_killed_between_its_last_step_and_its_model_makes_no_other_step(
    method: str, talking_folder: Path, tmp_path: Path
) -> None:
    settings = tiny_recipe(talking_folder, 1000.0)
    chosen = replace(settings, **{method: replace(getattr(settings, method), steps=2 * CHECKPOINT)})
    result = train(chosen, method, None, tmp_path, ignore)
    trained, lines = weights(tmp_path / "model"), metrics(tmp_path)
    shutil.rmtree(tmp_path / "model")
    (tmp_path / "done.json").unlink()
    steps: list[int] = []
    again = train(chosen, method, None, tmp_path, lambda row: steps.append(row["step"]))
    assert steps == []
    assert again["steps"] == result["steps"] == 2 * CHECKPOINT
    assert same(weights(tmp_path / "model"), trained)
    assert metrics(tmp_path) == lines


@pytest.mark.usefixtures("ticks")
def test_a_finished_run_returns_at_once_and_refuses_other_settings(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tiny_recipe(tiny_folder, 6.0)
    result = train(chosen, "sft", None, tmp_path, ignore)
    assert result["model"] == str(tmp_path / "model")
    made = (tmp_path / "model" / "model.safetensors").stat().st_mtime_ns

    def never(*given: Any) -> Any:
        raise AssertionError("a finished run loads nothing")

    monkeypatch.setattr(run, "load_for_training", never)
    assert train(chosen, "sft", None, tmp_path, ignore) == result
    assert train(chosen, "sft", str(tiny_folder), tmp_path, ignore) == result  # the same model, by argument
    assert (tmp_path / "model" / "model.safetensors").stat().st_mtime_ns == made
    changed = replace(chosen, solutions=3, sft=replace(chosen.sft, lr=1.0))
    with pytest.raises(UserError, match=r"\(sft, solutions\)"):
        train(changed, "sft", None, tmp_path, ignore)
    with pytest.raises(UserError, match=r"\(method\)"):
        train(chosen, "grpo", None, tmp_path, ignore)


@pytest.mark.usefixtures("ticks")
def test_an_unfinished_run_refuses_other_settings(tiny_folder: Path, tmp_path: Path) -> None:
    def interrupt(row: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    chosen = tiny_recipe(tiny_folder)
    with pytest.raises(KeyboardInterrupt):
        train(chosen, "sft", None, tmp_path, interrupt)
    with pytest.raises(UserError, match=r"\(seed\)"):
        train(replace(chosen, seed=5), "sft", None, tmp_path, ignore)


@pytest.mark.usefixtures("ticks")
def test_a_cold_start_is_checked_on_held_out_problems(tiny_folder: Path, tmp_path: Path) -> None:
    chosen = tiny_recipe(tiny_folder)
    chosen = replace(chosen, cold_start=replace(chosen.cold_start, check_every=4, patience=100))
    result = train(chosen, "cold_start", None, tmp_path, ignore, value_accuracy)
    assert [row["step"] for row in result["held_out"]] == [4, 8, 12]
    assert all(0 <= row["accuracy"] <= 1 for row in result["held_out"])


@pytest.mark.usefixtures("ticks")
def test_adapters_alone_are_trained_and_go_on_from_each_other(talking_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    lora = LoRASettings(rank=2)
    chosen = replace(tiny_recipe(talking_folder, 20.0), lora=lora)
    model, _ = load_for_training(str(talking_folder), lora)
    assert {name.rsplit(".", 3)[-3] for name, p in model.named_parameters() if p.requires_grad} == {"lora_A", "lora_B"}

    first = Path(train(chosen, "sft", None, tmp_path / "sft", ignore)["model"])
    assert "model.safetensors" not in {path.name for path in first.iterdir()}
    ids = torch.arange(3, 13)[None]
    with torch.inference_mode():
        base, learnt = (load_model(folder)[0](ids).logits for folder in (talking_folder, first))
        assert not torch.allclose(base, learnt, atol=1e-3)
        # What comes next starts from what was learnt, base model and adapters together.
        start, tokenizer = load_for_training(str(first), lora)
        assert torch.allclose(start.eval()(ids).logits, learnt, atol=1e-4)
    assert tokenizer.eos_token == "<end>"

    # So a run that changes nothing leaves what it was given, and not the base model with new adapters.
    still = replace(chosen, grpo=replace(chosen.grpo, lr=1e-30))
    second = Path(train(still, "grpo", str(first), tmp_path / "grpo", ignore)["model"])
    with torch.inference_mode():
        assert torch.allclose(load_model(second)[0](ids).logits, learnt, atol=1e-4)
    with pytest.raises(UserError, match="rank 2"):
        load_for_training(str(first), LoRASettings(rank=4))
    merged, _ = load_for_training(str(first), LoRASettings())
    assert all(p.requires_grad for p in merged.parameters())


TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}{% if add_generation_prompt %}"
AFTER = {"plain": "", "chat": "<end><assistant>", "thinking": "<end><assistant><think>"}
"""What stands between question and completion."""


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the trainers learn from and what the reward is made with."""
    found: dict[str, Any] = {"learnt": [], "prompts": [], "completions": []}

    class Watched(sft.SFTTrainer):  # type: ignore[misc, name-defined]
        def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *args: Any, **kwargs: Any) -> Any:
            for ids, labels in zip(inputs["input_ids"], inputs["labels"], strict=True):
                learnt = labels != -100
                texts = [self.processing_class.decode(part) for part in (ids[~learnt], ids[learnt])]
                found["learnt"].append([text.replace("<pad>", "") for text in texts])
            return super().compute_loss(model, inputs, *args, **kwargs)

    def make(view: str, weights: Weights, prefill: str, limit: int) -> Any:
        found["prefill"] = prefill
        inner = make_trl_reward(view, weights, prefill, limit)

        def causal_reward(**columns: Any) -> list[float]:
            found["prompts"] += columns["prompts"]
            found["completions"] += columns["completions"]
            return inner(**columns)

        return causal_reward

    monkeypatch.setattr(sft, "SFTTrainer", Watched)
    monkeypatch.setattr(grpo, "make_trl_reward", make)
    return found


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("kind", AFTER)
def test_any_causal_model_in_the_natural_view(kind: str, tmp_path: Path, seen: dict[str, Any]) -> None:
    before, after = "<user>" if AFTER[kind] else "", AFTER[kind]
    template = f"{TEMPLATE}{after.removeprefix('<end>')}{{% endif %}}" if after else None
    folder = save_talker(tmp_path / "base", template)
    tiny = tiny_recipe(folder, 14.0)
    chosen = replace(
        tiny, view="natural", published=1.0, questions=14, grpo=replace(tiny.grpo, published=1.0, max_completion=6)
    )
    first = train(chosen, "sft", None, tmp_path / "sft", ignore)
    assert not same(weights(folder), weights(tmp_path / "sft" / "model"))
    problems = {to_text(problem, "natural"): problem for problem in solved(chosen)}
    for prompt, completion in seen["learnt"]:
        problem = problems[prompt.removeprefix(before).removesuffix(after)]
        assert prompt == f"{before}{to_text(problem, 'natural')}{after}"
        assert completion.endswith("<end>")
        written = f"{'<think>' if kind == 'thinking' else ''}{completion.removesuffix('<end>')}"
        assert all(check.status == "right" for check in check_steps(written, problem))
        assert score(written, problem, "natural").score == 1

    result = train(chosen, "grpo", first["model"], tmp_path / "grpo", ignore)
    assert result["steps"] >= 4
    assert seen["prefill"] == ("<think>" if kind == "thinking" else "")
    texts = seen["prompts"] if template is None else [prompt[-1]["content"] for prompt in seen["prompts"]]
    assert all(text.startswith("Input Info:") for text in texts)
    assert all(isinstance(completion, str) == (template is None) for completion in seen["completions"])
    model, tokenizer = load_model(tmp_path / "grpo" / "model")
    assert tokenizer.chat_template == template
    assert model.config.model_type == "llama"
