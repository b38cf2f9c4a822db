"""Rewards are thin calls of the scorer and of the step checks; every part pays what its document says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from corpus import BAD, BOUND, EFFECT, GOOD, LACKING, SLOTS, WAY, over, prob, slots_without_models
from hypothesis import given
from hypothesis import strategies as st
from written_problems import CONFOUNDED, asked, solution

from rungwise.errors import UserError
from rungwise.scoring.reward import Weights, make_trl_reward, reward
from rungwise.scoring.score import VIEWS
from rungwise.wording.answers import solution_text
from rungwise.wording.slots import slot_table

DOCUMENT = (Path(__file__).parents[2] / "docs" / "rewards.md").read_text(encoding="utf-8")
ATE = asked("ATE", CONFOUNDED)
"""0.32, Yes; unadjusted 0.49."""
GUESS = '{"ANSWER": "No", "PROB": "0"}'


def column(*problems: object) -> list[str]:
    return [json.dumps(problem.to_dict()) for problem in problems]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(GOOD, 1.0), (prob("0.3847", '"No"'), 0.1), ("LACK_CONDITION", 0.1), ("0.3847, yes", 0.0), ("", 0.0)],
)
def test_format_and_score(text: str, expected: float) -> None:
    assert reward(text, EFFECT) == pytest.approx(expected)


def test_the_weight_moves_pay_from_score_to_format() -> None:
    assert reward(BAD, EFFECT, "natural", Weights(format=0.0)) == 0.0
    assert reward(BAD, EFFECT, "natural", Weights(format=1.0)) == 1.0
    assert reward(GOOD, EFFECT, "natural", Weights(format=0.3)) == pytest.approx(1.0)


def test_weights_are_shares() -> None:
    assert Weights() == Weights(format=0.1, process=0.0, length=0.0, tolerance=0.0)
    for name in ("format", "process", "length", "tolerance"):
        for value in (-0.1, 1.5, float("nan"), "much"):
            with pytest.raises(UserError, match=name):
                Weights(**{name: value})  # type: ignore[arg-type]
    with pytest.raises(UserError, match="together"):
        Weights(format=0.5, process=0.6)


def test_weights_are_recipe_settings() -> None:
    recipe = pytest.importorskip("rungwise.posttrain.settings").recipe
    assert recipe("tiny").reward == Weights()
    assert recipe("tiny", ["reward.process=0.2", "reward.length=0.1"]).reward == Weights(process=0.2, length=0.1)
    with pytest.raises(UserError, match="did you mean 'process'"):
        recipe("tiny", ["reward.proces=0.2"])
    with pytest.raises(UserError, match="process"):
        recipe("tiny", ["reward.process=2"])
    with pytest.raises(UserError, match="together"):
        recipe("tiny", ["reward.process=0.95"])
    with pytest.raises(UserError, match=r"reward\.format"):
        recipe("tiny", ["reward=0.2"])


PROCESS = Weights(format=0.1, process=0.4)
STEPS = "path: yes\nadjustment: C\nanswer: yes\n"
"""Three of ATE's six steps."""


def test_process_pays_for_right_steps_among_those_expected() -> None:
    assert reward(solution(ATE), ATE, "natural", PROCESS) == pytest.approx(1.0)
    assert reward(GUESS, ATE, "natural", PROCESS) == pytest.approx(0.1)
    assert reward(STEPS + GUESS, ATE, "natural", PROCESS) == pytest.approx(0.1 + 0.4 * 3 / 6)
    # The right answer without steps earns what format and process leave.
    assert reward(solution(ATE).rpartition("\n")[2], ATE, "natural", PROCESS) == pytest.approx(0.6)
    assert reward(solution(ATE).rpartition("\n")[0], ATE, "natural", PROCESS) == 0.0  # unparsed
    slots = solution_text(ATE, "slots")
    assert reward(slots, ATE, "slots", PROCESS) == pytest.approx(1.0)
    steps = slots.partition("{")[0]
    assert steps.count(";") == 4
    assert reward(steps + '{"PROB": "0"}', ATE, "slots", PROCESS) == pytest.approx(0.1 + 0.4 * 4 / 5)


@pytest.mark.parametrize(
    ("value", "answer", "share"),
    [
        ("0.32", "Yes", 1.0),
        ("0.3205", "Yes", 1.0),
        ("0.42", "Yes", 0.5),
        ("0.22", "Yes", 0.5),
        ("0.52", "Yes", 0.0),
        ("0.7", "Yes", 0.0),
        ("0.42", "No", 0.0),
        ("-0.32", "No", 0.0),
    ],
)
def test_tolerance_falls_linearly(value: str, answer: str, share: float) -> None:
    text = f'{{"ANSWER": "{answer}", "PROB": "{value}"}}'
    assert reward(text, ATE, "natural", Weights(tolerance=0.2)) == pytest.approx(0.1 + 0.9 * share)
    assert reward("LACK_CONDITION", ATE, "natural", Weights(tolerance=0.2)) == pytest.approx(0.1)


def test_tolerance_over_slots_looks_at_the_shown_numbers() -> None:
    slots = {fact.value: name for name, t in slot_table(ATE).items() for fact in ATE.facts if fact.term == t}
    unadjusted = over(f"{slots[0.82]}-{slots[0.33]}")  # 0.49 for 0.32
    assert reward(unadjusted, ATE, "slots", Weights(tolerance=0.5)) == pytest.approx(0.1 + 0.9 * (1 - 0.17 / 0.5))
    assert reward(over("0.32"), ATE, "slots", Weights(tolerance=0.5)) == pytest.approx(0.1)


def test_length_is_taken_off_in_proportion() -> None:
    weights = Weights(length=0.3)
    assert reward(GOOD, EFFECT, "natural", weights) == pytest.approx(1.0)
    assert reward(GOOD, EFFECT, "natural", weights, used=0.5) == pytest.approx(0.85)
    assert reward(GOOD, EFFECT, "natural", weights, used=3.0) == pytest.approx(0.7)
    assert reward(BAD, EFFECT, "natural", weights, used=1.0) == 0.0  # never below 0
    f = make_trl_reward("natural", weights, limit=8)
    found = f(
        completions=[GOOD, GOOD, BAD], problem=column(EFFECT, EFFECT, EFFECT), completion_ids=[[1] * 4, [1] * 8, []]
    )
    assert found == pytest.approx([0.85, 0.7, 0.1])
    with pytest.raises(UserError, match="limit"):
        make_trl_reward("natural", weights)
    with pytest.raises(UserError, match="completion_ids"):
        f(completions=[GOOD], problem=column(EFFECT))


@given(
    st.sampled_from(
        [solution(ATE), STEPS + GUESS, GUESS, "LACK_CONDITION", "", over("v1-v2"), solution_text(ATE, "slots")]
    ),
    st.sampled_from(VIEWS),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 2),
)
def test_always_from_0_to_1(
    text: str, view: str, form: float, process: float, length: float, tolerance: float, used: float
) -> None:
    weights = Weights(form, 0.99 * process * (1 - form), length, tolerance)
    assert 0 <= reward(text, ATE, view, weights, used) <= 1


def test_the_document_states_what_the_gaming_texts_earn() -> None:
    """Every row of the table in docs/rewards.md, on ATE above: view, weights, text, share of tokens used, reward."""
    slots = {fact.value: name for name, t in slot_table(ATE).items() for fact in ATE.facts if fact.term == t}
    named = {
        "LACK_CONDITION": ("natural", "LACK_CONDITION"),
        "the right steps, a guess": ("natural", STEPS + GUESS),
        "a guess near most values": ("natural", '{"ANSWER": "Yes", "PROB": "0.2"}'),
        "the unadjusted difference": ("slots", over(f"{slots[0.82]}-{slots[0.33]}")),
        "the worked solution": ("natural", solution(ATE)),
    }
    rows = re.findall(r"^\| ([^|]+) \| `([a-z=0-9., ]*)` \| ([0-9.]+) \| ([0-9.]+) \|$", DOCUMENT, re.MULTILINE)
    assert len(rows) >= 8
    assert {name for name, *_ in rows} == set(named)
    for name, options, used, earned in rows:
        weights = Weights(**{key: float(value) for key, value in re.findall(r"([a-z]+)=([0-9.]+)", options)})
        view, text = named[name]
        assert reward(text, ATE, view, weights, float(used)) == pytest.approx(float(earned), abs=5e-4), (name, options)


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
    f = make_trl_reward("slots", Weights(format=0.2))
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
    with pytest.raises(ValueError, match="zip"):
        f(completions=[GOOD, GOOD], problem=column(EFFECT))
