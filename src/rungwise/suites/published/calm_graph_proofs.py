"""Whether an effect is identified, in words that a reader can check at the graph."""

from __future__ import annotations

from rungwise.causal.adjustment_sets import directed_path
from rungwise.causal.graph import bits
from rungwise.causal.identification import Hedge, Identified, confounded_children, identify, smallest_hedge
from rungwise.suites.published.calm_graph_rows import Drawn, listed


def identification(drawn: Drawn, x: str, y: str) -> tuple[bool, str, str]:
    """Whether P(y | do(x)) is identified, a clause that says why, and the proof."""
    if x == y:
        return True, f"setting {x} decides {x}", f"P({x} | do({x})) is 1 for the value set and 0 for any other."
    graph, a, b = drawn.graph, drawn.node(x), drawn.node(y)
    if not graph.dag.has_path(a, b):
        causes = drawn.listed(graph.dag.ancestors[b])
        return True, f"{x} does not cause {y}", f"What leads to {y}: {causes}. So P({y} | do({x})) = P({y})."
    found = smallest_hedge(graph, 1 << a, 1 << b)
    if found:
        return False, f"a hedge stands between {x} and {y}", _hedge_text(drawn, x, y, *found)
    joined, children = confounded_children(graph, a, b)
    if not joined & children:
        proof = (
            f"Look at {y} and its causes only: unobserved confounders join {x}, in one or more steps, with "
            f"{drawn.listed(joined)}; {x} has an arrow into {drawn.listed(children)}. No variable is in both lists "
            "(Tian & Pearl 2002, theorem 4)."
        )
        return True, f"no confounding joins {x} with an effect of {x} on the way to {y}", proof
    identified = identify(graph, 1 << a, 1 << b)
    assert isinstance(identified, Identified)
    return (
        True,
        f"every c-factor that P({y} | do({x})) is made of is identified",
        _factors_text(drawn, x, y, identified),
    )


def _hedge_text(drawn: Drawn, x: str, y: str, hedge: Hedge, within: int) -> str:
    """The two sets, the confounded pairs that join each, and the arrows by which they lead on."""
    inner, outer = (drawn.braces(nodes) for nodes in (hedge.inner, hedge.outer))
    pairs = [f"{a}-{b}" for a, b in _tree(drawn, hedge.inner) + _tree(drawn, hedge.outer, hedge.inner)]
    inside = [_step(drawn, v, hedge.inner, hedge.outer) for v in bits(hedge.outer & ~hedge.inner)]
    target = 1 << drawn.node(y)
    onward = [_step(drawn, v, target, within & ~(1 << drawn.node(x))) for v in bits(hedge.inner & ~target)]
    return (
        f"Hedge (Shpitser & Pearl 2006): {outer} and, in it, {inner}; {x} is only in the first. Unobserved confounders "
        f"hold each together: {listed(pairs)}. The first leads into the second: {listed(inside)}. The second leads to "
        f"{y} without {x}: {listed(onward) if onward else f'it is {y}'}."
    )


def _step(drawn: Drawn, v: int, target: int, within: int) -> str:
    """A shortest directed path from v into a set, inside another."""
    graph, outside = drawn.dag, ~within
    paths = [directed_path(graph, v, t, outside) for t in bits(target)]
    return min((path for path in paths if path), key=lambda path: len(path.nodes)).text(drawn.names)


def _tree(drawn: Drawn, nodes: int, start: int = 0) -> list[tuple[str, str]]:
    """Confounded pairs that join a set, or what is missing to join it with a part that is joined already."""
    names, spouses = drawn.names, drawn.graph.spouses
    joined = start or nodes & -nodes
    pairs = []
    while joined != nodes:
        u, v = next((u, v) for u in bits(joined) for v in bits(spouses[u] & nodes & ~joined))
        pairs.append((names[u], names[v]))
        joined |= 1 << v
    return pairs


def _factors_text(drawn: Drawn, x: str, y: str, found: Identified) -> str:
    lines = [
        f"P({y} | do({x})) is the product of the c-factors below, summed over "
        f"{drawn.listed(found.relevant & ~(1 << drawn.node(y)))} (Tian & Pearl 2002)."
    ]
    for factor in found.factors:
        district, turns = drawn.braces(factor.district), " > ".join(map(drawn.braces, factor.turns))
        lines.append(f"Q{district}: {turns}, by turns a c-component and what leads to {district} inside it.")
    return "\n".join(lines)
