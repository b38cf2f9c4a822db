"""What is evaluated: the questions of a suite, whether it is one of ours, a generated file or a published file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from rungwise.causal.graph import DAG
from rungwise.errors import UserError
from rungwise.files import parse_json
from rungwise.problems.problem import Answer, Problem, Query, Variable
from rungwise.problems.solve import solve
from rungwise.scoring.sign import answer_from_value
from rungwise.suites.items import SUITES, VIEWS, generate, to_text
from rungwise.suites.published import caugym
from rungwise.suites.rows import read_rows
from rungwise.wording.reader import read

PUBLISHED = ("caugym",)
DEFAULT_N = 700


@dataclass(frozen=True)
class Question:
    """One row to be answered and scored.

    Attributes:
        index: its place in the suite, from 0.
        prompt: what a language model sees; None where the item could not be read and the view needs that.
        problem: what an answer is scored against, with its truth (a published item: the label).
        unread: why our reader could not read the item, None when it could.
        corrected: the answer that the sign of the truth's value gives; the published ETT answers often differ.
    """

    index: int
    id: str
    task: str
    view: str
    prompt: str | None
    problem: Problem
    unread: str | None = None
    corrected: str | None = None

    @property
    def truth(self) -> Answer:
        """What counts as right."""
        assert self.problem.truth is not None
        return self.problem.truth


@dataclass(frozen=True)
class Suite:
    """The questions of one suite; ``published`` where the truth is a label that other people gave."""

    name: str
    view: str
    questions: tuple[Question, ...]
    published: bool

    @property
    def sha256(self) -> str:
        """Hash over everything that a prediction is about, so that no stored prediction meets other data."""
        digest = hashlib.sha256()
        for q in self.questions:
            digest.update(json.dumps([q.id, q.prompt, q.truth.value, q.truth.answer]).encode())
        return digest.hexdigest()


def load_suite(
    spec: str, view: str | None = None, n: int | None = None, seed: int = 0, limit: int | None = None
) -> Suite:
    """The suite that ``spec`` names: one of SUITES, a folder or file made by ``rungwise generate``, or
    ``caugym:PATH[#SUBSET]``.

    ``n`` and ``seed`` belong to our suites (default DEFAULT_N items), ``limit`` keeps the first items of any.
    ``view`` is natural by default, for generated files the view they were made in.

    Raises:
        UserError: unknown suite or view, a file that is not what it should be, or an ``n`` for a file.
        OSError: a file can't be opened.
    """
    if view is not None and view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")
    for name, count in (("n", n), ("limit", limit)):
        if count is not None and count < 1:
            raise UserError(f"{name} must be at least 1, got {count}")
    published = spec.partition(":")[0] in PUBLISHED
    if spec not in SUITES and n is not None and (published or Path(spec).exists()):
        raise UserError("--n is for suites that are generated; use --limit to take the first items of a file")
    if spec in SUITES:
        view = view or "natural"
        questions = _generated(spec, n or DEFAULT_N, seed, view)
    elif published:
        view = view or "natural"
        questions = _published(spec.partition(":")[2], view)
    elif Path(spec).exists():
        questions = _stored(Path(spec), view)
    else:
        raise _unknown(spec)
    found = tuple(islice(questions, limit))
    if not found:
        raise UserError(f"{spec} holds no items")
    return Suite(spec, view or found[0].view, found, published)


def _generated(suite: str, n: int, seed: int, view: str) -> Iterator[Question]:
    for i, item in enumerate(generate(suite, n, seed, view)):
        yield Question(i, item.id, item.problem.query.task, view, item.text, item.problem)


def _stored(path: Path, view: str | None) -> Iterator[Question]:
    """Items of a data file, or of every one in a folder, that ``rungwise generate`` made."""
    for i, (where, row) in enumerate(read_rows(path)):
        if not isinstance(row.get("problem"), str):
            raise UserError(f"{where} is no item made by 'rungwise generate'")
        try:
            problem = Problem.from_dict(parse_json(row["problem"], where))
        except UserError as error:
            raise UserError(f"{where}: {error}") from error
        if problem.truth is None:
            raise UserError(f"{where}: the problem has no truth to score against")
        made_in = row.get("view")
        chosen = view or made_in
        text = row.get("text") if chosen == made_in else to_text(problem, str(chosen))
        if chosen not in VIEWS or not isinstance(text, str):
            raise UserError(f"{where}: the item has no view or no text")
        yield Question(i, problem.id, problem.query.task, chosen, text, problem)


def _published(place: str, view: str) -> Iterator[Question]:
    path, _, subset = place.partition("#")
    if not path:
        raise UserError("name the file, as in caugym:PATH/base_dataset.json")
    for i, item in enumerate(caugym.load(Path(path), subset or None)):
        yield _labelled(i, item, view)


def _labelled(index: int, item: caugym.PublishedItem, view: str) -> Question:
    """A published item, read where it can be; a language model's natural view needs its text and label alone."""
    corrected, unread, prompt = item.label.answer, None, item.text if view == "natural" else None
    try:
        problem = read(item.text)
        # The slots view scores expressions, so it must know which one is right; the label still decides the value.
        problem = solve(problem).problem if view == "slots" else problem
        prompt = item.text if view == "natural" else to_text(problem, view)
        if item.task == "ETT" and item.label.value is not None:
            corrected = answer_from_value(problem.query, item.label.value)
    except UserError as error:
        unread = str(error)
        problem = _unknown_problem(item.task)
    return Question(
        index, item.id, item.task, view, prompt, problem.with_(truth=item.label), unread=unread, corrected=corrected
    )


def _unknown_problem(task: str) -> Problem:
    """Stands for a text that was not read; only its truth, the label, is ever used."""
    unknown = Variable("unknown")
    return Problem(DAG.from_edges(2, [(0, 1)]), (unknown, unknown), Query(task, 0, 1, 1, 0, 1), ())


def _unknown(spec: str) -> UserError:
    if "/" in spec or "." in spec:
        return UserError(f"there is no suite, file or folder {spec!r}")
    names = [*SUITES, *(f"{name}:PATH" for name in PUBLISHED)]
    near = get_close_matches(spec, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"suites are {', '.join(names)}"
    return UserError(f"unknown suite {spec!r}; {hint}")
