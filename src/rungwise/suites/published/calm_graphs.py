"""CaLM's tasks about graphs drawn in words, audited: which set meets a criterion (``calm_sets``), whether an effect is
identified though some pairs of variables share an unobserved cause (CEI-B), whether one variable causes another (AR-B)
or is its ancestor (CA-B FA) or parent (CA-B FP)."""

from __future__ import annotations

from typing import Any

from rungwise.causal.adjustment_sets import directed_path
from rungwise.errors import UserError
from rungwise.suites.published import calm_graph_roads as roads
from rungwise.suites.published import calm_sets
from rungwise.suites.published.calm_graph_proofs import identification
from rungwise.suites.published.calm_graph_rows import Solved, drawn, name_of, names_of
from rungwise.suites.published.item import Finding, Outcome, PublishedItem, Truth

_PATHS = {
    "AR-B": ("ar_edges", "former", "latter", "GT_causes"),
    "CA-B FA": ("edges", "sampled_ancestor", "attribution", "GT_ancestors"),
    "CA-B FP": ("edges", "sampled_parent", "attribution", "GT_parents"),
}
"""Task -> the fields that hold the graph, the two variables, and the label's own list of causes."""


def audit_graph(item: PublishedItem) -> Finding:
    """What the graph of an item says about its label. Never raises for what the item says."""
    row = dict(item.given)
    try:
        solved = _solve(row, item.task)
    except UserError as error:
        return Finding("unread", None, None, ("unread",), f"The item can't be read: {error}.", "")
    label = item.label.answer if item.label else None
    kinds: tuple[str, ...] = ()
    why = solved.why[0].upper() + solved.why[1:]
    outcome: Outcome = "unlabelled"
    if label is not None:
        if not _own_agrees(row, item.task, label):
            kinds += ("own-solution",)
            why += f"; the label {label} contradicts the row's own list of what is right"
        if label not in solved.possible:
            outcome = "wrong"
            kinds += ("exact",)
            why += f"; the label says {label}"
        else:
            outcome = "confirmed" if solved.answer else "undetermined"
    if len(solved.possible) > 1:
        kinds += ("undetermined",)
    truth, second = (None if answer is None else Truth(answer=answer) for answer in (solved.answer, solved.second))
    return Finding(outcome, truth, second, kinds, f"{why}.", solved.proof)


def _solve(row: dict[str, Any], task: str) -> Solved:
    """Raises UserError where the row can't be read or the task is none of these."""
    if task in calm_sets.TASKS:
        return calm_sets.solve(row, task)
    if task in _PATHS:
        return _path(row, task)
    if not task.startswith("CEI-B"):
        raise UserError(f"no task about graphs is called {task[:40]!r}")
    x, y = name_of(row, "treatment"), name_of(row, "outcome")
    graph = drawn(row, "di_edges", {x, y}, "bi_edges")
    identified, why, proof = identification(graph, x, y)
    verdict = f"the effect of {x} on {y} is {'' if identified else 'not '}identified, because {why}"
    return Solved((_said(identified),), _said(roads.identified(graph.edges, graph.hidden, x, y)), verdict, proof)


def _path(row: dict[str, Any], task: str) -> Solved:
    field, *ends, _ = _PATHS[task]
    x, y = (name_of(row, end) for end in ends)
    graph = drawn(row, field, {x, y})
    dag, a, b = graph.dag, graph.node(x), graph.node(y)
    if task == "CA-B FP":
        parents = graph.listed(dag.parents[b])
        why = f"{'an' if dag.has_edge(a, b) else 'no'} arrow leads from {x} into {y}"
        return Solved((_said(dag.has_edge(a, b)),), _said((x, y) in graph.edges), why, f"Arrows into {y}: {parents}.")
    path = directed_path(dag, a, b) if a != b else None
    why = f"{'a' if path else 'no'} chain of arrows leads from {x} to {y}"
    proof = path.text(graph.names) if path else f"What leads to {y}: {graph.listed(dag.ancestors[b])}."
    leads = x != y and x in roads.causes(graph.edges, [y])
    return Solved((_said(path is not None),), _said(leads), why, proof)


def _said(true: bool) -> str:
    return "Yes" if true else "No"


def _own_agrees(row: dict[str, Any], task: str, label: str) -> bool:
    """Whether the label agrees with the names that its row lists as right; also where it lists none."""
    names = row.get(_PATHS[task][3] if task in _PATHS else "GT")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return True
    if task in _PATHS:
        return label == _said(row[_PATHS[task][1]] in names)
    if task not in calm_sets.TASKS or label not in ("1", "2", "3"):
        return True
    return names_of(row, f"option{label}") == set(names)
