"""Every method in the processes that a launcher starts, the model divided among them; then once more from its first
checkpoint. What the divided model answers to one prompt is kept beside the model that was saved.

Run as ``torchrun divided.py START OUT METHOD...``; "lora" is SFT of adapters, "dpo-lora" DPO of them.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from safetensors.torch import save_file
from tiny_runs import CHECKPOINT, ignore, tiny_recipe
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor

from rungwise.evaluate.quick import value_accuracy
from rungwise.posttrain import common
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import LoRASettings, TrainRecipe

PROMPT = torch.tensor([[5, 6, 7, 8, 9, 10]])
STEPS = 2 * CHECKPOINT


def divide_on_cpus() -> None:
    """accelerate divides models among the processes of GPUs alone (``AcceleratorState.__init__``), and leaves those of
    CPUs whole without a word. torch's FSDP2 runs on both: so these processes are called processes of GPUs."""
    begin = PartialState.__init__

    def claim(self: PartialState, *given: Any, **more: Any) -> None:
        begin(self, *given, **more)
        if self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.MULTI_GPU

    PartialState.__init__ = claim  # type: ignore[method-assign]


def keep_answers() -> None:
    """Whenever a model is saved: make sure that it is divided, and keep the logits that it gives meanwhile."""
    save = common.save_model

    def keep(model: Any, tokenizer: Any, folder: Path, weights: Any = None) -> None:
        divided = [module for module in model.modules() if isinstance(module, FSDPModule)]
        assert len(divided) > 1
        assert all(isinstance(parameter, DTensor) for parameter in model.parameters())
        assert any(p.to_local().numel() < p.numel() for p in model.parameters())
        with torch.no_grad():
            training = model.training
            logits = model.eval()(input_ids=PROMPT).logits
            model.train(training)
        save(model, tokenizer, folder, weights)
        if PartialState().is_main_process:
            save_file({"logits": logits.contiguous()}, folder.parent / "logits.safetensors")

    common.save_model = keep


def divided_recipe(start: Path, name: str) -> tuple[TrainRecipe, str]:
    """What ``name`` trains, and by which method."""
    tiny, method = tiny_recipe(start, 600.0), {"lora": "sft", "dpo-lora": "dpo"}.get(name, name)
    brief: dict[str, Any] = {"steps": STEPS, "warmup": 0}
    if method in ("grpo", "ppo"):
        brief |= {"prompts": 4, "beta": 0.1}  # with a reference
    lora = LoRASettings(rank=2) if "lora" in name else LoRASettings()
    return replace(tiny, lora=lora, **{method: replace(getattr(tiny, method), **brief)}), method


def main(start: Path, out: Path, names: list[str]) -> None:
    divide_on_cpus()
    keep_answers()
    for name in names:
        recipe, method = divided_recipe(start, name)
        whole, resumed = out / name, out / f"{name}-resumed"
        train(recipe, method, None, whole, ignore, value_accuracy)
        if PartialState().is_main_process:  # as after a kill
            resumed.mkdir()
            files = ("settings.json", "metrics.jsonl", "pairs.jsonl", "pairs.json", "held_out.json")
            for kept in (f"checkpoint-{CHECKPOINT}", "model", *files):
                if (whole / kept).is_dir():
                    shutil.copytree(whole / kept, resumed / kept)
                elif (whole / kept).exists():
                    shutil.copy(whole / kept, resumed / kept)
        PartialState().wait_for_everyone()
        train(recipe, method, None, resumed, ignore, value_accuracy)
        if PartialState().is_main_process:
            print(name, "done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
