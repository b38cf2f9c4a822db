from __future__ import annotations

import json
import random
import re
import string
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Problem
from rungwise.wording import natural
from rungwise.wording.reader import MAX_CHARS, Unread, read

from .strategies import HARD_NAMES, problems, published_english

WORLD = (
    "Input Info: Imagine a self-contained world with only these conditions: Tide has a direct effect on wind. "
    "The mayor's vote has a direct effect on wind. Wind has a direct effect on sales (ice, tea) and tips.\n"
)
FACTS = (
    "For those with wind being weak and tide being low, the probability of sales (ice and tea) and tips being no is "
    "0.3512. For those with wind being weak and tide being high, the probability of sales (ice and tea) and tips being "
    "no is 0.2. The probability of tide being low is 1e-2"
)
ASK = "\nInstruction: Consider the average treatment effect (ATE) of wind on sales (ice, tea) and tips.\n"
QUESTION = "Question: If wind is changed to be weak, will sales (ice, tea) and tips be more likely to be yes?"
TEXT = WORLD + FACTS + ASK + QUESTION


def said(p: Problem) -> tuple[Any, ...]:
    """A problem by names and labels, whatever the order of nodes and values, as far as a text can tell: the
    spelling of a name that only starts sentences is unknown."""
    q, labels = p.query, [v.labels for v in p.variables]
    names = [v.name.casefold() for v in p.variables]

    def words(pairs: Any) -> frozenset[tuple[str, str]]:
        return frozenset((names[v], labels[v][value]) for v, value in pairs)

    x, y = q.treatment, q.outcome
    return (
        {(names[a], names[b]) for a, b in p.graph.edges},
        [(words(f.term.target), words(f.term.given), f.value) for f in p.facts],
        (q.task, names[x], names[y], labels[x][q.x], labels[y][q.y], words(q.held), q.bound, q.direction),
    )


def test_an_item_in_published_english() -> None:
    p = read(TEXT)
    assert [v.name for v in p.variables] == ["tide", "wind", "the mayor's vote", "sales (ice, tea) and tips"]
    assert [v.labels for v in p.variables] == [("low", "high"), ("weak", "not weak"), ("0", "1"), ("no", "yes")]
    assert p.graph.edges == [(0, 1), (1, 3), (2, 1)]
    assert [f.term.text("TWVS") for f in p.facts] == ["P(S=0|T=0,W=0)", "P(S=0|T=1,W=0)", "P(T=0)"]
    assert [f.value for f in p.facts] == [0.3512, 0.2, 0.01]
    assert (p.query.task, p.query.x, p.query.x_ref, p.query.y, p.query.direction) == ("ATE", 0, 1, 1, "more")
    assert p.truth is None


@pytest.mark.parametrize("task", TASKS)
def test_published_english_is_read_back(task: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(problems(task, binary=True), st.booleans(), st.booleans(), st.booleans())
    def check(problem: Problem, notes: bool, tight: bool, instruction: bool) -> None:
        linked = {v for edge in problem.graph.edges for v in edge}
        used = {problem.query.treatment, problem.query.outcome, *(v for v, _ in problem.query.held)}
        used |= {v for f in problem.facts for v, _ in f.term.target + f.term.given}
        assume(used <= linked and (task != "CDE" or problem.query.held))
        again = read(published_english(problem, notes, tight, instruction))
        assert said(again) == said(problem)
        assert again.query.x_ref == 1 - again.query.x

    check()


def test_numbers_of_the_text_decide_the_values() -> None:
    noted = TEXT.replace("tide being low", "tide being low (A=1)").replace("wind being weak", "wind being weak (B=1)")
    p = read(noted)
    assert p.variables[0].labels == ("high", "low")
    assert p.variables[1].labels == ("not weak", "weak")
    assert said(p) == said(read(TEXT))
    with pytest.raises(Unread, match=r"the note \(A=0\) contradicts an earlier one"):
        read(noted.replace("tide being low (A=1) is 1e-2", "tide being low (A=0) is 1e-2"))


def test_what_pn_and_ps_take_as_seen_decides_otherwise_unknown_values() -> None:
    for task, of, seen in (("PN", "of the ", 1), ("PS", "that ", 0)):
        p = read(
            f"{WORLD}\nQuestion: Given that wind was mauve and tide was ochre, what is the upper bound of the "
            f"probability {of}tide would have been teal if the wind had been puce?"
        )
        assert (p.query.task, p.query.x_ref, p.query.x, p.query.y) == (task, seen, 1 - seen, 1 - seen)


def test_repeated_facts_count_once_and_conflicting_ones_both() -> None:
    again = "The probability of tide being low is 0.01. "
    assert read(WORLD + again + FACTS + ASK + QUESTION).facts[0].value == 0.01
    assert len(read(WORLD + again + FACTS + ASK + QUESTION).facts) == 3
    assert len(read(WORLD + again.replace("0.01", "0.02") + FACTS + ASK + QUESTION).facts) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1e-2", "1.5", r"probability 1.5 of P\(A=0\) is outside \[0, 1\]"),
        ("1e-2", "-0.5", "outside"),
        ("1e-2", "1e-2. Tides turn", "this as a fact: 'The probability of tide being low is 1e-2. Tides turn'"),
        ("The probability of tide", "Chances of tide", "read the events in this: 'sales (ice and"),
        ("weak and tide being low", "weak, as ever, and tide being low", "can't read the events in"),
        ("probability of tide being", "probability of tides being", "can't read the events in this: 'tides being low'"),
        ("tide being low, the", "wind being weak, the", "event two values"),
        ("tide being low is", "tide being middling is", "'tide' has other values than two"),
        ("The mayor's vote has", "Nobody votes. The mayor's vote has", "where a sentence of the graph ends"),
        ("tips.\nFor", "tips. Nobody votes.\nFor", "this after the graph: 'sales (ice, tea) and tips. Nobody votes'"),
        ("Wind has a", "Wind has a direct effect on tide. Wind has a", "cycle"),
        ("Imagine a self", "Forget a self", "can't read this opening"),
        ("(ATE) of wind", "(ATE) of tide", "other events than the question's"),
        ("average treatment effect (ATE)", "controlled direct effect (CDE)", "another task"),
        ("average treatment effect (ATE)", "usual effect (ATE)", "can't read the task"),
        ("Question:", "Q:", "one part that starts with Question:"),
        ("be yes?", "be yes", "without a question mark"),
        ("be yes?", "be yes? The tide is always low.", "this after the question: 'The tide is always low.'"),
        ("If wind is changed", "When wind is changed", "can't read this as a question"),
        ("be more likely", "be even more likely", "can't read the direction"),
        (ASK + QUESTION, f"\n{QUESTION.replace('sales (ice, tea) and tips', 'wind')}", "treatment and outcome are the"),
    ],
)  # fmt: skip
def test_errors_name_the_sentence(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(UserError, match=re.escape(message) if "\\" not in message else message) as caught:
        read(TEXT.replace(old, new))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_names_that_differ_by_their_article_only_are_refused() -> None:
    with pytest.raises(Unread, match="differ by their article only: 'tide'"):
        read(TEXT.replace("The mayor's vote", "The tide"))


def test_natural_errors_name_the_sentence() -> None:
    text = natural.text(read(TEXT))
    for old, new, message in (
        ("; wind, which can be", "; wind, which is", "this event and its values: 'wind, which is"),
        ("wind directly affects", "winds directly affects", "this direct cause: 'winds directly affects"),
        ("When wind is weak", "When wind is mild", "the events in this: 'wind is mild"),
        ("When tide is low", "When tide is damp", "the events in this"),
        ("Question: If", "Question: Whether", "this as a question"),
        (" The direct causes: ", " Causes: ", "the list of direct causes"),
        ("(ATE) of wind", "(ATE) of tide", "other events"),
        ("weak (0)", "weak (1)", "this event and its values"),
        ("weak (0) or not weak (1)", "weak (0) or weak (1)", "stated twice"),
        ("; wind, which", "; tide, which", "stated twice"),
    ):
        if old in text:
            with pytest.raises(Unread, match=re.escape(message)):
                read(text.replace(old, new))
        else:
            assert old.startswith("When wind"), old  # facts list events in the order of the nodes
    pn = natural.text(
        read(
            f"{WORLD}\nQuestion: Given that wind was weak and tide was low, what is the lower bound of the "
            "probability that tide would have been high if the wind had been strong?"
        )
    )
    with pytest.raises(Unread, match="would have been what it was"):
        read(pn.replace("tide was low", "tide was high"))


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_other_text_is_unread(text: str) -> None:
    with pytest.raises(UserError):
        read(text)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_text_is_read_or_refused_never_a_crash(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from((TEXT, natural.text(read(TEXT)))))
    a, b = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    with suppress(UserError):
        problem = read(text[:a] + data.draw(st.sampled_from(("", ".", " and ", "tide", "{X}", "=0)"))) + text[b:])
        assert len(problem.variables) == problem.graph.n


def _hostile() -> list[str]:
    junk = "".join(random.Random(0).choices(string.printable, k=MAX_CHARS - 10))
    fill = MAX_CHARS - len(TEXT) - 10
    own = natural.text(read(TEXT))
    return [
        junk,
        "Imagine a self-contained:" + "A has a direct effect on b." * 3000,
        "Imagine a self-contained:" + " has a direct effect on " * 4000 + "Question: ?",
        TEXT.replace("tips.\n", "tips." + " " * fill + "\n", 1),
        TEXT.replace("1e-2", "1" * fill),
        TEXT.replace("being low, the", "being low" + " and tide, wind" * (fill // 15) + ", the", 1),
        TEXT.replace(
            "being low, the", "being low" + " and tide being low, wind being weak" * (fill // 36) + ", the", 1
        ),
        TEXT.replace("be more likely to be yes?", "be more likely to be " * (fill // 21) + "?"),
        TEXT.replace(" is 1e-2", " is 1" * (fill // 5)),
        TEXT.replace("?", "?" + "\nProvide " * (fill // 10) + "x"),
        own.replace("tide is low", "tide is low" + ", wind is weak and tide" * (fill // 30), 1)[:MAX_CHARS],
        "nodes: " + "A " * 40_000,
        "nodes: A B\nedges: none\nfacts: "
        + "P(A=0)=0.5; " * 8000
        + "\nquery: ATE of A on B: A=1 vs A=0, B=1, more likely",
    ]


@pytest.mark.parametrize("case", range(13))
def test_hostile_texts_take_bounded_time(case: int) -> None:
    text = _hostile()[case]
    assert len(text) <= MAX_CHARS
    start = time.process_time()
    with suppress(UserError):
        read(text)
    assert time.process_time() - start < 2


def test_a_megabyte_is_refused_at_once() -> None:
    start = time.process_time()
    with pytest.raises(Unread, match="the text has 1000000 characters; at most 100000 are read"):
        read("x" * 1_000_000)
    assert time.process_time() - start < 0.01


def test_hard_names_are_in_use() -> None:
    assert any(a != b and a in b for a in HARD_NAMES for b in HARD_NAMES)


@pytest.mark.parametrize("name", ["base", "deconfounding", "redundant", "insufficient"])
def test_every_published_item_is_read(published: Path, name: str) -> None:
    items = json.loads((published / "caugym" / f"{name}_dataset.json").read_text())
    for item in items:
        problem = read(item["problem"])
        assert problem.query.task == item["Type"]
        facts = item["problem"].partition("Question:")[0]
        assert {float(x) for x in re.findall(r"\d+\.\d+", facts)} == {f.value for f in problem.facts}


def test_calm_items_are_read(published: Path) -> None:
    files = [f for f in (published / "calm_lite").rglob("*_EN.json") if f.name.split("-")[0] in TASKS]
    assert files
    for file in files:
        for line in file.read_text().splitlines():
            item = json.loads(line)
            shown = item["Background"]["data_info"]
            text = f"{item['given_info']} {shown} Instruction: {item['Instruction']} Question: {item['Question']}"
            problem = read(text)
            assert problem.query.task == item["Type"]
            assert {float(x) for x in re.findall(r"\d+\.\d+", shown)} == {f.value for f in problem.facts}
