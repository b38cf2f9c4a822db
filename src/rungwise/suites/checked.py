"""Checking one stored row by itself: everything that it states is recomputed."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from rungwise.causal.canonical import forms_of
from rungwise.errors import UserError
from rungwise.problems.certificate import read_certificate
from rungwise.problems.check import check_read
from rungwise.problems.checkable import unfit
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import Problem, shape_text
from rungwise.scoring.score import score
from rungwise.suites.items import to_text
from rungwise.suites.rows import COLUMNS
from rungwise.wording import natural
from rungwise.wording.answers import solution_text
from rungwise.wording.reader import Unread, read

THOROUGH_EVERY = 20
"""One item in so many gets the slow independent checks as well."""

_TEXTS = tuple(name for name in COLUMNS if name not in ("twin", "value"))
_DAMAGED = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)
"""What a certificate whose fields are of other kinds than expected may lead to."""

Numbered = tuple[int, str, dict[str, Any]]
"""A row's number, where it stands, the row."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is kept of a checked row: what folder-wide checks and statistics need."""

    where: str
    faults: tuple[str, ...]
    suite: str = ""
    split: str = ""
    task: str = ""
    id: str = ""
    twin: str | None = None
    shape: str = ""
    content: bytes = b""
    answer: str | None = None
    value: float | None = None
    pair: str | None = None
    facts: bytes = b""
    abstract: bytes = b""
    shortcuts: tuple[str, ...] = ()
    unread: bool = False


def check_rows(rows: Sequence[Numbered]) -> list[Checked]:
    """What is wrong with each row by itself."""
    gc.set_threshold(100_000, 50, 100)  # none of the many short-lived objects here is in a cycle
    read = [_read_row(where, row) for _, where, row in rows]
    shapes = iter(shapes_of([problem for problem in read if isinstance(problem, Problem)]))
    return [
        _check_row(number, where, row, problem, next(shapes)) if isinstance(problem, Problem) else problem
        for (number, where, row), problem in zip(rows, read, strict=True)
    ]


def shapes_of(problems: Sequence[Problem]) -> list[str]:
    """The canonical shape of each, as ``Problem.shape`` but many at once."""
    graphs = []
    for problem in problems:
        q, marks = problem.query, [0] * problem.graph.n
        marks[q.treatment], marks[q.outcome] = 1, 2
        for v, _ in q.held:
            marks[v] = 3
        graphs.append((problem.graph.parents, marks))
    return [shape_text(p.query.task, form) for p, form in zip(problems, forms_of(graphs), strict=True)]


def _read_row(where: str, row: dict[str, Any]) -> Problem | Checked:
    """The problem of a row's certificate, or what is wrong with it."""
    missing = [name for name in COLUMNS if name not in row]
    wrong = [name for name in _TEXTS if name not in missing and not isinstance(row[name], str)]
    if missing or wrong:
        return Checked(where, (f"columns: {', '.join(missing + wrong)} missing or no text",))
    try:
        problem = read_certificate(row["problem"])
    except UserError as error:
        return Checked(where, (f"certificate: {error}",))
    except _DAMAGED as error:
        return Checked(where, (f"certificate: not a problem: {type(error).__name__}: {error}",))
    if problem.truth is None or problem.model is None:
        return Checked(where, ("problem: it has no truth or no model",))
    return problem


def _check_row(number: int, where: str, row: dict[str, Any], problem: Problem, shape: str) -> Checked:
    q, truth, meta = problem.query, problem.truth, problem.meta
    assert truth is not None
    assert problem.model is not None
    try:
        if faults := unfit(problem, problem.model):
            return Checked(where, tuple(faults))
        faults = check_read(problem, problem.model, truth, shape, thorough=number % THOROUGH_EVERY == 0)
        text_faults, unread = _text_faults(row, problem)
        pair = meta.get("pair") if row["suite"] == "decisive" else None
        return Checked(
            where,
            (*faults, *text_faults),
            suite=row["suite"],
            split=row["split"],
            task=q.task,
            id=row["id"],
            twin=meta.get("twin"),
            shape=shape,
            content=_digest(
                shape, q.bound, q.direction, truth.value, sorted([_smaller(f.value) for f in problem.facts])
            ),
            answer=truth.answer,
            value=truth.value,
            pair=pair,
            facts=_digest(sorted(problem.facts), q) if pair else b"",
            abstract=_digest(_abstract(row["text"], problem)) if unread else b"",
            shortcuts=tuple(meta.get("shortcuts", ())),
            unread=unread,
        )
    except UserError as error:
        return Checked(where, (f"certificate: {error}",))
    except _DAMAGED as error:
        return Checked(where, (f"certificate: not a problem: {type(error).__name__}: {error}",))


def _digest(*said: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(said, default=tuple)).digest()[:16]


def _smaller(p: float) -> float:
    """The smaller one of two complementary probabilities: either may be displayed."""
    return min(p, round(1 - p, 4))


def _text_faults(row: dict[str, Any], problem: Problem) -> tuple[list[str], bool]:
    """What is wrong with the columns beside the certificate, and whether a reworded text could not be read."""
    view, text, faults, unread = row["view"], row["text"], [], False
    assert problem.truth is not None
    plain = view != "natural" or text.startswith(natural.OPENING)
    if not plain or text != to_text(problem, view):
        try:
            said = read(text)
        except Unread:
            unread = True
        except UserError as error:
            faults.append(f"text: it is no problem: {error}")
        else:
            same = said.graph == problem.graph and said.query == problem.query and set(said.facts) == set(problem.facts)
            if not same or [v.name for v in said.variables] != [v.name for v in problem.variables]:
                faults.append("text: it is not the problem's")
    if unread and "reworded" not in problem.meta:
        faults.append("text: it is not the problem's")
    verdict = score(row["answer"], problem, view)
    if row["answer"] != problem.answer_text(view) or verdict.score != 1:
        faults.append(f"answer: the reference answer is not the problem's or does not score 1 ({verdict.reason})")
    expected = {
        "id": problem.id,
        "twin": problem.meta["twin"] if "twin" in problem.meta else twin_id(problem),
        "split": problem.meta["split"],
        "task": problem.query.task,
        "value": problem.truth.value,
        "solution": solution_text(problem, view),
    }
    kinds = {"id": "id", "twin": "twin", "split": "split"}
    faults += [
        f"{kinds.get(name, 'columns')}: {name} is {str(row[name])[:80]!r}, the problem's is {str(value)[:80]!r}"
        for name, value in expected.items()
        if row[name] != value
    ]
    if "canary" not in row["canary"]:
        faults.append("canary: there is none")
    return faults, unread


def _abstract(text: str, problem: Problem) -> str:
    """The text with its events named by their numbers: what is left when names say nothing. Of a text that is known to
    be the problem's, the problem's shape says as much."""
    for i, variable in sorted(enumerate(problem.variables), key=lambda pair: -len(pair[1].name)):
        text = text.replace(variable.name, f"event{i}")
    return text
