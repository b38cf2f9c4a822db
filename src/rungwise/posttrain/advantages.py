"""From rewards and values to advantages: a completion is an episode, each of its tokens an action.

In all functions a row is a completion, and ``mask_B_T`` is 1 on its tokens: a run of ones, then zeros (padding), or
zeros alone where the completion does not count.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

Total = Callable[[torch.Tensor], torch.Tensor]
"""Sums a tensor over all processes, each of which then has the sum."""


def token_rewards(rewards_B: torch.Tensor, kl_B_T: torch.Tensor, mask_B_T: torch.Tensor, beta: float) -> torch.Tensor:
    """Rewards of shape (B, T): a completion's reward at its last token, less ``beta`` times the KL estimate at each.

    The estimate is log p(token) - log p_reference(token) of the sampled token (Ouyang et al. 2022, arXiv 2203.02155,
    equation 2): right in the mean, of either sign in a single token.
    """
    last_B_T = mask_B_T * (mask_B_T.flip(1).cumsum(1).flip(1) == 1)
    return rewards_B.unsqueeze(1) * last_B_T - beta * kl_B_T * mask_B_T


def gae(
    rewards_B_T: torch.Tensor, values_B_T: torch.Tensor, mask_B_T: torch.Tensor, gamma: float, lam: float
) -> torch.Tensor:
    """Advantages of shape (B, T) by generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, equation
    16); 0 where the mask is.

    ``values_B_T[:, t]`` is the value of the state before token t; after the last token it is 0.
    """
    advantages_B_T = torch.zeros_like(values_B_T)
    values_B_T = values_B_T * mask_B_T
    next_value_B = next_advantage_B = torch.zeros_like(values_B_T[:, 0])
    for t in range(values_B_T.shape[1] - 1, -1, -1):
        errors_B = rewards_B_T[:, t] + gamma * next_value_B - values_B_T[:, t]
        next_advantage_B = (errors_B + gamma * lam * next_advantage_B) * mask_B_T[:, t]
        next_value_B = values_B_T[:, t]
        advantages_B_T[:, t] = next_advantage_B
    return advantages_B_T


def whiten(values_B_T: torch.Tensor, mask_B_T: torch.Tensor, total: Total) -> torch.Tensor:
    """The values shifted and scaled to mean 0 and variance 1 over the masked tokens of all processes; 0 elsewhere."""
    mean, variance = moments(values_B_T, mask_B_T, total)
    return (values_B_T - mean) / (variance + 1e-8).sqrt() * mask_B_T


def thin(
    advantages_B_T: torch.Tensor, mask_B_T: torch.Tensor, group_B: torch.Tensor, draws_P: torch.Tensor
) -> torch.Tensor:
    """The advantages with some groups' set to 0: one with root mean square a < 1 stays with probability a, and is then
    divided by a. So the gradient is the same in the mean, and little is spent on groups that teach little.

    Args:
        group_B: each row's group, numbered from 0.
        draws_P: a random number from 0 to 1 for each group.
    """
    squares_P, tokens_P = (
        torch.zeros_like(draws_P).index_add(0, group_B, part_B_T.sum(1).to(draws_P.dtype))
        for part_B_T in (advantages_B_T.square() * mask_B_T, mask_B_T)
    )
    chance_P = (squares_P / tokens_P.clamp(min=1)).sqrt().clamp(max=1)
    factor_P = torch.where(draws_P < chance_P, 1 / chance_P.clamp(min=1e-8), 0.0)
    return advantages_B_T * factor_P[group_B].unsqueeze(1)


def explained_variance(
    values_B_T: torch.Tensor, returns_B_T: torch.Tensor, mask_B_T: torch.Tensor, total: Total
) -> float:
    """1 - Var(returns - values) / Var(returns) over the masked tokens of all processes: 1 for a perfect critic, 0 for
    one that knows no more than the mean; nan where all returns are equal."""
    _, variance = moments(returns_B_T, mask_B_T, total)
    _, left = moments(returns_B_T - values_B_T, mask_B_T, total)
    return float(1 - left / variance) if variance > 1e-12 else float("nan")


def moments(values_B_T: torch.Tensor, mask_B_T: torch.Tensor, total: Total) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and variance over the masked tokens of all processes; zeros where there is none."""
    count = total(mask_B_T.sum().to(values_B_T.dtype)).clamp(min=1)
    mean = total((values_B_T * mask_B_T).sum()) / count
    return mean, total(((values_B_T - mean).square() * mask_B_T).sum()) / count
