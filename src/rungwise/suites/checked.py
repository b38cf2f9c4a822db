"""Checking one stored row by itself: everything that it states is recomputed."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rungwise.errors import UserError
from rungwise.problems.certificate import read_certificate
from rungwise.problems.check import check_problem
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.items import to_text
from rungwise.suites.rows import COLUMNS
from rungwise.wording.answers import solution_text
from rungwise.wording.reader import Unread, read

THOROUGH_EVERY = 20
"""One item in so many gets the slow independent checks as well."""

Numbered = tuple[int, str, dict[str, Any]]
"""A row's number, where it stands, the row."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is kept of a checked row: what folder-wide checks and statistics need."""

    where: str
    faults: list[str]
    suite: str = ""
    split: str = ""
    task: str = ""
    id: str = ""
    twin: str | None = None
    shape: str = ""
    content: str = ""
    answer: str | None = None
    value: float | None = None
    pair: str | None = None
    facts: str = ""
    canary: str = ""
    text: str = ""
    abstract: str = ""
    shortcuts: tuple[str, ...] = ()
    unread: bool = False


def check_rows(rows: Sequence[Numbered]) -> list[Checked]:
    """What is wrong with each row by itself."""
    gc.set_threshold(100_000, 50, 100)  # none of the many short-lived objects here is in a cycle
    return [_check_row(number, where, row) for number, where, row in rows]


def _check_row(number: int, where: str, row: dict[str, Any]) -> Checked:
    missing = [name for name in COLUMNS if name not in row]
    texts = [name for name in COLUMNS if name not in ("twin", "value")]
    wrong = [name for name in texts if name not in missing and not isinstance(row[name], str)]
    if missing or wrong:
        return Checked(where, [f"columns: {', '.join(missing + wrong)} missing or no text"])
    try:
        problem = read_certificate(row["problem"])
        if problem.truth is None:
            return Checked(where, ["problem: it has no truth"])
        faults = check_problem(problem, thorough=number % THOROUGH_EVERY == 0)
        if any(fault.startswith(("problem:", "model:")) for fault in faults):
            return Checked(where, faults)
        text_faults, unread = _text_faults(row, problem)
        faults += text_faults
    except UserError as error:
        return Checked(where, [f"certificate: {error}"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        return Checked(where, [f"certificate: not a problem: {type(error).__name__}: {error}"])
    q, truth = problem.query, problem.truth
    values = sorted(str(min(f.value, round(1 - f.value, 4))) for f in problem.facts)
    content = hashlib.sha256(f"{problem.shape} {q.bound} {q.direction} {truth.value} {values}".encode()).hexdigest()
    return Checked(
        where,
        faults,
        suite=row["suite"],
        split=row["split"],
        task=q.task,
        id=row["id"],
        twin=problem.meta.get("twin"),
        shape=problem.shape,
        content=content,
        answer=truth.answer,
        value=truth.value,
        pair=problem.meta.get("pair") if row["suite"] == "decisive" else None,
        facts=hashlib.sha256(f"{sorted(problem.facts, key=str)} {q}".encode()).hexdigest(),
        canary=row["canary"],
        text=row["text"],
        abstract=hashlib.sha256(_abstract(row["text"], problem).encode()).hexdigest(),
        shortcuts=tuple(problem.meta.get("shortcuts", ())),
        unread=unread,
    )


def _text_faults(row: dict[str, Any], problem: Problem) -> tuple[list[str], bool]:
    """What is wrong with the columns beside the certificate, and whether a reworded text could not be read."""
    view, text, faults, unread = row["view"], row["text"], [], False
    assert problem.truth is not None
    if text != to_text(problem, view):
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
        "twin": twin_id(problem),
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
    """The text with its events named by their numbers: what is left when names say nothing."""
    for i, variable in sorted(enumerate(problem.variables), key=lambda pair: -len(pair[1].name)):
        text = text.replace(variable.name, f"event{i}")
    return text
