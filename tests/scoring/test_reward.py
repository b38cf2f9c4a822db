"""Rewards are thin calls of the scorer."""

from __future__ import annotations

import json

import pytest
from corpus import BAD, BOUND, EFFECT, GOOD, LACKING, SLOTS, WAY, over, prob, slots_without_models

from rungwise.errors import UserError
from rungwise.scoring.reward import make_trl_reward, reward


def column(*problems: object) -> list[str]:
    return [json.dumps(problem.to_dict()) for problem in problems]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(GOOD, 1.0), (prob("0.3847", '"No"'), 0.1), ("LACK_CONDITION", 0.1), ("0.3847, yes", 0.0), ("", 0.0)],
)
def test_format_and_score(text: str, expected: float) -> None:
    assert reward(text, EFFECT) == pytest.approx(expected)


def test_the_weight_moves_pay_from_score_to_format() -> None:
    assert reward(BAD, EFFECT, format_weight=0.0) == 0.0
    assert reward(BAD, EFFECT, format_weight=1.0) == 1.0
    assert reward(GOOD, EFFECT, format_weight=0.3) == pytest.approx(1.0)


def test_trl_reward_reads_texts_and_chats() -> None:
    f = make_trl_reward("natural")
    chat = [{"role": "assistant", "content": GOOD}]
    found = f(
        completions=[GOOD, chat, "LACK_CONDITION", over("0.239"), [{"role": "assistant", "content": None}], []],
        problem=column(EFFECT, EFFECT, LACKING, BOUND, EFFECT, EFFECT),
        prompts=["", "", "", "", "", ""],
        completion_ids=[[]] * 6,
        trainer_state=None,
    )
    assert found == pytest.approx([1, 1, 1, 1, 0, 0])
    assert all(type(value) is float for value in found)


def test_trl_reward_with_a_prefilled_think() -> None:
    f = make_trl_reward("natural", prefill="<think>")
    stored = column(EFFECT, EFFECT, EFFECT)
    assert f(completions=[GOOD, f"so {GOOD}", f"so</think>{GOOD}"], problem=stored) == pytest.approx([0, 0, 1])


def test_trl_reward_in_the_slots_view() -> None:
    f = make_trl_reward("slots", format_weight=0.2)
    with slots_without_models():
        found = f(completions=[over(WAY), over("v7-v8"), "v1"], problem=column(SLOTS, SLOTS, SLOTS))
    assert found == pytest.approx([1, 0.2, 0])


def test_failures_propagate() -> None:
    f = make_trl_reward("natural")
    with pytest.raises(UserError, match="problem column"):
        f(completions=[GOOD], problem=["not json"])
    with pytest.raises(UserError, match="no truth"):
        f(completions=[GOOD], problem=column(EFFECT.with_(truth=None)))
    with pytest.raises(UserError, match="unknown view"):
        make_trl_reward("english")
    with pytest.raises(UserError, match="format_weight"):
        make_trl_reward("natural", format_weight=1.5)
    with pytest.raises(UserError, match="format_weight"):
        reward(GOOD, EFFECT, format_weight=-0.1)
    with pytest.raises(ValueError, match="zip"):
        f(completions=[GOOD, GOOD], problem=column(EFFECT))
