"""Models over a given graph in which some variables have a given joint distribution."""

from __future__ import annotations

import numpy as np

from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import multiply
from rungwise.causal.scm import SCM, Array


def fit_model(
    graph: DAG, roles: tuple[int, ...], p: Array, rng: np.random.Generator, prior: tuple[float, float]
) -> SCM:
    """A model of binary variables over ``graph`` in which ``roles`` have the joint distribution ``p``.

    Causes first. A node that plays no role gets random rows. A node that does gets the conditional probability
    given its parents under ``p``; where parents without a role take part, each row spreads around that
    probability so that their weighted mean is exactly it. Every role must have all roles before it as parents, or
    have no parent without a role and be independent under ``p`` of those it lacks.

    Args:
        p: shape (2,) * len(roles), an axis for each role.
    """
    tables: dict[int, Array] = {}
    place = {v: i for i, v in enumerate(roles)}
    cards = (2,) * graph.n
    for v in graph.order:
        parents = list(bits(graph.parents[v]))
        shape = (2,) * len(parents)
        if v not in place:
            p0 = prior[0] + (prior[1] - prior[0]) * rng.random(shape)
        else:
            known = [u for u in parents if u in place]
            family = multiply([(p, range(p.ndim))], p.shape, [*(place[u] for u in known), place[v]])
            p0 = family[..., 0] / family.sum(axis=-1)
            if len(known) < len(parents):
                so_far = [(tables[u], [*bits(graph.parents[u]), u]) for u in tables]
                weights = multiply(so_far, cards, parents)
                p0 = _spread(p0, weights, [u in place for u in parents], rng, prior)
        tables[v] = np.stack([p0, 1 - p0], axis=-1)
    return SCM(graph, tuple(tables[v] for v in range(graph.n)))


def _spread(
    p0: Array, weights: Array, known: list[bool], rng: np.random.Generator, prior: tuple[float, float]
) -> Array:
    """Rows for every assignment of all parents, with mean ``p0`` over the unknown ones given the known ones.

    Args:
        p0: an axis for each known parent.
        weights: the joint distribution of all parents, an axis each.
        known: whether each parent is known.
    """
    unknown = tuple(i for i, k in enumerate(known) if not k)
    mean = np.expand_dims(p0, unknown)
    share = weights / weights.sum(axis=unknown, keepdims=True)
    offset = rng.random(weights.shape)
    offset -= (share * offset).sum(axis=unknown, keepdims=True)
    # As wide as the prior allows, but never as far as 0 or 1, where p0 itself is outside it.
    low, high = np.minimum(prior[0], mean / 2), np.maximum(prior[1], (1 + mean) / 2)
    up, down = offset.max(axis=unknown, keepdims=True), -offset.min(axis=unknown, keepdims=True)
    room = np.minimum((high - mean) / np.maximum(up, 1e-12), (mean - low) / np.maximum(down, 1e-12))
    spread: Array = mean + np.minimum(room, 1.0) * offset
    return spread
