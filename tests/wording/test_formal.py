from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from rungwise.causal.estimand import term
from rungwise.causal.graph import DAG
from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Fact, Problem, Query, Variable
from rungwise.wording import formal
from rungwise.wording.reader import Unread, read

from .strategies import problems

SMALL = Problem(
    graph=DAG.from_edges(3, [(0, 1), (0, 2), (1, 2)]),
    variables=(Variable("a"), Variable("b"), Variable("c", ("low", "mid", "high"))),
    query=Query("CDE", 0, 2, x=1, x_ref=0, y=2, held=((1, 0),)),
    facts=(Fact(term({2: 2}, {0: 1, 1: 0}), 0.25), Fact(term({0: 1}), 0.1234)),
)
TEXT = """nodes: A B C:3
edges: A->B A->C B->C
facts: P(C=2|A=1,B=0)=0.2500; P(A=1)=0.1234
query: CDE of A on C: A=1 vs A=0, C=2, more likely, held B=0
answer: {"ANSWER": "Yes", "PROB": "0.1234"} or LACK_CONDITION"""


def test_the_whole_text() -> None:
    assert formal.text(SMALL) == TEXT


def test_nothing_to_show_is_written_as_none() -> None:
    bare = SMALL.with_(graph=DAG((0, 0, 0)), facts=(), query=Query("PN", 0, 1, x=0, x_ref=1, y=0, bound="lower"))
    lines = formal.text(bare).splitlines()
    assert lines[1:4] == ["edges: none", "facts: none", "query: PN of A on B: A=0 vs A=1, B=0, lower bound"]
    assert "ANSWER" not in lines[4]


@pytest.mark.parametrize("task", TASKS)
def test_reading_returns_the_problem_in_letters(task: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(problems(task))
    def check(problem: Problem) -> None:
        again = read(formal.text(problem))
        letters = tuple(
            Variable(letter, tuple(map(str, range(len(v.labels)))))
            for letter, v in zip(problem.letters, problem.variables, strict=True)
        )
        assert again == replace(problem, variables=letters)
        assert formal.text(again) == formal.text(problem)

    check()


@settings(max_examples=40, deadline=None)
@given(problems(points=True))
def test_points_are_read_back(problem: Problem) -> None:
    again = read(formal.text(problem))
    assert again.query == problem.query
    assert formal.text(again) == formal.text(problem)


def test_a_point_needs_the_statement_that_the_treatment_never_lowers_the_outcome() -> None:
    q = Query("PNS", 0, 1, x=1, x_ref=0, y=1, bound="point")
    text = formal.text(SMALL.with_(query=q))
    assert "query: PNS of A on B: A=1 vs A=0, B=1, point, monotone B(A=0)<=B(A=1)\n" in text
    assert read(text).query == q
    for old, new in (
        (", monotone B(A=0)<=B(A=1)", ""),
        ("point, monotone B(A=0)<=B(A=1)", "lower bound"),
        ("point, monotone B(A=0)<=B(A=1)", "more likely"),
        ("B(A=0)<=B(A=1)", "B(A=1)<=B(A=0)"),
        ("B(A=0)<=B(A=1)", "C(A=0)<=C(A=1)"),
        ("PNS", "ATE"),
    ):
        with pytest.raises(Unread, match="can't read this query"):
            read(text.replace(old, new))


def test_other_letters_are_kept() -> None:
    moved = SMALL.with_(meta={"letters": ["Q", "B", "X"]})
    assert formal.text(read(formal.text(moved))) == formal.text(moved)
    assert formal.text(moved).startswith("nodes: Q B X:3\nedges: Q->B Q->X B->X")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P(A=1)=0.1234", "P(A=1)=1.5", r"probability 1.5 of P\(A=1\) is outside \[0, 1\]"),
        ("P(A=1)=0.1234", "P(A=2)=0.1", "can't read these values: 'A=2'"),
        ("P(A=1)=0.1234", "P(A=1|A=0)=0.1", "one event on both sides"),
        ("P(A=1)=0.1234", "P(A=1)=maybe", "can't read this fact"),
        ("B->C", "C->A", "cycle"),
        ("B->C", "B->D", "can't read this edge: 'B->D'"),
        ("A B C:3", "A B A", "can't read this node: 'A'"),
        ("query: CDE", "query: CDF", "can't read this query"),
        ("vs A=0", "vs B=0", "can't read this query"),
        ("vs A=0", "vs A=1", "compares a value of the treatment with itself"),
        ("held B=0", "held A=0", "holds its treatment"),
        ("more likely", "lower bound", "can't read this query"),
        ("facts:", "fact:", "formal text"),
        ("answer: ", "and also: ", "can't read the last line"),
    ],
)
def test_errors_say_what_is_wrong(old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(TEXT.replace(old, new))
    assert "\n" not in str(caught.value)


def test_the_answer_line_may_be_missing() -> None:
    assert read(TEXT.rpartition("\n")[0]) == read(TEXT)


def test_an_extra_line_is_refused() -> None:
    with pytest.raises(Unread):
        read(TEXT + "\nhint: B matters")
