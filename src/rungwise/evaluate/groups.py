"""Which questions of a suite belong together: those that share a causal model, and those that are as hard."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

from rungwise.evaluate.questions import Question
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import Problem

Clusters = Mapping[int, Hashable]
"""Index of a question -> what is equal for questions whose results are not independent."""

BANDS: dict[str, tuple[int, ...]] = {
    "nodes": (3, 4, 5, 6, 7, 8, 9, 10),
    "adjustment": (0, 1, 2, 3),
    "mediators": (0, 1, 2),
    "facts": (0, 5, 9, 17, 33),
    "distractors": (0, 1, 5, 9, 17),
    "operations": (0, 1, 3, 7, 15, 31),
}
"""Measure of ``problems.difficulty`` -> where its bands begin; the last one has no end."""


def clusters_of(questions: Sequence[Question]) -> Clusters:
    """A question stands with its polarity twin, with a pair that was made together (decisive, insufficient), with
    repetitions, and in CLadder with the others about its model."""
    return {question.index: _cluster(question) for question in questions}


def _cluster(question: Question) -> Hashable:
    if question.is_problem:
        return _of_problem(question.problem)
    row = question.published[1].given if question.published is not None else {}
    meta = row.get("meta")
    if isinstance(meta, Mapping) and "model_id" in meta:
        return tuple(str(meta.get(key)) for key in ("story_id", "graph_id", "model_id"))
    return question.id


def _of_problem(problem: Problem) -> Hashable:
    pair = problem.meta.get("pair")
    return str(pair) if pair is not None else min(problem.id, twin_id(problem) or problem.id)


def difficulties(questions: Sequence[Question]) -> dict[str, dict[str, frozenset[int]]]:
    """Measure -> band such as "5 to 8" -> the indices in it; of the questions whose problem is known.

    Beside BANDS, for problems that were generated: "zero", whether the value is 0 by the graph alone, and
    "graph-blind", whether the solver that never reads the graph is right.
    """
    known = [q for q in questions if q.is_problem]
    measured = {q.index: _measured(q.problem) for q in known}
    found = {
        name: _grouped({i: band(starts, own[name]) for i, own in measured.items() if name in own}, bands(starts))
        for name, starts in BANDS.items()
    }
    zero = {q.index: "yes" if q.problem.meta["zero"] else "no" for q in known if "zero" in q.problem.meta}
    blind = {
        q.index: "right" if "graph-blind" in q.problem.meta["shortcuts"] else "wrong"
        for q in known
        if "shortcuts" in q.problem.meta
    }
    found |= {"zero": _grouped(zero, ["yes", "no"]), "graph-blind": _grouped(blind, ["right", "wrong"])}
    return {name: groups for name, groups in found.items() if groups}


def _measured(problem: Problem) -> dict[str, int]:
    """What is known of a problem's difficulty; of one that was read its sizes only."""
    stated = problem.meta.get("difficulty", {})
    return {**stated, "nodes": problem.graph.n, "facts": len(problem.facts)}


def bands(starts: Sequence[int]) -> list[str]:
    """The names of the bands that begin there."""
    last = [f"{starts[-1]} or more"]
    return [str(a) if b == a + 1 else f"{a} to {b - 1}" for a, b in pairwise(starts)] + last


def band(starts: Sequence[int], value: int) -> str:
    """The name of the band that the value is in; below the first it is in that."""
    return bands(starts)[max(0, sum(value >= start for start in starts) - 1)]


def _grouped(named: Mapping[int, str], order: Sequence[str]) -> dict[str, frozenset[int]]:
    found = {name: frozenset(i for i, own in named.items() if own == name) for name in order}
    return {name: indices for name, indices in found.items() if indices}
