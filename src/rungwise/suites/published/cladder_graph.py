"""CLadder's questions that the graph alone answers: collider bias and the choice between two adjustment sets."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from rungwise.causal.graph import bits
from rungwise.causal.inference import joint
from rungwise.causal.scm import SCM, random_scm
from rungwise.errors import UserError
from rungwise.suites.published.cladder_model import counterfactual
from rungwise.suites.published.cladder_solved import AGREE, Solved
from rungwise.suites.published.cladder_text import Shown, key
from rungwise.suites.published.cladder_words import content, found_in


def collider_bias(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    _, treatment, outcome = shown.query.parts
    n = shown.graph.n

    def fits(phrase: str, v: int) -> float:
        words = [w for text in (shown.names[v], *nouns.get(v, ())) for w in content(text)[0]]
        return float(sum(found_in(w, words) for w in content(phrase)[0]))

    scores = {(x, y): fits(treatment, x) + fits(outcome, y) for x, y in permutations(range(n), 2)}
    best = [pair for pair, score in scores.items() if score == max(scores.values())]
    caused = {shown.graph.has_path(x, y) for x, y in best}
    x, y = best[0]
    if len(caused) > 1:
        return Solved(None, None, None, "the text does not say which variables are meant", "")
    effects = [counterfactual("ate", model, x, y, 1) for model in _random_models(shown)]
    moved = max(abs(value) for value in effects) > AGREE
    path = "there is a directed path" if caused == {True} else "there is no directed path"
    proof = f"{path} from [{shown.names[x]}] to [{shown.names[y]}]; a correlation within a group does not make one"
    return Solved(
        caused.pop() == shown.query.up, moved == shown.query.up, None, f"by the graph {path}", proof, up=shown.query.up
    )


def _random_models(shown: Shown) -> list[SCM]:
    return [random_scm(shown.graph, np.random.default_rng(start), low=0.1, high=0.9) for start in range(3)]


def backadj(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    if shown.methods is None:
        raise UserError("no two methods are described")
    x, y = shown.node(shown.query.parts[0]), shown.node(shown.query.parts[1])
    first = int(shown.query.parts[2]) - 1
    if shown.query.parts[2] == shown.query.parts[3]:
        raise UserError("the question compares a method with itself")
    sets = [_named(method, shown) for method in shown.methods]
    valid = [shown.graph.is_backdoor_set(1 << x, y, zs) for zs in sets]
    models = _random_models(shown)
    also = [all(abs(_adjusted(m, x, y, zs) - counterfactual("ate", m, x, y, 1)) < AGREE for m in models) for zs in sets]
    lines = []
    for number, (zs, right) in enumerate(zip(sets, valid, strict=True), 1):
        names = ", ".join(f"[{shown.names[v]}]" for v in bits(zs)) or "nothing"
        lines.append(
            f"method {number} adjusts for {names}: {'a' if right else 'no'} back-door set"
            + (", though unobserved" if zs & shown.unobserved else "")
        )
    proof = "\n".join(lines)
    if valid[0] == valid[1]:
        return Solved(None, None, None, f"{'both' if valid[0] else 'neither'} of the methods are right", proof)
    if also[0] == also[1]:  # the criterion is sufficient, not necessary
        return Solved(
            None, None, None, "both methods lead to the effect, though one adjusts for no back-door set", proof
        )
    return Solved(
        valid[first], also[first], None, f"only method {valid.index(True) + 1} adjusts for a back-door set", proof
    )


def _named(method: str, shown: Shown) -> int:
    """The set of variables that a method names."""
    rest, zs = method.strip(), 0
    names = sorted(range(len(shown.names)), key=lambda v: -len(shown.names[v]))
    while rest:
        v = next((v for v in names if key(rest).startswith(key(shown.names[v]))), None)
        if v is None:
            raise UserError(f"{rest[:60]!r} is no variable of the graph")
        zs |= 1 << v
        rest = key(rest)[len(key(shown.names[v])) :].lstrip(" ,")
        rest = rest.removeprefix("and ")
    return zs


def _adjusted(model: SCM, x: int, y: int, zs: int) -> float:
    """The sum over z of [P(Y=1|X=1,z) - P(Y=1|X=0,z)] P(z) in a model."""
    nodes = sorted(bits(zs))
    table = joint(model)
    drop = tuple(v for v in range(table.ndim) if v not in (x, y, *nodes))
    left = [v for v in range(table.ndim) if v not in drop]
    cells = np.moveaxis(table.sum(axis=drop), [left.index(x), left.index(y)], [0, 1])
    rates = cells[:, 1] / cells.sum(axis=1)
    return float(((rates[1] - rates[0]) * cells.sum(axis=(0, 1))).sum())
