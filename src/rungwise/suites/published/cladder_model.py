"""The second road: a whole model of the graph that has the displayed numbers, and its exact counterfactuals.

Where the displayed numbers identify an effect, every such model has the same one; where they do not, models with
opposite signs show it. The same functions read the model that a set's model file gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from rungwise.causal.counterfactual import nested_mean, pair_joint
from rungwise.causal.graph import DAG
from rungwise.causal.inference import joint, multiply
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.suites.published.cladder_place import Array, Key
from rungwise.suites.published.cladder_text import MAX_NODES

_STEPS = 60
_FITTED = 1e-9
"""How near the model's numbers come to the displayed ones."""
_PARAMETER = re.compile(r"[pP]\((\w{1,20})(?: ?\| ?([\w, ]{1,80}))?\)")


def fit(graph: DAG, tables: Mapping[Key, Array], start: int) -> SCM | None:
    """A model of the graph with binary variables that has the displayed numbers, or None where none was found.

    Gauss-Newton from a random start (the same for the same ``start``) over angles t, with probabilities sin(t)^2, so
    that they stay in [0, 1]. Different starts lead to different models where the numbers leave any freedom.
    """
    layout = _layout(graph)
    masks, wanted = _constraints(graph.n, tables)
    angles = np.random.default_rng(start).uniform(0.3, 1.27, layout.size)
    for _ in range(_STEPS):
        p = np.sin(angles) ** 2
        cells, slopes = layout.cells(p)
        above, below = masks[0] @ cells, masks[1] @ cells
        if not below.all():
            return None
        off = above / below - wanted
        if np.abs(off).max(initial=0.0) < _FITTED:
            return layout.model(graph, p)
        gradient = (masks[0] @ slopes) / below[:, None] - (above / below**2)[:, None] * (masks[1] @ slopes)
        if not np.isfinite(gradient).all():
            return None
        step = np.linalg.lstsq(gradient * np.sin(2 * angles), -off, rcond=1e-10)[0]
        angles = angles + step * min(1.0, 0.5 / (np.abs(step).max() + 1e-12))
    return None


def _constraints(n: int, tables: Mapping[Key, Array]) -> tuple[tuple[Array, Array], Array]:
    """For each displayed P(v=1|given): the cells of the joint in the event, those in the condition, and the number."""
    states = np.arange(1 << n)
    events, conditions, wanted = [], [], []
    for (v, given), values in tables.items():
        for at in np.ndindex(values.shape):
            condition = np.ones(1 << n, dtype=bool)
            for c, value in zip(given, at, strict=True):
                condition &= (states >> c & 1) == value
            conditions.append(condition)
            events.append(condition & (states >> v & 1).astype(bool))
            wanted.append(float(values[at]))
    return (np.array(events, dtype=float), np.array(conditions, dtype=float)), np.array(wanted)


class _Layout:
    """Where the probabilities P(v=1|parents) of a graph stand in one vector, and how the joint follows from it."""

    def __init__(self, graph: DAG) -> None:
        self.states = np.arange(1 << graph.n)
        self.where: list[Any] = []
        at = 0
        for causes in graph.causes:
            own = np.zeros(len(self.states), dtype=int)
            for c in causes:
                own = own * 2 + (self.states >> c & 1)
            self.where.append(at + own)
            at += 1 << len(causes)
        self.size = at

    def cells(self, p: Array) -> tuple[Array, Array]:
        """The joint over all states, and its derivative by each probability."""
        factors = np.array(
            [np.where(self.states >> v & 1, p[where], 1 - p[where]) for v, where in enumerate(self.where)]
        )
        slopes = np.zeros((len(self.states), self.size))
        for v, where in enumerate(self.where):
            others = np.prod(np.delete(factors, v, axis=0), axis=0)
            slopes[self.states, where] = others * np.where(self.states >> v & 1, 1.0, -1.0)
        return np.prod(factors, axis=0), slopes

    def model(self, graph: DAG, p: Array) -> SCM:
        """The model with these probabilities."""
        tables, at = [], 0
        for causes in graph.causes:
            ones = p[at : at + (1 << len(causes))].reshape((2,) * len(causes))
            tables.append(np.stack([1 - ones, ones], axis=-1))
            at += 1 << len(causes)
        return SCM(graph, tuple(tables))


@lru_cache(maxsize=256)
def _layout(graph: DAG) -> _Layout:
    return _Layout(graph)


def counterfactual(kind: str, model: SCM, x: int, y: int, treated: int) -> float:
    """An effect of X on Y = 1 in a model: ate, ett, nde or nie, by truncated factorisation and pair factors.

    Raises:
        ZeroDivisionError: for ett, nobody has X = treated.
    """
    other, n = 1 - treated, model.graph.n

    def mean(table: Array, v: int, value: int = 1) -> float:
        return float(np.moveaxis(table, v, 0)[value].sum())

    if kind == "ate":
        return mean(joint(model, {x: treated}), y) - mean(joint(model, {x: other}), y)
    if kind == "ett":
        worlds = np.moveaxis(pair_joint(model, {}, {x: other}), x, 0)[treated]
        seen, unseen = y - (y > x), n + y - 1  # the axes of Y in both worlds, with that of X gone
        return (mean(worlds, seen) - mean(worlds, unseen)) / float(worlds.sum())
    base = mean(joint(model, {x: other}), y)
    if kind == "nde":
        return nested_mean(model, {x: treated}, {x: other}, {y: 1}) - base
    return nested_mean(model, {x: other}, {x: treated}, {y: 1}) - base


def numbers(model: SCM, wanted: Mapping[Key, Array]) -> dict[Key, Array]:
    """The model's own values of the displayed numbers; NaN where a condition has probability 0."""
    table = joint(model)
    out = {}
    for v, given in wanted:
        cells = multiply([(table, range(table.ndim))], model.cards, [*given, v])
        with np.errstate(invalid="ignore", divide="ignore"):
            out[v, given] = cells[..., 1] / cells.sum(axis=-1)
    return out


def from_file(entry: Mapping[str, Any], names: tuple[str, ...], graph: DAG) -> tuple[SCM, dict[str, int]]:
    """The model that an entry of the model file gives, over the variables of a prompt, and the positions of its
    symbols (X, Y, V1, ...).

    Raises:
        UserError: it is no such model, or one of another graph.
    """
    mapping, parameters = entry.get("variable_mapping"), entry.get("params")
    if not isinstance(mapping, Mapping) or not isinstance(parameters, Mapping) or graph.n > MAX_NODES:
        raise UserError("the model file's entry has no variable_mapping or no params")
    lowered = [name.lower().removeprefix("the ") for name in names]
    at: dict[str, int] = {}
    for symbol in [k.removesuffix("name") for k in mapping if isinstance(k, str) and k.endswith("name")]:
        name = str(mapping[symbol + "name"]).lower().removeprefix("the ")
        if name in lowered:
            at[symbol] = lowered.index(name)
    tables: list[Array | None] = [None] * graph.n
    for text, values in parameters.items():
        found = _PARAMETER.fullmatch(str(text))
        if found is None or found[1] not in at:
            raise UserError(f"the model file's entry has an unknown parameter {str(text)[:60]!r}")
        causes = [name.strip() for name in (found[2] or "").split(",") if name.strip()]
        if any(name not in at for name in causes):
            raise UserError(f"the model file's entry has an unknown parameter {str(text)[:60]!r}")
        v, order = at[found[1]], [at[name] for name in causes]
        try:
            ones = np.asarray(values, dtype=float).reshape((2,) * len(order))
        except (TypeError, ValueError) as error:
            raise UserError(f"{str(text)[:60]!r} in the model file is no table of probabilities") from error
        if sum(1 << c for c in order) != graph.parents[v]:
            raise UserError(f"{str(text)[:60]!r} in the model file is of another graph than the text's")
        ones = np.transpose(ones, sorted(range(len(order)), key=order.__getitem__)) if order else ones
        tables[v] = np.stack([1 - ones, ones], axis=-1)
    if any(table is None for table in tables):
        raise UserError("the model file's entry lacks the table of a variable")
    model = SCM(graph, tuple(table for table in tables if table is not None))
    model.check()
    return model, at
