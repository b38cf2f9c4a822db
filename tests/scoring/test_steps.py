"""Each written step is checked on the graph or by evaluation; what can't be found is missing, never wrong."""

from __future__ import annotations

import random
import time

import pytest
from written_problems import CONFOUNDED, MEDIATED, NUMBERS, asked, solution

from rungwise.causal.estimand import term
from rungwise.errors import UserError
from rungwise.problems.problem import Problem
from rungwise.scoring.score import VIEWS
from rungwise.scoring.steps import StepCheck, check_steps
from rungwise.suites.items import generate
from rungwise.wording.answers import solution_text
from rungwise.wording.slots import slot_table

MEGABYTE = 1_000_000
ATE = asked("ATE", CONFOUNDED)
NDE = asked("NDE", MEDIATED)
ANSWER = '{"ANSWER": "Yes", "PROB": "0.3200"}'
LINES = {
    "path": "directed path from A to B: yes",
    "adjustment": "C",
    "estimand": "ATE = (P(B=1|A=1,C=0)-P(B=1|A=0,C=0))*P(C=0)+(P(B=1|A=1,C=1)-P(B=1|A=0,C=1))*P(C=1)",
    "substitution": "(0.5000-0.3000)*0.6000+(0.9000-0.4000)*0.4000",
    "arithmetic": "0.3200",
    "answer": "B=1 more likely: Yes",
}


def written(**changed: str | None) -> str:
    lines = {**LINES, **changed}
    return "\n".join([*[f"{kind}: {said}" for kind, said in lines.items() if said is not None], ANSWER])


def statuses(text: str, problem: Problem = ATE, view: str = "natural") -> dict[str, str]:
    return {check.kind: check.status for check in check_steps(text, problem, view)}


def test_the_reference_by_hand() -> None:
    assert solution(ATE) == written()
    found = check_steps(written(), ATE)
    assert found == tuple(StepCheck(kind, "right", said, said) for kind, said in LINES.items())


def test_every_step_of_every_kind_of_problem_is_checked() -> None:
    seen = set()
    for view in VIEWS:
        for item in (*generate("base", 14, 3, view), *generate("insufficient", 14, 3, view)):
            checks = check_steps(solution_text(item.problem, view), item.problem, view)
            assert {check.status for check in checks} == {"right"}, (item.problem.id, view, checks)
            seen |= {check.kind for check in checks}
    lines = {*LINES, "mediators", "missing"}
    assert seen == lines | {"path", "edge", "between", "parents", "adjust", "find", "expression"}


@pytest.mark.parametrize(
    ("kind", "said", "status"),
    [
        ("path", "no", "wrong"),
        ("path", "A -> B, **Yes**.", "right"),
        ("path", "there is one", "missing"),
        ("adjustment", "{c}", "right"),
        ("adjustment", "Z = {C} (a common cause)", "right"),
        ("adjustment", "we adjust for the region", "right"),
        ("adjustment", "none", "wrong"),
        ("adjustment", "∅", "wrong"),
        ("adjustment", "A, C", "wrong"),
        ("adjustment", "C or none", "missing"),
        ("adjustment", "by intuition", "missing"),
        ("estimand", "P(C=1)*(P(B=1|C=1, A=1)-P(B=1|A=0,C=1)) + (1-P(C=1))*(P(B=1|A=1,C=0)-P(B=1|A=0,C=0))", "right"),
        ("estimand", "sum over c of P(B=1|A=1,C=c)P(C=c)", "missing"),
        ("estimand", "P(B=1|A=1)-P(B=1|A=0)", "wrong"),
        ("estimand", "P(B=high|A=yes,C=0)-P(A=1)", "wrong"),
        ("substitution", "ATE = 0.2*0.6 + 0.5*0.4 = 0.12 + 0.2 = 0.32", "right"),
        ("substitution", "0.82-0.33", "wrong"),
        ("substitution", "1/(0.3-0.3)", "wrong"),
        ("substitution", "0.32", "missing"),
        ("substitution", "__import__('os')", "missing"),
        ("arithmetic", "0.12 + 0.2 = 0.3204", "right"),
        ("arithmetic", "about 0.32", "right"),
        ("arithmetic", "0.4900", "wrong"),
        ("arithmetic", "-0.3200", "wrong"),
        ("arithmetic", "between 0.3 and 0.4", "missing"),
        ("answer", "No", "wrong"),
        ("answer", "yes", "right"),
    ],
)
def test_one_step_in_other_words(kind: str, said: str, status: str) -> None:
    assert statuses(written(**{kind: said})) == {**dict.fromkeys(LINES, "right"), kind: status}


@pytest.mark.parametrize("kind", LINES)
def test_a_step_left_out_is_missing(kind: str) -> None:
    checks = {check.kind: check for check in check_steps(written(**{kind: None}), ATE)}
    assert checks[kind] == StepCheck(kind, "missing", None, LINES[kind])
    assert {check.status for name, check in checks.items() if name != kind} == {"right"}


def test_marks_numbers_and_case_around_the_kinds() -> None:
    dressed = "\n".join(f"  {i + 1}. **{kind.upper()}:** {said}" for i, (kind, said) in enumerate(LINES.items()))
    assert set(statuses(f"Let me think.\n{dressed}\nSo:\n{ANSWER}").values()) == {"right"}
    bullets = "\n".join(f"- {kind.capitalize()} : {said}" for kind, said in LINES.items())
    assert set(statuses(f"{bullets}\n{ANSWER}").values()) == {"right"}


def test_the_last_block_before_the_answer_counts() -> None:
    bad = written(adjustment="none", arithmetic="0.4900").rpartition("\n")[0]
    good = written().rpartition("\n")[0]
    assert set(statuses(f"{bad}\n\nWait.\n{good}\n{ANSWER}").values()) == {"right"}
    assert statuses(f"{good}\n{bad}\n{ANSWER}")["adjustment"] == "wrong"
    assert set(statuses(f"{good}\n{ANSWER}\n{bad}").values()) == {"right"}  # after the answer nothing counts


def test_reasoning_counts_and_an_answer_inside_it_does_not_end_the_steps() -> None:
    body = written().rpartition("\n")[0]
    assert set(statuses(f"<think>\n{body}\n</think>\n{ANSWER}").values()) == {"right"}
    first, _, rest = body.partition("\nestimand")
    assert set(statuses(f"<think>{first}\n{ANSWER}\nestimand{rest}\n</think>{ANSWER}").values()) == {"right"}


def test_another_valid_set_is_right_where_its_facts_are_displayed() -> None:
    # C -> D -> A and C -> B: C or D blocks the back door.
    from rungwise.causal.graph import DAG
    from rungwise.problems.problem import Fact, Query, Variable
    from rungwise.problems.solve import solve

    d = 3
    graph = DAG.from_edges(4, [(0, 1), (2, 3), (3, 0), (2, 1)])
    facts = [Fact(t, value) for t, value in NUMBERS.items()]
    more = {
        term({1: 1}, {0: 1, d: 0}): 0.6,
        term({1: 1}, {0: 0, d: 0}): 0.2,
        term({1: 1}, {0: 1, d: 1}): 0.5,
        term({1: 1}, {0: 0, d: 1}): 0.26,
        term({d: 0}): 0.5,
        term({d: 1}): 0.5,
    }  # adjusted for D: 0.4*0.5+0.24*0.5 = 0.32 as well
    both = (*facts, *(Fact(t, value) for t, value in more.items()))
    query = Query("ATE", 0, 1, 1, 0, 1)
    variables = (*ATE.variables, Variable("Rain"))
    problem = solve(Problem(graph, variables, query, both)).problem
    by_d = {
        "adjustment": "D",
        "estimand": "(P(B=1|A=1,D=0)-P(B=1|A=0,D=0))*P(D=0)+(P(B=1|A=1,D=1)-P(B=1|A=0,D=1))*P(D=1)",
        "substitution": "(0.6-0.2)*0.5+(0.5-0.26)*0.5",
    }
    assert set(statuses(written(**by_d), problem).values()) == {"right"}
    without = solve(Problem(graph, variables, query, tuple(facts))).problem
    assert statuses(written(**by_d), without)["adjustment"] == "wrong"  # valid, but P(B|A,D) is not displayed
    assert statuses(written(**by_d), without)["estimand"] == "wrong"

    slots = {t: name for name, t in slot_table(problem).items()}
    start = slots[next(t for t in slots if any(v == d for v, _ in t.target + t.given))]
    way = [slots[t] for t in more]
    expression = f"({way[0]}-{way[1]})*{way[4]}+({way[2]}-{way[3]})*{way[5]}"
    text = f'path AB:yes;parents A:D;adjust:D;find D:{start};{{"PROB": "{expression}"}}'
    found = statuses(text, problem, "slots")
    assert [found[kind] for kind in ("path", "parents", "adjust", "find")] == ["right"] * 4


def test_slots_by_hand() -> None:
    reference = solution_text(NDE, "slots")
    assert reference.startswith("edge AB:yes;between AB:C;parents A:none;adjust:none;find C:v")
    kinds = ["edge", "between", "parents", "adjust", "find", "expression"]
    assert statuses(reference, NDE, "slots") == dict.fromkeys(kinds, "right")
    for old, new, kind, status in [
        ("edge AB:yes", "edge AB:no", "edge", "wrong"),
        ("edge AB:yes", "edge BA:yes", "edge", "wrong"),
        ("edge AB:yes", "path AB:yes", "edge", "missing"),
        ("between AB:C", "between AB:none", "between", "wrong"),
        ("between AB:C", "between AB:?", "between", "missing"),
        ("parents A:none", "parents A:C", "parents", "wrong"),
        ("parents A:none", "parents C:none", "parents", "missing"),
        ("adjust:none", "adjust:C", "adjust", "wrong"),
        ("find C:v", "find C:v9", "find", "wrong"),
        ('{"PROB"', '{"PROB" ', "expression", "right"),
    ]:
        assert old in reference
        found = statuses(reference.replace(old, new), NDE, "slots")
        assert found == {**dict.fromkeys(kinds, "right"), kind: status}, new
    steps = reference.partition("{")[0]
    assert statuses(steps + '{"PROB": "v1-v2"}', NDE, "slots")["expression"] == "wrong"
    assert statuses(steps + '{"PROB": "v1-', NDE, "slots")["expression"] == "missing"
    # The last of two counts; sets have no order.
    assert statuses("edge AB:no;" + reference, NDE, "slots")["edge"] == "right"


def test_a_zero_by_structure_needs_no_adjustment() -> None:
    zero = asked("ATE", [(2, 0), (2, 1)])
    assert solution(zero).startswith("path: directed path from A to B: no\narithmetic: 0.0000\n")
    found = statuses(written(), zero)  # adjusting for C is valid, but there is no path
    assert found == {"path": "wrong", "arithmetic": "wrong", "answer": "wrong"}
    text = solution_text(ATE, "slots")
    assert statuses(text, zero, "slots") == {"path": "wrong", "expression": "wrong"}


def test_what_is_lacking() -> None:
    lacking = asked("ATE", CONFOUNDED, without=(term({2: 0}), term({2: 1})))
    assert lacking.truth is not None
    assert lacking.truth.value is None
    assert statuses("LACK_CONDITION", lacking) == {"answer": "missing"}
    for item in generate("insufficient", 14, 5, "natural"):
        if item.problem.truth is None or item.problem.truth.value is not None:
            continue
        reference = solution(item.problem)
        assert "\nmissing: " in reference
        kinds = [check.kind for check in check_steps(reference, item.problem)]
        assert kinds[-3:] == ["estimand", "missing", "answer"]
        other = reference.replace("\nmissing: P(", "\nmissing: P(A=9), P(")
        assert statuses(other, item.problem)["missing"] == "missing"
        line = next(line for line in reference.splitlines() if line.startswith("estimand: "))
        changed = statuses(reference.replace(line, f"{line}+1"), item.problem)
        assert changed["estimand"] == "wrong"
        assert changed["missing"] == "right"


def test_user_errors() -> None:
    with pytest.raises(UserError, match="unknown view"):
        check_steps("", ATE, "english")
    with pytest.raises(UserError, match="no truth"):
        check_steps("", ATE.with_(truth=None))


@pytest.mark.parametrize(
    "text",
    [
        "{" * MEGABYTE,
        "{a" * (MEGABYTE // 2),
        "adjustment: C\n" * (MEGABYTE // 14),
        "estimand: " + "P(" * (MEGABYTE // 2),
        "estimand: " + "P(B=1|A=1)+" * (MEGABYTE // 11),
        "substitution: " + "(" * MEGABYTE,
        "substitution: " + "9*" * (MEGABYTE // 2) + "9",
        "arithmetic: " + "=1" * (MEGABYTE // 2),
        "adjustment: " + "a" * MEGABYTE,
        "path: " + "yes no " * (MEGABYTE // 7),
        " " * MEGABYTE + "path: yes",
        "path " * (MEGABYTE // 5) + ":",
        "path:" * (MEGABYTE // 5),
        "*" * MEGABYTE,
        "\n" * MEGABYTE,
        "1.\n" * (MEGABYTE // 3),
        "parents ABC:" * (MEGABYTE // 12),
        "LACK_CONDITION " * (MEGABYTE // 15),
        "</think>" * (MEGABYTE // 8),
        '{"PROB": "1"}' * (MEGABYTE // 13),
    ],
    ids=lambda text: text[:14],
)
def test_a_megabyte_of_anything_is_read_in_bounded_time(text: str) -> None:
    for view in ("natural", "slots"):
        start = time.process_time()
        assert check_steps(text, ATE, view)
        assert time.process_time() - start < 2.0


def test_any_text_has_all_steps_and_none_is_right_by_accident() -> None:
    dice = random.Random(1)
    alphabet = "ABC=|P():,.+-*/01 \n{}v" + "\u2212\u2248"
    pieces = [*LINES, *LINES.values(), "v1", "none", "yes"]
    for _ in range(300):
        parts = [dice.choice(pieces) if dice.random() < 0.3 else dice.choice(alphabet) for _ in range(60)]
        text = "".join(parts)
        for view in VIEWS:
            for check in check_steps(text, NDE, view):
                assert check.status in ("right", "wrong", "missing")
                assert (check.said is None) == (check.status == "missing")
