"""Problem -> four lines of symbols: nodes, edges, facts, query; and the answer's form."""

from __future__ import annotations

from rungwise.causal.estimand import assignments
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, Problem

NODES, EDGES, FACTS, QUERY, ANSWER = "nodes: ", "edges: ", "facts: ", "query: ", "answer: "
NONE = "none"
EFFECT_LINE = f'{ANSWER}{{"ANSWER": "Yes", "PROB": "0.1234"}} or {LACK_CONDITION}'
BOUND_LINE = f'{ANSWER}{{"PROB": "0.1234"}} or {LACK_CONDITION}'


def text(problem: Problem) -> str:
    """The problem with a letter for each event, numbers to four decimals. A node with more than two values
    carries their count, as in ``C:3``; the query names x before x_ref, and says where the treatment never lowers the
    outcome, as in ``B(A=0)<=B(A=1)``."""
    q, letters = problem.query, problem.letters
    nodes = [
        letter if len(v.labels) == 2 else f"{letter}:{len(v.labels)}"
        for letter, v in zip(letters, problem.variables, strict=True)
    ]
    edges = [f"{letters[a]}->{letters[b]}" for a, b in problem.graph.edges]
    facts = [f"{fact.term.text(letters)}={fact.value:.4f}" for fact in problem.facts]
    x, y = letters[q.treatment], letters[q.outcome]
    if q.bound == "point":
        asked = f"point, monotone {y}({x}=0)<={y}({x}=1)"
    else:
        asked = f"{q.direction} likely" if q.task in EFFECTS else f"{q.bound} bound"
    held = f", held {assignments(q.held, letters)}" if q.held else ""
    return (
        f"{NODES}{' '.join(nodes)}\n{EDGES}{' '.join(edges) or NONE}\n{FACTS}{'; '.join(facts) or NONE}\n"
        f"{QUERY}{q.task} of {x} on {y}: {x}={q.x} vs {x}={q.x_ref}, {y}={q.y}, {asked}{held}\n"
        f"{EFFECT_LINE if q.task in EFFECTS else BOUND_LINE}"
    )
