"""True facts that no reading needs: what a problem can be padded with."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from rungwise.causal.estimand import Term, term
from rungwise.causal.inference import joint, probability
from rungwise.causal.scm import SCM
from rungwise.problems.problem import Fact, Query

MOST_GIVEN = 2
"""Variables in the condition of a redundant fact."""

ATTEMPTS = 200
"""Terms tried before fewer facts than asked for are taken."""


def draw_redundant(model: SCM, q: Query, shown: Sequence[Term], number: tuple[int, int], dice: Random) -> list[Fact]:
    """Between ``number[0]`` and ``number[1]`` probabilities of the model about other variables than the outcome,
    drawn without looking at the graph; none is displayed already, nor is its complement.

    As no new fact is about the outcome, no reading can be computed that could not be computed before.
    """
    wanted = dice.randint(*number)
    if not wanted:
        return []
    table = joint(model)
    seen = {(frozenset(v for v, _ in t.target), t.given) for t in shown}
    nodes = [v for v in range(model.graph.n) if v != q.outcome]
    out: list[Fact] = []
    for _ in range(ATTEMPTS):
        if len(out) == wanted:
            break
        target, *given = dice.sample(nodes, 1 + dice.randint(0, min(MOST_GIVEN, len(nodes) - 1)))
        drawn = term({target: dice.getrandbits(1)}, {v: dice.getrandbits(1) for v in given})
        key = frozenset([target]), drawn.given
        if key not in seen:
            seen.add(key)
            out.append(Fact(drawn, round(probability(table, drawn), 4)))
    return out
