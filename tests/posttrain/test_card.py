"""The model card: valid front matter, true numbers, the way to load and measure, and nothing about this machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rungwise.posttrain.card import model_card, name_of, write_card
from rungwise.posttrain.settings import LoRASettings, TrainRecipe

RESULT: dict[str, Any] = {
    "method": "grpo",
    "steps": 1234,
    "seconds": 200.4,
    "versions": {"python": "3.11.9", "torch": "2.13.0"},
    "health": [{"name": "truncation", "step": 35, "sentence": "20% of the completions are cut off"}],
}
SUPERVISED = RESULT | {"method": "cold_start", "health": [], "held_out": [{"step": 50, "accuracy": 0.5}]}


def front_matter(card: str) -> dict[str, Any]:
    opened, front, text = card.split("---\n", 2)
    assert opened == ""
    assert text.startswith("\n# ")
    found: dict[str, Any] = yaml.safe_load(front)
    return found


def test_a_model_of_the_hub() -> None:
    card = model_card(TrainRecipe(view="natural"), "Qwen/Qwen2.5-3B", RESULT, adapters=False)
    assert front_matter(card) == {
        "base_model": "Qwen/Qwen2.5-3B",
        "base_model_relation": "finetune",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["rungwise", "causal-reasoning", "grpo"],
    }
    for said in (
        "`Qwen/Qwen2.5-3B`, post-trained by GRPO",
        "| steps | 1,234 |",
        "| training time | 200 s |",
        "python 3.11.9, torch 2.13.0",
        "4,200 questions with final answers, no solutions, split `train`, seed 0, view `natural` with nonsense names",
        "90% from the suite `train` (level mixed), 10% from `published-style`",
        "| `grpo.lr` | 0.0003 |",
        "| `reward.format` | 0.1 |",
        "- step 35, truncation: 20% of the completions are cut off",
        'AutoModelForCausalLM.from_pretrained("FOLDER")',
        "rungwise evaluate --model FOLDER --suite base --view natural",
        "What it is not",
    ):
        assert said in card
    assert "lora." not in card
    assert "sft." not in card


def test_solutions_and_held_out_accuracy() -> None:
    card = model_card(TrainRecipe(solutions=3), "embedded", SUPERVISED, adapters=False)
    assert front_matter(card)["license"] == "apache-2.0"  # as the embedded model's own card says
    assert "base_model" not in front_matter(card)
    assert "rungwise's embedded base model, post-trained by COLD START" in card
    assert "21 problems (3 of each task) with worked solutions, split `train`, seed 0, view `slots`: 67%" in card
    assert "| held-out accuracy | 50.0% on 140 problems of the validation split |" in card
    assert "## Warnings during training\n\nNone." in card
    assert "not English" in card


@pytest.mark.parametrize(("method", "what"), [("dpo", "1,400 pairs of"), ("kto", "1,400 right and wrong")])
def test_preferences(method: str, what: str) -> None:
    card = model_card(TrainRecipe(guidance=False), "embedded", RESULT | {"method": method}, adapters=False)
    assert f"From these, {what}" in card
    assert "negatives: own" in card
    assert "with final answers, split" in card


def test_adapters() -> None:
    card = model_card(TrainRecipe(lora=LoRASettings(rank=8)), "ORG/model", RESULT, adapters=True)
    front = front_matter(card)
    assert (front["library_name"], front["base_model"], front["base_model_relation"]) == (
        "peft",
        "ORG/model",
        "adapter",
    )
    assert front["tags"][-1] == "lora"
    assert "AutoPeftModelForCausalLM" in card
    assert "| `lora.rank` | 8 |" in card


class TestFolders:
    """A start model given as a path: its last name, and what its own card knows."""

    @pytest.fixture
    def start(self, tmp_path: Path) -> Path:
        folder = tmp_path / "private" / "cold"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        return folder

    def test_no_path_gets_out(self, start: Path, tmp_path: Path) -> None:
        card = model_card(TrainRecipe(), str(start), RESULT, adapters=False)
        assert name_of(str(start)) == "`cold`"
        assert "`cold`, post-trained" in card
        assert str(tmp_path) not in card
        assert "private" not in card
        assert front_matter(card).keys() == {"library_name", "pipeline_tag", "tags"}

    def test_base_model_and_licence_are_handed_on(self, start: Path) -> None:
        (start / "README.md").write_text("---\nlicense: mit\nbase_model: ORG/model\ntags: [x]\n---\n# cold\n")
        front = front_matter(model_card(TrainRecipe(), str(start), RESULT, adapters=False))
        assert (front["license"], front["base_model"], front["tags"][0]) == ("mit", "ORG/model", "rungwise")

    @pytest.mark.parametrize(
        "text", ["# no front matter", "---\n: [\n---\n", "---\n- a\n---\n", "---\nlicense: [1]\n---\n"]
    )
    def test_a_strange_card_says_nothing(self, text: str, start: Path) -> None:
        (start / "README.md").write_text(text)
        assert "license" not in front_matter(model_card(TrainRecipe(), str(start), RESULT, adapters=False))

    def test_a_folder_that_is_gone(self, tmp_path: Path) -> None:
        (tmp_path / "runs").mkdir()
        assert name_of(str(tmp_path / "runs" / "cold")) == "`cold`"

    def test_it_replaces_a_draft(self, start: Path) -> None:
        (start / "README.md").write_text("draft")
        (start / "adapter_config.json").write_text("{}")
        write_card(replace(TrainRecipe(), seed=3), "embedded", RESULT, start)
        assert front_matter((start / "README.md").read_text())["library_name"] == "peft"


@pytest.mark.usefixtures("ticks")
def test_every_run_leaves_one(talking_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    from tiny_runs import ignore, tiny_recipe

    from rungwise.posttrain.run import train

    chosen = replace(tiny_recipe(talking_folder, 8.0), lora=LoRASettings(rank=2))
    result = train(chosen, "sft", None, tmp_path, ignore)
    card = (tmp_path / "model" / "README.md").read_text()
    assert front_matter(card)["tags"] == ["rungwise", "causal-reasoning", "sft", "lora"]
    assert f"| steps | {result['steps']} |" in card
    assert str(talking_folder.parent) not in card
    assert json.loads((tmp_path / "done.json").read_text())["health"] == result["health"]
