"""PPO's rewards, features, loss and update against definitions; whole runs, killed ones and those of two processes."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from datasets import Dataset
from killed import kill
from safetensors.torch import load_file
from tiny_runs import CHECKPOINT, ignore, metrics, stall, tiny_recipe
from transformers import TrainerCallback
from trl import GRPOConfig

from rungwise.posttrain import ppo
from rungwise.posttrain.advantages import gae, token_rewards, whiten
from rungwise.posttrain.critic import OPTIMIZER, WEIGHTS
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.ppo import PPOTrainer
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import LoRASettings, PPOSettings
from rungwise.posttrain.shared_prompts import SharedPromptGRPOTrainer
from rungwise.suites.items import generate

PROMPTS = [item.text for item in generate("train", 4, 0, "slots", "nonsense")]
ROWS = [{"prompt": prompt} for prompt in PROMPTS]
SETTINGS = PPOSettings(beta=0.1, gamma=0.9, lam=0.8, critic_lr=1e-2)


def pay(completions: list[str], **_: Any) -> list[float]:
    return [float(len(completion) % 3) for completion in completions]


def made(
    kind: type[SharedPromptGRPOTrainer], model: Path, out: Path, lora: int = 0, reward: Any = pay, **settings: Any
) -> Any:
    """A trainer for eight completions of two prompts."""
    net, tokenizer = load_for_training(str(model), LoRASettings(rank=lora))
    ppo: dict[str, Any] = {"settings": settings.pop("ppo", SETTINGS)} if kind is PPOTrainer else {}
    beta = ppo["settings"].beta if ppo else 0.0
    given: dict[str, Any] = {
        "output_dir": str(out), "use_cpu": True, "bf16": False, "report_to": "none", "num_generations": 4, "beta": beta,
        "per_device_train_batch_size": 8, "max_completion_length": 12, "gradient_checkpointing": False, "lr": 0.0,
        "mask_truncated_completions": True, "disable_tqdm": True, "max_steps": 1, "save_strategy": "no", **settings,
    }  # fmt: skip
    given["learning_rate"] = given.pop("lr")
    callbacks = given.pop("callbacks", [])
    return kind(
        **ppo, model=net, processing_class=tokenizer, reward_funcs=reward, callbacks=callbacks,
        train_dataset=Dataset.from_list(ROWS), args=GRPOConfig(**given),
    )  # fmt: skip


def rollout(trainer: Any) -> dict[str, torch.Tensor]:
    """A generation step's rows, in their order."""
    torch.manual_seed(0)
    rows: dict[str, torch.Tensor] = trainer._generate_and_score_completions([ROWS[i] for i in (1,) * 4 + (3,) * 4])
    return rows


def plain(model: Any, rows: dict[str, torch.Tensor], row: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of a completion's tokens and the hidden states before them, read alone and unpadded."""
    prompt, completion = (
        rows[f"{part}_ids"][row][rows[f"{part}_mask"][row].bool()] for part in ("prompt", "completion")
    )
    with torch.no_grad():
        out = model(torch.cat([prompt, completion])[None], output_hidden_states=True)
    before = slice(len(prompt) - 1, -1)
    logps = out.logits[0, before].log_softmax(-1).gather(-1, completion[:, None])[:, 0]
    return logps, out.hidden_states[-1][0, before]


def shaken(trainer: Any) -> None:
    """Move the policy away from where it started."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))


# Small enough for TRL's own way of reading and generating, which several processes or vLLM go.
WAYS = {"shared prompts": {}, "TRL's way": {"top_p": 0.999}, "several updates": {"steps_per_generation": 2}}


@pytest.mark.parametrize("way", WAYS)
def test_advantages_are_those_of_rewards_less_kl_and_of_values_before_each_token(
    way: str, talking_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = {"per_device_train_batch_size": 4} if "steps_per_generation" in WAYS[way] else {}
    trainer = made(PPOTrainer, talking_folder, tmp_path, **WAYS[way], **batch)
    assert trainer._shares == ("top_p" not in WAYS[way])
    shaken(trainer)
    torch.nn.init.normal_(trainer.learner.critic.value.weight)
    monkeypatch.setattr(ppo, "thin", lambda advantages, *_: advantages)
    values: list[torch.Tensor] = []
    trainer.learner.fit = lambda features, old, returns, key: values.append((features, old, returns)) or 0.0  # type: ignore
    rows = rollout(trainer)
    mask = rows["completion_mask"].float()
    assert not torch.equal(mask.sum(1), mask.sum(1)[:1].expand(8))  # some are shorter

    policy, reference = trainer.model.eval(), trainer.ref_model.eval()
    kl, states = torch.zeros_like(mask), torch.zeros(*mask.shape, 32)
    for row in range(8):
        n = int(mask[row].sum())
        if n:
            logps, states[row, :n] = plain(policy, rows, row)
            kl[row, :n] = logps - plain(reference, rows, row)[0]
    assert kl.abs().max() > 0.01
    texts = trainer.processing_class.batch_decode(rows["completion_ids"], skip_special_tokens=True)
    rewards = token_rewards(torch.tensor(pay(texts)), kl, mask, 0.1)
    expected_values = trainer.learner.critic(states).detach()
    advantages = gae(rewards, expected_values, mask, 0.9, 0.8)
    assert torch.allclose(rows["advantages"], whiten(advantages, mask, lambda tensor: tensor), atol=2e-3)
    shown = mask.bool()
    features, old, returns = values[0]
    assert torch.allclose(features, states[shown], atol=1e-4)
    assert torch.allclose(old, expected_values[shown], atol=1e-4)
    assert torch.allclose(returns, (advantages + expected_values)[shown], atol=1e-3)
    logged = {name: found[-1] for name, found in trainer._metrics["train"].items()}
    assert logged["kl"] == pytest.approx(float(kl.sum() / mask.sum()), abs=1e-4)
    assert logged["return"] == pytest.approx(float(rewards.sum() / shown.any(1).sum()), abs=1e-3)


def test_adapters_are_compared_with_the_model_without_them(talking_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    trainer = made(PPOTrainer, talking_folder, tmp_path, lora=2)
    rollout(trainer)
    assert trainer.ref_model is None
    assert trainer._metrics["train"]["kl"][-1] == pytest.approx(0, abs=1e-6)
    shaken(trainer)
    rollout(trainer)
    assert abs(trainer._metrics["train"]["kl"][-1]) > 1e-4
    assert math.isfinite(trainer._metrics["train"]["value_loss"][-1])


def test_without_beta_there_is_no_reference(talking_folder: Path, tmp_path: Path) -> None:
    trainer = made(PPOTrainer, talking_folder, tmp_path, ppo=replace(SETTINGS, beta=0.0))
    rollout(trainer)
    assert trainer.ref_model is None
    assert "kl" not in trainer._metrics["train"]


def test_truncated_and_unpaid_completions_count_for_nothing(
    talking_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ppo, "thin", lambda advantages, *_: advantages)

    def some(completions: list[str], **_: Any) -> list[float | None]:
        return [*pay(completions)[:-1], None]

    trainer = made(PPOTrainer, talking_folder, tmp_path, reward=some, max_completion_length=3)
    shaken(trainer)  # else all completions have four tokens
    fitted: list[torch.Tensor] = []
    trainer.learner.fit = lambda features, old, returns, key: fitted.append(features) or 0.0  # type: ignore
    rows = rollout(trainer)
    counted = rows["completion_mask"].bool()
    cut_off = ~counted.any(1)
    assert 0 < cut_off.sum() < 8
    assert counted[-1].any()
    counted[-1] = False
    assert not rows["advantages"][~counted].any()
    assert len(fitted[0]) == counted.sum()
    white = rows["advantages"][counted]
    assert float(white.mean()) == pytest.approx(0, abs=1e-5)
    assert float(white.square().mean()) == pytest.approx(1, abs=1e-4)


class Given(PPOTrainer):
    """Reads log-probabilities from a tensor instead of a model."""

    logps = torch.zeros(2, 4, requires_grad=True)

    def _get_per_token_logps_and_entropies(self, *_: Any, **__: Any) -> Any:
        return self.logps, torch.zeros(2, 4), None


def test_clipped_loss_and_gradient_by_hand(talking_folder: Path, tmp_path: Path) -> None:
    """Clip 0.2. Ratios 1.5, 0.5, 1.1, 1.5 with advantages 2, 2, 2, -2; then 1.5, 0.5, 0.9 with 1, -1, -1; padding."""
    trainer = made(PPOTrainer, talking_folder, tmp_path, top_p=0.5)  # so that all rows reach the loss as they are
    trainer.__class__ = Given
    trainer.logps = torch.log(torch.tensor([[1.5, 0.5, 1.1, 1.5], [1.5, 0.5, 0.9, 7.0]])).requires_grad_(True)
    trainer.current_gradient_accumulation_steps = 1
    blank = torch.zeros(2, 4, dtype=torch.long)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    loss = trainer._compute_loss(trainer.model, {
        "prompt_ids": blank, "prompt_mask": blank, "completion_ids": blank, "completion_mask": mask,
        "advantages": torch.tensor([[2.0, 2.0, 2.0, -2.0], [1.0, -1.0, -1.0, 0.0]]),
        "old_per_token_logps": torch.zeros(2, 4), "num_items_in_batch": mask.sum(),
    })  # fmt: skip
    # min(r A, clip(r) A): 2.4, 1, 2.2, -3; 1.2, -0.8, -0.9
    assert loss.item() == pytest.approx(-(2.4 + 1.0 + 2.2 - 3.0 + 1.2 - 0.8 - 0.9) / 7)
    loss.backward()
    # d(r A)/d(log p) = r A where it is the smaller one, else 0
    expected = torch.tensor([[0.0, 1.0, 2.2, -3.0], [0.0, 0.0, -0.9, 0.0]])
    assert torch.allclose(trainer.logps.grad, -expected / 7, atol=1e-6)
    assert trainer.beta == SETTINGS.beta
    low, high = (trainer._metrics["train"][f"clip_ratio/{side}_mean"][-1] for side in ("low", "high"))
    assert (low, high) == (pytest.approx(1 / 7), pytest.approx(2 / 7))


def test_the_groups_advantages_of_grpo_by_hand(talking_folder: Path, tmp_path: Path) -> None:
    """Rewards 0 1 1 0 and 0 0 0 2: means 1/2 and 1/2, standard deviations sqrt(1/3) and 1."""

    def paid(completions: list[str], **_: Any) -> list[float]:
        return [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0]

    found = rollout(made(SharedPromptGRPOTrainer, talking_folder, tmp_path, reward=paid))["advantages"]
    high = 0.5 / math.sqrt(1 / 3)
    assert found.tolist() == pytest.approx([-high, high, high, -high, -0.5, -0.5, -0.5, 1.5], abs=1e-3)


class Gradients(TrainerCallback):  # type: ignore[misc]
    """Keeps what the optimizer is given."""

    def __init__(self) -> None:
        self.found: list[torch.Tensor] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self.found.append(torch.cat([p.grad.flatten() for p in model.parameters()]))


@pytest.mark.parametrize("kind", [SharedPromptGRPOTrainer, PPOTrainer])
def test_eight_parts_of_one_make_the_update_of_one_part_of_eight(
    kind: type[SharedPromptGRPOTrainer], talking_folder: Path, tmp_path: Path
) -> None:
    found, critics = [], []
    for accumulate in (1, 8):
        seen = Gradients()
        trainer = made(
            kind, talking_folder, tmp_path, callbacks=[seen], max_steps=2, lr=1e-3, max_grad_norm=0.0,
            per_device_train_batch_size=8 // accumulate, gradient_accumulation_steps=accumulate,
            steps_per_generation=accumulate,
        )  # fmt: skip
        trainer.train()
        found.append(seen.found)
        critics.append(list(trainer.learner.critic.parameters()) if kind is PPOTrainer else [])
    assert [len(steps) for steps in found] == [2, 2]
    assert found[0][0].norm() > 1e-3
    for whole, parts in zip(*found, strict=True):
        assert torch.allclose(whole, parts, atol=1e-5, rtol=1e-3)
    for whole, parts in zip(*critics, strict=True):
        assert torch.allclose(whole, parts, atol=1e-4)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def flat(value: Any, path: str = "") -> dict[str, torch.Tensor]:
    """The tensors and numbers of an optimizer's state."""
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: part for key, inner in pairs for name, part in flat(inner, f"{path}/{key}").items()}
    return {path: value if torch.is_tensor(value) else torch.tensor(float(value))} if value is not None else {}


@pytest.mark.usefixtures("ticks")
def test_a_killed_run_goes_on_as_if_nothing_had_happened(talking_folder: Path, tmp_path: Path) -> None:
    chosen = tiny_recipe(talking_folder)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(chosen, "ppo", None, whole, ignore)
    kill(stall, chosen, "ppo", resumed, when=(resumed / "stalled").exists)
    assert not (resumed / "model").exists()
    steps: list[int] = []
    result = train(chosen, "ppo", None, resumed, lambda row: steps.append(row["step"]))
    assert steps[0] == CHECKPOINT + 1
    assert result["steps"] > 2 * CHECKPOINT

    start, last = load_file(talking_folder / "model.safetensors"), 2 * CHECKPOINT
    folders = [out / f"checkpoint-{last}" for out in (whole, resumed)]
    policies = [load_file(folder / "model.safetensors") for folder in folders]
    assert same(*policies)
    assert not same(policies[0], start)
    critics = [load_file(folder / WEIGHTS) for folder in folders]
    assert same(*critics)
    assert all(weights.any() for weights in critics[0].values())
    for name in ("optimizer.pt", OPTIMIZER, "scheduler.pt"):
        states = [flat(torch.load(folder / name, weights_only=True)) for folder in folders]
        assert len(states[0]) > 5
        assert same(*states)

    lines = [
        [
            {name: value for name, value in row.items() if "time" not in name and name != "seconds"}
            for row in metrics(out)
            if CHECKPOINT < row["step"] <= last
        ]
        for out in (whole, resumed)
    ]
    assert lines[0] == lines[1]
    assert {"reward", "value_loss", "explained_variance", "kl", "return", "entropy"} <= lines[0][-1].keys()
    assert {path.name for path in (resumed / "critic").iterdir()} == {WEIGHTS, OPTIMIZER}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["grpo", "ppo"])
def test_two_processes_finish_a_run(method: str, talking_folder: Path, tmp_path: Path) -> None:
    settings = [f"{method}.{pair}" for pair in ("steps=6", "prompts=4", "group=4", "updates=2", "max_completion=48")]
    settings += [f"{method}.save_every=4", f"{method}.lr=5e-3", "questions=42"]
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "--module",
        "rungwise.cli", "train", "--method", method, "--model", str(talking_folder), "--out", str(tmp_path / "run"),
        *[part for setting in settings for part in ("--set", setting)],
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    trained = load_file(tmp_path / "run" / "model" / "model.safetensors")
    assert not same(trained, load_file(talking_folder / "model.safetensors"))
    assert all(weights.isfinite().all() for weights in trained.values())
    assert [row["step"] for row in metrics(tmp_path / "run")] == [4, 5, 6]
    assert (tmp_path / "run" / "done.json").exists()
    assert (tmp_path / "run" / "critic").exists() == (method == "ppo")
