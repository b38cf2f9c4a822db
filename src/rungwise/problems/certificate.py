"""Certificates (``Problem.to_dict()`` as JSON text) from files that anyone may have written: bounded before they
cost."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from typing import Any

import numpy as np

from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.problems.problem import Problem

MAX_CHARS = 1_000_000
MAX_NODES = 16
MAX_VALUES = 8
MAX_CELLS = 1 << 16
MAX_FACTS = 4096
MAX_READINGS = 64
"""What is checked at all: longer texts, larger models and longer lists are refused unread."""


def read_certificate(text: str) -> Problem:
    """The problem of a certificate.

    Raises:
        UserError: not JSON, not a problem, larger than what is checked, or changed after it was made.
    """
    import orjson

    if len(text) > MAX_CHARS:
        raise UserError(f"the certificate has {len(text)} characters; at most {MAX_CHARS} are read")
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:  # nested too deeply, and NaN, among others
        raise UserError(f"the certificate is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UserError("the certificate is no JSON object")
    _refuse_large(data)
    tables = data.pop("model", None)
    try:
        problem = Problem.from_dict(data)
        if tables:
            object.__setattr__(problem, "model", _model(problem.graph, tables))  # nobody else has seen it yet
        hash(problem.query)  # a list in it would only be noticed much later
    except (TypeError, OverflowError) as error:
        raise UserError(f"not a problem: {type(error).__name__}: {error}") from error
    return problem


def _model(graph: DAG, data: dict[str, Any]) -> SCM:
    """``SCM.from_dict``, in a third of the time where all variables are binary and nothing is wrong: the tables are
    looked at in one go."""
    with suppress(KeyError, TypeError, ValueError):
        tables = tuple([np.array(table, dtype=np.float64) for table in data["tables"]])
        if [table.shape for table in tables] == [(2,) * (pa.bit_count() + 1) for pa in graph.parents]:
            cells = np.concatenate([table.ravel() for table in tables])
            rows = cells[::2] + cells[1::2]
            if np.minimum.reduce(cells) >= 0 and np.maximum.reduce(cells) <= 1 and abs(rows - 1).max() <= 1e-9:
                return SCM(graph, tables)
    return SCM.from_dict(graph, data)


def _refuse_large(data: dict[str, Any]) -> None:
    n, variables, model = data.get("n"), data.get("variables"), data.get("model")
    if not isinstance(n, int) or isinstance(n, bool) or not 2 <= n <= MAX_NODES:
        raise UserError(f"not a problem: n is {str(n)[:20]}; 2 to {MAX_NODES} variables are checked")
    if not isinstance(variables, list) or len(variables) != n:
        raise UserError(f"not a problem: {n} variables are expected")
    cards = []
    for variable in variables:
        if not (isinstance(variable, list) and len(variable) == 2 and isinstance(variable[1], list)):
            raise UserError("not a problem: a variable is no name with labels")
        if not all(isinstance(word, str) for word in (variable[0], *variable[1])):
            raise UserError("not a problem: a name or label is no text")
        cards.append(len(variable[1]))
    if not 2 <= min(cards) <= max(cards) <= MAX_VALUES or prod(cards) > MAX_CELLS:
        raise UserError(f"variables of {cards} values: 2 to {MAX_VALUES} each, {MAX_CELLS} cells in all are checked")
    meta = data.get("meta", {})
    if not isinstance(meta, dict):
        raise UserError("not a problem: meta is no object")
    for name, part, most in (("facts", data.get("facts"), MAX_FACTS), ("readings", meta.get("readings"), MAX_READINGS)):
        if isinstance(part, list) and len(part) > most:
            raise UserError(f"{len(part)} {name}; at most {most} are checked")
    _refuse_ints(data.get("query"))
    witness = meta.get("witness")
    for tables in (model, witness):
        if tables is not None and not isinstance(tables, dict):
            raise UserError("not a problem: a model is no object")


def _refuse_ints(query: Any) -> None:
    if not isinstance(query, dict):
        raise UserError("not a problem: there is no query")
    for key in ("treatment", "outcome", "x", "x_ref", "y"):
        if not isinstance(query.get(key), int) or isinstance(query[key], bool):
            raise UserError(f"not a problem: the query's {key} is no number of a variable or value")
    for key in ("task", "direction"):
        if not isinstance(query.get(key), str):
            raise UserError(f"not a problem: the query's {key} is no text")
    if query.get("bound") not in (None, "lower", "upper", "point") or query["direction"] not in ("more", "less"):
        raise UserError("not a problem: unknown bound or direction")
