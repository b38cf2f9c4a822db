"""What stands behind a problem, as plain data for people and JSON: its question as a definition, its tables, what each
reading gives, the value recomputed by roads of its own, and the second model where nothing determines the value."""

from __future__ import annotations

from itertools import product
from typing import Any

from rungwise.causal.estimand import Term, assignments, term
from rungwise.causal.graph import bits
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.problems.problem import TOLERANCE, Problem, Query
from rungwise.problems.roads import cells, event, model_value, reading_value, third_value
from rungwise.problems.worked import names
from rungwise.scoring.sign import answer_from_value


def evidence(problem: Problem) -> dict[str, Any]:
    """Everything below that this problem has; a published one has only its definition.

    Raises:
        UserError: its certificate is damaged.
    """
    out: dict[str, Any] = {"definition": definition(problem)}
    if "readings" in problem.meta:
        out["readings"] = _readings(problem)
    if problem.model is not None:
        out |= {"model": tables(problem, problem.model), "tolerance": TOLERANCE}
        out["recomputed"] = _recomputed(problem, problem.model, out.get("readings", []))
        if "witness" in problem.meta:
            out["witness"] = _witness(problem, problem.model)
    return out


def definition(problem: Problem) -> str:
    """The question in symbols, as in ``P(C=1|do(A=1)) - P(C=1|do(A=0)); Yes where positive``; ``C_{A=1}`` is C had A
    been 1."""
    q, letters = problem.query, problem.letters
    x, ref = (assignments(((q.treatment, value),), letters) for value in (q.x, q.x_ref))
    y, outcome = assignments(((q.outcome, q.y),), letters), letters[q.outcome]
    if q.task in ("ATE", "CDE"):
        held = f",{assignments(q.held, letters)}" if q.held else ""
        said = f"P({y}|do({x}{held})) - P({y}|do({ref}{held}))"
    elif q.task == "ETT":
        said = f"P({y}|{ref}) - P({outcome}_{{{x}}}={q.y}|{ref})"
    elif q.task in ("NDE", "NIE"):
        own, between = (x, ref) if q.task == "NDE" else (ref, x)
        mediators = bits(problem.graph.mediators(q.treatment, q.outcome))
        set_to = ",".join([own, *[f"{letters[m]}_{{{between}}}" for m in mediators]])
        said = f"P({outcome}_{{{set_to}}}={q.y}) - P({outcome}_{{{ref}}}={q.y})"
    elif q.task == "PNS":
        said = f"P({outcome}_{{{x}}}={q.y},{outcome}_{{{ref}}}={1 - q.y})"
    else:
        said = f"P({outcome}_{{{x}}}={q.y}|{ref},{outcome}={1 - q.y})"
    return said + _asked(q)


def _asked(q: Query) -> str:
    if q.bound is not None:
        return ", a point: the treatment never lowers the outcome" if q.bound == "point" else f", its {q.bound} bound"
    return f"; Yes where {'positive' if answer_from_value(q, 1.0) == 'Yes' else 'negative'}"


def tables(problem: Problem, model: SCM) -> list[dict[str, Any]]:
    """The conditional probability tables, variable by variable; value 0 is what the others leave of 1."""
    out = []
    for v, table in enumerate(model.tables):
        parents = list(bits(model.graph.parents[v]))
        rows = {}
        for values in product(*(range(model.cards[u]) for u in parents)):
            for value in range(1, model.cards[v]):
                cell = term({v: value}, dict(zip(parents, values, strict=True)))
                rows[cell.text(problem.letters)] = float(table[(*values, value)])
        variable = problem.variables[v]
        labels = dict(enumerate(variable.labels))
        out.append({"letter": problem.letters[v], "name": variable.name, "labels": labels, "table": rows})
    return out


def _readings(problem: Problem) -> list[dict[str, Any]]:
    """What each reading of the menu, and the right one, makes of the displayed numbers (None: they do not suffice)."""
    right, menu = problem.meta["right"], [list(reading) for reading in problem.meta["readings"]]
    if right is not None and list(right) not in menu:
        menu.append(list(right))
    shown = {fact.term: fact.value for fact in problem.facts}
    out = []
    for reading in menu:
        ms, zs = reading
        if ms & zs or (ms | zs) >> problem.graph.n:  # a formula over them could be of any length
            raise UserError(f"the reading {reading} is not two sets of the problem's variables")
        out.append(
            {
                "mediators": names(ms, problem.letters),
                "adjustment": names(zs, problem.letters),
                "value": reading_value(problem.query, ms, zs, _cards(problem), shown),
                "right": right is not None and reading == list(right),
            }
        )
    return out


def _recomputed(problem: Problem, model: SCM, readings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The value by each road, and how far from the stated truth it is."""
    found = [("displayed numbers, textbook formula", reading["value"]) for reading in readings if reading["right"]]
    found.append(("full model, truncated factorisation", model_value(model, problem.query)))
    third = third_value(model, problem.query)
    if third is not None:
        found.append((f"full model, {third[0]}", third[1]))
    truth = problem.truth.value if problem.truth else None
    return [
        {"road": road, "value": value, "difference": None if truth is None else value - truth}
        for road, value in found
        if value is not None
    ]


def _witness(problem: Problem, model: SCM) -> dict[str, Any]:
    """The second model, its value beside the first one's, and how far apart the two are on the displayed facts."""
    second = SCM.from_dict(problem.graph, problem.meta["witness"])
    if second.cards != model.cards:
        raise UserError(f"the second model's variables have {second.cards} values, the first one's {model.cards}")
    both = cells(model), cells(second)

    def apart(shown: Term) -> float:
        first, other = (
            event(flat, shown.target + shown.given, model.cards) / event(flat, shown.given, model.cards)
            for flat in both
        )
        return abs(first - other)

    return {
        "model": tables(problem, second),
        "values": [model_value(model, problem.query), model_value(second, problem.query)],
        "largest_difference": max([apart(fact.term) for fact in problem.facts], default=0.0),
    }


def _cards(problem: Problem) -> tuple[int, ...]:
    return tuple([len(v.labels) for v in problem.variables])
