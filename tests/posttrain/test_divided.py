"""Models that FSDP divides among two processes: what is saved is whole, and a resumed run goes on as if nothing had
happened. ``divided.py`` is what runs in the processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")
import torch
from safetensors.torch import load_file
from tiny_runs import CHECKPOINT, ignore, metrics, tiny_recipe, tiny_run

from rungwise.errors import UserError
from rungwise.files import read_json
from rungwise.language_models import load_model
from rungwise.posttrain.common import check_saving, save_trained
from rungwise.posttrain.run import train

PROMPT = torch.tensor([[5, 6, 7, 8, 9, 10]])
RUNS = ["cold_start", "sft", "dpo", "kto", "grpo", "ppo", "lora", "dpo-lora"]
"""What is trained; "lora" is SFT of adapters."""

DIVIDED = {
    "ACCELERATE_USE_CPU": "true",
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
}


@pytest.fixture(scope="module")
def runs(talking_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("divided")
    here = Path(__file__).parent
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
        str(here / "divided.py"), str(talking_folder), str(out), *RUNS,
    ]  # fmt: skip
    paths = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **DIVIDED, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def weights(run: Path) -> dict[str, torch.Tensor]:
    (file,) = (run / "model").glob("*.safetensors")
    return load_file(file)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_an_ordinary_folder_is_left(name: str, runs: Path, talking_folder: Path) -> None:
    saved, start = weights(runs / name), load_file(talking_folder / "model.safetensors")
    if "lora" in name:
        assert read_json(runs / name / "model" / "adapter_config.json")["r"] == 2
        assert any(values.any() for key, values in saved.items() if "lora_B" in key)  # zero before training
        assert not [key for key in saved if "ref" in key.split(".")]
    else:
        assert {key: values.shape for key, values in saved.items()} == {k: v.shape for k, v in start.items()}
        assert any(not saved[key].equal(start[key]) for key in start)
        assert read_json(runs / name / "model" / "config.json")["architectures"] == ["GPTNeoXForCausalLM"]
    model, _ = load_model(runs / name / "model")
    with torch.no_grad():
        answer = model(input_ids=PROMPT).logits
    torch.testing.assert_close(answer, load_file(runs / name / "logits.safetensors")["logits"], rtol=1e-4, atol=1e-5)
    assert (runs / name / "done.json").exists()
    assert (runs / name / "critic").exists() == (name == "ppo")


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_resumed_run_ends_where_the_whole_one_does(name: str, runs: Path) -> None:
    whole, resumed = runs / name, runs / f"{name}-resumed"
    mine, theirs = weights(whole), weights(resumed)
    assert mine.keys() == theirs.keys()
    assert all(mine[key].equal(theirs[key]) for key in mine)
    lines = [
        [{k: v for k, v in row.items() if "time" not in k and k not in ("seconds", "epoch")} for row in metrics(run)]
        for run in (whole, resumed)
    ]
    assert lines[0] == lines[1]
    assert lines[0][-1]["step"] == 2 * CHECKPOINT
    if name == "ppo":
        critics = [load_file(run / "critic" / "critic.safetensors") for run in (whole, resumed)]
        assert all(critics[0][key].equal(critics[1][key]) for key in critics[0])


@pytest.mark.slow
def test_the_update_is_that_of_one_process(runs: Path, talking_folder: Path, tmp_path: Path) -> None:
    tiny = tiny_recipe(talking_folder, 600.0)
    alone = replace(tiny, sft=replace(tiny.sft, steps=2 * CHECKPOINT, warmup=0))
    train(alone, "sft", None, tmp_path / "alone", ignore)
    for mine, theirs in zip(metrics(tmp_path / "alone"), metrics(runs / "sft"), strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-3)
        assert mine["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=1e-2)


class Engine:
    """As much of DeepSpeed's engine and of accelerate around it as saving sees: the model's own parameters are empty,
    as under ZeRO-3, and only the engine can gather them."""

    def __init__(self, model: Any, **zero: Any) -> None:
        self.whole = {name: values.clone() for name, values in model.state_dict().items()}
        self.model = model
        for parameter in model.parameters():
            parameter.data = torch.empty(0)
        self.state = SimpleNamespace(deepspeed_plugin=SimpleNamespace(deepspeed_config={"zero_optimization": zero}))

    def get_state_dict(self, engine: Any) -> dict[str, torch.Tensor]:
        assert engine is self
        return self.whole

    def unwrap_model(self, model: Any) -> Any:
        return model


def zero_trainer(model: Any, tokenizer: Any, **zero: Any) -> Any:
    engine = Engine(model, **zero)
    return SimpleNamespace(
        is_fsdp_enabled=False, is_deepspeed_enabled=True, accelerator=engine, model=model, model_wrapped=engine,
        processing_class=tokenizer,
    )  # fmt: skip


def test_what_zero_3_gathers_is_saved(talking_folder: Path, tmp_path: Path) -> None:
    run = tiny_run(tiny_recipe(talking_folder), tmp_path)
    trainer = zero_trainer(run.model, run.tokenizer, stage=3, stage3_gather_16bit_weights_on_model_save=True)
    check_saving(trainer)
    save_trained(trainer, tmp_path / "model")
    saved, start = weights(tmp_path), load_file(talking_folder / "model.safetensors")
    assert saved.keys() == start.keys()
    assert all(saved[key].equal(start[key]) for key in start)


def test_zero_3_that_gathers_nothing_is_refused(talking_folder: Path, tmp_path: Path) -> None:
    run = tiny_run(tiny_recipe(talking_folder), tmp_path)
    check_saving(zero_trainer(run.model, run.tokenizer, stage=2))
    with pytest.raises(UserError, match="zero3_save_16bit_model: true"):
        check_saving(zero_trainer(run.model, run.tokenizer, stage=3))
