"""Prompts in CLadder's form about names and models of our own, and an oracle for their values.

The oracle shares nothing with the package: it sums over all assignments of a model in plain loops.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

GRAPHS: dict[str, dict[str, tuple[str, ...]]] = {
    "chain": {"X": (), "V2": ("X",), "Y": ("V2",)},
    "fork": {"X": (), "V2": (), "Y": ("X", "V2")},
    "confounding": {"V1": (), "X": ("V1",), "Y": ("V1", "X")},
    "mediation": {"X": (), "V2": ("X",), "Y": ("X", "V2")},
    "diamond": {"X": (), "V2": ("X",), "V3": ("X",), "Y": ("V2", "V3")},
    "diamondcut": {"V1": (), "X": ("V1",), "V3": ("V1",), "Y": ("X", "V3")},
    "frontdoor": {"V1": (), "X": ("V1",), "V3": ("X",), "Y": ("V1", "V3")},
    "arrowhead": {"X": (), "V2": (), "V3": ("X", "V2"), "Y": ("X", "V2", "V3")},
    "IV": {"V1": (), "V2": (), "X": ("V1", "V2"), "Y": ("V1", "X")},
    "collision": {"X": (), "Y": (), "V3": ("X", "Y")},
}
NAMES = {"X": "dral", "Y": "foop", "V1": "bemp", "V2": "lurn", "V3": "gisk"}
FACTS = {
    "ate": {
        "chain": ("Y|X",),
        "fork": ("Y|X",),
        "mediation": ("Y|X",),
        "diamond": ("Y|X",),
        "arrowhead": ("Y|X",),
        "confounding": ("Y|V1,X", "V1"),
        "diamondcut": ("Y|V1,X", "V1"),
        "frontdoor": ("V3|X", "Y|X,V3", "X"),
        "IV": ("Y|V2", "X|V2"),
    },
    "ett": {
        "chain": ("Y|X",),
        "fork": ("Y|X",),
        "mediation": ("Y|X",),
        "diamond": ("Y|X",),
        "arrowhead": ("Y|X",),
        "confounding": ("Y|V1,X", "V1"),
        "diamondcut": ("Y|X,V3", "V3|X"),
        "frontdoor": ("Y|X,V3", "V3|X"),
    },
    "nde": {"mediation": ("Y|X,V2", "V2|X"), "arrowhead": ("Y|X,V3", "V3|X,V2", "V2")},
    "nie": {
        "chain": ("Y|X",),
        "diamond": ("Y|X",),
        "mediation": ("Y|X,V2", "V2|X"),
        "frontdoor": ("V3|X", "Y|X,V3", "X"),
        "arrowhead": ("Y|X,V3", "V3|X,V2", "V2"),
    },
}
"""The numbers that the set shows for an effect in a graph."""

Model = Mapping[str, Mapping[tuple[int, ...], float]]


def model(graph: str, seed: int) -> Model:
    """P(v=1|parents) for a graph."""
    draw = random.Random(f"{graph}{seed}")
    return {
        v: {values: draw.uniform(0.05, 0.95) for values in product((0, 1), repeat=len(causes))}
        for v, causes in GRAPHS[graph].items()
    }


def _states(
    graph: str, m: Model, reads: Mapping[tuple[str, str], int] | None = None
) -> Iterator[tuple[dict[str, int], float]]:
    """All assignments with their probabilities; ``reads`` is what an effect sees of a cause in place of its value."""
    reads = reads or {}
    nodes = GRAPHS[graph]
    for values in product((0, 1), repeat=len(nodes)):
        state = dict(zip(nodes, values, strict=True))
        p = 1.0
        for v, causes in nodes.items():
            one = m[v][tuple(reads.get((c, v), state[c]) for c in causes)]
            p *= one if state[v] else 1 - one
        yield state, p


def rate(graph: str, m: Model, event: Mapping[str, int], given: Mapping[str, int]) -> float:
    """P(event | given)."""
    both = under = 0.0
    for state, p in _states(graph, m):
        if all(state[v] == value for v, value in given.items()):
            under += p
            both += p * all(state[v] == value for v, value in event.items())
    return both / under


def value(kind: str, graph: str, m: Model) -> float:
    """The exact effect of X on Y=1, by what each effect of X sees."""
    effects = [v for v, causes in GRAPHS[graph].items() if "X" in causes]

    def mean(sees: Mapping[str, int], given: int | None = None) -> float:
        reads = {("X", v): sees["Y" if v == "Y" else "other"] for v in effects}
        total = under = 0.0
        for state, p in _states(graph, m, reads):
            if given is None or state["X"] == given:
                under += p
                total += p * state["Y"]
        return total / under

    one, none = {"Y": 1, "other": 1}, {"Y": 0, "other": 0}
    if kind == "ate":
        return mean(one) - mean(none)
    if kind == "ett":
        return mean(one, 1) - mean(none, 1)
    return mean({"Y": 1, "other": 0} if kind == "nde" else {"Y": 0, "other": 1}) - mean(none)


def background(graph: str, names: Mapping[str, str] = NAMES) -> str:
    """The sentences about a graph."""
    nodes = GRAPHS[graph]
    said = []
    for cause in nodes:
        effects = [names[v] for v, causes in nodes.items() if cause in causes]
        if effects:
            said.append(f"{names[cause].capitalize()} has a direct effect on {' and '.join(effects)}.")
    hidden = {"frontdoor": "V1", "IV": "V1", "arrowhead": "V2"}.get(graph)
    if hidden:
        said.append(f"{names[hidden].capitalize()} is unobserved.")
    return "Imagine a self-contained world with only these conditions: " + " ".join(said)


def facts(graph: str, m: Model, terms: tuple[str, ...]) -> str:
    """The sentences that show some numbers in whole percents."""
    out = []
    for term in terms:
        target, _, given = term.partition("|")
        conditions = given.split(",") if given else []
        for values in product((0, 1), repeat=len(conditions)):
            p = rate(graph, m, {target: 1}, dict(zip(conditions, values, strict=True)))
            who = " and ".join(f"are {'' if v else 'not '}{NAMES[c]}" for c, v in zip(conditions, values, strict=True))
            start = f"For those who {who}, the" if who else "The overall"
            out.append(f"{start} probability of {NAMES[target]} is {p:.0%}.")
    return " ".join(out)


def question(kind: str, graph: str, up: bool = True) -> str:
    """A question about the effect of X on Y."""
    x, y = NAMES["X"], NAMES["Y"]
    through = " and ".join(
        NAMES[v] for v, causes in GRAPHS[graph].items() if "X" in causes and any(v in c for c in GRAPHS[graph].values())
    )
    return {
        "ate": f"Will {x} {'increase' if up else 'decrease'} the chance of {y}?",
        "ett": f"For those who are {x}, would it be {'more' if up else 'less'} likely to see {y} "
        f"if the individual was not {x}?",
        "nde": f"If we disregard the mediation effect through {through}, would {x} "
        f"{'positively' if up else 'negatively'} affect {y}?",
        "nie": f"Does {x} {'positively' if up else 'negatively'} affect {y} through {through}?",
    }[kind]


def row(kind: str, graph: str, seed: int, up: bool = True) -> dict[str, Any]:
    """A row of a question file, with the right answer by the model, and its model's entry under "entry"."""
    m = model(graph, seed)
    exact = value(kind, graph, m)
    yes = (exact > 0) == (up if kind != "ett" else not up)
    return {
        "question_id": seed,
        "desc_id": f"{graph}-{kind}-{seed}",
        "given_info": facts(graph, m, FACTS[kind][graph]),
        "question": question(kind, graph, up),
        "answer": "yes" if yes else "no",
        "meta": {
            "query_type": kind,
            "graph_id": graph,
            "treatment": "X",
            "outcome": "Y",
            "groundtruth": exact,
            "model_id": seed,
            "polarity": up,
        },
        "reasoning": {"end": f"{exact:.2f} {'>' if exact > 0 else '<'} 0"} if abs(exact) > 0.01 else None,
        "entry": entry(graph, m, seed),
    }


def entry(graph: str, m: Model, seed: int) -> dict[str, Any]:
    """The model file's entry of a model."""
    params: dict[str, Any] = {}
    for v, causes in GRAPHS[graph].items():
        table: Any = [m[v][values] for values in product((0, 1), repeat=len(causes))]
        for _ in causes:
            table = [table[i : i + 2] for i in range(0, len(table), 2)] if len(table) > 1 else table
        name = f"p({v} | {', '.join(causes)})" if causes else f"p({v})"
        params[name] = table[0]
    mapping = {
        k: text
        for v in GRAPHS[graph]
        for k, text in ((f"{v}name", NAMES[v]), (f"{v}1", NAMES[v]), (f"{v}0", f"not {NAMES[v]}"))
    }
    return {"model_id": seed, "background": background(graph), "variable_mapping": mapping, "params": params}


def write(folder: Path, rows: list[dict[str, Any]], name: str = "own-questions-easy.json") -> Path:
    """A question file beside its model file."""
    plain = [{k: v for k, v in r.items() if k != "entry"} for r in rows]
    (folder / name).write_text(json.dumps(plain))
    (folder / "own-model-meta.json").write_text(json.dumps([r["entry"] for r in rows if "entry" in r]))
    return folder / name
