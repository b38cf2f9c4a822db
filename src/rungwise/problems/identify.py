"""Which covariate sets identify a value, for thousands of small graphs at once.

Graphs are in causal order (node j has its causes among 0..j-1) and come as arrays of bitmasks, a row a graph. The
rules are those of the task files' ``is_valid``, which decide graph by graph; the tests hold the two together.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.int16]
"""Sets of up to 15 nodes."""

ADJUSTING = ("ATE", "ETT", "PN", "PS", "PNS")
MEDIATING = ("NDE", "NIE")


def kind(name: str) -> str:
    """Tasks of one kind share their rule: adjusting, CDE or mediating."""
    return "adjusting" if name in ADJUSTING else "mediating" if name in MEDIATING else name


@lru_cache(maxsize=64)
def small_sets(n: int, most: int) -> Masks:
    """All sets of at most ``most`` (0 to 2) of n nodes, smaller ones first."""
    ones = [1 << v for v in range(n)]
    pairs = [a | b for i, a in enumerate(ones) for b in ones[i + 1 :]]
    sets = [0, *(ones if most > 0 else []), *(pairs if most > 1 else [])]
    return np.array(sets, dtype=np.int16)


def parent_masks(effects: NDArray[np.bool_]) -> Masks:
    """Parents of each node, shape (graphs, n), from a matrix (graphs, cause, effect)."""
    powers = (1 << np.arange(effects.shape[1])).astype(np.int16)
    masks: Masks = (effects * powers[:, None]).sum(axis=1, dtype=np.int16)
    return masks


def ancestors(parents: Masks) -> Masks:
    """All causes of each node, without itself, shape (graphs, n)."""
    out = parents.copy()
    nodes = np.arange(parents.shape[1], dtype=np.int16)
    for v in range(1, parents.shape[1]):
        own = parents[:, v, None] >> nodes[:v] & 1
        out[:, v] |= np.bitwise_or.reduce(own * out[:, :v], axis=1)
    return out


def descendants_of(x: NDArray[np.int64], above: Masks) -> Masks:
    """The effects of one node a graph, direct or not, shape (graphs,)."""
    powers = (1 << np.arange(above.shape[1])).astype(np.int16)
    masks: Masks = ((above >> x[:, None].astype(np.int16) & 1) * powers).sum(axis=1, dtype=np.int16)
    return masks


def d_separated(parents: Masks, xs: Masks, ys: Masks, zs: Masks) -> NDArray[np.bool_]:
    """Whether zs separates xs from ys, for several sets zs a graph, by the moralised ancestral graph (Lauritzen et al.
    1990): there every family (a node with its parents) is a clique.

    Args:
        parents: shape (graphs, n).
        xs, ys: shape (graphs,).
        zs: shape (graphs, sets), disjoint from xs and ys.
    """
    n = parents.shape[1]
    one = np.int16(1)
    family = parents | (one << np.arange(n, dtype=np.int16))
    above = ancestors(parents) | family
    asked = zs | (xs | ys)[:, None]
    kept = np.zeros_like(asked)
    for v in range(n):
        kept |= (asked >> v & 1) * above[:, v, None]
    families = [(kept >> v & 1) * family[:, v, None] for v in range(n)]
    through = [own & ~zs for own in families]  # a node in zs passes nothing on
    reached = np.broadcast_to(xs[:, None], asked.shape).copy()
    while True:
        before = reached.copy()
        for v in (*range(n), *range(n - 2, -1, -1)):
            reached |= families[v] * (through[v] & reached != 0)
        if (before == reached).all():
            break
    separated: NDArray[np.bool_] = (reached & ys[:, None]) == 0
    return separated


def valid_sets(
    task_kind: str, parents: Masks, x: NDArray[np.int64], y: NDArray[np.int64], between: Masks, below: Masks, most: int
) -> NDArray[np.bool_]:
    """Whether each set of ``small_sets(n, most)``, as the covariates, identifies the value, shape (graphs, sets).

    The mediators that go with them are all nodes between (CDE holds them; elsewhere none).

    Args:
        between: the nodes strictly between x and y, shape (graphs,).
        below: the descendants of x, shape (graphs,).
    """
    n = parents.shape[1]
    zs = np.broadcast_to(small_sets(n, most), (len(parents), len(small_sets(n, most))))
    bit_x, bit_y = (np.left_shift(1, node).astype(np.int16) for node in (x, y))
    allowed: NDArray[np.bool_] = zs & (below | bit_x | bit_y)[:, None] == 0
    zs = np.where(allowed, zs, np.int16(0))  # a set that is not allowed is replaced by one that may be asked about
    if task_kind == "CDE":
        set_to = bit_x | between
        # All mediators are held, so the only causal paths left are edges into the outcome (Perkovic et al. 2018).
        at_y = np.arange(n) == y[:, None]
        allowed &= d_separated(np.where(at_y, parents & ~set_to[:, None], parents), set_to, bit_y, zs)
    elif task_kind == "adjusting":
        allowed &= d_separated(parents & ~bit_x[:, None], bit_x, bit_y, zs)
    else:
        allowed &= d_separated(parents & ~bit_x[:, None], bit_x, between | bit_y, zs)
        second = d_separated(parents & ~between[:, None], between, bit_y, zs | bit_x[:, None])
        allowed &= second | (between == 0)[:, None]
    return allowed
