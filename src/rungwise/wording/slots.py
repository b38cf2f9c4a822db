"""The slots view: event names become letters and displayed numbers slots v1, v2, ...

What is left for a model is the causal job: to write the value as an expression over slots. Slots are
numbered in a canonical order that depends on the question and the terms alone and is the same for every
graph: in blocks, first the terms about treatment, outcome and held variables alone, then those about each other
variable, then those about two of them; in a block by role, outcome first. So neither order nor numbers say
anything about the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from rungwise.causal.estimand import Assignment, Term, assignments
from rungwise.causal.graph import DAG, bits
from rungwise.errors import UserError
from rungwise.problems.menu import Reading
from rungwise.problems.problem import Fact, Problem, Query

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_SLOTS = 64


def complement(term: Term, card: int = 2) -> Term | None:
    """The term of the other value of a binary single target, or None where there is no such thing."""
    return _other(term) if len(term.target) == 1 and card == 2 else None


def _other(term: Term) -> Term:
    ((v, value),) = term.target
    return Term(((v, 1 - value),), term.given)


def displayed(problem: Problem) -> dict[Term, Fraction]:
    """The shown numbers by term, with the complement of every shown P(v=..|..) of a binary v that is not the
    outcome: published texts often show one of two complementary probabilities. Order as shown, then complements."""
    numbers = {fact.term: Fraction(str(fact.value)) for fact in problem.facts}
    cards = [len(v.labels) for v in problem.variables]
    for term in with_complements(list(numbers), problem.query, cards):
        if term not in numbers:
            numbers[term] = 1 - numbers[_other(term)]
    return numbers


def with_complements(terms: Sequence[Term], q: Query, cards: Sequence[int]) -> list[Term]:
    """The terms, and after them the complements that get a slot too: those about a binary variable alone that is
    not the outcome."""
    out = dict.fromkeys(terms)
    for term in terms:
        v = term.target[0][0]
        other = complement(term, cards[v]) if v != q.outcome else None
        if other is not None:
            out.setdefault(other)
    return list(out)


def slot_order(terms: Sequence[Term], q: Query, cards: Sequence[int]) -> list[Term]:
    """The terms that have slots, those displayed and complements, in the canonical order."""
    return sorted(with_complements(terms, q, cards), key=lambda t: _place(q, t))


def numbers_of(problem: Problem) -> dict[Term, Fraction]:
    """Every term the displayed numbers give, themselves or by their complement."""
    numbers = displayed(problem)
    for term, value in list(numbers.items()):
        other = complement(term, len(problem.variables[term.target[0][0]].labels))
        if other is not None:
            numbers.setdefault(other, 1 - value)
    return numbers


def slot_table(problem: Problem) -> dict[str, Term]:
    """Slot name -> term, in the canonical order.

    Raises:
        UserError: more than MAX_SLOTS numbers.
    """
    cards = [len(v.labels) for v in problem.variables]
    terms = slot_order([fact.term for fact in problem.facts], problem.query, cards)
    if len(terms) > MAX_SLOTS:
        raise UserError(f"the slots view holds {MAX_SLOTS} numbers, this problem shows {len(terms)}")
    return {f"v{i + 1}": t for i, t in enumerate(terms)}


def others(q: Query, term: Term) -> tuple[int, ...]:
    """The variables a term mentions besides treatment, outcome and the held ones."""
    own = {q.treatment, q.outcome, *(v for v, _ in q.held)}
    return tuple(sorted({v for v, _ in term.target + term.given} - own))


def _place(q: Query, term: Term) -> tuple[Any, ...]:
    target, given = dict(term.target), dict(term.given)
    mentioned = others(q, term)
    seen = {**target, **given}
    return (
        len(mentioned),
        mentioned,
        q.outcome not in target,
        len(target),
        [v for v in sorted(target) if v in mentioned],
        len(given),
        [seen[v] for v in mentioned],
        {q.x: 0, q.x_ref: 1}.get(seen.get(q.treatment, q.x), 2),
        q.treatment not in seen,
        target.get(q.outcome, q.y) != q.y,
    )


def name_terms(problem: Problem) -> Callable[[Term], str]:
    """How a term is written over slots: ``v3``, or ``(1-v3)`` where only its complement is shown.

    The returned function raises KeyError for a term that is not displayed.
    """
    names = {t: name for name, t in slot_table(problem).items()}

    def name(term: Term) -> str:
        if term in names:
            return names[term]
        other = complement(term)
        if other is None:
            raise KeyError(term)
        return f"(1-{names[other]})"

    return name


def text(problem: Problem) -> str:
    """The prompt.

    Three lines: the graph (its edges, causes first), the facts, the question::

        graph A->B A->C B->C
        facts P(C=1|B=1)=v1 P(C=1|B=0)=v2 [A v3] P(C=1|A=0,B=1)=v3 ...
        ask ATE B=1 B=0 C=1

    A block about other variables is headed by their letters and its first slot. The question gives task, bound or
    "less" where there is one, the treatment's new and reference value, the outcome, and CDE's held mediators.

    Raises:
        UserError: more than 26 variables or MAX_SLOTS numbers.
    """
    letters = problem.letters
    if max(map(len, letters)) > 1:
        raise UserError("the slots view holds 26 variables at most")
    return f"{graph_text(problem.graph, letters)}\n{facts_text(problem)}\n{question_text(problem.query, letters)}\n"


def facts_text(problem: Problem) -> str:
    """The second line: the displayed terms with their slots, in blocks."""
    words = ["facts"]
    heading: tuple[int, ...] = ()
    for name, term in slot_table(problem).items():
        if (mentioned := others(problem.query, term)) != heading:
            words.append(f"[{''.join(problem.letters[v] for v in mentioned)} {name}]")
            heading = mentioned
        words.append(f"{term.text(problem.letters)}={name}")
    return " ".join(words)


def block(problem: Problem, nodes: int) -> str:
    """The first slot of the facts about just these other variables.

    Raises:
        UserError: nothing about them is displayed.
    """
    for name, term in slot_table(problem).items():
        if others(problem.query, term) == tuple(bits(nodes)):
            return name
    raise UserError(f"no fact about just {''.join(problem.letters[v] for v in bits(nodes))} is displayed")


def graph_text(graph: DAG, letters: tuple[str, ...]) -> str:
    """The first line: the edges, causes first; a node without causes and effects stands alone as ``D->``."""
    parts = []
    for v in graph.order:
        parts += [f"{letters[v]}->{letters[c]}" for c in bits(graph.children[v])]
        if not graph.children[v] and not graph.parents[v]:
            parts.append(f"{letters[v]}->")
    return f"graph {' '.join(parts)}"


def node_letters(graph: DAG, nodes: int, letters: tuple[str, ...]) -> str:
    """The letters of a set of nodes in the order of the graph's line, or "none"."""
    return "".join(letters[v] for v in graph.order if nodes >> v & 1) or "none"


def question_text(q: Query, letters: tuple[str, ...]) -> str:
    """The last line."""

    def event(v: int, value: int) -> str:
        return assignments(((v, value),), letters)

    words = ["ask", q.task]
    if q.bound:
        words.append(q.bound)
    if q.direction == "less":
        words.append("less")
    words += [event(q.treatment, q.x), event(q.treatment, q.x_ref), event(q.outcome, q.y)]
    if q.held:
        words += ["hold", *(event(v, value) for v, value in q.held)]
    return " ".join(words)


def redraw(problem: Problem, rng: np.random.Generator) -> Problem:
    """The same problem with symbols and slots drawn anew: letters, order of the variables (and with it the
    slots of the menu variables), and which value is called 0. Treatment and outcome keep their values in PN
    and PS, where these are part of the question. Numbers, truth and the right reading go along; steps, names
    and the model do not."""
    n, q = problem.graph.n, problem.query
    to = [int(v) for v in rng.permutation(n)]
    flip = [bool(b) for b in rng.integers(0, 2, n)]
    for v, variable in enumerate(problem.variables):
        if len(variable.labels) != 2 or (q.bound and v in (q.treatment, q.outcome)):
            flip[v] = False

    def pairs(given: Assignment) -> Assignment:
        return tuple(sorted((to[v], value ^ flip[v]) for v, value in given))

    def nodes(mask: int) -> int:
        return sum(1 << to[v] for v in bits(mask))

    parents = [0] * n
    for v, pa in enumerate(problem.graph.parents):
        parents[to[v]] = nodes(pa)
    variables = [problem.variables[to.index(v)] for v in range(n)]
    right: Reading | None = problem.meta.get("right")
    return Problem(
        DAG(tuple(parents)),
        tuple(variables),
        q._replace(
            treatment=to[q.treatment],
            outcome=to[q.outcome],
            x=q.x ^ flip[q.treatment],
            x_ref=q.x_ref ^ flip[q.treatment],
            y=q.y ^ flip[q.outcome],
            held=pairs(q.held),
        ),
        tuple(Fact(Term(pairs(f.term.target), pairs(f.term.given)), f.value) for f in problem.facts),
        truth=problem.truth,
        meta={
            **problem.meta,
            "letters": draw_letters(n, rng),
            "right": [nodes(right[0]), nodes(right[1])] if right else None,
        },
    )


def draw_letters(n: int, rng: np.random.Generator) -> list[str]:
    """n different letters.

    Raises:
        UserError: n is over 26.
    """
    if n > len(LETTERS):
        raise UserError(f"there are {len(LETTERS)} letters for {n} variables")
    return [LETTERS[i] for i in rng.permutation(len(LETTERS))[:n]]
