"""Whole runs: recipes and their errors, resuming after a kill, adapters, models with text tokenizers and templates."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("trl")

import torch
from killed import kill
from safetensors.torch import load_file
from tiny_runs import CHECKPOINT, ignore, metrics, stall, tiny_recipe

from rungwise.posttrain.run import train


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.mark.usefixtures("ticks")
@pytest.mark.parametrize("method", ["sft", "grpo"])
def test_a_killed_run_goes_on_from_its_checkpoint(method: str, talking_folder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(talking_folder)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(recipe, method, None, whole, ignore)
    kill(stall, recipe, method, resumed, when=(resumed / "stalled").exists)
    assert (resumed / f"checkpoint-{CHECKPOINT}" / "clock.json").exists()
    assert not (resumed / "done.json").exists()
    steps: list[int] = []
    result = train(recipe, method, None, resumed, lambda row: steps.append(row["step"]))
    print(steps, metrics(whole), metrics(resumed))
    a, b = (sorted(p.name for p in out.glob("checkpoint-*")) for out in (whole, resumed))
    print(a, b)
    for c in set(a) & set(b):
        for n, w in weights(whole / c).items():
            print(c, n, torch.equal(w, weights(resumed / c)[n]))
    assert 0
