"""What is evaluated: the questions of a suite, whether it is one of ours, a generated file or a published file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import parse_json
from rungwise.problems.problem import Answer, Problem
from rungwise.problems.solve import solve
from rungwise.scoring.sign import answer_from_value
from rungwise.suites.families import FAMILIES, family, family_items
from rungwise.suites.items import SUITES, VIEWS, generate, to_text
from rungwise.suites.published import BENCHMARKS, is_published, open_set
from rungwise.suites.published.effects import STANDING
from rungwise.suites.published.item import Benchmark, PublishedItem, Truth, refuse
from rungwise.suites.published.patch import check_labels, patched, read_patch
from rungwise.suites.rows import read_rows
from rungwise.wording.reader import read

DEFAULT_N = 700
READ = "caugym"
"""The benchmark whose items become problems of ours: with views, shortcuts and the solver's roundings."""


@dataclass(frozen=True)
class Question:
    """One row to be answered and scored.

    Attributes:
        index: its place in the suite, from 0.
        prompt: what a language model sees; None where the item could not be read and the view needs that.
        problem: what an answer is scored against, with its truth; for a published item what it was read as, or a
            problem that stands for it.
        published: the benchmark and the item that the question is; its label is the truth.
        unread: why our reader could not read the item, None when it could.
        corrected: the answer that the sign of the truth's value gives; the published ETT answers often differ.
        suite: the one that the item was generated for; of a folder there can be several.
    """

    index: int
    id: str
    task: str
    view: str
    prompt: str | None
    problem: Problem
    published: tuple[Benchmark, PublishedItem] | None = None
    unread: str | None = None
    corrected: str | None = None
    suite: str = ""

    @property
    def is_problem(self) -> bool:
        """Whether ``problem`` says what is asked, and does not only stand for the item."""
        return self.unread is None and (self.published is None or self.published[0].name == READ)

    @property
    def truth(self) -> Answer | Truth:
        """What counts as right."""
        if self.published is not None and self.published[1].label is not None:
            return self.published[1].label
        assert self.problem.truth is not None
        return self.problem.truth


@dataclass(frozen=True)
class Suite:
    """The questions of one suite.

    Attributes:
        published: the benchmark whose labels are the truth, None for suites of our own.
        skipped: what was said about damaged rows that were passed over.
        options: the arguments of ``load_suite`` that made it, as a run's settings hold them; its view and seed apart.
        capt: what was done to the prompts (see ``capted``): mode, who found the events, how many had no abstraction.
    """

    name: str
    view: str
    questions: tuple[Question, ...]
    published: Benchmark | None = None
    skipped: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    capt: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash over everything that a prediction is about, so that no stored prediction meets other data."""
        digest = hashlib.sha256()
        for q in self.questions:
            digest.update(json.dumps([q.id, q.prompt, *_said(q.truth)]).encode())
        return digest.hexdigest()


def _said(truth: Answer | Truth) -> list[Any]:
    shares = [truth.shares] if isinstance(truth, Truth) and truth.shares is not None else []
    return [truth.value, truth.answer, *shares]


def load_suite(
    spec: str,
    view: str | None = None,
    n: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    patch: Path | None = None,
    skip_bad: bool = False,
) -> Suite:
    """The suite that ``spec`` names: one of SUITES or FAMILIES, a folder or file made by ``rungwise generate``, or a
    published set, NAME:PATH[#SUBSET].

    ``n`` and ``seed`` belong to our suites (default DEFAULT_N items), ``limit`` keeps the first items of any.
    ``view`` is natural by default, for generated files the view they were made in. Of a published set, ``patch`` is a
    file of corrected labels, and ``skip_bad`` reads on past damaged rows.

    Raises:
        UserError: unknown suite or view, a file that is not what it should be, or an ``n`` for a file.
        OSError: a file can't be opened.
    """
    _check_request(spec, view, n, limit)
    if is_published(spec):
        found = _published(spec, view or "natural", limit, patch, skip_bad)
        patched_by = None if patch is None else str(patch)
        return replace(found, options={"limit": limit, "patch": patched_by, "skip_bad": skip_bad})
    if spec in FAMILIES:
        found = _family(spec, view or "natural", n or DEFAULT_N, seed, limit)
        return replace(found, options={"n": n, "limit": limit})
    if patch is not None or skip_bad:
        raise UserError("--patch and --skip-bad are for published sets")
    items = tuple(own_questions(spec, view, n, seed, limit))
    if not items:
        raise UserError(f"{spec} holds no items")
    return Suite(spec, items[0].view, items, options={"n": n, "limit": limit})


def own_questions(
    spec: str, view: str | None = None, n: int | None = None, seed: int = 0, limit: int | None = None
) -> Iterator[Question]:
    """The questions of a suite of ours or of generated files, as ``load_suite`` gives them, but one at a time.

    Raises:
        UserError: as ``load_suite``.
        OSError: a file can't be opened.
    """
    _check_request(spec, view, n, limit)
    if spec in SUITES:
        return islice(_generated(spec, n or DEFAULT_N, seed, view or "natural"), limit)
    if Path(spec).exists():
        return islice(_stored(Path(spec), view), limit)
    raise _unknown(spec)


def _check_request(spec: str, view: str | None, n: int | None, limit: int | None) -> None:
    if view is not None and view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")
    for name, count in (("n", n), ("limit", limit)):
        if count is not None and count < 1:
            raise UserError(f"{name} must be at least 1, got {count}")
    generated = spec in SUITES or spec in FAMILIES
    if not generated and n is not None and (is_published(spec) or Path(spec).exists()):
        raise UserError("--n is for suites that are generated; use --limit to take the first items of a file")


def _family(suite: str, view: str, n: int, seed: int, limit: int | None) -> Suite:
    if view != "natural":
        raise UserError(f"{suite} is English: leave out --view {view}")
    chosen = family(suite)
    items = family_items(suite, min(n, limit or n), seed)
    return Suite(suite, view, tuple(_as_published(i, chosen, item, view) for i, item in enumerate(items)), chosen)


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
        yield Question(i, problem.id, problem.query.task, chosen, text, problem, suite=str(row.get("suite", "")))


def _published(spec: str, view: str, limit: int | None, patch: Path | None, skip_bad: bool) -> Suite:
    skipped: list[str] = []
    chosen, items = open_set(spec, (lambda error: skipped.append(str(error))) if skip_bad else refuse)
    if view != "natural" and chosen.name != READ:
        raise UserError(f"{chosen.name} is evaluated as it was published: leave out --view {view}")
    if patch is not None:
        items = patched(items, read_patch(patch))
    found = list(islice(items, limit))
    if not found:
        raise UserError(f"{spec} holds no items" + (f" that can be used; {skipped[0]}" if skipped else ""))
    check_labels(spec, found)
    ask = _effect if chosen.name == READ else _as_published
    questions = tuple([ask(i, chosen, item, view) for i, item in enumerate(found)])
    return Suite(spec, view, questions, chosen, tuple(skipped))


def _as_published(index: int, chosen: Benchmark, item: PublishedItem, view: str) -> Question:
    return Question(index, item.id, item.task, view, item.text, STANDING["ATE"], (chosen, item))


def _effect(index: int, chosen: Benchmark, item: PublishedItem, view: str) -> Question:
    """An item of CauGym, read where it can be; a language model's natural view needs its text and label alone."""
    assert item.label is not None
    label = Answer(item.label.value, item.label.answer)
    corrected, unread, prompt = label.answer, None, item.text if view == "natural" else None
    try:
        problem = read(item.text)
        # The slots view scores expressions, so it must know which one is right; the label still decides the value.
        problem = solve(problem).problem if view == "slots" else problem
        prompt = item.text if view == "natural" else to_text(problem, view)
        if item.task == "ETT" and label.value is not None:
            corrected = answer_from_value(problem.query, label.value)
    except UserError as error:
        unread = str(error)
        problem = STANDING[item.task]
    return Question(
        index, item.id, item.task, view, prompt, problem.with_(truth=label), (chosen, item), unread, corrected
    )


def _unknown(spec: str) -> UserError:
    if "/" in spec or "." in spec:
        return UserError(f"there is no suite, file or folder {spec!r}")
    names = [*SUITES, *FAMILIES, *(f"{name}:PATH" for name in BENCHMARKS)]
    near = get_close_matches(spec, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"suites are {', '.join(names)}"
    return UserError(f"unknown suite {spec!r}; {hint}")
