"""PPO's critic: a small network that reads the policy's hidden states and says what return to expect.

It sees the state before each token, the policy's last hidden state there, as data: no gradient reaches the policy. So
there is no second trunk in memory, none to run or to train, and the value loss can't disturb the policy; the price is
that it can only use what the policy computes for its own ends, and that its input shifts as the policy learns.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import nn

from rungwise.files import replacing_bytes
from rungwise.posttrain.advantages import Total
from rungwise.problems.streams import stream

WIDTH = 256
"""Hidden units."""

WEIGHTS, OPTIMIZER = "critic.safetensors", "critic_optimizer.pt"

PARTS = 4
"""Optimizer steps in a pass over the tokens of a generation step."""


class Critic(nn.Module):
    """Values of shape (...) from hidden states of shape (..., width of the policy); 0 everywhere before training."""

    def __init__(self, features: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # the same on every process, whose own streams differ
            self.hidden = nn.Sequential(nn.LayerNorm(features), nn.Linear(features, WIDTH), nn.ReLU())
            self.value = nn.Linear(WIDTH, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Values of the states, in float32."""
        values: torch.Tensor = self.value(self.hidden(features.float())).squeeze(-1)
        return values


def value_loss(values_N: torch.Tensor, old_N: torch.Tensor, returns_N: torch.Tensor, clip: float) -> torch.Tensor:
    """Half the squared error of each value, shape (N,), or that of the value moved into ``old_N`` +- ``clip`` where it
    is larger: so nothing is gained by leaving that range (the PPO authors' code, openai/baselines ppo2)."""
    clipped_N = old_N + (values_N - old_N).clamp(-clip, clip)
    return 0.5 * torch.maximum((values_N - returns_N).square(), (clipped_N - returns_N).square())


class CriticLearner:
    """A critic and its AdamW. All processes hold the same ones: each step's gradient is that of all their tokens."""

    def __init__(self, critic: Critic, lr: float, clip: float, epochs: int, total: Total) -> None:
        self.critic, self.clip, self.epochs, self.total = critic, clip, epochs, total
        self.optimizer = torch.optim.AdamW(critic.parameters(), lr=lr)

    def fit(
        self, features_N_H: torch.Tensor, old_N: torch.Tensor, returns_N: torch.Tensor, key: tuple[object, ...]
    ) -> float:
        """Pass ``epochs`` times over the tokens of a generation step, in the order of the random stream ``key``.

        Returns the mean value loss of the first pass.
        """
        parameters = list(self.critic.parameters())
        if not self.optimizer.state:  # a new critic starts at the mean: else features that happen to be large carry it
            summed, count = self.total(torch.stack([returns_N.sum(), returns_N.new_tensor(len(returns_N))]))
            self.critic.value.bias.data += summed / count.clamp(min=1)
            old_N = old_N + self.critic.value.bias.detach()
        sizes = [parameter.numel() for parameter in parameters]
        losses = []
        for epoch in range(self.epochs):
            order_N = torch.from_numpy(stream(*key, epoch).permutation(len(old_N))).to(old_N.device)
            for part in order_N.tensor_split(PARTS):  # as many on each process, though some may be empty
                loss = value_loss(self.critic(features_N_H[part]), old_N[part], returns_N[part], self.clip).sum()
                gradients = torch.autograd.grad(loss, parameters)
                counted = torch.stack([loss.detach(), loss.new_tensor(len(part))])
                sums = self.total(torch.cat([*(gradient.flatten() for gradient in gradients), counted]))
                mean = sums[:-1] / sums[-1].clamp(min=1)
                for parameter, gradient in zip(parameters, torch.split(mean[:-1], sizes), strict=True):
                    parameter.grad = gradient.view_as(parameter)
                self.optimizer.step()
                losses.append(mean[-1])
        return float(torch.stack(losses[:PARTS]).mean())

    def save(self, folder: Path) -> None:
        """Write the critic's weights and its optimizer's state into a folder."""
        with replacing_bytes(folder / WEIGHTS) as file:
            file.write(save(self.critic.state_dict()))
        with replacing_bytes(folder / OPTIMIZER) as file:
            torch.save(self.optimizer.state_dict(), file)

    def load(self, folder: Path) -> None:
        """Go on from what ``save`` wrote."""
        self.critic.load_state_dict(load_file(folder / WEIGHTS))
        self.optimizer.load_state_dict(torch.load(folder / OPTIMIZER, weights_only=True, map_location="cpu"))
