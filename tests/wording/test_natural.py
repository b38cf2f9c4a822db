from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from rungwise.causal.estimand import term
from rungwise.causal.graph import DAG
from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Fact, Problem, Query, Variable
from rungwise.problems.tasks import POINT_TASKS
from rungwise.wording import natural
from rungwise.wording.reader import Unread, read

from .strategies import problems

HARVEST = Problem(
    graph=DAG.from_edges(4, [(0, 1), (1, 2), (0, 2)]),
    variables=(
        Variable("soil moisture", ("dry", "wet")),
        Variable("bee activity", ("weak", "strong")),
        Variable("the harvest", ("poor", "fair", "rich")),
        Variable("noise", ("faint", "loud")),
    ),
    query=Query("CDE", 0, 2, x=1, x_ref=0, y=2, held=((1, 0),), direction="less"),
    facts=(Fact(term({2: 2}, {0: 1, 1: 0}), 0.25), Fact(term({0: 1, 1: 1}), 0.1234)),
)


def test_the_whole_text() -> None:
    assert natural.text(HARVEST) == (
        "Input Info: A small world is described in full: it holds the events below and nothing else, and every direct "
        "cause is stated. The events: soil moisture, which can be dry (0) or wet (1); bee activity, which can be weak "
        "(0) or strong (1); the harvest, which can be poor (0), fair (1) or rich (2); noise, which can be faint (0) or "
        "loud (1). The direct causes: soil moisture directly affects bee activity; soil moisture directly affects the "
        "harvest; bee activity directly affects the harvest.\n"
        "When soil moisture is wet and bee activity is weak, the chance that the harvest is rich is 0.2500. "
        "The chance that soil moisture is wet and bee activity is strong is 0.1234.\n"
        "Instruction: Work out the controlled direct effect (CDE) of soil moisture on the harvest.\n"
        "Question: Hold it fixed that bee activity is weak. If soil moisture were set to wet rather than dry, would "
        "the harvest be less likely to be rich?\n"
        "If the facts and the graph do not determine the value, the whole answer is LACK_CONDITION.\n"
        "Give the value as a number with four decimals or as an arithmetic expression, and whether the answer is yes "
        'or no, in JSON like {"ANSWER": "Yes", "PROB": "0.1234"}:'
    )


def test_bounds_are_asked_for_without_an_answer() -> None:
    text = natural.text(HARVEST.with_(query=Query("PN", 1, 0, x=0, x_ref=1, y=0, bound="upper")))
    assert "was strong and soil moisture was wet. What is the upper bound on the probability that" in text
    assert text.endswith('{"PROB": "0.1234"}:')
    assert "ANSWER" not in text
    assert "LACK_CONDITION" in text


def test_no_edges_and_no_facts() -> None:
    alone = HARVEST.with_(graph=DAG((0, 0, 0, 0)), facts=())
    assert "No event directly affects another.\n\nInstruction:" in natural.text(alone)
    assert read(natural.text(alone)) == alone


@pytest.mark.parametrize("kind", ["real", "nonsense", "hard"])
@pytest.mark.parametrize("task", TASKS)
def test_reading_returns_the_very_problem(task: str, kind: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(problems(task, kind))
    def check(problem: Problem) -> None:
        assert read(natural.text(problem)) == problem

    check()


@settings(max_examples=50, deadline=None)
@given(problems(points=True))
def test_points_are_read_back(problem: Problem) -> None:
    assert read(natural.text(problem)) == problem


POINT = HARVEST.with_(query=Query("PNS", 0, 1, x=1, x_ref=0, y=1, bound="point"))
STATEMENT = (
    "There is no case in which bee activity would be strong with soil moisture set to dry but weak with soil moisture "
    "set to wet.\n"
)


def test_a_point_is_asked_for_where_the_treatment_never_lowers_the_outcome() -> None:
    text = natural.text(POINT)
    assert f"\n{STATEMENT}When soil moisture" in text
    assert "the probability of necessity and sufficiency (PNS) of soil moisture on bee activity.\n" in text
    assert (
        "Question: What is the probability that bee activity would be strong if soil moisture were set to wet and "
        "would be weak if soil moisture were set to dry?\n" in text
    )
    assert "bound" not in text
    for seen, task in ((1, "PN"), (0, "PS")):
        asked = Query(task, 0, 1, x=1 - seen, x_ref=seen, y=1 - seen, bound="point")
        text = natural.text(POINT.with_(query=asked))
        assert "What is the probability that, had soil moisture been" in text
        assert read(re.sub("Instruction: .*\n", "", text)).query == asked


@pytest.mark.parametrize("task", POINT_TASKS)
def test_a_point_needs_the_statement(task: str) -> None:
    text = natural.text(POINT.with_(query=Query(task, 0, 1, x=1, x_ref=0, y=1, bound="point")))
    for changed in (text.replace(STATEMENT, ""), text.replace("set to dry but weak", "set to dry but strong")):
        with pytest.raises(Unread):
            read(changed)
    before, after = (
        "be strong with soil moisture set to dry but weak",
        "be weak with soil moisture set to dry but strong",
    )
    with pytest.raises(Unread, match="never lowering its outcome"):
        read(text.replace(before, after))


def test_a_bound_is_not_asked_for_with_the_statement() -> None:
    text = natural.text(POINT.with_(query=Query("PN", 0, 1, x=0, x_ref=1, y=0, bound="lower")))
    with pytest.raises(Unread):
        read(text.replace("\nWhen", f"\n{STATEMENT}When", 1))


@settings(max_examples=50, deadline=None)
@given(problems())
def test_annotated_texts_are_read_back(problem: Problem) -> None:
    text = natural.text(problem.with_(meta={"annotated": True}))
    again = read(text)
    assert again == problem
    assert natural.text(again) == text


def test_annotated_labels_carry_letter_and_value() -> None:
    text = natural.text(HARVEST.with_(meta={"annotated": True, "letters": ["S", "B", "Y", "N"]}))
    assert (
        "When soil moisture is wet (S=1) and bee activity is weak (B=0), the chance that the harvest is rich (Y=2) is"
        in text
    )
    assert (
        "Hold it fixed that bee activity is weak (B=0). If soil moisture were set to wet (S=1) rather than dry (S=0)"
        in text
    )
    assert read(text).letters == ("S", "B", "Y", "A")
    assert read(text.replace(" (S=1)", "")) == HARVEST
    for old, new in (("wet (S=1)", "wet (S=0)"), ("weak (B=0)", "weak (S=0)"), ("wet (S=1)", "wet (T=1)")):
        for start in (text.index(old), text.rindex(old)):
            with pytest.raises(Unread):
                read(text[:start] + new + text[start + len(old) :])


def test_not_the_value_that_was_seen_must_be_the_one_asked_about() -> None:
    text = natural.text(HARVEST.with_(query=Query("PN", 0, 2, x=0, x_ref=1, y=2, bound="upper")))
    assert "the harvest was not rich." in text
    with pytest.raises(Unread, match="would have been what it was"):
        read(text.replace("was not rich", "was not poor"))


@settings(max_examples=50, deadline=None)
@given(problems())
def test_the_instruction_may_be_missing(problem: Problem) -> None:
    again = read(re.sub("Instruction: .*\n", "", natural.text(problem)))
    if problem.query.bound:  # told apart by the observed value alone
        task = "PS" if problem.query.x_ref == 0 else "PN"
        problem = problem.with_(query=Query(**{**vars_of(problem.query), "task": task}))
    assert again == problem


def vars_of(query: Query) -> dict[str, object]:
    return {name: getattr(query, name) for name in Query.__annotations__}


@settings(max_examples=50, deadline=None)
@given(problems())
def test_every_number_is_shown_once(problem: Problem) -> None:
    paragraph = natural.text(problem).split("\n")[1]
    assert [float(x) for x in re.findall(r" is (\d\.\d{4})\.", paragraph)] == [f.value for f in problem.facts]


@pytest.mark.parametrize(
    "word", ["a; b", "a\nb", "", " a", "a, which can be b", "a directly affects b", "a (0) b", "Question: a"]
)
def test_names_and_labels_that_break_a_sentence_are_refused(word: str) -> None:
    with pytest.raises(UserError, match="cannot be written in a sentence"):
        natural.text(HARVEST.with_(variables=(Variable(word), *HARVEST.variables[1:])))
    with pytest.raises(UserError, match="cannot be written in a sentence"):
        natural.text(HARVEST.with_(variables=(Variable("ok", ("low", word)), *HARVEST.variables[1:])))


def test_ambiguous_events_are_refused() -> None:
    with pytest.raises(UserError, match="same name"):
        natural.text(HARVEST.with_(variables=(HARVEST.variables[1], *HARVEST.variables[1:])))
    with pytest.raises(UserError, match="two or more different labels"):
        natural.text(HARVEST.with_(variables=(Variable("ok", ("low", "low")), *HARVEST.variables[1:])))
