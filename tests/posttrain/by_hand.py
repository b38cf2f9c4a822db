"""Log-probabilities the plain way, one sequence at a time without padding, and models that have left their start."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def logp(model: Any, prompt_ids: list[int], completion_ids: list[int]) -> Tensor:
    """Log-probability of a completion after its prompt."""
    logits_T_V = model(torch.tensor([prompt_ids + completion_ids])).logits[0]
    logs_T_V = logits_T_V.log_softmax(-1)
    first = len(prompt_ids)
    return torch.stack([logs_T_V[first + i - 1, token] for i, token in enumerate(completion_ids)]).sum()


def move(model: Any, by: float) -> None:
    """Add noise to every weight."""
    noise = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(by * torch.randn(weight.shape, generator=noise))


def gradient(model: Any) -> Tensor:
    """Of all weights, as one vector."""
    return torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None])
