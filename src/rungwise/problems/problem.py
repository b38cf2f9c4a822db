"""What a problem is: graph, query, displayed facts, truth and worked steps; no sentence of English."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from rungwise.causal.estimand import Assignment, Term
from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM
from rungwise.errors import UserError

TASKS = ("ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS")
EFFECTS = TASKS[:5]
"""Tasks that ask for a signed effect and a Yes or No; PN and PS ask for a bound only."""

TOLERANCE = 5e-4
"""Absolute tolerance on a value, everywhere (half a unit of the third decimal)."""

LACK_CONDITION = "LACK_CONDITION"
"""The whole answer when graph and displayed facts do not determine the value."""


class Variable(NamedTuple):
    """An event: its name as it stands inside a sentence and its value labels (label i is value i)."""

    name: str
    labels: tuple[str, ...] = ("low", "high")


class Query(NamedTuple):
    """A question.

    Attributes:
        task: one of TASKS.
        treatment, outcome: variable indices.
        x: the value the question changes the treatment to (ETT: the counterfactual one; PN, PS: likewise).
        x_ref: the value it is compared with (ETT, PN, PS: the observed one).
        y: the outcome value asked about (PN, PS: the value the outcome would have had; the other was seen).
        held: CDE only: every mediator with the value at which it is held.
        bound: PN and PS only: "lower" or "upper", or "point" where the treatment never lowers the outcome (so always
            for PNS).
        direction: "more" or "less" likely; turns the Yes/No answer, never the value.
    """

    task: str
    treatment: int
    outcome: int
    x: int
    x_ref: int
    y: int
    held: Assignment = ()
    bound: str | None = None
    direction: str = "more"


class Fact(NamedTuple):
    """A displayed probability, rounded as the reader sees it."""

    term: Term
    value: float


class Answer(NamedTuple):
    """The truth of a problem: ``value`` (None for LACK_CONDITION) and ``answer`` (Yes, No, LACK_CONDITION or None)."""

    value: float | None
    answer: str | None


class Step(NamedTuple):
    """One checkable step of a worked solution; ``content`` is plain text with letters A, B, ... for variables.

    ``kind`` is one of path, mediators, adjustment, estimand, substitution, arithmetic, missing, answer.
    """

    kind: str
    content: str


@dataclass(frozen=True)
class Problem:
    """A causal question with everything needed to answer it and to check the answer.

    ``truth`` and ``steps`` are empty for a problem read from text. ``model`` is the full causal model
    behind a generated problem (its certificate), ``meta`` how it was made and how hard it is.
    """

    graph: DAG
    variables: tuple[Variable, ...]
    query: Query
    facts: tuple[Fact, ...]
    truth: Answer | None = None
    steps: tuple[Step, ...] = ()
    model: SCM | None = None
    meta: dict[str, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def id(self) -> str:
        """What the problem is known by: a hash over structure, numbers and query. Names, letters, the order of the
        facts and which of two complementary probabilities is displayed are wording and play no part."""
        return self.id_with(self.query.y)

    def id_with(self, y: int) -> str:
        """The id of the same question about outcome value y, asked with the same numbers."""
        q = self.query
        asked = (q.task, q.treatment, q.outcome, q.x, q.x_ref, y, q.held, q.bound, q.direction)
        return hashlib.sha256(orjson.dumps(asked) + self._numbers).hexdigest()[:16]

    @cached_property
    def _numbers(self) -> bytes:
        """Graph and displayed numbers in an order of their own; of the two terms of a binary variable alone, P(v=0|..)
        stands for both."""
        cards = [len(v.labels) for v in self.variables]
        said = []
        for (target, given), value in self.facts:
            if len(target) == 1 and target[0][1] == 1 and cards[target[0][0]] == 2:
                target, value = ((target[0][0], 0),), round(1 - value, 12)
            said.append(orjson.dumps((target, given, value)))
        said.sort()
        return orjson.dumps((self.graph.parents, cards)) + b"".join(said)

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """A letter for each variable, as used in steps, the formal view and the slots view."""
        stored = self.meta.get("letters")
        return tuple(stored) if stored else tuple(letter(v) for v in range(self.graph.n))

    @property
    def shape(self) -> str:
        """Canonical shape for the split rule: graph up to isomorphism with treatment, outcome and the
        conditioned variables marked, and the task."""
        marks = [0] * self.graph.n
        marks[self.query.treatment], marks[self.query.outcome] = 1, 2
        for v, _ in self.query.held:
            marks[v] = 3
        return shape_text(self.query.task, self.graph.canonical(marks))

    def answer_text(self, view: str = "natural") -> str:
        """The reference answer as a model would write it in this view.

        Raises:
            UserError: the problem has no truth (it was read, not generated: solve it first).
        """
        from rungwise.wording.answers import answer_text

        return answer_text(self, view)

    def _content(self) -> dict[str, Any]:
        q = self.query
        return {
            "n": self.graph.n,
            "edges": self.graph.edges,
            "variables": [(v.name, v.labels) for v in self.variables],
            "query": {
                "task": q.task, "treatment": q.treatment, "outcome": q.outcome, "x": q.x, "x_ref": q.x_ref,
                "y": q.y, "held": q.held, "bound": q.bound, "direction": q.direction,
            },
            "facts": [{"target": target, "given": given, "value": p} for (target, given), p in self.facts],
        }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON (with tuples for lists); ``Problem.from_dict`` is its inverse."""
        out = {"id": self.id, **self._content()}
        if self.truth is not None:
            out["truth"] = {"value": self.truth.value, "answer": self.truth.answer}
        out["steps"] = [{"kind": s.kind, "content": s.content} for s in self.steps]
        if self.model is not None:
            out["model"] = self.model.to_dict()
        out["meta"] = self.meta
        return out

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Problem:
        """The problem that ``to_dict`` wrote.

        Raises:
            UserError: a field is missing or malformed, the graph is cyclic, a probability is outside [0, 1],
                or the stored id does not match the content.
        """
        try:
            q = data["query"]
            graph = DAG.from_edges(data["n"], [(a, b) for a, b in data["edges"]])
            problem = cls(
                graph=graph,
                variables=tuple(Variable(name, tuple(labels)) for name, labels in data["variables"]),
                query=Query(**{**q, "held": _pairs(q["held"])}),
                facts=tuple(Fact(Term(_pairs(f["target"]), _pairs(f["given"])), f["value"]) for f in data["facts"]),
                truth=Answer(**data["truth"]) if data.get("truth") else None,
                steps=tuple(Step(**s) for s in data.get("steps", ())),
                model=SCM.from_dict(graph, data["model"]) if data.get("model") else None,
                meta=data.get("meta", {}),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"not a problem: {type(error).__name__}: {error}") from error
        problem.check()
        if "id" in data and data["id"] != problem.id:
            raise UserError(f"problem {data['id']} was changed after it was made (its content hashes to {problem.id})")
        return problem

    def check(self) -> None:
        """Refuse what can't be a problem.

        Raises:
            UserError: unknown task, an index or value that does not exist, or a probability outside [0, 1].
        """
        q, n = self.query, self.graph.n
        if q.task not in TASKS and q.task != "PNS":
            raise UserError(f"unknown task {q.task!r}; tasks are {', '.join(TASKS)}, PNS")
        if len(self.variables) != n:
            raise UserError(f"{len(self.variables)} variables for a graph of {n} nodes")
        used = [((q.treatment, q.x), (q.treatment, q.x_ref), (q.outcome, q.y)), q.held]
        for fact in self.facts:
            if not (isinstance(fact.value, (int, float)) and 0 <= fact.value <= 1):
                raise UserError(f"probability {fact.value} of {fact.term.text(self.letters)} is outside [0, 1]")
            used += [fact.term.target, fact.term.given]
        for pairs in used:
            for v, value in pairs:
                if not (0 <= v < n and 0 <= value < len(self.variables[v].labels)):
                    raise UserError(f"no value {value} of variable {v} in this problem")
        if q.treatment == q.outcome:
            raise UserError("treatment and outcome are the same variable")

    def with_(self, **changes: Any) -> Problem:
        """A copy with some fields replaced (faster than ``dataclasses.replace``)."""
        assert changes.keys() <= _FIELDS
        out = object.__new__(Problem)
        # Cached properties stay behind, but for the numbers' text: it is dear, and mostly the same.
        kept = _FIELDS if changes.keys() & {"graph", "variables", "facts"} else _FIELDS_AND_NUMBERS
        out.__dict__.update([(name, value) for name, value in self.__dict__.items() if name in kept], **changes)
        return out


_FIELDS = frozenset(f.name for f in fields(Problem))
_FIELDS_AND_NUMBERS = _FIELDS | {"_numbers"}


def shape_text(name: str, form: Sequence[int]) -> str:
    """A canonical shape as text: the task and the graph's canonical form."""
    return f"{name}:{','.join(map(str, form))}"


def letter(v: int) -> str:
    """A, B, ..., Z, A1, B1, ...: the default letter of variable v."""
    return chr(ord("A") + v % 26) + (str(v // 26) if v >= 26 else "")


def _pairs(raw: Any) -> Assignment:
    return tuple((int(v), int(value)) for v, value in raw)
