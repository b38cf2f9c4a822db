"""Texts the scorer must refuse (attacks) and texts a fair reader would count (honest), with the expected verdicts.

``python tests/scoring/corpus.py`` prints the counts that docs/scoring.md states.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

from rungwise.causal.estimand import term
from rungwise.causal.graph import DAG
from rungwise.problems.problem import LACK_CONDITION, Answer, Problem, Query, Variable
from rungwise.scoring.score import score

GRAPH = DAG.from_edges(3, [(0, 1), (2, 0), (2, 1)])
VARIABLES = (Variable("talent"), Variable("market demand"), Variable("rainfall"))


def make(task: str, value: float | None, answer: str | None, direction: str = "more") -> Problem:
    bound = "lower" if task in ("PN", "PS") else None
    query = Query(task, 0, 1, 1, 0, 1, bound=bound, direction=direction)
    return Problem(GRAPH, VARIABLES, query, (), Answer(value, answer))


EFFECT = make("ATE", 0.3847, "Yes")
NEGATIVE = make("ATE", -0.125, "No")
ETT = make("ETT", 0.3847, "No")
BOUND = make("PN", 0.239, None)
ZERO = make("ATE", 0.0, "No")
LACKING = make("ATE", None, LACK_CONDITION)
# The slots problems: (v1-v2)*v3+(v4-v5)*v6 adjusts for rainfall; v7-v8 is the unadjusted difference.
SLOTS = make("ATE", 0.44, "Yes")
SLOTS_LESS = make("ATE", 0.44, "No", direction="less")
SLOTS_ZERO = make("ATE", 0.0, "No")
SLOTS_NEAR_ZERO = make("ATE", 0.0003, "Yes")
SLOTS_LACKING = make("ATE", None, LACK_CONDITION, direction="less")

TABLE = {
    "v1": term({1: 1}, {0: 1, 2: 1}),
    "v2": term({1: 1}, {0: 0, 2: 1}),
    "v3": term({2: 1}),
    "v4": term({1: 1}, {0: 1, 2: 0}),
    "v5": term({1: 1}, {0: 0, 2: 0}),
    "v6": term({2: 0}),
    "v7": term({1: 1}, {0: 1}),
    "v8": term({1: 1}, {0: 0}),
}
SHOWN = ("0.8", "0.3", "0.4", "0.6", "0.2", "0.6", "0.64", "0.2")  # v7-v8 = 0.44 too: right by luck
FRESH = (
    ("0.7", "0.1", "0.3", "0.9", "0.5", "0.7", "0.85", "0.2"),
    ("0.2", "0.6", "0.8", "0.1", "0.4", "0.2", "0.15", "0.6"),
    ("0.5", "0.9", "0.5", "0.5", "0.1", "0.5", "0.6", "0.3"),
)


def numbers(row: tuple[str, ...]) -> dict[object, Fraction]:
    return {t: Fraction(x) for t, x in zip(TABLE.values(), row, strict=True)}


def adjusted(row: tuple[str, ...]) -> float:
    v1, v2, v3, v4, v5, v6, _, _ = map(Fraction, row)
    return float((v1 - v2) * v3 + (v4 - v5) * v6)


@contextmanager
def slots_without_models() -> Iterator[None]:
    """Stand-ins for the modules behind the slots view, so that the scorer is tested alone."""
    slots, fillings = ModuleType("rungwise.wording.slots"), ModuleType("rungwise.problems.fillings")
    slots.slot_table = lambda problem: TABLE  # type: ignore[attr-defined]
    slots.displayed = lambda problem: numbers(SHOWN)  # type: ignore[attr-defined]
    fillings.fillings = lambda problem: tuple(  # type: ignore[attr-defined]
        SimpleNamespace(numbers=numbers(row), value=0.0 if problem is SLOTS_ZERO else adjusted(row)) for row in FRESH
    )
    with patch.dict(sys.modules, {slots.__name__: slots, fillings.__name__: fillings}):
        yield


@dataclass(frozen=True)
class Case:
    """``code`` is the expected reason code, ``score`` the expected score; "attack" must have 0."""

    kind: str
    problem: Problem
    text: str
    code: str
    view: str = "natural"

    @property
    def score(self) -> int:
        return int(self.code == "right")


GOOD = '{"ANSWER": "Yes", "PROB": "0.3847"}'
BAD = '{"ANSWER": "No", "PROB": "-0.1250"}'
TEMPLATE = '{"ANSWER": "Yes", "PROB": "0.1234"}'
WAY = "(v1-v2)*v3+(v4-v5)*v6"


def prob(written: str, answer: str = '"Yes"') -> str:
    return f'{{"ANSWER": {answer}, "PROB": {written}}}'


def over(expression: str) -> str:
    return f'{{"PROB": "{expression}"}}'


ATTACKS = [
    # Nothing, or nothing in the right place.
    Case("attack", EFFECT, "", "empty"),
    Case("attack", EFFECT, " \n\t ", "empty"),
    Case("attack", EFFECT, "0.3847", "no_final_answer"),
    Case("attack", EFFECT, "Yes", "no_final_answer"),
    Case("attack", EFFECT, "The answer is yes, with probability 0.3847.", "no_final_answer"),
    Case("attack", EFFECT, "ANSWER: Yes, PROB: 0.3847", "no_final_answer"),
    Case("attack", EFFECT, "Yes or no, 0.3847 or -0.3847", "no_final_answer"),
    Case("attack", EFFECT, "0 1", "no_final_answer"),
    Case("attack", EFFECT, "{}", "no_final_answer"),
    Case("attack", EFFECT, '["Yes", 0.3847]', "no_final_answer"),
    Case("attack", EFFECT, '{"VALUE": "0.3847"}', "no_final_answer"),
    Case("attack", EFFECT, " ".join(f"0.{i:04d}" for i in range(10_000)), "no_final_answer"),
    # Reasoning is no answer.
    Case("attack", EFFECT, f"<think>{GOOD}</think>", "empty"),
    Case("attack", EFFECT, f"<think>{GOOD}", "cut_off"),
    Case("attack", EFFECT, f"{GOOD}<think>", "cut_off"),
    Case("attack", EFFECT, f"{GOOD}</think>", "empty"),
    Case("attack", EFFECT, f"{GOOD}</think>I don't know.", "no_final_answer"),
    Case("attack", EFFECT, f"<think>a</think>{GOOD}<think>wait", "cut_off"),
    Case("attack", EFFECT, f"<think>a</think>{GOOD}<think>wait</think>{BAD}", "wrong_value"),
    Case("attack", EFFECT, f"<think>a<think>b</think>c {BAD}", "wrong_value"),
    Case("attack", EFFECT, f"<think>{GOOD}</think>{TEMPLATE}", "wrong_value"),
    # Cut off.
    Case("attack", EFFECT, '{"ANSWER": "Yes", "PROB": "0.3847', "cut_off"),
    Case("attack", EFFECT, '{"ANSWER": "Yes", "PROB": "0.3847"', "cut_off"),
    Case("attack", EFFECT, '{"ANSWER": "Yes", ', "cut_off"),
    Case("attack", EFFECT, "So the answer is {", "cut_off"),
    Case("attack", EFFECT, GOOD + ' {"ANSWER": "No", "PRO', "cut_off"),
    Case("attack", EFFECT, GOOD + ' {"PR', "cut_off"),
    Case("attack", EFFECT, '{"results": [' + GOOD, "cut_off"),
    Case("attack", EFFECT, "{" * 100_000, "cut_off"),
    Case("attack", EFFECT, GOOD[1:], "cut_off"),
    # Several answers.
    Case("attack", EFFECT, f"{GOOD}\n{BAD}", "several_answers"),
    Case("attack", EFFECT, f"{BAD}\n{GOOD}", "several_answers"),
    Case("attack", EFFECT, f"{TEMPLATE}\n{GOOD}", "several_answers"),
    Case("attack", EFFECT, f"The format is {TEMPLATE}, so: {GOOD}", "several_answers"),
    Case("attack", EFFECT, GOOD + prob("0.3847", '"No"'), "several_answers"),
    Case("attack", EFFECT, GOOD + prob("0.3848"), "several_answers"),
    Case("attack", EFFECT, f'{GOOD} {{"PROB": "0.3847"}}', "several_answers"),
    Case("attack", EFFECT, f"[{GOOD}, {BAD}]", "several_answers"),
    Case("attack", EFFECT, f'{{"first": {GOOD}, "second": {BAD}}}', "several_answers"),
    Case("attack", EFFECT, "".join(over(f"0.{i:04d}") for i in range(10_000)), "several_answers"),
    Case("attack", EFFECT, '{"ANSWER": "Yes"} {"ANSWER": "No"} {"PROB": "0.3847"}', "several_answers"),
    Case("attack", EFFECT, '{"ANSWER": "Yes", "PROB": "0.3847", "PROB": "0.1"}', "several_answers"),
    Case("attack", EFFECT, '{"ANSWER": "Yes", "PROB": "0.1", "PROB": "0.3847"}', "several_answers"),
    Case("attack", EFFECT, '{"ANSWER": "No", "Answer": "Yes", "PROB": "0.3847"}', "several_answers"),
    Case("attack", EFFECT, f"{GOOD} {{'PROB': '0.1'}}", "several_answers"),
    Case("attack", EFFECT, GOOD + r" {\"PROB\": \"0.1\"}", "broken_json"),
    Case("attack", BOUND, over("0") + over("1"), "several_answers"),
    Case("attack", BOUND, over("0") + over("0.239") + over("1"), "several_answers"),
    Case("attack", SLOTS, over(WAY) + over("v7-v8"), "several_answers", "slots"),
    # Yes and no.
    Case("attack", EFFECT, prob("0.3847", '"Yes/No"'), "bad_answer"),
    Case("attack", EFFECT, prob("0.3847", '"Yes or No"'), "bad_answer"),
    Case("attack", EFFECT, prob("0.3847", '["Yes", "No"]'), "bad_type"),
    Case("attack", EFFECT, prob("0.3847", "true"), "bad_type"),
    Case("attack", EFFECT, prob("0.3847", '""'), "bad_answer"),
    Case("attack", EFFECT, prob("0.3847", "null"), "no_answer"),
    Case("attack", EFFECT, over("0.3847"), "no_answer"),
    Case("attack", EFFECT, '{"ANSWER": "Yes"}', "no_value"),
    Case("attack", EFFECT, '{"ANSWER": "Yes, 0.3847"}', "bad_answer"),
    Case("attack", EFFECT, '{"ANSWER": "0.3847"}', "bad_answer"),
    Case("attack", EFFECT, prob("0.3847", '"No"'), "wrong_answer"),
    Case("attack", ETT, GOOD, "wrong_answer"),
    # Not one number.
    Case("attack", EFFECT, prob('["0.3847", "0.1"]'), "bad_type"),
    Case("attack", EFFECT, prob('{"value": 0.3847}'), "cut_off"),
    Case("attack", EFFECT, prob("true"), "bad_type"),
    Case("attack", EFFECT, prob("null"), "no_value"),
    Case("attack", EFFECT, '{"PROB": null}', "no_final_answer"),
    Case("attack", EFFECT, prob('""'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847 or 0.1"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847, 0.1"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3 to 0.4"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847 0.1"'), "grammar"),
    Case("attack", EFFECT, prob('"[0.38, 0.39]"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847?"'), "grammar"),
    Case("attack", EFFECT, prob("NaN"), "grammar"),
    Case("attack", EFFECT, prob("-Infinity"), "grammar"),
    Case("attack", EFFECT, prob('"inf"'), "grammar"),
    Case("attack", EFFECT, prob("1e999"), "grammar"),
    Case("attack", EFFECT, prob('"1e-999999999"'), "grammar"),
    Case("attack", EFFECT, prob('"0x0.627"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3_847"'), "grammar"),
    Case("attack", EFFECT, prob('"٠.٣٨٤٧"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847²"'), "grammar"),
    Case("attack", EFFECT, prob('"3.847%"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847j"'), "grammar"),
    # Work for the evaluator.
    Case("attack", EFFECT, prob('"9**9**9"'), "grammar"),
    Case("attack", EFFECT, prob('"9^9^9"'), "grammar"),
    Case("attack", EFFECT, prob("\"__import__('os').system('true')\""), "grammar"),
    Case("attack", EFFECT, prob('"max.__class__"'), "grammar"),
    Case("attack", EFFECT, prob('"lambda: 0.3847"'), "grammar"),
    Case("attack", EFFECT, prob('"max(0.3847)"'), "grammar"),
    Case("attack", EFFECT, prob('"abs(-0.3847)"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847#"'), "grammar"),
    Case("attack", EFFECT, prob('"(0.3847"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847)"'), "grammar"),
    Case("attack", EFFECT, prob('"0.3847/0"'), "division_by_zero"),
    Case("attack", EFFECT, prob('"' + "(" * 60 + "0.3847" + ")" * 60 + '"'), "too_deep"),
    Case("attack", EFFECT, prob('"' + "(" * 4_000 + '"'), "too_long"),
    Case("attack", EFFECT, prob('"' + "+".join(["0.0001"] * 3_847) + '"'), "too_long"),
    Case("attack", EFFECT, prob("9" * 1_000_000), "too_long"),
    Case("attack", EFFECT, prob('"0.3847' + "0" * 100 + '"'), "too_many_digits"),
    Case("attack", EFFECT, prob('"' + "*".join(["9" * 30] * 100) + '"'), "too_big"),
    Case("attack", EFFECT, prob('"' + "9" * 20 + '"'), "too_big"),
    Case("attack", EFFECT, prob("[" * 5_000), "too_long"),
    Case("attack", EFFECT, prob('"v1-v2"'), "unknown_slot"),
    # Near, but wrong.
    Case("attack", EFFECT, prob('"0.3853"'), "wrong_value"),
    Case("attack", EFFECT, prob('"0.385201"'), "wrong_value"),
    Case("attack", EFFECT, prob('"-0.3847"'), "wrong_value"),
    Case("attack", EFFECT, prob('"38.47"'), "wrong_value"),
    Case("attack", EFFECT, prob("1"), "wrong_value"),
    Case("attack", EFFECT, TEMPLATE, "wrong_value"),
    Case("attack", ZERO, prob('"0.0000"'), "wrong_answer"),
    Case("attack", BOUND, over("0.2384"), "wrong_value"),
    # LACK_CONDITION.
    Case("attack", EFFECT, "LACK_CONDITION", "wrong_lack"),
    Case("attack", EFFECT, f"LACK_CONDITION\n{GOOD}", "several_answers"),
    Case("attack", EFFECT, f"If facts are missing LACK_CONDITION, else {GOOD}", "several_answers"),
    Case("attack", EFFECT, prob('"0.3847"', '"LACK_CONDITION"'), "bad_answer"),
    Case("attack", LACKING, f"LACK_CONDITION\n{GOOD}", "several_answers"),
    Case("attack", LACKING, f'{{"ANSWER": "LACK_CONDITION"}} {GOOD}', "several_answers"),
    Case("attack", LACKING, prob('"LACK_CONDITION"'), "several_answers"),
    Case("attack", LACKING, "Yes or LACK_CONDITION", "mentioned_only"),
    Case("attack", LACKING, "The answer is not LACK_CONDITION.", "mentioned_only"),
    Case("attack", LACKING, "LACK_CONDITION?", "mentioned_only"),
    Case("attack", LACKING, "0.3 LACK_CONDITION", "mentioned_only"),
    Case("attack", LACKING, "NO_LACK_CONDITION", "no_final_answer"),
    Case("attack", LACKING, "LACK_COND", "no_final_answer"),
    Case("attack", LACKING, "<think>LACK_CONDITION</think>", "empty"),
    Case("attack", LACKING, "<think>LACK_CONDITION", "cut_off"),
    Case("attack", LACKING, r"\boxed{LACK_CONDITION", "cut_off"),
    Case("attack", LACKING, prob("0", '"No"'), "wrong_value"),
    Case("attack", LACKING, '{"ANSWER": "No"}', "no_value"),
    # The slots view: numbers cannot be seen there, and luck does not pay.
    Case("attack", SLOTS, over("0.44"), "number_for_slots", "slots"),
    Case("attack", SLOTS, over("0.5-0.06"), "number_for_slots", "slots"),
    Case("attack", SLOTS, over("0.44+0*v1"), "shown_only", "slots"),
    Case("attack", SLOTS, over("v7-v8"), "shown_only", "slots"),
    Case("attack", SLOTS, over("v7-v8+0/(v1-0.7)"), "shown_only", "slots"),
    Case("attack", SLOTS, over("v8-v7"), "wrong_value", "slots"),
    Case("attack", SLOTS, over(WAY + "+v9"), "unknown_slot", "slots"),
    Case("attack", SLOTS, over("v1 v2"), "grammar", "slots"),
    Case("attack", SLOTS, over("v1/(v3-v3)"), "division_by_zero", "slots"),
    Case("attack", SLOTS, over("0"), "wrong_value", "slots"),
    Case("attack", SLOTS, '{"ANSWER": "Yes"}', "no_value", "slots"),
    Case("attack", SLOTS, "LACK_CONDITION", "wrong_lack", "slots"),
    Case("attack", SLOTS_NEAR_ZERO, over("0"), "shown_only", "slots"),
    Case("attack", SLOTS_NEAR_ZERO, over("v3-v3"), "shown_only", "slots"),
    Case("attack", SLOTS_LACKING, over(WAY), "wrong_value", "slots"),
]

HONEST = [
    Case("honest", EFFECT, GOOD, "right"),
    Case("honest", EFFECT, f"<think>Adjust for rainfall.</think>\n\n{GOOD}", "right"),
    Case("honest", EFFECT, f"Adjust for rainfall: 0.1234.</think>\n{GOOD}", "right"),
    Case("honest", EFFECT, f"<think>{BAD} or {GOOD}?</think>{GOOD}", "right"),
    Case("honest", EFFECT, f"<think>a</think>b<think>c</think>{GOOD}", "right"),
    Case("honest", EFFECT, f"{GOOD}\n{GOOD}", "right"),
    Case("honest", EFFECT, GOOD + "\n\nFinal:\n" + prob("0.38470", '"yes"'), "right"),
    Case("honest", EFFECT, '{"PROB": "0.3847", "ANSWER": "Yes"}', "right"),
    Case("honest", EFFECT, '{"ANSWER":"Yes","PROB":"0.3847"}', "right"),
    Case("honest", EFFECT, '{\n  "ANSWER" : "Yes",\n  "PROB" : "0.3847"\n}', "right"),
    Case("honest", EFFECT, '{ "ANSWER": " Yes ", "PROB": " 0.3847 " }', "right"),
    Case("honest", EFFECT, prob("0.3847"), "right"),
    Case("honest", EFFECT, prob('"0.3847"', '"yes"'), "right"),
    Case("honest", EFFECT, prob('"0.3847"', '"YES"'), "right"),
    Case("honest", EFFECT, '{"answer": "Yes", "prob": "0.3847"}', "right"),
    Case("honest", EFFECT, '{"Answer": "Yes", "Prob": 0.3847}', "right"),
    Case("honest", EFFECT, prob('"0.385"'), "right"),
    Case("honest", EFFECT, prob('"0.384712"'), "right"),
    Case("honest", EFFECT, prob('"0.3852"'), "right"),
    Case("honest", EFFECT, prob('"0.3842"'), "right"),
    Case("honest", EFFECT, prob('"+0.3847"'), "right"),
    Case("honest", EFFECT, prob('".3847"'), "right"),
    Case("honest", EFFECT, prob('"00.3847"'), "right"),
    Case("honest", EFFECT, prob('"0.4358-0.0511"'), "right"),
    Case("honest", EFFECT, prob('"(0.8 - 0.3) * 0.4 + (0.6 - 0.2) * 0.46175"'), "right"),
    Case("honest", EFFECT, prob('"0.4358 − 0.0511"'), "right"),
    Case("honest", EFFECT, prob('"3.847 ÷ 10"'), "right"),
    Case("honest", EFFECT, prob('"0.7694 × 0.5"'), "right"),
    Case("honest", EFFECT, f"```json\n{GOOD}\n```", "right"),
    Case("honest", EFFECT, f"```\n{GOOD}", "right"),
    Case("honest", EFFECT, f"**Final answer**: {GOOD}.", "right"),
    Case("honest", EFFECT, f"{GOOD}\nThe effect is positive; no confounder is left.", "right"),
    Case("honest", EFFECT, f"No path is open, so yes:\n{GOOD}<|im_end|>", "right"),
    Case("honest", EFFECT, rf"\boxed{{{GOOD}}}", "right"),
    Case("honest", EFFECT, r"\[ \boxed{\{\text{ }\}} \] \{" + GOOD[1:-1] + r"\}", "right"),
    Case("honest", EFFECT, r"\min\{1, 1.5\} = 1, \frac{1}{2}, \left\{ a \right. so " + GOOD, "right"),
    Case("honest", EFFECT, f'{{"result": {GOOD}}}', "right"),
    Case("honest", EFFECT, f"[{GOOD}]", "right"),
    Case("honest", EFFECT, '{"ANSWER": "Yes", "PROB": "0.3847", "WHY": ["P(Y|X)", null, 3]}', "right"),
    Case("honest", EFFECT, "{'ANSWER': 'Yes', 'PROB': '0.3847'}", "right"),
    Case("honest", EFFECT, "{“ANSWER”: “Yes”, “PROB”: “0.3847”}", "right"),
    Case("honest", NEGATIVE, prob('"-0.1250"', '"No"'), "right"),
    Case("honest", NEGATIVE, prob("-0.125", '"No"'), "right"),
    Case("honest", NEGATIVE, prob('"−0.125"', '"No"'), "right"),
    Case("honest", NEGATIVE, prob('"- 0.125"', '"no"'), "right"),
    Case("honest", ETT, prob('"0.3847"', '"No"'), "right"),
    Case("honest", ZERO, prob('"0.0000"', '"No"'), "right"),
    Case("honest", ZERO, prob("-0.0", '"No"'), "right"),
    Case("honest", ZERO, prob("0", '"No"'), "right"),
    Case("honest", BOUND, '{"PROB": "0.239"}', "right"),
    Case("honest", BOUND, '{"PROB": 0.2390}', "right"),
    Case("honest", BOUND, '{"PROB": "max(0, (0.7066-0.5536)/0.6401)"}', "right"),
    Case("honest", BOUND, '{"ANSWER": null, "PROB": "0.2390"}', "right"),
    Case("honest", BOUND, prob('"0.2390"'), "right"),
    Case("honest", LACKING, "LACK_CONDITION", "right"),
    Case("honest", LACKING, '"LACK_CONDITION"', "right"),
    Case("honest", LACKING, "**LACK_CONDITION**", "right"),
    Case("honest", LACKING, "Final answer: LACK_CONDITION.", "right"),
    Case("honest", LACKING, "So the answer is LACK_CONDITION", "right"),
    Case("honest", LACKING, r"\boxed{\text{LACK\_CONDITION}}", "right"),
    Case("honest", LACKING, "```\nLACK_CONDITION\n```", "right"),
    Case("honest", LACKING, "P(rainfall) is not given.\n\nLACK_CONDITION\n", "right"),
    Case("honest", LACKING, "One might say LACK_CONDITION here, and rightly:\nLACK_CONDITION", "right"),
    Case("honest", LACKING, "<think>Yes, 0.3?</think>LACK_CONDITION", "right"),
    Case("honest", LACKING, '{"ANSWER": "LACK_CONDITION"}', "right"),
    Case("honest", LACKING, '{"PROB": "LACK_CONDITION"}', "right"),
    Case("honest", LACKING, '{"ANSWER": "LACK_CONDITION", "PROB": null}', "right"),
    Case("honest", LACKING, '{"ANSWER": "LACK_CONDITION", "PROB": "LACK_CONDITION"}', "right"),
    Case("honest", SLOTS, over(WAY), "right", "slots"),
    Case("honest", SLOTS, f"path:yes;adjust:C;{over(WAY)}", "right", "slots"),
    Case("honest", SLOTS, over("(v1-v2)*v3 + (v4-v5)*(1-v3)"), "right", "slots"),
    Case("honest", SLOTS, over("(v4 - v5)·v6 + v3×(v1 − v2)"), "right", "slots"),
    Case("honest", SLOTS, over("max(v1-v2,v1-v2)*v3-(v5-v4)*v6"), "right", "slots"),
    Case("honest", SLOTS, over(WAY) + over(f" {WAY} "), "right", "slots"),
    Case("honest", SLOTS, f'{{"ANSWER": "No", "PROB": "{WAY}"}}', "right", "slots"),
    Case("honest", SLOTS_LESS, over(WAY), "right", "slots"),
    Case("honest", SLOTS_ZERO, over("0"), "right", "slots"),
    Case("honest", SLOTS_ZERO, '{"PROB": 0.0}', "right", "slots"),
    Case("honest", SLOTS_LACKING, "path:yes;LACK_CONDITION", "right", "slots"),
    # Refused on purpose; docs/scoring.md says why.
    Case("honest", EFFECT, prob('"3.847e-1"'), "grammar"),
    Case("honest", EFFECT, prob('"38.47%"'), "grammar"),
    Case("honest", EFFECT, prob('"0,3847"'), "grammar"),
    Case("honest", EFFECT, prob('"0.3847 (rounded)"'), "grammar"),
    Case("honest", EFFECT, prob('"≈0.3847"'), "grammar"),
    Case("honest", EFFECT, prob('"０.３８４７"'), "grammar"),
    Case("honest", EFFECT, prob('"0.3847"', '"Yes."'), "bad_answer"),
    Case("honest", EFFECT, '{"ANSWER": "Yes", "PROB": "0.3847",}', "broken_json"),
    Case("honest", EFFECT, prob("0.4358-0.0511"), "broken_json"),
    Case("honest", EFFECT, "{ANSWER: Yes, PROB: 0.3847}", "no_final_answer"),
    Case("honest", EFFECT, r"{\"ANSWER\": \"Yes\", \"PROB\": \"0.3847\"}", "broken_json"),
    Case("honest", EFFECT, '{"ANSWER": "Yes"}\n{"PROB": "0.3847"}', "several_answers"),
    Case("honest", EFFECT, f"Format: {TEMPLATE}. Mine: {GOOD}", "several_answers"),
    Case("honest", EFFECT, prob('"0.4358-0.0511"') + GOOD, "several_answers"),
    Case("honest", EFFECT, '{"WHY": "the set {C}", "ANSWER": "Yes", "PROB": "0.3847"}', "cut_off"),
    Case("honest", EFFECT, f"All facts are there, so not LACK_CONDITION: {GOOD}", "several_answers"),
    Case("honest", BOUND, r"\boxed{0.2390}", "no_final_answer"),
    Case("honest", LACKING, "P(C) is missing, so I answer LACK_CONDITION.", "mentioned_only"),
    Case("honest", LACKING, "The condition is not enough to solve the question.", "no_final_answer"),
]

CASES = ATTACKS + HONEST


def counts() -> dict[str, int]:
    """Cases of each kind, and how many of them the scorer judges against a fair reader."""
    with slots_without_models():
        paid = {id(case): score(case.text, case.problem, case.view).score for case in CASES}
    return {
        "attacks": len(ATTACKS),
        "false positives": sum(paid[id(case)] for case in ATTACKS),
        "honest variants": len(HONEST),
        "false negatives": sum(1 - paid[id(case)] for case in HONEST),
    }


if __name__ == "__main__":
    for name, count in counts().items():
        print(f"{name}: {count}")
