"""What the task files share: sums over covariates, and the interventional mean by adjustment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from rungwise.causal.estimand import Expr, prob, total
from rungwise.causal.graph import bits


def assignments(nodes: int, cards: Sequence[int]) -> Iterator[dict[int, int]]:
    """Every assignment of values to a set of nodes, last node fastest; one empty assignment for no nodes."""
    members = list(bits(nodes))
    for values in product(*(range(cards[v]) for v in members)):
        yield dict(zip(members, values, strict=True))


def standardised_difference(
    y: Mapping[int, int], x: Mapping[int, int], x_ref: Mapping[int, int], zs: int, cards: Sequence[int]
) -> Expr:
    """P(y|do(x)) - P(y|do(x_ref)) adjusted for zs: sum over z of [P(y|x,z) - P(y|x_ref,z)] P(z)."""
    parts = []
    for z in assignments(zs, cards):
        difference = prob({**y}, {**x, **z}) - prob({**y}, {**x_ref, **z})
        parts.append(difference * prob(z) if z else difference)
    return total(parts)


def standardised_mean(y: Mapping[int, int], x: Mapping[int, int], zs: int, cards: Sequence[int]) -> Expr:
    """P(y|do(x)) adjusted for zs: sum over z of P(y|x,z) P(z)."""
    return total([prob({**y}, {**x, **z}) * prob(z) if z else prob({**y}, {**x}) for z in assignments(zs, cards)])
