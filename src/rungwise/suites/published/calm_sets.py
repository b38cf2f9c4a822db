"""CaLM's choices between sets of variables: back-door sets (BAS-C min, max, mix), front-door sets (FAS-C), instruments
(IV-C).

"Minimal" and "maximal" are taken for the smallest and the largest of the options that meet the criterion: seldom is
the labelled one the smallest or the largest set of the graph. The labels leave variable A out of every back-door set.
The worked examples in CaLM's repository (prompt style "manual-CoT") give the reason, "Note A is unobserved", but the
questions do not; so an option that only this rules out counts, and several that meet the criterion equally well leave
the answer open. An instrument is what the repository's prompts call one: it causes the treatment, affects the outcome
only through it, and has no cause in common with the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rungwise.causal.adjustment_sets import (
    Fault,
    backdoor_fault,
    directed_path,
    frontdoor_fault,
    instrument_fault,
    largest_backdoor_set,
    smallest_backdoor_set,
)
from rungwise.causal.admg import ADMG, Path
from rungwise.causal.graph import DAG, bits
from rungwise.suites.published import calm_graph_roads as roads
from rungwise.suites.published.calm_graph_rows import Drawn, Solved, braces, drawn, listed, name_of, names_of

UNOBSERVED = "A"
"""The variable that the labels of the back-door tasks take for unobserved."""
TASKS = {
    "BAS-C min": ("back-door", "smallest"),
    "BAS-C max": ("back-door", "largest"),
    "BAS-C mix": ("back-door", "only"),
    "FAS-C": ("front-door", "only"),
    "IV-C": ("instruments", "only"),
}
"""Task -> the criterion, and which of the options that meet it is asked for."""
MEETS = {
    "back-door": ("meets the back-door criterion", "meet the back-door criterion"),
    "front-door": ("meets the front-door criterion", "meet the front-door criterion"),
    "instruments": ("holds instruments only", "hold instruments only"),
}
_ROADS: dict[str, Callable[[roads.Edges, str, str, frozenset[str]], bool]] = {
    "back-door": roads.meets_backdoor,
    "front-door": roads.meets_frontdoor,
    "instruments": roads.are_instruments,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which of the options meets a criterion for the effect of x on y, and is the smallest, largest or only one."""

    drawn: Drawn
    x: str
    y: str
    criterion: str
    wanted: str
    options: list[frozenset[str]]

    @property
    def triple(self) -> tuple[DAG, int, int]:
        """The graph and the two nodes."""
        return self.drawn.dag, self.drawn.node(self.x), self.drawn.node(self.y)


def solve(row: dict[str, Any], task: str) -> Solved:
    """Which option of a row is right; ``task`` is one of TASKS.

    Raises:
        UserError: the row can't be read.
    """
    x, y = name_of(row, "treatment"), name_of(row, "outcome")
    options = [names_of(row, f"option{number}") for number in (1, 2, 3)]
    q = _Asked(drawn(row, "edges", {x, y}.union(*options)), x, y, *TASKS[task], options)
    if x == y:
        why = f"the criterion is about a treatment and another variable, and both are {x} here"
        return Solved(
            ("1", "2", "3"), None, why, "No path leads from a variable to itself, so the criterion rules out no path."
        )
    faults = [_fault(q, option) for option in options]
    meeting = [number for number, fault in enumerate(faults, 1) if not fault]
    best = _best(q, meeting)
    second = roads.chosen(options, partial(_ROADS[q.criterion], q.drawn.edges, x, y), q.wanted)
    lines = [
        f"Option {number}, {braces(sorted(option))}: {fault or _merit(q, option)}."
        for number, (option, fault) in enumerate(zip(options, faults, strict=True), 1)
    ]
    return Solved(
        tuple(map(str, best)),
        str(second) if second else None,
        _why(q, meeting, best),
        "\n".join([*lines, *_remark(q, best)]),
    )


def _best(q: _Asked, meeting: Sequence[int]) -> list[int]:
    """Of the options that meet the criterion those of the size asked for."""
    sizes = {number: len(q.options[number - 1]) for number in meeting}
    if q.wanted == "only" or not sizes:
        return list(sizes)
    limit = (min if q.wanted == "smallest" else max)(sizes.values())
    return [number for number, size in sizes.items() if size == limit]


def _why(q: _Asked, meeting: Sequence[int], best: Sequence[int]) -> str:
    one, several = MEETS[q.criterion]
    if not meeting:
        return f"no option {one}"
    if len(meeting) == 1:
        return f"option {best[0]} alone {one}"
    if len(best) == 1:
        return f"options {listed(map(str, meeting))} {several}, and option {best[0]} is the {q.wanted} of them"
    equally = {"smallest": ", equally small", "largest": ", equally large", "only": ""}[q.wanted]
    open_still = f"options {listed(map(str, best))} {several}{equally}"
    observed = [number for number in best if UNOBSERVED not in q.options[number - 1]]
    if q.criterion == "back-door" and len(observed) == 1:
        open_still += (
            f"; were {UNOBSERVED} unobserved, which the question does not say, only option {observed[0]} would"
        )
    return open_still


def _remark(q: _Asked, best: Sequence[int]) -> list[str]:
    """A line where the graph has a smaller or larger set than the best of the options."""
    if q.criterion != "back-door" or q.wanted == "only" or not best:
        return []
    found = (smallest_backdoor_set if q.wanted == "smallest" else largest_backdoor_set)(*q.triple)
    offered = len(q.options[best[0] - 1])
    if found is None or found.bit_count() == offered:
        return []
    return [f"The {q.wanted} set of the graph, {q.drawn.braces(found)}, is not offered."]


def _fault(q: _Asked, option: frozenset[str]) -> str:
    """Why an option does not meet the criterion; "" where it does."""
    dag, x, y = q.triple
    zs = q.drawn.mask(option)
    if q.criterion == "back-door":
        return _fault_text(q, backdoor_fault(dag, x, y, zs), zs)
    if q.criterion == "front-door":
        return _fault_text(q, frontdoor_fault(dag, x, y, zs), zs)
    faults = [_fault_text(q, instrument_fault(dag, z, x, y), 0) for z in bits(zs)]
    return next(filter(None, faults), "") if zs else "it names no variable"


def _fault_text(q: _Asked, fault: Fault | None, zs: int) -> str:
    if fault is None:
        return ""
    nodes = q.drawn.listed(fault.nodes)
    match fault.rule:
        case "members":
            return f"{nodes} can't be in it, being the treatment or the outcome"
        case "descendants":
            return f"{nodes} can't be in it: {q.x} causes {'it' if fault.nodes.bit_count() == 1 else 'them'}"
        case "no cause":
            surrogate = ", though it would do as a surrogate instrument" if _is_surrogate(q, fault.nodes) else ""
            return f"{nodes} does not cause {q.x}{surrogate}"
    assert fault.path is not None
    path = fault.path.text(q.drawn.names)
    match fault.rule:
        case "directed":
            return f"the directed path {path} avoids it"
        case "exclusion":
            return f"the path {path} does not go through {q.x} and is open"
        case "onward":
            opened = _opened(q, fault.path, 1 << q.drawn.node(q.x))
            return f"given {q.x}, the back-door path {path} from it to {q.y} is open{opened}"
    if q.criterion == "front-door":
        return f"the back-door path {path} from {q.x} to it is open"
    return f"it leaves the back-door path {path} open{_opened(q, fault.path, zs)}"


def _is_surrogate(q: _Asked, z: int) -> bool:
    """Whether a node, no instrument, depends on x and is connected with y only through x (Hernan & Robins 2006)."""
    dag, x, y = q.triple
    return not dag.d_separated(z, 1 << x, 0) and dag.without_edges_out_of(1 << x).d_separated(z, 1 << y, 0)


def _opened(q: _Asked, path: Path, zs: int) -> str:
    """What opens the colliders of a path."""
    dag, names = q.drawn.dag, q.drawn.names
    given = [
        f"{names[v]} is given"
        if zs >> v & 1
        else f"{q.drawn.listed(zs & dag.descendants[v])}, which {names[v]} causes, is given"
        for v in path.colliders
    ]
    return f" ({'; '.join(given)})" if given else ""


def _merit(q: _Asked, option: frozenset[str]) -> str:
    """How a reader sees that an option meets the criterion."""
    dag, x, _ = q.triple
    d, zs = q.drawn, q.drawn.mask(option)
    if q.criterion == "back-door":
        if not dag.parents[x] & ~zs:
            entered = f"{'it holds all' if dag.parents[x] else 'there is nothing'} with an arrow into {q.x}"
            return f"{q.x} causes none of it, and {entered}"
        reached = d.listed(_reached(dag, 1 << x, 1 << x, zs))
        return f"{q.x} causes none of it; given the set, open back-door paths from {q.x} reach {reached}, not {q.y}"
    if q.criterion == "front-door":
        into = d.listed(_reached(dag, 1 << x, 1 << x, 0))
        onward = d.listed(_reached(dag, zs, zs, 1 << x))
        return (
            f"without it no directed path leads from {q.x} to {q.y}; open back-door paths from {q.x} reach {into}; "
            f"given {q.x}, those from it reach {onward}, not {q.y}"
        )
    paths = [directed_path(dag, z, x) for z in bits(zs)]
    reached = d.listed(_reached(dag, 1 << x, zs, 0))
    to_x = listed([path.text(d.names) for path in paths if path])
    return f"{to_x}; without {q.x}'s own arrows, open paths from it reach {reached}, not {q.y}"


def _reached(dag: DAG, cut: int, xs: int, zs: int) -> int:
    """What open paths from xs reach, zs given, when the arrows out of ``cut`` are cut."""
    return ADMG.of(dag.without_edges_out_of(cut)).connected(xs, zs)
