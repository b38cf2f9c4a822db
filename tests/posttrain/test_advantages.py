"""Rewards, advantages and their moments against values computed by hand and by the definitions' double sums."""

from __future__ import annotations

import math
from functools import partial

import pytest

pytest.importorskip("torch")

import torch
from exchange import together

from rungwise.posttrain.advantages import explained_variance, gae, moments, thin, token_rewards, whiten


def alone(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def episodes(rows: int = 6, longest: int = 9) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rewards, values and mask; lengths from 0 to the longest; rubbish where the mask is 0."""
    generator = torch.Generator().manual_seed(0)
    rewards, values = torch.randn(2, rows, longest, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([longest, 1, 0, 4, 7, longest - 1])[:rows]
    mask = (torch.arange(longest) < lengths.unsqueeze(1)).double()
    return torch.where(mask > 0, rewards, 0), torch.where(mask > 0, values, 1e3), mask


def by_double_sum(rewards: list[float], values: list[float], gamma: float, lam: float) -> list[float]:
    """Equation 16 of the paper, as it stands: a sum of TD errors for each token."""
    values = [*values, 0.0]
    errors = [r + gamma * values[t + 1] - values[t] for t, r in enumerate(rewards)]
    return [sum((gamma * lam) ** (k - t) * errors[k] for k in range(t, len(errors))) for t in range(len(errors))]


def test_the_reward_is_paid_at_the_last_token_and_the_kl_at_each() -> None:
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    kl = torch.tensor([[0.5, -1.0, 2.0], [3.0, 9.0, 9.0], [9.0, 9.0, 9.0]])
    found = token_rewards(torch.tensor([1.0, 0.1, 0.7]), kl, mask, 0.1)
    assert torch.allclose(found, torch.tensor([[-0.05, 0.1, 0.8], [-0.2, 0.0, 0.0], [0.0, 0.0, 0.0]]))


def test_advantages_by_hand() -> None:
    """gamma 0.5, lambda 0.5, so each TD error counts a quarter of the next one's distance.

    TD errors: 0 + 0.5 x 2 - 1 = 0; 0 + 0.5 x 4 - 2 = 0; 8 - 4 = 4. Second row: 3 - 5 = -2.
    """
    rewards = torch.tensor([[0.0, 0.0, 8.0], [3.0, 0.0, 0.0]])
    values = torch.tensor([[1.0, 2.0, 4.0], [5.0, 77.0, 77.0]])
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    assert gae(rewards, values, mask, 0.5, 0.5).tolist() == [[0.25, 1.0, 4.0], [-2.0, 0.0, 0.0]]


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.8), (0.99, 1.0), (1.0, 0.0)])
def test_advantages_are_the_papers_sums(gamma: float, lam: float) -> None:
    rewards, values, mask = episodes()
    found = gae(rewards, values, mask, gamma, lam)
    for row in range(len(mask)):
        n = int(mask[row].sum())
        expected = by_double_sum(rewards[row, :n].tolist(), values[row, :n].tolist(), gamma, lam)
        assert found[row, :n].tolist() == pytest.approx(expected, abs=1e-12)
        assert not found[row, n:].any()


def test_lambda_1_is_the_return_less_the_value_and_0_the_td_error() -> None:
    rewards, values, mask = episodes()
    returns = rewards.flip(1).cumsum(1).flip(1)
    assert torch.allclose(gae(rewards, values, mask, 1.0, 1.0), (returns - values) * mask, atol=1e-12)
    assert torch.allclose(gae(rewards, returns, mask, 1.0, 1.0), torch.zeros(1).double(), atol=1e-12)

    inside = torch.where(mask > 0, values, 0)
    errors = (rewards + 0.9 * torch.cat([inside[:, 1:], torch.zeros(6, 1)], dim=1) - inside) * mask
    assert torch.allclose(gae(rewards, values, mask, 0.9, 0.0), errors, atol=1e-12)


def test_a_perfect_critic_gives_the_monte_carlo_advantage_of_each_action() -> None:
    """Two coin flips pay their sum; values are the expected sums, so an advantage is what the coin added: +-1/2."""
    flips = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    rewards = token_rewards(flips.sum(1), torch.zeros(4, 2), torch.ones(4, 2), 0.0)
    values = torch.stack([torch.ones(4), flips[:, 0] + 0.5], dim=1)
    found = gae(rewards, values, torch.ones(4, 2), 1.0, 1.0)
    assert torch.equal(found, flips.sum(1, keepdim=True) - values)
    one_step = gae(rewards, values, torch.ones(4, 2), 1.0, 0.0)
    assert torch.equal(one_step, flips - 0.5)
    assert torch.equal(found.view(2, 2, 2).mean(1)[:, 0], torch.tensor([0.5, -0.5]))  # in the mean the same


def test_padding_changes_nothing() -> None:
    rewards, values, mask = episodes()
    wide = [torch.cat([part, torch.full((6, 5), fill).double()], dim=1) for part, fill in
            ((rewards, 0.0), (values, -7.0), (mask, 0.0))]  # fmt: skip
    found = gae(*wide, 0.9, 0.8)
    assert torch.equal(found[:, :9], gae(rewards, values, mask, 0.9, 0.8))
    assert not found[:, 9:].any()
    white = whiten(found, wide[2], alone)
    assert torch.allclose(white[:, :9], whiten(found[:, :9], mask, alone), atol=1e-12)
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    assert torch.equal(gae(rewards[order], values[order], mask[order], 0.9, 0.8), found[order, :9])


def test_whitening_sees_the_masked_tokens_alone() -> None:
    values = torch.tensor([[1.0, 3.0, 500.0], [5.0, -500.0, math.pi]], dtype=torch.float64)
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    mean, variance = moments(values, mask, alone)
    assert (mean, variance) == (3.0, pytest.approx(8 / 3))
    found = whiten(values, mask, alone)
    step = 2 / math.sqrt(8 / 3)
    assert torch.allclose(found, torch.tensor([[-step, 0.0, 0.0], [step, 0.0, 0.0]]).double(), atol=1e-7)
    assert not whiten(torch.ones(2, 3), mask.float(), alone).any()  # equal ones
    assert not whiten(values, torch.zeros(2, 3).double(), alone).any()  # none at all


def test_thinning_leaves_out_whole_groups_and_nothing_in_the_mean() -> None:
    advantages = torch.tensor([[0.2, -0.2], [0.2, 0.0], [-3.0, 0.1], [0.0, 0.0], [0.1, 0.7]])
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    groups = torch.tensor([1, 1, 0, 2, 3])  # root mean squares: above 1, 0.2, 0, 0.5
    found = thin(advantages, mask, groups, torch.tensor([0.99, 0.19, 0.0, 0.51]))
    expected = torch.tensor([[1.0, -1.0], [1.0, 0.0], [-3.0, 0.1], [0.0, 0.0], [0.0, 0.0]])
    assert torch.allclose(found, expected)
    generator = torch.Generator().manual_seed(0)
    draws = torch.rand(4_000, 4, generator=generator)
    mean = torch.stack([thin(advantages, mask, groups, draw) for draw in draws]).mean(0)
    assert torch.allclose(mean, advantages, atol=0.05)


def test_explained_variance() -> None:
    returns = torch.tensor([[0.0, 1.0, 9.0], [1.0, 0.0, 9.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert explained_variance(returns + 5, returns, mask, alone) == 1  # a constant error leaves no variance
    assert explained_variance(torch.full((2, 3), 0.3), returns, mask, alone) == pytest.approx(0)
    assert explained_variance(returns / 2, returns, mask, alone) == pytest.approx(0.75)
    assert explained_variance(1 - returns, returns, mask, alone) == pytest.approx(-3)
    assert math.isnan(explained_variance(returns, torch.ones(2, 3), mask, alone))


def test_moments_are_those_of_all_processes() -> None:
    rewards, values, mask = episodes()
    values = values + rewards
    whole = whiten(values, mask, alone)
    parts = together([partial(whiten, values[rows], mask[rows]) for rows in (slice(0, 2), slice(2, 6))])
    assert torch.allclose(torch.cat(parts), whole, atol=1e-12)
    none = together([partial(whiten, values, mask), partial(whiten, values, 0 * mask)])
    assert torch.allclose(none[0], whole, atol=1e-12)
    assert not none[1].any()
