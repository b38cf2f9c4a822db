"""RLCausal's prompts: a graph in DOT, the tables of all variables and one query, read back into a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from rungwise.causal.graph import DAG, bits
from rungwise.causal.scm import SCM, Array
from rungwise.errors import UserError

MAX_VARIABLES = 16
MAX_PARENTS = 3

_NAME = r"([A-Za-z_]\w{0,40})"
_GRAPH = re.compile(r"digraph[^{}]{0,100}\{([^{}]*+)\}")
_NODE = re.compile(rf"{_NAME}$")
_EDGE = re.compile(rf"{_NAME}\s?->\s?{_NAME}$")
_ROW = re.compile(rf"^P\({_NAME}(?: \| ([^()\n]{{1,200}}))?\) = \[([^\[\]\n]{{1,100}})\]\s*$", re.MULTILINE)
_VALUE = re.compile(rf"\s?{_NAME}\s?=\s?([01])\s?$")
_NUMBER = re.compile(r"(?:0|1)(?:\.(\d{1,9}))?$")
_QUESTION = re.compile(
    rf"What is the marginal distribution of {_NAME}"
    r"(?: given (?:it is observed that (?P<seen>[^?\n]{1,200})"
    r"|(?:we first observed (?P<first>[^?\n]{1,200}?) and then |we )"
    r"intervent?ed to set (?P<set>[^?\n]{1,200})))?\?"
)


@dataclass(frozen=True)
class Question:
    """A model as displayed and what is asked about it.

    Attributes:
        names: of the variables, by index.
        model: the displayed tables.
        unit: what the last displayed digit counts, 0.01 for two decimals.
        target: the variable whose distribution is asked for.
        seen: what was observed, before any intervention.
        do: the intervention.
    """

    names: tuple[str, ...]
    model: SCM
    unit: float
    target: int
    seen: Mapping[int, int]
    do: Mapping[int, int]

    @property
    def counterfactual(self) -> bool:
        """Whether something was observed before the intervention."""
        return bool(self.seen and self.do)


def read_question(text: str) -> Question:
    """The model and the query of a prompt.

    Raises:
        UserError: what can't be read: no or two graphs or questions, tables that do not fit the graph, numbers that
            are no distribution, other values than 0 and 1, a model beyond MAX_VARIABLES and MAX_PARENTS.
    """
    graphs, asked = _GRAPH.findall(text), list(_QUESTION.finditer(text))
    if len(graphs) != 1 or len(asked) != 1:
        raise UserError(f"there are {len(graphs)} graphs and {len(asked)} questions of the known form; one is needed")
    names, edges = _graph(graphs[0])
    index = {name: i for i, name in enumerate(names)}
    graph = DAG.from_edges(len(names), [(_at(index, a), _at(index, b)) for a, b in edges])
    if max(p.bit_count() for p in graph.parents) > MAX_PARENTS:
        raise UserError(f"a variable has more than {MAX_PARENTS} parents, the most that are solved")
    tables, digits = _tables(text, index, graph)
    question = asked[0]
    first, wanted = question["seen"] or question["first"], question["set"]
    return Question(
        names,
        SCM(graph, tables),
        10.0**-digits,
        _at(index, question[1]),
        _values(first, index) if first else {},
        _values(wanted.replace(" to ", " = "), index) if wanted else {},
    )


def _graph(body: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    names: dict[str, None] = {}
    edges = []
    for line in body.split(";"):
        part = line.strip().replace('"', "")
        if node := _NODE.match(part):
            names[node[1]] = None
        elif edge := _EDGE.match(part):
            names |= {edge[1]: None, edge[2]: None}
            edges.append((edge[1], edge[2]))
        elif part:
            raise UserError(f"the graph's line {part[:60]!r} is no node and no edge")
    if not 0 < len(names) <= MAX_VARIABLES:
        raise UserError(f"the graph has {len(names)} variables; from 1 to {MAX_VARIABLES} are solved")
    return tuple(names), edges


def _tables(text: str, index: Mapping[str, int], graph: DAG) -> tuple[tuple[Array, ...], int]:
    """The table of every variable, and the decimals of the longest number."""
    rows: dict[tuple[int, frozenset[tuple[int, int]]], tuple[float, float]] = {}
    digits = 0
    for name, condition, numbers in _ROW.findall(text):
        key = _at(index, name), frozenset(_values(condition, index).items() if condition else ())
        if key in rows:
            raise UserError(f"the table of {name} shows a row twice")
        found = [_NUMBER.match(number.strip()) for number in numbers.split(",")]
        if len(found) != 2 or not (found[0] and found[1]):
            raise UserError(f"the table of {name} holds [{numbers}], which is not two probabilities")
        digits = max(digits, *(len(number[1] or "") for number in found if number))
        rows[key] = float(found[0][0]), float(found[1][0])
    tables = []
    for name, v in index.items():
        parents = tuple(bits(graph.parents[v]))
        table = np.empty((2,) * (len(parents) + 1))
        for values in product((0, 1), repeat=len(parents)):
            row = rows.pop((v, frozenset(zip(parents, values, strict=True))), None)
            if row is None:
                raise UserError(f"the table of {name} lacks a row for its parents in the graph")
            if abs(sum(row) - 1) > 10.0**-digits + 1e-9:
                raise UserError(f"a row of the table of {name} sums to {sum(row):g}")
            table[values] = np.array(row) / sum(row)
        tables.append(table)
    if rows:
        raise UserError("the tables show rows for parents that the graph does not have")
    return tuple(tables), digits


def _values(text: str, index: Mapping[str, int]) -> dict[int, int]:
    """Variables with values, as in "v1=0,v2 = 1"."""
    values: dict[int, int] = {}
    for part in text.split(","):
        found = _VALUE.match(part)
        if not found or _at(index, found[1]) in values:
            raise UserError(f"{text[:60]!r} is no list of variables with values")
        values[_at(index, found[1])] = int(found[2])
    return values


def _at(index: Mapping[str, int], name: str) -> int:
    if name not in index:
        raise UserError(f"{name!r} is no variable of the graph")
    return index[name]
