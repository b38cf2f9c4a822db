"""An item of the ladder: a problem in words with its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rungwise.errors import UserError
from rungwise.ladder.digits import value_range
from rungwise.ladder.problem import LadderProblem
from rungwise.ladder.queries import NUMERIC, estimand
from rungwise.ladder.rules import run
from rungwise.ladder.text import text
from rungwise.suites.published.item import Truth


@dataclass(frozen=True)
class LadderItem:
    """A problem in words.

    Attributes:
        id: unique within a request's split, names and seed.
        task: the query type.
        text: what a model sees.
        label: "Yes" or "No".
        problem: with everything to recompute the label.
    """

    id: str
    task: str
    text: str
    label: Truth
    problem: LadderProblem

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; ``from_dict`` is its inverse."""
        return {
            "id": self.id,
            "task": self.task,
            "text": self.text,
            "answer": self.label.answer,
            "problem": self.problem.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LadderItem:
        """The item that ``to_dict`` wrote.

        Raises:
            UserError: a field is missing, or text or answer are not those of the problem.
        """
        try:
            problem = LadderProblem.from_dict(data["problem"])
            item = cls(data["id"], data["task"], data["text"], Truth(answer=data["answer"]), problem)
            said, answer = text(problem), answered(problem, problem.query.up).answer
            sign = 1 if (problem.value or 0) > 0 else -1
            determined = problem.query.kind not in NUMERIC or displayed_sign(problem) == sign
        except (KeyError, TypeError, IndexError, ValueError, AssertionError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"not a ladder item: {type(error).__name__}: {error}") from error
        if (item.task, item.text, item.label.answer) != (problem.query.kind, said, answer) or not determined:
            raise UserError(f"item {item.id}: task, text or answer are not those of its problem")
        return item


def answered(problem: LadderProblem, up: bool) -> LadderProblem:
    """The problem with the direction asked for, and its answer."""
    q = replace(problem.query, up=up)
    if q.kind == "backadj":
        positive = (problem.direct == 1) == problem.graph.is_backdoor_set(1 << q.x, q.y, 0)
    elif q.kind == "collider_bias":
        positive = problem.graph.has_path(q.x, q.y)
    elif q.kind == "det-counterfactual":
        positive = run(problem.graph, problem.rules, dict(problem.evidence), {q.x: q.x_value})[q.y] == 1
    else:
        assert problem.value is not None
        positive = (problem.value > 0) != (q.kind == "ett")  # "if it were otherwise" turns the sign
    return replace(problem, query=q, yes=positive == up)


def displayed_sign(problem: LadderProblem) -> int:
    """The sign of a numeric problem's value for all numbers that round to the displayed ones; 0 where they differ."""
    formula = estimand(problem.graph, problem.hidden, problem.query)
    assert formula is not None
    return value_range(formula, problem.facts, problem.half).sign
