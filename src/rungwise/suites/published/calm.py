"""CaLM (arXiv 2405.00622): CaLM-Lite and the full set, the English files.

Every kind of file is read (``calm_read``) and scored (``calm_score``). What decides about a label:

- the seven tasks, as numbers and as yes or no: the audit that CauGym's items have (``effects``);
- sets and relations in a graph: ``calm_graphs``;
- CLadder's items: ``cladder``;
- sets about everyday events (PCD, ECI, AC, CR-C, CEG): nothing does. No graph is given, so there is no exact truth.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rungwise.errors import UserError
from rungwise.problems.adjustment import standardised_mean
from rungwise.problems.problem import TOLERANCE, Answer, Problem
from rungwise.problems.solve import solve
from rungwise.suites.published import cladder
from rungwise.suites.published.calm_graphs import audit_graph
from rungwise.suites.published.calm_read import load
from rungwise.suites.published.calm_score import official, strict, write
from rungwise.suites.published.calm_tasks import kind_of
from rungwise.suites.published.effects import EXACT, HALF_UNIT, audit_text, reachable, worked_answer
from rungwise.suites.published.item import KINDS, Benchmark, Finding, PublishedItem, Truth
from rungwise.wording.reader import read
from rungwise.wording.slots import numbers_of

NO_TRUTH = (
    "the item asks about everyday events and gives no graph, so there is no exact answer to compare the label with"
)
MAX_GRAPH = 10_000
"""Characters of an item's own sentence about its graph."""

_EDGE = re.compile(r"\b([A-Z])->([A-Z])\b")
_LETTER = re.compile(r"\b[A-Z]\b(?!\()")


def audit(item: PublishedItem) -> Finding:
    """The finding about an item of any kind of file."""
    solver = kind_of(item).solver
    if solver == "none":
        return Finding("unread", None, None, ("unread",), NO_TRUTH, "")
    if solver == "graph":
        return audit_graph(item)
    if solver == "cladder":
        return cladder.BENCHMARK.audit(item)
    finding = _audit_effect(item)
    # The basic and the natural set of a task may hold the same items: only those of one file are each other's twins.
    return replace(finding, twin=f"{item.id.partition('/')[0]}|{finding.twin}") if finding.twin else finding


def _audit_effect(item: PublishedItem) -> Finding:
    """The shared audit judges value and answer; CaLM's labels state one of them, so the other is set to the exact one
    and decides nothing."""
    label = item.label
    try:
        solved = solve(read(item.text)).problem
    except UserError:
        return audit_text(item, item.text)
    exact = solved.truth
    if label is None or exact is None or exact.value is None:
        return _lettered(audit_text(item, item.text), item, solved)
    filled = Truth(
        exact.value if label.value is None else label.value, exact.answer if label.answer is None else label.answer
    )
    # Without its worked solution, which is compared with what the label does state.
    finding = _lettered(audit_text(replace(item, label=filled, given={}), item.text), item, solved)
    if label.value is not None:
        finding = _judged_number(finding, label.value, exact.value, solved)
    else:
        finding = _judged_sign(finding, label, exact, solved)
    own = _contradiction(label, worked_answer(item.given.get("Reason"), exact.answer is not None))
    kinds = {*finding.kinds, *(["own-solution"] if own else [])}
    return replace(finding, kinds=tuple(kind for kind in KINDS if kind in kinds), proof=_joined(finding.proof, own))


def _contradiction(label: Truth, made: Truth | None) -> str:
    """How the label contradicts its own worked solution, "" where it does not."""
    if made is None or made.value is None:
        return ""
    if label.value is not None and abs(made.value - label.value) > TOLERANCE:
        return f"its own worked solution ends with {made.value:.4f}"
    if label.answer is not None and made.answer not in (None, label.answer):
        return f"its own worked solution ends with {made.value:.4f} and {made.answer}"
    return ""


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _judged_number(finding: Finding, label: float, exact: float, solved: Problem) -> Finding:
    """CaLM compares four decimals, so a label that is off by more than half a unit of them is not confirmed."""
    off = abs(label - exact)
    if finding.outcome == "confirmed" and off <= HALF_UNIT + EXACT:
        return replace(finding, why="the label is the exact value" + ("" if off <= EXACT else " to four decimals"))
    if finding.outcome not in ("confirmed", "rounding"):
        return finding
    shown = _rounded_mean(solved, label)
    why = f"the label {label:.4f} rounds an intermediate result to four decimals; unrounded {exact:.6f}"
    finding = replace(finding, outcome="rounding", kinds=(*finding.kinds, "rounding"))
    return replace(finding, why=why, proof=_joined(finding.proof, shown)) if shown else finding


def _rounded_mean(solved: Problem, label: float) -> str:
    """How a label of PN or PS follows from the interventional mean in four decimals; "" where it does not."""
    q, right = solved.query, solved.meta["right"]
    rounded = solve(solved, "published").value
    if q.bound is None or right is None or rounded is None or abs(rounded - label) > HALF_UNIT + EXACT:
        return ""
    cards = [len(v.labels) for v in solved.variables]
    y = 1 - q.y if q.bound == "lower" else q.y
    mean = float(
        standardised_mean({q.outcome: y}, {q.treatment: q.x}, right[1], cards).evaluate(numbers_of(solved).__getitem__)
    )
    return f"with the probability under do() rounded from {mean:.6f} to {mean:.4f} the bound is {rounded:.4f}"


def _judged_sign(finding: Finding, label: Truth, exact: Answer, solved: Problem) -> Finding:
    assert exact.value is not None
    if label.answer == exact.answer:
        return replace(finding, why=f"the label is the answer to the exact value {exact.value:.4f}")
    low, high = reachable(solved)
    # The set's worked solutions call values that are rounded to nearly nothing "~=0" and answer No.
    tiny = label.answer == "No" and abs(exact.value) <= TOLERANCE
    if low < 0 < high or tiny:
        said = "the label takes it for no effect" if tiny else "other digits of the displayed numbers turn its sign"
        why = f"the exact value {exact.value:.6f} is so small that {said}"
        return replace(finding, outcome="rounding", kinds=("rounding",), why=why)
    return replace(finding, why=f"the label contradicts the answer to the exact value {exact.value:.4f}")


def _lettered(finding: Finding, item: PublishedItem, problem: Problem) -> Finding:
    """The proof with the item's own letters, those of its worked solution, in place of ours, which are in the order of
    mention. The item names the edges by letters in the order of its sentences about them."""
    background = item.given.get("Background")
    drawn = background.get("graph") if isinstance(background, dict) else ""
    edges = _EDGE.findall(str(drawn)[:MAX_GRAPH])
    theirs = list(dict.fromkeys(letter for edge in edges for letter in edge))
    number = {letter: v for v, letter in enumerate(theirs)}
    if len(theirs) != problem.graph.n or sorted((number[a], number[b]) for a, b in edges) != problem.graph.edges:
        return finding
    own = dict(zip(problem.letters, theirs, strict=True))
    return replace(finding, proof=_LETTER.sub(lambda found: own.get(found[0], found[0]), finding.proof))


BENCHMARK = Benchmark(
    name="calm",
    read=load,
    audit=audit,
    official=official,
    strict=strict,
    write=write,
    source="CaLM and CaLM-Lite are the folders calm_dataset and calm_lite_dataset of github.com/OpenCausaLab/CaLM",
)
