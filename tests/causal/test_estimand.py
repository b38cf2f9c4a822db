from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.estimand import Expr, number, prob, term, total

LEAVES = [prob({v: 1}) for v in range(6)]
VALUES = {leaf.term: Fraction(v + 2, 7) for v, leaf in enumerate(LEAVES)}


def trees() -> st.SearchStrategy[Expr]:
    signs = st.sampled_from(["+", "-", "*", "/", "min", "max"])
    inner = st.recursive(st.sampled_from(LEAVES), lambda below: st.builds(Expr, signs, st.tuples(below, below)))
    # Numbers stand where task files put them: at the top, where no two of them are divided.
    return inner | inner.map(lambda e: Expr("max", (number(0), e))) | inner.map(lambda e: number(1) - e)


def by_hand(e: Expr) -> Fraction:
    if e.op in ("term", "number"):
        return Fraction(e.number) if e.term is None else VALUES[e.term]
    a, b = map(by_hand, e.args)
    if e.op == "/":
        return a / b
    return {"+": a + b, "-": a - b, "*": a * b, "min": min(a, b), "max": max(a, b)}[e.op]


@settings(max_examples=150, deadline=None)
@given(trees())
def test_text_and_tree_have_the_same_value(tree: Expr) -> None:
    try:
        expected = by_hand(tree)
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            tree.evaluate(VALUES.__getitem__)
        return
    assert tree.evaluate(VALUES.__getitem__) == expected
    names = {t: "abcdef"[v] for v, t in enumerate(VALUES)}
    # Python's own arithmetic, on a text that this test made.
    assert eval(tree.text(lambda t: names[t]), {name: VALUES[t] for t, name in names.items()}) == expected


def test_only_needed_parentheses_are_written() -> None:
    a, b, c = LEAVES[:3]
    letter = {leaf.term: name for leaf, name in zip(LEAVES, "abcdef", strict=True)}
    for tree, text in [
        ((a + b) + c, "a+b+c"),
        (a + (b + c), "a+b+c"),
        (a - (b - c), "a-(b-c)"),
        ((a - b) * c, "(a-b)*c"),
        (a * b - c, "a*b-c"),
        (a / (b * c), "a/(b*c)"),
        (Expr("max", (number(0), (a - b) / c)), "max(0,(a-b)/c)"),
        (total([a, b, c]), "a+b+c"),
    ]:
        assert tree.text(lambda t: letter[t]) == text


def test_terms_come_once_in_the_order_they_are_written() -> None:
    a, b, c = LEAVES[:3]
    assert ((b - a) * c + b * a).terms() == [b.term, a.term, c.term]
    assert number(3).terms() == []


def test_a_term_is_sorted_and_printed() -> None:
    shown = term({3: 1, 0: 0}, {2: 1, 1: 0})
    assert shown.text("ABCD") == "P(A=0,D=1|B=0,C=1)"
    assert term({1: 0}).text("ABCD") == "P(B=0)"
