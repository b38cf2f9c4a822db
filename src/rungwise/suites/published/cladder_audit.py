"""The audit of CLadder's labels: against what is displayed, their own worked solutions, and the model file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import numpy as np

from rungwise.causal.inference import joint
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.scoring.expression import ExpressionError, parse
from rungwise.suites.published.cladder_answers import solve
from rungwise.suites.published.cladder_model import counterfactual, from_file, numbers
from rungwise.suites.published.cladder_read import split
from rungwise.suites.published.cladder_solved import Solved
from rungwise.suites.published.cladder_text import HALF, Shown, key, read
from rungwise.suites.published.item import KINDS, Finding, Outcome, PublishedItem, Truth

EFFECTS = ("ate", "ett", "nde", "nie")
NUMERIC = (*EFFECTS, "marginal", "correlation", "exp_away")
"""Questions about the sign of a number."""
_TOLERANCE = 5e-4
_SLACK = 1e-6
_CALCULATION = re.compile(r"^([0-9.+\-*/() ]{3,400})=\s{0,3}(-?[0-9.]{1,12})$")
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*")
MAX_NUMBERS = 24
_END = re.compile(r"^-?[0-9.]{1,12} ([<>=]) 0$")


def audit(item: PublishedItem) -> Finding:
    """What is displayed, solved by two roads and compared with the label."""
    try:
        shown = displayed(item)
        nouns = _nouns(item.given.get("model"), shown)
        solved = solve(shown, nouns)
    except UserError as error:
        return Finding("unread", None, None, ("unread",), f"the item can't be read: {error}", "")
    label = None if item.label is None else item.label.answer == "Yes"
    outcome, kinds, why = _verdict(solved, label)
    proof = [solved.proof]
    own = _own_solution(item, shown, solved, label)
    if own:
        kinds.add("own-solution")
        proof.append("its own solution: " + own)
    against = _against_values(item, shown, solved, label)
    if against:
        proof.append(against)
        if outcome == "confirmed" and "the label is wrong for the model" in against:
            why += "; but the displayed numbers are not those of the set's own model, for which the label is wrong"
    if solved.zero:
        kinds.add("zero")
    return Finding(
        outcome,
        _truth(solved.yes),
        _truth(solved.second) if solved.yes is not None else None,
        tuple(kind for kind in KINDS if kind in kinds),
        why,
        "\n".join(proof),
        _twin(item, shown),
    )


def displayed(item: PublishedItem) -> Shown:
    """What an item displays: of its own fields where it has them, else of its prompt.

    Raises:
        UserError: it can't be read.
    """
    given = item.given
    if isinstance(given.get("question"), str) and isinstance(given.get("given_info"), str):
        background = given.get("background")
        parts = [part for part in (background, given["given_info"]) if isinstance(part, str)]
        return read("\n".join(parts), given["question"])
    return read(*split(item.text))


def _nouns(model: Any, shown: Shown) -> dict[int, tuple[str, str]]:
    """The names of values by variable, where a model file gives them."""
    mapping = model.get("variable_mapping") if isinstance(model, Mapping) else None
    if not isinstance(mapping, Mapping):
        return {}
    out = {}
    by_name = {key(name): v for v, name in enumerate(shown.names)}
    for field, name in mapping.items():
        symbol = str(field).removesuffix("name")
        v = by_name.get(key(str(name))) if str(field).endswith("name") else None
        zero, one = mapping.get(symbol + "0"), mapping.get(symbol + "1")
        if v is not None and isinstance(zero, str) and isinstance(one, str):
            out[v] = (zero, one)
    return out


def _truth(yes: bool | None) -> Truth | None:
    return None if yes is None else Truth(answer="Yes" if yes else "No")


def _verdict(solved: Solved, label: bool | None) -> tuple[Outcome, set[str], str]:
    if solved.yes is None:
        kinds, why = {"undetermined"}, solved.why
        if label is not None and solved.lean is not None:
            if label == solved.lean:
                why += "; the label agrees with the displayed numbers themselves"
            else:
                kinds.add("rounding")
                why += "; the label contradicts the displayed numbers themselves"
        return ("unlabelled" if label is None else "undetermined"), kinds, why
    word = "Yes" if solved.yes else "No"
    if label is None:
        return "unlabelled", set(), f"{solved.why}, so the answer is {word}"
    if label == solved.yes:
        return "confirmed", set(), f"{solved.why}, so the answer is {word}, as the label says"
    value = solved.estimate
    if not label and value is not None and value.exact and min(abs(value.low), abs(value.high)) < HALF:
        why = f"{solved.why}, so the answer is {word}; the set answers no to values below {HALF}, which rounding allows"
        return "rounding", {"rounding"}, why
    return "wrong", {"exact"}, f"{solved.why}, so the answer is {word}, and the label says the opposite"


def _own_solution(item: PublishedItem, shown: Shown, solved: Solved, label: bool | None) -> str:
    """What is wrong with the worked solution that an item brings, "" where nothing is found."""
    reasoning = item.given.get("reasoning")
    if not isinstance(reasoning, Mapping) or shown.query.kind not in NUMERIC:
        return ""
    faults = []
    worked, end = reasoning.get("step5"), reasoning.get("end")
    if isinstance(worked, str) and worked.strip() and (fault := _miscalculated(worked)):
        faults.append(fault)
    if isinstance(end, str) and label is not None and shown.query.kind != "marginal":  # that one is compared with 0
        found = _END.match(end)
        said = found is not None and ((found[1] == ">") if solved.up else (found[1] == "<"))
        if found is not None and said != label:
            faults.append(f"it ends with {end}, the label is {'yes' if label else 'no'}")
    return "; ".join(faults)


def _miscalculated(text: str) -> str:
    """Whether "sum = result" does not hold for any numbers that round to the shown ones (to first order)."""
    found = _CALCULATION.match(text.strip())
    if found is None:
        return f"{text[:120]!r} is no calculation"
    shown = [Fraction(number) for number in _NUMBER.findall(found[1])]
    count = iter(range(1, len(shown) + 1))
    if len(shown) > MAX_NUMBERS:
        return ""
    try:
        formula = parse(_NUMBER.sub(lambda _: f"v{next(count)}", found[1]))
        slots = {f"v{i}": number for i, number in enumerate(shown, 1)}
        value, stated = formula.evaluate(slots), Fraction(found[2])
        half, spread = Fraction("0.005"), Fraction("0.005")
        for name, number in slots.items():
            spread += abs(formula.evaluate({**slots, name: number + half}) - value)
    except ExpressionError as error:
        return f"{text[:120]!r} is no calculation ({error.code})"
    if abs(value - stated) <= spread * Fraction("1.1"):
        return ""
    return f"{found[1].strip()} is {float(value):.2f}, not {found[2]}"


def _against_values(item: PublishedItem, shown: Shown, solved: Solved, label: bool | None) -> str:
    """The published value beside what the displayed numbers allow, and beside the exact one of the model file."""
    meta = item.given.get("meta")
    if not isinstance(meta, Mapping) or shown.query.kind not in NUMERIC:
        return ""
    published = meta.get("groundtruth")
    if isinstance(published, bool) or not isinstance(published, (int, float)) or not math.isfinite(published):
        return ""
    published, lines = float(published), []
    shift = 0.5 if shown.query.kind == "marginal" else 0.0
    estimate = solved.estimate
    if estimate is not None and estimate.exact and shown.query.kind != "exp_away":
        low, high = estimate.low + shift - _SLACK, estimate.high + shift + _SLACK
        if not low <= published <= high:
            lines.append(f"published value {published:.4f}: no numbers that round to the displayed ones give it")
    model = item.given.get("model")
    if isinstance(model, Mapping):
        lines.append(_against_model(model, meta, shown, solved, label, published, shift))
    return "\n".join(lines)


def _against_model(
    entry: Mapping[str, Any],
    meta: Mapping[str, Any],
    shown: Shown,
    solved: Solved,
    label: bool | None,
    published: float,
    shift: float,
) -> str:
    try:
        model, at = from_file(entry, shown.names, shown.graph)
        x, y = at[str(meta.get("treatment"))], at[str(meta.get("outcome"))]
        exact, own = _exact(shown.query.kind, model, x, y, at.get(str(meta.get("collider"))), solved)
    except (UserError, KeyError, ZeroDivisionError) as error:
        return f"model file: not compared ({error})"
    right = abs(exact - published) <= _TOLERANCE
    words = [
        f"model file: exact value {exact:.4f}",
        f"published value {published:.4f} is {'right' if right else 'wrong'}",
    ]
    if own is not None:
        words.append("displayed numbers are the model's" if own else "displayed numbers are not the model's")
    if label is not None:
        # The set answers no to values below HALF, whichever direction is asked for.
        fits = (exact > shift) == (solved.up == label) or (not label and abs(exact - shift) < HALF)
        words.append(f"the label is {'right' if fits else 'wrong'} for the model")
    return ", ".join(words)


def _exact(kind: str, model: SCM, x: int, y: int, collider: int | None, solved: Solved) -> tuple[float, bool | None]:
    """The exact value in the model, and whether the displayed numbers are the model's."""
    table = joint(model)
    pair = np.moveaxis(table, [x, y], [0, 1]).reshape(2, 2, -1).sum(axis=2)
    rates = pair[:, 1] / pair.sum(axis=1)
    if kind == "marginal":
        value, own = float(pair[:, 1].sum()), [pair[1].sum(), *rates]
    elif kind == "correlation":
        value, own = float(rates[1] - rates[0]), [pair[1].sum(), *pair[:, 1]]
    elif kind == "exp_away":
        if collider is None:
            raise UserError("no collider is named")
        cells = np.moveaxis(table, [x, collider, y], [0, 1, 2]).reshape(2, 2, 2, -1).sum(axis=3)
        given = cells[:, :, 1] / cells.sum(axis=2)
        value = float(given[1, 1] - cells[:, 1, 1].sum() / cells[:, 1].sum())
        own = list(given.ravel())
    else:
        own_tables = numbers(model, solved.tables)
        off = [np.abs(own_tables[k] - shown).max() for k, shown in solved.tables.items()]
        return counterfactual(kind, model, x, y, 1), bool(max(off) <= HALF + _SLACK) if off else None
    off = [abs(a - b) for a, b in zip(own, solved.shown, strict=True)]
    return value, max(off) <= HALF + _SLACK


def _twin(item: PublishedItem, shown: Shown) -> str:
    """Equal for items that differ only in the direction asked for, in the order of the methods, or in the outcome's
    value."""
    meta = item.given.get("meta")
    model = meta.get("model_id", "") if isinstance(meta, Mapping) else ""
    graph = f"{sorted(map(key, shown.names))}{shown.graph.edges}"
    facts = str(sorted(shown.methods)) if shown.methods else f"{shown.facts}{shown.correlation}{shown.rules}"
    query = shown.query
    asked = str(query.parts[1:]) if query.kind == "det-counterfactual" else query.neutral
    if query.kind == "backadj":
        asked = str(query.parts[:2])
    text = "|".join([str(model), graph, facts, query.kind, asked])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
