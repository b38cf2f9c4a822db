"""What the embedded base model is pre-trained on: reading, never causal reasoning.

A context shows a graph, a menu of facts, or both, drawn without regard to each other, then asks many small questions
about what is written there: parents, children, ancestors, descendants, whether there is an edge or a directed path,
which nodes lie between two others, which slot holds a named probability, with which slot the facts about a variable
begin, and how a formula that is *given* is written over slots. No question names a task, an effect or an adjustment
set, and no answer depends on graph and facts together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rungwise.causal.estimand import Assignment, Term, assignments
from rungwise.causal.graph import DAG, mask_of
from rungwise.causal.scm import random_dag
from rungwise.problems.menu import MENUS, Reading, displayed_terms, readings
from rungwise.problems.problem import EFFECTS, TASKS, Fact, Problem, Query, Variable
from rungwise.problems.tasks import task
from rungwise.wording import slots

RELATIONS: dict[str, Callable[[DAG, int], int]] = {
    "parents": lambda g, v: g.parents[v],
    "children": lambda g, v: g.children[v],
    "ancestors": lambda g, v: g.ancestors[v],
    "descendants": lambda g, v: g.descendants[v],
}


def context(rng: np.random.Generator, questions: int) -> list[tuple[str, str]]:
    """Pieces (prompt, answer) whose concatenation is one training text; the first prompt holds what is asked about.

    Of the contexts 45 % show a graph alone, 20 % a menu alone (short texts teach more per token, and no question
    needs both), the rest both, as the problems do.
    """
    n = int(rng.choice([2, 3, 4, 5], p=[0.05, 0.2, 0.35, 0.4]))
    graph = random_dag(n, rng.uniform(0.3, 0.9), rng)
    letters = tuple(slots.draw_letters(n, rng))
    kind = str(rng.choice(["graph", "menu", "both"], p=[0.45, 0.2, 0.35])) if n > 2 else "graph"
    head, share = "", 1.0
    if kind != "menu":
        head += f"{slots.graph_text(graph, letters)}\n"
    if kind != "graph":
        share = 0.6 if kind == "both" else 0.0
        q, shown = _menu(n, rng)
        facts = tuple(Fact(t, 0.5) for t in displayed_terms(q, shown, [2] * n))
        problem = Problem(graph, (Variable("e"),) * n, q, facts, meta={"letters": letters})
        table = slots.slot_table(problem)
        head += f"{slots.facts_text(problem)}\n"
    asked: dict[str, str] = {}  # each question once: to copy its first answer would teach nothing
    for _ in range(questions if kind != "menu" else questions // 2):
        if rng.random() < share:
            prompt, answer = _about_graph(graph, letters, rng)
        else:
            prompt, answer = _about_menu(problem, shown, table, rng)
        asked[prompt] = answer
    first, *more = asked.items()
    return [(head + first[0], first[1]), *more]


def _menu(n: int, rng: np.random.Generator) -> tuple[Query, list[Reading]]:
    """A question's menu, or a single reading's facts, over random nodes; the question itself is never shown."""
    name = str(rng.choice(TASKS))
    nodes = [int(v) for v in rng.permutation(n)]
    x, y, rest = nodes[0], nodes[1], nodes[2:]
    held: Assignment = ()
    if name == "CDE" and len(rest) > 1 and rng.random() < 0.6:
        held = ((rest.pop(), int(rng.integers(0, 2))),)
    menu = str(rng.choice(["single", "either", "joint"], p=[0.42, 0.5, 0.08]))
    if len(rest) < MENUS[menu]:
        menu = "single"
    bound = str(rng.choice(["lower", "upper"])) if name not in EFFECTS else None
    a = int(rng.integers(0, 2))
    q = Query(name, x, y, a, 1 - a, int(rng.integers(0, 2)), held, bound)
    shown = readings(name, menu, rest[: MENUS[menu]], mask_of(v for v, _ in held))
    if rng.random() < 0.25:
        shown = [shown[rng.integers(len(shown))]]
    return q, shown


def _about_graph(graph: DAG, letters: tuple[str, ...], rng: np.random.Generator) -> tuple[str, str]:
    kind = rng.choice(["relation", "between", "path", "edge"], p=[0.5, 0.25, 0.15, 0.1])
    a, b = (int(v) for v in rng.permutation(graph.n)[:2])
    if kind == "relation":
        name = str(rng.choice(list(RELATIONS)))
        return f"{name} {letters[a]}:", f"{slots.node_letters(graph, RELATIONS[name](graph, a), letters)};"
    pair = letters[a] + letters[b]
    if kind == "between":
        return f"between {pair}:", f"{slots.node_letters(graph, graph.mediators(a, b), letters)};"
    yes = graph.has_path(a, b) if kind == "path" else graph.has_edge(a, b)
    return f"{kind} {pair}:", f"{'yes' if yes else 'no'};"


def _about_menu(
    problem: Problem, shown: list[Reading], table: dict[str, Term], rng: np.random.Generator
) -> tuple[str, str]:
    """Which slot holds a fact, which slot a variable's block begins with, or how a formula is written."""
    kind = rng.choice(["find", "block", "write"], p=[0.3, 0.2, 0.5])
    slot, term = list(table.items())[rng.integers(len(table))]
    if kind == "block" and (others := slots.others(problem.query, term)):
        letters = "".join(problem.letters[v] for v in others)
        return f"find {letters}:", f"{slots.block(problem, mask_of(others))};"
    if kind == "write":
        return _formula(problem, shown[rng.integers(len(shown))], {t: s for s, t in table.items()})
    return f"find {_bare(term, problem.letters, 0)}:", f"{slot};"


def _bare(term: Term, letters: tuple[str, ...], summed: int) -> str:
    """A term without ``P()``, with the summed variables as bare letters."""

    def side(pairs: tuple[tuple[int, int], ...]) -> str:
        return " ".join(letters[v] if summed >> v & 1 else assignments(((v, value),), letters) for v, value in pairs)

    return side(term.target) + ("|" + side(term.given) if term.given else "")


def _formula(problem: Problem, reading: Reading, names: dict[Term, str]) -> tuple[str, str]:
    """A formula in full, e.g. ``write sum A (C=1|A B=1-C=1|A B=0)*A:``, and the same over slots."""
    q, letters = problem.query, problem.letters
    summed = reading[1] | (reading[0] if q.task in ("NDE", "NIE") else 0)
    rules = task(q.task)
    one_each = [1 if summed >> v & 1 else 2 for v in range(problem.graph.n)]
    formula = rules.estimand(q, *reading, one_each).text(lambda t: _bare(t, letters, summed))
    over = f"sum {slots.node_letters(problem.graph, summed, letters)} " if summed else ""
    written = rules.estimand(q, *reading, [2] * problem.graph.n).text(names.__getitem__)
    return f"write {over}{formula}:", f"{written};"
