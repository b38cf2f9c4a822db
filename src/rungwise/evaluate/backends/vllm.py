"""Hugging Face models by vLLM's offline engine: for GPUs, and for many long texts."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.backends import Sample, Take
from rungwise.evaluate.backends.local import Local, model_version
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.files import read_json
from rungwise.language_models import Completion, after_opening, load_model, local_folder, render, require, token_ids
from rungwise.problems.streams import stream

TOGETHER = 1024
"""Samples that the engine is given at a time; when they are finished they are kept."""


@dataclass(frozen=True)
class Vllm:
    """A folder (also of a LoRA adapter) or a hub id."""

    name: str

    def version(self) -> dict[str, Any]:
        """As of a local model."""
        return {"model_version": model_version(self.name)}

    def tokens(self, prompts: Sequence[Sequence[Message]]) -> list[int]:
        """By the model's own tokenizer."""
        return Local(self.name, 1, load_model).tokens(prompts)

    def answer(
        self,
        prompts: Sequence[Sequence[Message]],
        sampling: Sampling,
        known: Container[tuple[int, int]],
        take: Take,
        spent: float,
    ) -> None:
        """Every sample is a request with a seed of its own, so that any of them can be left out."""
        if sampling.temperature is None:
            raise UserError("a local model has no temperature of its own; give one")
        left = [both for both in product(range(len(prompts)), range(sampling.samples)) if both not in known]
        if not left:
            return
        vllm = require("vllm", "vllm")
        model, adapter = self._engine(vllm)
        tokenizer = model.get_tokenizer()
        rendered = [render(tokenizer, prompt) for prompt in prompts]
        for start in range(0, len(left), TOGETHER):
            part = left[start : start + TOGETHER]
            outputs = model.generate(
                [{"prompt_token_ids": token_ids(tokenizer, rendered[place])} for place, _ in part],
                [
                    vllm.SamplingParams(
                        temperature=sampling.temperature,
                        top_p=sampling.top_p,
                        max_tokens=sampling.max_new_tokens,
                        seed=int(stream("vllm", sampling.seed, place, number).integers(2**31)),
                    )
                    for place, number in part
                ],
                lora_request=adapter,
            )
            take(
                [
                    Sample(place, number, _completion(output, rendered[place]))
                    for (place, number), output in zip(part, outputs, strict=True)
                ]
            )

    def _engine(self, vllm: Any) -> tuple[Any, Any]:
        folder = local_folder(self.name)
        place = str(folder or self.name)
        # generation_config "vllm": what a checkpoint brings along must not silently become part of the measurement.
        fixed: dict[str, Any] = {"generation_config": "vllm", "trust_remote_code": False}
        if folder is None or not (folder / "adapter_config.json").exists():
            return vllm.LLM(model=place, **fixed), None
        config = read_json(folder / "adapter_config.json")
        base = config.get("base_model_name_or_path")
        if not base:
            raise UserError(f"{folder}/adapter_config.json does not name its base model")
        model = vllm.LLM(model=base, enable_lora=True, max_lora_rank=max(16, int(config.get("r") or 16)), **fixed)
        return model, require("vllm.lora.request").LoRARequest("adapter", 1, place)


def _completion(output: Any, rendered: str) -> Completion:
    written = output.outputs[0]
    counts = len(output.prompt_token_ids), len(written.token_ids)
    return Completion(after_opening(rendered, written.text), written.finish_reason == "length", "", *counts)
