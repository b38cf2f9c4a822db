"""Pre-training contexts against an oracle that knows nothing but the text: regular expressions and brute force."""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.pretrain.reading import RELATIONS, context
from rungwise.problems.problem import TASKS
from rungwise.problems.streams import stream
from rungwise.scoring.expression import evaluate

Event = tuple[str, str | None]
"""A letter and its value; no value where a sum gives it."""
Named = tuple[frozenset[Event], frozenset[Event]]
"""Target and condition of a probability."""

EVENTS = r"[A-Z](?:=\d)?(?: [A-Z](?:=\d)?)*"
ATOM = re.compile(rf"{EVENTS}(?:\|{EVENTS})?")


def edges_of(line: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Nodes and edges of a line ``graph A->B C->``."""
    arrows = re.findall(r"([A-Z])->([A-Z]?)", line)
    return {node for arrow in arrows for node in arrow if node}, {(a, b) for a, b in arrows if b}


def table_of(line: str) -> dict[Named, str]:
    """Probability -> slot of a line ``facts P(C=1|A=0,B=1)=v1``."""
    found = re.findall(r"P\(([^|)]*)\|?([^)]*)\)=(v\d+)", line)
    assert len(found) == line.count("P(") == len({slot for _, _, slot in found})
    return {(events(target, ","), events(given, ",")): slot for target, given, slot in found}


def blocks_of(line: str) -> dict[str, str]:
    """Letters at the head of a block of facts -> its first slot; every fact of the block speaks of all of them."""
    first = {}
    for letters, slot, facts in re.findall(r"\[([A-Z]+) (v\d+)\]([^\[]*)", line):
        assert facts.split()[0].endswith(f"={slot}")
        assert all(f"{letter}=" in fact for fact in facts.split() for letter in letters)
        assert letters not in first
        first[letters] = slot
    return first


def events(text: str, separator: str) -> frozenset[Event]:
    return frozenset((e[0], e[2:] or None) for e in text.split(separator) if e)


def named(text: str) -> Named:
    target, _, condition = text.partition("|")
    return events(target, " "), events(condition, " ")


def reach(edges: set[tuple[str, str]], start: str) -> set[str]:
    """Every node at the end of a walk along the edges."""
    found: set[str] = set()
    while more := {b for a, b in edges if a in found | {start}} - found:
        found |= more
    return found


def related(relation: str, edges: set[tuple[str, str]], node: str) -> set[str]:
    back = {(b, a) for a, b in edges}
    if relation == "parents":
        return {a for a, b in edges if b == node}
    if relation == "children":
        return {b for a, b in edges if a == node}
    return reach(back if relation == "ancestors" else edges, node)


def value_of(formula: str, numbers: dict[Named, Fraction]) -> Fraction:
    """``sum AB formula``: wherever a product (or a single term) holds one of the letters, it is summed over them."""
    summed = ""
    if formula.startswith("sum "):
        _, summed, formula = formula.split(" ", 2)
    atoms: list[Named] = []

    def leaf(match: re.Match[str]) -> str:
        atoms.append(named(match[0]))
        return f"t{len(atoms) - 1}"

    tree = ast.parse(ATOM.sub(leaf, formula), mode="eval").body

    def letters_in(node: ast.expr) -> set[str]:
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id[1:].isdigit()]
        return {v for name in names for side in atoms[int(name[1:])] for v, value in side if value is None}

    def value(node: ast.expr, given: dict[str, str]) -> Fraction:
        free = sorted(letters_in(node) - given.keys())
        is_product = isinstance(node, ast.Name) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult))
        if free and is_product:
            assert set(free) <= set(summed)
            choices = product("01", repeat=len(free))
            return sum((value(node, {**given, **dict(zip(free, c, strict=True))}) for c in choices), Fraction(0))
        if isinstance(node, ast.Constant):
            return Fraction(node.value)
        if isinstance(node, ast.Name):
            sides = [frozenset((v, x or given[v]) for v, x in side) for side in atoms[int(node.id[1:])]]
            return numbers[sides[0], sides[1]]
        if isinstance(node, ast.Call):
            values = [value(argument, given) for argument in node.args]
            return max(values) if node.func.id == "max" else min(values)
        a, b = value(node.left, given), value(node.right, given)
        operation = {ast.Add: a.__add__, ast.Sub: a.__sub__, ast.Mult: a.__mul__, ast.Div: a.__truediv__}
        return operation[type(node.op)](b)

    assert set(summed) == letters_in(tree)
    return value(tree, {})


def check(pieces: list[tuple[str, str]], seed: int) -> list[str]:
    """Every answer of a context; returns the questions' first words."""
    *head, first = pieces[0][0].split("\n")
    assert [line.split(" ")[0] for line in head] in (["graph"], ["facts"], ["graph", "facts"])
    nodes, edges = edges_of(head[0]) if head[0].startswith("graph") else (set(), set())
    table = table_of(head[-1]) if head[-1].startswith("facts") else {}
    blocks = blocks_of(head[-1])
    dice = stream("numbers", seed)
    numbers = {term: Fraction(int(dice.integers(1, 10_000)), 10_000) for term in table}
    slots = {slot: numbers[term] for term, slot in table.items()}
    questions = [first, *(prompt for prompt, _ in pieces[1:])]
    for question, (_, answer) in zip(questions, pieces, strict=True):
        kind, _, asked = question.removesuffix(":").partition(" ")
        assert question.endswith(":")
        assert answer.endswith(";")
        found = answer.removesuffix(";")
        if kind == "find" and asked.isalpha():
            assert found == blocks[asked]
        elif kind == "find":
            assert found == table[named(asked)]
        elif kind == "write":
            assert evaluate(found, slots) == value_of(asked, numbers)
        elif kind in ("edge", "path"):
            a, b = asked
            assert {a, b} <= nodes
            assert found == ("yes" if (a, b) in edges or (kind == "path" and b in reach(edges, a)) else "no")
        else:
            expected = (
                related(kind, edges, asked)
                if kind in RELATIONS
                else reach(edges, asked[0]) & related("ancestors", edges, asked[1])
            )
            assert found == "none" if not expected else set(found) == expected and len(found) == len(expected)
            assert not any(x in reach(edges, y) for i, x in enumerate(found) for y in found[i + 1 :])  # causes first
    assert len(set(questions)) == len(questions)
    return ["block" if re.fullmatch("find [A-Z]+:", q) else q.split(" ")[0] for q in questions]


@given(st.integers(0, 2**64), st.integers(2, 12))
def test_every_answer_is_right(seed: int, questions: int) -> None:
    pieces = context(stream("reading", seed), questions)
    assert len(check(pieces, seed)) == len(pieces) <= questions


def test_all_kinds_of_context_and_question_occur() -> None:
    heads: dict[tuple[bool, bool], int] = {}
    kinds: set[str] = set()
    for seed in range(200):
        pieces = context(stream("kinds", seed), 6)
        text = pieces[0][0]
        heads[text.startswith("graph"), "facts" in text] = heads.get((text.startswith("graph"), "facts" in text), 0) + 1
        kinds |= set(check(pieces, seed))
    assert kinds == {*RELATIONS, "between", "edge", "path", "find", "block", "write"}
    assert heads[True, False] > heads[True, True] > 20
    assert heads[False, True] > 20


def test_no_context_speaks_of_a_causal_question() -> None:
    causal = {*TASKS, "ask", "hold", "adjust", "less", "lower", "upper", "LACK_CONDITION", "PROB"}
    for seed in range(300):
        pieces = context(stream("words", seed), 8)
        prompts = "\n".join(prompt for prompt, _ in pieces)
        # Sets and pairs of letters may spell a task's name.
        plain = re.sub(r"\b(sum|between|edge|path|find) [A-Z]+\b|\[[A-Z]+ ", r"\1", prompts)
        assert not causal & set(re.findall(r"[A-Za-z_]+", plain))
        words = {word for _, answer in pieces for word in re.findall(r"[a-z]+", answer)}
        assert words <= {"yes", "no", "none", "max", "min", "v"}


@pytest.mark.parametrize("seed", range(5))
def test_the_stream_decides_the_context(seed: int) -> None:
    first = [context(stream("again", seed), 6) for _ in range(2)]
    assert first[0] == first[1]
    assert first[0] != context(stream("again", seed + 1), 6)
