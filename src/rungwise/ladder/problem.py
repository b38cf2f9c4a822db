"""A ladder problem: graph, question, what is displayed, truth, and the model behind it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import orjson

from rungwise.causal.estimand import Term
from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.ladder.families import SIZES
from rungwise.ladder.names import Event
from rungwise.ladder.queries import TYPES, Query, shape
from rungwise.ladder.rules import Rule
from rungwise.problems.problem import Fact


@dataclass(frozen=True)
class LadderProblem:
    """A yes/no question of the ladder.

    Attributes:
        graph: over the variables.
        hidden: bitmask of those said to be unobserved.
        events: the variables in words.
        query: the question.
        facts: displayed probabilities, rounded as displayed.
        decimals: of displayed percents.
        correlation: collider_bias: the displayed correlation within the group, to two decimals.
        direct: backadj: which method (1 or 2) does not adjust.
        rules, evidence: det-counterfactual: how variables follow from their causes, and observed values.
        yes: the answer.
        value: of numeric types the exact value from the model; of det-counterfactual the outcome's value after the
            change; else None.
        model: the model behind the numbers; None for det-counterfactual and backadj.
        family: of families.GRAPHS.
        style: seeds the choice of phrasings.
    """

    graph: DAG
    hidden: int
    events: tuple[Event, ...]
    query: Query
    facts: tuple[Fact, ...] = ()
    decimals: int = 0
    correlation: float | None = None
    direct: int = 0
    rules: tuple[Rule, ...] = ()
    evidence: tuple[tuple[int, int], ...] = ()
    yes: bool = False
    value: float | None = None
    model: SCM | None = None
    family: str = "random"
    style: str = ""

    @cached_property
    def id(self) -> str:
        """A hash of graph, question and displayed numbers; names, phrasings and the model play no part."""
        return _hash(self._content(asdict(self.query)))

    @cached_property
    def twin(self) -> str:
        """Equal for polarity twins."""
        return _hash(self._content({**asdict(self.query), "up": None}))

    @property
    def shape(self) -> str:
        """The canonical shape of the split rule."""
        return shape(self.graph, self.hidden, self.query)

    @property
    def answer(self) -> str:
        """Yes or No."""
        return "Yes" if self.yes else "No"

    @property
    def half(self) -> float:
        """How far a displayed probability can be from the one it was rounded from."""
        return float(0.5 * 10.0 ** -(2 + self.decimals))

    def _content(self, query: dict[str, Any]) -> dict[str, Any]:
        return {
            "parents": self.graph.parents,
            "hidden": self.hidden,
            "query": query,
            "facts": [{"target": f.term.target, "given": f.term.given, "value": f.value} for f in self.facts],
            "decimals": self.decimals,
            "correlation": self.correlation,
            "direct": self.direct,
            "rules": [asdict(rule) for rule in self.rules],
            "evidence": self.evidence,
        }

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; ``from_dict`` is its inverse."""
        out = {"id": self.id, **self._content(asdict(self.query))}
        out |= {"events": [list(event) for event in self.events], "yes": self.yes, "value": self.value}
        out |= {"family": self.family, "style": self.style}
        if self.model is not None:
            out["model"] = self.model.to_dict()
        return out

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LadderProblem:
        """The problem that ``to_dict`` wrote.

        Raises:
            UserError: a field is missing or malformed, or the stored id does not match the content.
        """
        try:
            graph = DAG(tuple([int(pa) for pa in data["parents"]]))
            problem = cls(
                graph=graph,
                hidden=int(data["hidden"]),
                events=tuple([Event(*map(str, event)) for event in data["events"]]),
                query=Query(**data["query"]),
                facts=tuple(
                    [Fact(Term(_pairs(f["target"]), _pairs(f["given"])), float(f["value"])) for f in data["facts"]]
                ),
                decimals=int(data["decimals"]),
                correlation=data["correlation"],
                direct=int(data["direct"]),
                rules=tuple([Rule(**rule) for rule in data["rules"]]),
                evidence=_pairs(data["evidence"]),
                yes=bool(data["yes"]),
                value=data["value"],
                model=SCM.from_dict(graph, data["model"]) if data.get("model") else None,
                family=str(data["family"]),
                style=str(data["style"]),
            )
            if problem.query.kind not in TYPES or not 2 <= len(problem.events) == graph.n <= max(SIZES):
                raise UserError(
                    "not a ladder problem: an unknown query type, over "
                    f"{max(SIZES)} variables, or not one event for each"
                )
            if data["id"] != problem.id:
                raise UserError(f"problem {data['id']} was changed after it was made (it hashes to {problem.id})")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"not a ladder problem: {type(error).__name__}: {error}") from error
        return problem


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:16]


def _pairs(raw: Any) -> tuple[tuple[int, int], ...]:
    return tuple([(int(v), int(value)) for v, value in raw])
