"""What a run will need, against what it does need, and refusals of what cannot work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from tiny_runs import save_talker, tiny_recipe
from transformers import GPTNeoXConfig, LlamaConfig, LlamaForCausalLM

from rungwise.errors import UserError
from rungwise.language_models import EMBEDDED, load_model, load_skeleton
from rungwise.posttrain import preflight as module
from rungwise.posttrain.data import solved
from rungwise.posttrain.memory import Parameters, Rows, Shards, estimate
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.preflight import check_division, preflight, shards
from rungwise.posttrain.settings import METHODS, LoRASettings, TrainRecipe
from rungwise.posttrain.sft import token_row
from rungwise.suites.items import to_text
from rungwise.wording.answers import solution_text


def roomy(folder: Path) -> TrainRecipe:
    """A tiny recipe that lets the model write whole solutions."""
    tiny = tiny_recipe(folder)
    return replace(tiny, grpo=replace(tiny.grpo, max_completion=72), ppo=replace(tiny.ppo, max_completion=72))


def saved_as(folder: Path, source: Path, change: Callable[[Any, Any], None]) -> str:
    """The model of ``source`` with something changed."""
    model, tokenizer = load_model(source)
    change(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


class TestWhatItSays:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_shipped_recipe_passes_for_every_method(self, method: str) -> None:
        found = preflight(TrainRecipe(), method, None)
        model, _ = load_model(EMBEDDED)
        assert found.parameters == Parameters(model.num_parameters(), model.num_parameters())
        assert (found.model, found.device) == (EMBEDDED, "cuda" if torch.cuda.is_available() else "cpu")
        assert found.warnings == ()
        assert found.rows == {"grpo": 256, "ppo": 256}.get(method, 32)
        assert (found.prompts, found.group) == ((32, 8) if method in ("grpo", "ppo") else (0, 0))
        assert found.memory.weights == 4 * model.num_parameters()
        assert found.memory.optimizer == 2 * found.memory.gradients == 2 * found.memory.weights
        assert (found.memory.reference > 0) == (method in ("dpo", "kto", "ppo"))
        assert (found.memory.cache > 0) == (method in ("grpo", "ppo"))
        assert found.memory.activations > found.memory.weights
        assert found.memory.weights < found.total < found.free
        text = "\n".join(found.lines())
        assert text.startswith(f"{method} of embedded: 1.03 million parameters, all trained; ")
        assert 4 <= text.count("\n") + 1 <= 6
        assert json.loads(json.dumps(asdict(found)))["lengths"]["solution_longest"] <= 72

    def test_lengths_are_those_of_the_rows(self, tiny_folder: Path) -> None:
        recipe = roomy(tiny_folder)
        found = preflight(recipe, "sft", None)
        _, tokenizer = load_model(tiny_folder)
        rows = [
            token_row({"prompt": to_text(p, "slots"), "completion": solution_text(p, "slots")}, tokenizer)
            for p in solved(recipe)
        ]
        written = [sum(row["completion_mask"]) for row in rows]
        asked = [len(row["input_ids"]) - n for row, n in zip(rows, written, strict=True)]
        known = found.lengths
        assert (known.prompt_longest, known.solution_longest) == (max(asked), max(written))
        assert (known.prompt, known.solution) == pytest.approx((sum(asked) / 14, sum(written) / 14))
        assert known.over == 0
        assert found.tokens == round(4 * (known.prompt + known.solution))
        assert found.rows == 4
        assert preflight(recipe, "dpo", None).tokens == 2 * found.tokens

    def test_no_weights_are_loaded(self, tiny_folder: Path) -> None:
        net, _ = load_skeleton(tiny_folder)
        assert {p.device.type for p in net.parameters()} == {"meta"}
        (tiny_folder / "model.safetensors").rename(tiny_folder / "away")
        try:
            assert preflight(roomy(tiny_folder), "sft", None).parameters.all == net.num_parameters()
        finally:
            (tiny_folder / "away").rename(tiny_folder / "model.safetensors")

    def test_adapters_alone_are_trained(self, talking_folder: Path) -> None:
        pytest.importorskip("peft")
        lora = LoRASettings(rank=2)
        found = preflight(replace(roomy(talking_folder), lora=lora), "dpo", None)
        model, _ = load_for_training(str(talking_folder), lora)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        assert found.parameters == Parameters(sum(p.numel() for p in model.parameters()), trained)
        assert found.memory.reference == 0
        assert found.memory.gradients == 4 * trained
        assert f"{trained:,} trained" in next(found.lines())

    @pytest.mark.parametrize(
        "template", [None, "{% for m in messages %}<user>{{ m['content'] }}<assistant>{% endfor %}"]
    )
    def test_the_natural_view_needs_no_chat_template(self, template: str | None, tmp_path: Path) -> None:
        tiny = roomy(save_talker(tmp_path, template))
        recipe = replace(tiny, view="natural", published=1.0)
        assert preflight(recipe, "sft", None).lengths.solution > 50


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "method", "message"),
        [
            ({"questions": 3}, "sftt", "unknown method"),
            ({"model": "nowhere/at/all"}, "sft", "no model folder"),
            ({"sft.accumulate": 3}, "sft", "4 rows a step can't be divided into 3"),
            (
                {"grpo.max_completion": 1000},
                "grpo",
                "1000 are more than the model's context of 1024: use a smaller max_c",
            ),
            ({"grpo.max_completion": 2}, "grpo", "every worked solution is longer than max_completion=2"),
            ({"grpo.max_completion": 2}, "cold_start", "every worked solution is longer than grpo.max_completion=2"),
            ({"view": "natural"}, "sft", "can't write the natural view: 'Input' becomes .*; use another view"),
            ({"lora.bits": 4}, "sft", "lora.bits=4 loads the base model for adapters: set lora.rank"),
            ({"lora.rank": 2, "lora.targets": "nothing,here"}, "sft", "lora.targets=nothing,here"),
        ],
    )
    def test_what_cannot_work_is_one_line(
        self, change: dict[str, Any], method: str, message: str, tiny_folder: Path
    ) -> None:
        recipe = roomy(tiny_folder)
        for key, value in change.items():
            group, _, name = key.rpartition(".")
            if group == "lora":
                pytest.importorskip("peft")
            part = {name: value} if not group else {group: replace(getattr(recipe, group), **{name: value})}
            recipe = replace(recipe, **({"questions": 28} if key == "questions" else part))
        with pytest.raises(UserError, match=message) as caught:
            preflight(recipe, method, None)
        assert "\n" not in str(caught.value)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without CUDA")
    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [("lora", LoRASettings(rank=2, bits=4), "CUDA"), ("grpo", "colocate", "pip install vllm|needs a CUDA device")],
    )
    def test_what_needs_a_gpu(self, key: str, value: Any, message: str, tiny_folder: Path) -> None:
        pytest.importorskip("peft")
        recipe = roomy(tiny_folder)
        value = replace(recipe.grpo, vllm=value) if key == "grpo" else value
        with pytest.raises(UserError, match=message):
            preflight(replace(recipe, **{key: value}), "grpo", None)

    def test_a_package_that_is_not_there(self, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "peft", None)
        with pytest.raises(UserError, match=r'this needs peft: pip install "rungwise\[lora\]"'):
            preflight(replace(roomy(tiny_folder), lora=LoRASettings(rank=2)), "sft", None)

    def test_tokenizers_that_do_not_fit(self, tiny_folder: Path, tmp_path: Path) -> None:
        def no_end(model: Any, tokenizer: Any) -> None:
            tokenizer.eos_token = None

        def larger(model: Any, tokenizer: Any) -> None:
            model.resize_token_embeddings(100)

        def short(model: Any, tokenizer: Any) -> None:
            model.config.max_position_embeddings = 64

        for name, change, message in (
            ("a", no_end, "has no end token"),
            ("b", larger, "its model has 100|the model has 100"),
            ("c", short, "context of 64: use another view or model"),
        ):
            folder = saved_as(tmp_path / name, tiny_folder, change)
            with pytest.raises(UserError, match=message):
                preflight(roomy(Path(folder)), "sft", None)

    def test_a_solution_that_would_not_be_paid(self, tmp_path: Path) -> None:
        def drop_brackets(model: Any, tokenizer: Any) -> None:  # in the slots view, prompts can do without them
            from tokenizers import decoders

            tokenizer.backend_tokenizer.decoder = decoders.Sequence(
                [tokenizer.backend_tokenizer.decoder, decoders.Replace("(", "")]
            )

        base = save_talker(tmp_path / "base", None)
        folder = saved_as(tmp_path / "broken", base, drop_brackets)
        with pytest.raises(UserError, match="scores 0 after going through the tokens"):
            preflight(roomy(Path(folder)), "sft", None)

    def test_some_solutions_that_can_never_be_written_are_a_warning(self, tiny_folder: Path) -> None:
        tiny = roomy(tiny_folder)
        (warning,) = preflight(replace(tiny, grpo=replace(tiny.grpo, max_completion=30)), "grpo", None).warnings
        assert "of the worked solutions are longer than max_completion=30 tokens" in warning
        assert preflight(replace(tiny, grpo=replace(tiny.grpo, max_completion=30)), "sft", None).warnings == ()
        (own,) = preflight(replace(tiny, grpo=replace(tiny.grpo, max_completion=2)), "dpo", None).warnings
        assert own.startswith("100% of the worked solutions are longer than grpo.max_completion=2")

    def test_memory_that_is_short(self, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        recipe = roomy(tiny_folder)
        total = preflight(recipe, "sft", None).total
        for share, warned in ((1.3, False), (1.2, True), (0.7, True)):
            monkeypatch.setattr(module, "free_memory", lambda share=share: int(share * total))
            found = preflight(recipe, "sft", None)
            assert [("is free" in warning) for warning in found.warnings] == [True] * warned
        monkeypatch.setattr(module, "free_memory", lambda: int(0.6 * total))
        with pytest.raises(UserError, match=r"this needs about .* MiB of memory.*sft.accumulate"):
            preflight(recipe, "sft", None)


class TestMemory:
    def test_by_hand(self) -> None:
        config = LlamaConfig(
            vocab_size=1000, hidden_size=64, intermediate_size=100, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2,
        )  # fmt: skip
        own = estimate(config, Parameters(10_000, 8_000), 4, Rows(update=2, prompt=20, completion=10), True)
        assert (own.weights, own.gradients, own.optimizer, own.reference) == (40_000, 32_000, 64_000, 40_000)
        a_token = 10 * 64 + 4 * 100
        assert own.activations == (3 + 1) * 4 * 2 * (30 * a_token + 30 * 30)
        assert own.cache == 0
        read_once = Rows(update=8, prompt=20, completion=10, prompts=2, sampled=16)
        shared = estimate(config, Parameters(10_000, 8_000), 2, read_once, False)
        kept = 2 * (20 * a_token + 400) + 8 * (10 * a_token + 30 * 2 * 64 + 10 * 30)
        assert shared.activations == (3 + 1) * 2 * kept
        assert shared.cache == 2 * 3 * 2 * 32 * 16 * 30
        assert shared.logits == 4 * 6 * 8 * 10 * 1000
        assert shared.total == 20_000 + 16_000 + 32_000 + int(1.25 * (shared.activations + shared.logits))
        waiting = estimate(config, Parameters(10, 10), 2, replace(read_once, sampled=1600), False)
        assert waiting.total == 20 + 20 + 40 + int(1.25 * waiting.cache)

    def test_four_bits_and_shards(self) -> None:
        config = LlamaConfig(num_hidden_layers=1)
        found = estimate(config, Parameters(1_600, 0, 1_600), 2, Rows(1, 1, 1), False)
        assert found.weights == 900
        divided = estimate(config, Parameters(800, 800), 2, Rows(1, 1, 1), True, Shards(1, 2, 4, True))
        assert (divided.weights, divided.gradients, divided.optimizer) == (1600, 800, 2400)

    def test_the_launcher_says_how_a_model_is_divided(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "PartialState", lambda: type("State", (), {"num_processes": 4}))
        assert shards() == Shards()
        monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
        for stage, divided in ((1, (1, 1, 4)), (2, (1, 4, 4)), (3, (4, 4, 4))):
            monkeypatch.setenv("ACCELERATE_DEEPSPEED_ZERO_STAGE", str(stage))
            assert shards() == Shards(*divided, True)
        monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
        assert shards() == Shards(4, 4, 4, True)
        monkeypatch.setenv("FSDP_ACTIVATION_CHECKPOINTING", "true")
        assert shards() == Shards(4, 4, 4, True, True)

    def test_checkpointed_activations_are_inputs_and_two_layers(self) -> None:
        config, rows = LlamaConfig(hidden_size=64, intermediate_size=96, num_hidden_layers=6), Rows(2, 3, 4)
        kept = [
            estimate(config, Parameters(1, 1), 4, rows, False, Shards(remade=remade)).activations
            for remade in (False, True)
        ]
        assert kept[1] == kept[0] * 2 // 7 + 6 * 4 * 64 * 2 * 7

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({}, "launch without FSDP"),
            ({"cuda": "yes"}, "fsdp_version: 2"),
            ({"cuda": "yes", "FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}, "ram_efficient"),
            ({"cuda": "yes", "FSDP_VERSION": "2", "bits": "4"}, "lora.bits=4 weights can't be divided"),
            ({"cuda": "yes", "FSDP_VERSION": "2", "FSDP_ACTIVATION_CHECKPOINTING": "true"}, "save no adapters"),
            ({"cuda": "yes", "FSDP_VERSION": "2"}, None),
        ],
    )
    def test_what_cannot_be_divided_is_refused(
        self, asked: dict[str, str], said: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "PartialState", lambda: type("State", (), {"num_processes": 4}))
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in asked)
        for name, value in {"ACCELERATE_USE_FSDP": "true", **asked}.items():
            if name.isupper():
                monkeypatch.setenv(name, value)
        lora = LoRASettings(rank=4, bits=4 if "bits" in asked else 0)
        if said is None:
            check_division(lora)
            return
        with pytest.raises(UserError, match=said):
            check_division(lora)

    @pytest.mark.parametrize("kind", ["gpt_neox", "llama"])
    def test_activations_are_what_autograd_keeps(self, kind: str) -> None:
        torch.manual_seed(0)
        if kind == "llama":
            config: Any = LlamaConfig(
                vocab_size=50, hidden_size=96, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2,
            )  # fmt: skip
            model: Any = LlamaForCausalLM(config)
        else:
            config = GPTNeoXConfig.from_pretrained(Path(module.__file__).parents[1] / "embedded")
            model, _ = load_model(EMBEDDED, "cpu")
        ids = torch.randint(3, 50, (4, 150))
        mask = torch.ones_like(ids)
        mask[0, :40] = 0  # padding: so that a mask is needed
        weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            out = model.train().get_input_embeddings()(ids).requires_grad_()
            hidden = model.base_model(inputs_embeds=out, attention_mask=mask).last_hidden_state
        assert hidden.requires_grad
        found = estimate(config, Parameters(1, 1), 4, Rows(update=4, prompt=100, completion=50), False).activations
        one_layer_less = found * config.num_hidden_layers / (config.num_hidden_layers + 1)
        assert sum(kept.values()) / 1.2 < one_layer_less < 1.2 * sum(kept.values())


MEASURED = """
import sys
from pathlib import Path

from rungwise.posttrain.common import Run
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.settings import GRPOSettings, SFTSettings, TrainRecipe

method, out = sys.argv[1], Path(sys.argv[2])
trainer = __import__(f"rungwise.posttrain.{method}", fromlist=["train"])
rows = {"seconds": 1e6, "steps": 2, "save_every": 1000}
recipe = TrainRecipe(questions=140, sft=SFTSettings(**rows), grpo=GRPOSettings(**rows))
model, tokenizer = load_for_training(recipe.model, recipe.lora)
weights = 4 * model.num_parameters()


def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
start = memory("VmRSS")
trainer.train(Run(recipe, model, tokenizer, out, lambda row: None))
print(memory("VmHWM") - start + weights)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
@pytest.mark.parametrize("method", ["sft", "grpo"])
def test_the_estimate_is_near_the_measured_peak(method: str, tmp_path: Path) -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, method, str(tmp_path)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout.split()[-1])
    found = preflight(TrainRecipe(), method, None).total
    assert peak / 1.5 < found < 1.5 * peak, f"{found / 2**20:.0f} MiB estimated, {peak / 2**20:.0f} MiB measured"
