"""vLLM's side of the contract, by a stand-in that has the classes and fields that its offline engine has."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.evaluate import backends
from rungwise.evaluate.backends import vllm as backend
from rungwise.evaluate.run import evaluate


@dataclass
class SamplingParams:
    temperature: float
    top_p: float
    max_tokens: int
    seed: int


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


@pytest.fixture
def engine(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The stand-in's record: how engines were made and what they were asked."""
    record = SimpleNamespace(made=[], calls=[])

    class LLM:
        def __init__(self, **options: Any) -> None:
            record.made.append(options)

        def get_tokenizer(self) -> Any:
            return tiny[1]

        def generate(self, prompts: list[Any], params: list[Any], lora_request: Any = None) -> list[Any]:
            record.calls.append((prompts, params, lora_request))
            assert len(prompts) == len(params)
            return [
                SimpleNamespace(
                    prompt_token_ids=prompt["prompt_token_ids"],
                    outputs=[SimpleNamespace(text=f"v{own.seed}", token_ids=[1, 2], finish_reason="length")],
                )
                for prompt, own in zip(prompts, params, strict=True)
            ]

    for name, fields in (
        ("vllm", {"LLM": LLM, "SamplingParams": SamplingParams}),
        ("vllm.lora", {}),
        ("vllm.lora.request", {"LoRARequest": LoRARequest}),
    ):
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.__path__ = []
        module.__dict__.update(fields)
        monkeypatch.setitem(sys.modules, name, module)
    return record


def test_every_sample_is_a_request_with_a_seed_of_its_own(
    engine: SimpleNamespace, tiny: tuple[Any, Any], tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "TOGETHER", 5)
    given: dict[str, Any] = {"view": "slots", "n": 4, "samples": 3, "temperature": 0.6, "max_new_tokens": 9}
    found = evaluate(f"vllm:{tiny_folder}", "base", out=tmp_path / "out", **given)
    assert engine.made == [{"model": str(tiny_folder), "generation_config": "vllm", "trust_remote_code": False}]
    assert [len(prompts) for prompts, _, _ in engine.calls] == [5, 5, 2]
    asked = [own for _, params, _ in engine.calls for own in params]
    assert len({own.seed for own in asked}) == 12
    assert {(own.temperature, own.top_p, own.max_tokens) for own in asked} == {(0.6, 1.0, 9)}
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [(row["index"], row["sample"]) for row in rows] == [(i, k) for i in range(4) for k in range(3)]
    assert {row["text"] for row in rows} == {f"v{own.seed}" for own in asked}
    prompt = engine.calls[0][0][0]["prompt_token_ids"]
    assert tiny[1].decode(prompt, skip_special_tokens=True).startswith("graph")
    assert (found["cut_off"], found["tokens"]["completion"]) == (1, 24)


def test_an_adapter_is_loaded_beside_its_base(engine: SimpleNamespace, tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tiny_folder), "r": 64}))
    evaluate(f"vllm:{folder}", "base", view="slots", n=1)
    (made,) = engine.made
    assert (made["model"], made["enable_lora"], made["max_lora_rank"]) == (str(tiny_folder), True, 64)
    assert engine.calls[0][2] == LoRARequest("adapter", 1, str(folder))


def test_without_vllm(tiny_folder: Path) -> None:
    with pytest.raises(UserError, match=r'this needs vllm: pip install "rungwise\[vllm\]"'):
        evaluate(f"vllm:{tiny_folder}", "base", view="slots", n=1)
    with pytest.raises(UserError, match="--max-cost is for endpoint: and inspect: models"):
        evaluate(f"vllm:{tiny_folder}", "base", n=1, calls=backends.Calls(price_in=1.0, price_out=1.0, max_cost=1.0))
