"""The critic: its loss by hand, what it learns, that processes agree, and that it goes on from where it was saved."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Lock

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from exchange import together

from rungwise.posttrain import critic as critic_module
from rungwise.posttrain.advantages import Total
from rungwise.posttrain.critic import OPTIMIZER, WEIGHTS, Critic, CriticLearner, value_loss

KEY = ("critic", 0, 0)


def learner(
    total: Total = lambda tensor: tensor, clip: float = 10.0, epochs: int = 1, lr: float = 1e-2
) -> CriticLearner:
    return CriticLearner(Critic(6, 0), lr, clip, epochs, total)


def tokens(number: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    """Features, and returns that depend on them."""
    features = torch.randn(number, 6, generator=torch.Generator().manual_seed(1))
    return features, (features[:, 0] > features[:, 1]).float()


def same(a: CriticLearner, b: CriticLearner) -> bool:
    pairs = zip(a.critic.state_dict().values(), b.critic.state_dict().values(), strict=True)
    states = zip(a.optimizer.state.values(), b.optimizer.state.values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs) and all(
        torch.equal(x[name], y[name]) for x, y in states for name in ("step", "exp_avg", "exp_avg_sq")
    )


def test_a_new_critic_says_nothing_and_is_the_same_everywhere() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = Critic(6, 3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(6)
    again = Critic(6, 3)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.hidden[1].weight, Critic(6, 4).hidden[1].weight)
    values = first(torch.randn(2, 3, 6, dtype=torch.bfloat16))
    assert values.shape == (2, 3)
    assert values.dtype == torch.float32
    assert not values.any()


def test_value_loss_by_hand() -> None:
    """Values before: 1. Range: 0.8 to 1.2. One value inside; out of the range towards and away from the return."""
    values = torch.tensor([1.1, 1.5, 0.5, 1.5], requires_grad=True)
    loss = value_loss(values, torch.ones(4), torch.tensor([2.0, 2.0, 2.0, 0.0]), 0.2)
    # inside: (1.1-2)^2/2; nearer than the range allows: the range's end counts; farther: the value itself counts
    assert loss.tolist() == pytest.approx([0.405, 0.32, 1.125, 1.125])
    loss.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == pytest.approx([-0.9, 0.0, -1.5, 1.5])


def test_it_learns_returns_from_features_and_leaves_the_features_alone() -> None:
    features, returns = tokens()
    features.requires_grad_(True)
    subject = learner(epochs=30)
    losses = [subject.fit(features, torch.zeros(200), returns, (*KEY, step)) for step in range(2)]
    assert losses[0] > 0.05
    assert losses[1] < 0.03
    assert (subject.critic(features.detach()) - returns).square().mean() < 0.05
    assert features.grad is None


def test_it_starts_at_the_mean() -> None:
    features, returns = tokens()
    subject = learner(lr=1e-6)
    subject.fit(features, torch.zeros(200), returns + 3, KEY)
    assert torch.allclose(subject.critic(features), (returns + 3).mean(), atol=1e-3)
    subject.fit(features, torch.zeros(200), returns + 9, (*KEY, 1))
    assert torch.allclose(subject.critic(features), (returns + 3).mean(), atol=1e-3)


def test_processes_take_the_step_of_all_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critic_module, "PARTS", 1)
    features, returns = tokens()
    making = Lock()  # threads play the processes, and these have a random state of their own

    def fit(rows: slice, total: Total) -> CriticLearner:
        with making:
            subject = learner(total)
        subject.fit(features[rows], torch.zeros(200)[rows], returns[rows], KEY)
        return subject

    whole = fit(slice(0, 200), lambda tensor: tensor)
    first, second = together([partial(fit, slice(0, 50)), partial(fit, slice(50, 200))])
    assert same(first, second)
    for a, b in zip(whole.critic.parameters(), first.critic.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert torch.allclose(a.grad, b.grad, atol=1e-6)
    alone, idle = together([partial(fit, slice(0, 200)), partial(fit, slice(0, 0))])
    assert same(alone, idle)  # a process whose completions were all cut off learns with the others
    for a, b in zip(alone.critic.parameters(), whole.critic.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)  # threads may sum in another order


def test_it_goes_on_from_where_it_was_saved(tmp_path: Path) -> None:
    features, returns = tokens()
    whole, half = learner(), learner()
    for subject in (whole, half):
        subject.fit(features, torch.zeros(200), returns, KEY)
    half.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {WEIGHTS, OPTIMIZER}
    resumed = CriticLearner(Critic(6, 99), 1e-2, 10.0, 1, lambda tensor: tensor)
    resumed.load(tmp_path)
    assert same(resumed, half)
    for subject in (whole, resumed):
        subject.fit(features, torch.zeros(200), returns, (*KEY, 1))
    assert same(whole, resumed)
    assert not same(whole, half)


def test_orders_come_from_the_key() -> None:
    features, returns = tokens()
    subjects = [learner() for _ in range(3)]
    for subject, step in zip(subjects, (0, 0, 1), strict=True):
        subject.fit(features, torch.zeros(200), returns, ("critic", 0, step))
    assert same(subjects[0], subjects[1])
    assert not same(subjects[0], subjects[2])
