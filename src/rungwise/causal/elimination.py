"""Variable elimination: sums over products of tables without the joint distribution.

Variables are summed out one at a time, each from the product of the tables that speak of it (Dechter 1999, bucket
elimination). The next one is always that whose product is smallest; memory and time then grow with the graph's
treewidth instead of its number of nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from rungwise.errors import UserError

Factor = tuple[NDArray[np.float64], tuple[int, ...]]
"""A table and the variable of each of its axes."""


def eliminate(
    factors: Sequence[tuple[NDArray[np.float64], Sequence[int]]], cards: Sequence[int], keep: Sequence[int], limit: int
) -> NDArray[np.float64]:
    """The product of the tables summed over all variables but ``keep``, which become the axes in this order.

    Raises:
        UserError: a product on the way has more than ``limit`` cells.
    """
    left: list[Factor] = [(table, tuple(axes)) for table, axes in factors]
    scopes: dict[int, set[int]] = {}  # v and all that share a table with it: what its product would speak of
    for _, axes in left:
        for v in axes:
            scopes.setdefault(v, set()).update(axes)
    cells = {v: prod(cards[u] for u in scope) for v, scope in scopes.items() if v not in set(keep)}
    while cells:
        v = min(cells, key=lambda v: (cells[v], v))
        del cells[v]
        table, axes = _product([f for f in left if v in f[1]], cards, limit)
        left = [f for f in left if v not in f[1]]
        left.append((table.sum(axis=axes.index(v)), tuple(u for u in axes if u != v)))
        for u in axes:
            scopes[u] = (scopes[u] | set(axes)) - {v}
            if u in cells:
                cells[u] = prod(cards[w] for w in scopes[u])
    table, axes = _product(left, cards, limit)
    return table.transpose([axes.index(v) for v in keep])


def _product(factors: Sequence[Factor], cards: Sequence[int], limit: int) -> Factor:
    """All tables multiplied into one over the union of their variables."""
    scope = tuple(dict.fromkeys(u for _, axes in factors for u in axes))
    shape = tuple(cards[u] for u in scope)
    if prod(shape) > limit:
        raise UserError(
            f"a table of {prod(shape)} cells over {len(scope)} variables is too large; "
            "use a graph with fewer edges, or fewer values"
        )
    out = np.ones(shape)
    for table, axes in factors:
        order = sorted(range(len(axes)), key=lambda i: scope.index(axes[i]))
        out *= table.transpose(order).reshape([cards[u] if u in axes else 1 for u in scope])
    return out, scope
