"""The expression evaluator against Python's own parser, and its limits."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rungwise.scoring.expression import MAX_DEPTH, MAX_DIGITS, ExpressionError, evaluate, parse

SLOTS = {"v1": Fraction("0.8"), "v2": Fraction("0.3"), "v10": Fraction("0.05")}
OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def oracle(text: str) -> Fraction:
    """The value by Python's grammar, cut down to ours; SyntaxError outside it, ZeroDivisionError as usual."""

    def walk(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant():
                return Fraction(ast.get_source_segment(text, node))
            case ast.Name(id=name) if name in SLOTS:
                return SLOTS[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -walk(inner)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return walk(inner)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                return OPERATORS[type(operator)](walk(left), walk(right))
            case ast.Call(func=ast.Name(id="min" | "max" as name), args=args, keywords=[]) if len(args) > 1:
                return (min if name == "min" else max)(map(walk, args))
        raise SyntaxError(ast.dump(node))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return walk(ast.parse(text, mode="eval").body)


numbers = st.decimals(0, 1, places=4).map(str) | st.integers(0, 99).map(str) | st.sampled_from([".5", "5.", "0"])
spaces = st.sampled_from(["", "", " ", "  "])


def combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inner, min_size=2, max_size=3).map(",".join)
    return (
        st.builds("{}{}{}{}{}".format, inner, spaces, st.sampled_from("+-*/"), spaces, inner)
        | st.builds("({}{}{})".format, spaces, inner, spaces)
        | st.builds("{}{}".format, st.sampled_from("+-"), inner)
        | st.builds("{}({})".format, st.sampled_from(["min", "max"]), arguments)
    )  # fmt: skip


expressions = st.recursive(numbers | st.sampled_from(list(SLOTS)), combine, max_leaves=12)


@given(expressions)
def test_agrees_with_the_oracle(text: str) -> None:
    try:
        expected = oracle(text)
    except ZeroDivisionError:
        with pytest.raises(ExpressionError) as caught:
            evaluate(text, SLOTS)
        assert caught.value.code == "division_by_zero"
        return
    assert evaluate(text, SLOTS) == expected


@given(st.text(alphabet="v1205.+-*/(), minax", max_size=16) | expressions.flatmap(
    lambda text: st.integers(0, len(text)).flatmap(
        lambda at: st.sampled_from("v1.+-*/(), mx").map(lambda char: text[:at] + char + text[at:])
    )
))  # fmt: skip
def test_accepts_exactly_the_grammar(text: str) -> None:
    # Where Python's grammar differs from ours on purpose: whole numbers with leading zeros, a comma before ")".
    assume(not re.search(r"(?<![\d.v])0\d|,\s*\)", text))
    try:
        expected: Fraction | str = oracle(text.strip())
    except SyntaxError:
        expected = "refused"
    except ZeroDivisionError:
        expected = "division_by_zero"
    try:
        found: Fraction | str = evaluate(text, SLOTS)
    except ExpressionError as error:
        found = error.code if error.code == "division_by_zero" else "refused"
    assert found == expected


@given(st.text(max_size=50))
def test_any_text_has_a_value_or_a_code(text: str) -> None:
    try:
        found: Fraction | str = evaluate(text)
    except ExpressionError as error:
        found = error.code
    assert isinstance(found, Fraction) or re.fullmatch("[a-z_]+", found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1+0.2", "0.3"),
        ("1/3*3", "1"),
        ("2-3-4", "-5"),
        ("8/4/2", "1"),
        ("-2*-3", "6"),
        ("8/-2*4", "-16"),
        ("--1", "1"),
        ("2+3*4", "14"),
        ("(2+3)*4", "20"),
        ("max ( 0 , -1 , min(2,3) )", "2"),
        ("(v1 − v2) × 0.5", "0.25"),
        ("1 ÷ 4 · 2", "0.5"),
        ("\u00a00.5\t", "0.5"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert evaluate(text, SLOTS) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "grammar") for text in ["", "()", "1 2", "1+", "*1", "1,2", "(1,2)", "min(1)", "max(1,)", "max", "v"]),
        *((text, "grammar") for text in ["2**3", "9//2", "1e5", "1%", "0x1", "1_0", "٣", "V1", "2v1", "1.2.3", "."]),
        *((text, "grammar") for text in ["(1", "1)", "v1(2)", "[1]", "1;1", "1=1", "min(1,2", "(1))", "max(1,2)3"]),
        ("v3", "unknown_slot"),
        ("v01", "unknown_slot"),
        ("1/(0.5-0.5)", "division_by_zero"),
        ("1" * (MAX_DIGITS + 1), "too_many_digits"),
        ("0." + "0" * MAX_DIGITS, "too_many_digits"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), "too_deep"),
        ("1" + "+1" * 1_000, "too_long"),
        (" " * 4_001, "too_long"),
        ("*".join(["9" * 30] * 60), "too_big"),
        ("/".join(["0.9999"] * 500), "too_big"),
        ("1000000000", "too_big"),
    ],
)  # fmt: skip
def test_refusals(text: str, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, SLOTS)
    assert caught.value.code == code


def test_limits_are_reachable_and_need_no_recursion() -> None:
    deep = parse("(" * MAX_DEPTH + "v1" + ")" * MAX_DEPTH)
    signs = parse("-" * 1_999 + "1")
    old = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    sys.setrecursionlimit(depth + 30)
    try:
        assert deep.evaluate(SLOTS) == Fraction("0.8")
        assert signs.evaluate() == -1
        assert parse("-" * 1_999 + "1") == signs
    finally:
        sys.setrecursionlimit(old)


def test_parsed_once_evaluates_for_many_slots() -> None:
    parsed = parse("v1-v2")
    assert parsed.uses_slots
    assert parsed.evaluate({"v1": Fraction(1), "v2": Fraction(3)}) == -2
    assert parsed.evaluate(SLOTS) == Fraction("0.5")


@pytest.mark.parametrize(
    ("text", "plain"),
    [("0.5", True), (" -0.5 ", True), ("+1", True), ("−1", True), ("--1", False), ("(1)", False), ("v1", False),
     ("-v1", False), ("1+1", False), ("max(1,2)", False)],
)  # fmt: skip
def test_plain_numbers(text: str, plain: bool) -> None:
    assert parse(text).is_plain_number is plain
