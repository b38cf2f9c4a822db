"""Finished evaluations as a report reads them: what was asked, how, what came out, and the problems behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.questions import READ, Suite, load_suite
from rungwise.evaluate.results import Row, truth_row
from rungwise.evaluate.run import PREDICTIONS, RESULTS, SETTINGS, evaluate
from rungwise.files import read_json, read_json_lines
from rungwise.problems.baselines import BASELINES
from rungwise.suites.items import SUITES

REFERENCES = (*BASELINES, "exact")
"""What is no model: rows of every table, from the floor to the ceiling."""

TOLD_APART = ("samples", "temperature", "top_p", "max_new_tokens", "suffix", "system", "instruction", "shots")
"""Settings that name a run of a model beside another run of it."""

_ROW = {"index": int, "id": str, "sample": int, "task": str, "text": str, "truth": dict, "status": str, "reason": str}
_CELL = ("n", "accuracy", "value_accuracy", "interval", "value_interval", "unparsed", "unread")


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        folder: where it is; None for a reference that was made for the report.
        model: its name in the report, unlike that of any other run of the same group.
        settings: empty where none were stored.
        rows: of ``predictions.jsonl``.
    """

    folder: Path | None
    model: str
    settings: Mapping[str, Any]
    results: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def is_reference(self) -> bool:
        """Whether it is the solver or a shortcut."""
        return self.results["model"] in REFERENCES

    def setting(self, name: str) -> Any:
        """As stored in the settings, else in the results; None where it is in neither."""
        return self.settings.get(name, self.results.get(name))


@dataclass(frozen=True)
class Group:
    """The runs that answered the same questions.

    Attributes:
        name: the suite's name in the report.
        runs: in the order given.
        references: the shortcuts and the solver that are not among the runs.
        suite: the questions, made or read again; None where that is not possible.
        missing: why there is no suite, "" where there is one.
    """

    name: str
    runs: Sequence[Run]
    references: Sequence[Run]
    suite: Suite | None
    missing: str

    @property
    def spec(self) -> str:
        """The suite as it was given to ``evaluate``."""
        return str(self.runs[0].results["suite"])

    @property
    def rows(self) -> list[Run]:
        """All rows of a table: models, shortcuts, the solver."""
        order = {name: place for place, name in enumerate(REFERENCES, 1)}
        return sorted([*self.runs, *self.references], key=lambda run: order.get(run.results["model"], 0))

    @property
    def tasks(self) -> list[str]:
        """In the order of the results."""
        return list(dict.fromkeys(task for run in self.rows for task in run.results["by_task"]))


def read_run(folder: Path) -> Run:
    """A folder that ``rungwise evaluate`` or ``rungwise score`` wrote.

    Raises:
        UserError: it holds no finished evaluation, or one that is damaged.
        OSError: a file can't be opened.
    """
    if not (folder / RESULTS).is_file() or not (folder / PREDICTIONS).is_file():
        begun = folder.is_dir() and any(folder.glob("predictions*"))
        how = "is not finished: the same 'rungwise evaluate' goes on with it" if begun else "is no evaluation's folder"
        raise UserError(f"{folder} {how} (a finished one holds {RESULTS} and {PREDICTIONS})")
    results = read_json(folder / RESULTS)
    settings = read_json(folder / SETTINGS) if (folder / SETTINGS).is_file() else {}
    if not isinstance(settings, dict) or not _whole(results):
        raise UserError(f"{folder / RESULTS} is not what 'rungwise evaluate' writes; score the run again")
    rows = []
    for number, row in read_json_lines(folder / PREDICTIONS):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), kind) for key, kind in _ROW.items()):
            raise UserError(f"{folder / PREDICTIONS} line {number} is no prediction; score the run again")
        rows.append(row)
    if not rows:
        raise UserError(f"{folder / PREDICTIONS} is empty")
    return Run(folder, str(results["model"]), settings, results, rows)


def _whole(results: Any) -> bool:
    """Whether a ``results.json`` has all that the tables read."""
    if not isinstance(results, dict) or not all(
        isinstance(results.get(key), str) for key in ("model", "suite", "view")
    ):
        return False
    by_task = results.get("by_task")
    if not isinstance(by_task, dict) or not by_task:
        return False
    cells = [results, *by_task.values()]
    return all(isinstance(cell, dict) and all(_number_or_ends(cell.get(key)) for key in _CELL) for cell in cells)


def _number_or_ends(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and all(isinstance(end, int | float) for end in value)
    return isinstance(value, int | float)


def grouped(runs: Sequence[Run]) -> list[Group]:
    """The runs by the questions they answered, each group with its suite and its references."""
    by_key: dict[tuple[str, ...], list[Run]] = {}
    for run in _named(runs):
        by_key.setdefault(_asked(run), []).append(run)
    names = _suite_names(list(by_key))
    return [_group(name, found) for name, found in zip(names, by_key.values(), strict=True)]


def _asked(run: Run) -> tuple[str, ...]:
    """Equal for runs that answered the same questions."""
    digest = str(
        run.settings.get("suite_sha256") or [(row["id"], row["truth"]) for row in run.rows if not row["sample"]]
    )
    return str(run.results["suite"]), str(run.results["view"]), digest


def _suite_names(keys: Sequence[tuple[str, ...]]) -> list[str]:
    """The view where a suite was asked in several, and a number where the questions differ all the same."""
    short, found = shorter([suite for suite, _, _ in keys], 1), []
    for suite, view, asked in keys:
        views = {v for s, v, _ in keys if s == suite}
        same = [a for s, v, a in keys if (s, v) == (suite, view)]
        name = f"{short[suite]}, {view} view" if len(views) > 1 else short[suite]
        found.append(f"{name}, questions {same.index(asked) + 1}" if len(same) > 1 else name)
    return found


def _named(runs: Sequence[Run]) -> list[Run]:
    """Runs of one model that answered the same questions are told apart by what was set differently, else by their
    folders."""
    short, found = shorter([run.model for run in runs], 2), []
    for run in runs:
        others = [other for other in runs if other.model == run.model]
        rivals = [(a, b) for a, b in combinations(others, 2) if _asked(a) == _asked(b)]
        apart = [key for key in TOLD_APART if any(a.setting(key) != b.setting(key) for a, b in rivals)]
        name = ", ".join([short[run.model], *(f"{key} {run.setting(key)}" for key in apart)])
        found.append(replace(run, model=name))
    names = [(run.model, _asked(run)) for run in found]
    twice = {name for name, asked in names if names.count((name, asked)) > 1}
    return [replace(run, model=f"{run.model} ({run.folder})") if run.model in twice else run for run in found]


def shorter(names: Sequence[str], least: int) -> dict[str, str]:
    """The ends of long paths, ``least`` parts or as many more as tell all of them apart."""
    for parts in range(least, 2 + max(name.count("/") for name in names)):
        found = {name: _end(name, parts) for name in names}
        if len(set(found.values())) == len(found):
            return found
    return {name: name for name in names}


def _end(name: str, parts: int) -> str:
    kind, colon, path = name.rpartition(":")
    return kind + colon + "/".join(path.split("/")[-parts:])


def _group(name: str, runs: Sequence[Run]) -> Group:
    suite, missing = suite_of(runs[0])
    given = {run.results["model"] for run in runs}
    references = [] if suite is None else list(_references(suite, [n for n in REFERENCES if n not in given]))
    return Group(name, runs, references, suite, missing)


def suite_of(run: Run) -> tuple[Suite | None, str]:
    """The questions that a run answered, made or read again; None and why where that fails or they differ."""
    items = {row["index"]: row for row in run.rows}
    spec = str(run.results["suite"])
    stated = {"view": run.results["view"], "seed": run.results.get("seed"), **run.settings}
    options = {name: stated[name] for name in signature(load_suite).parameters if stated.get(name) is not None}
    if spec in SUITES:
        options.setdefault("n", len(items))
    if "patch" in options:
        options["patch"] = Path(str(options["patch"]))
    try:
        suite = load_suite(spec, **{**options, "limit": len(items)})  # of more there are no answers
    except (UserError, OSError, TypeError, ValueError) as error:
        return None, str(error)
    stored = run.settings.get("suite_sha256")
    same = suite.sha256 == stored if stored else _about_the_same(suite, items)
    if not same or any(index >= len(suite.questions) for index in items):
        return None, "made or read again, its items are not those that were evaluated"
    return suite, ""


def _about_the_same(suite: Suite, items: Mapping[int, Row]) -> bool:
    told = {q.index: (q.id, truth_row(q.truth)) for q in suite.questions}
    return all(told.get(index) == (row["id"], row["truth"]) for index, row in items.items())


def _references(suite: Suite, names: Iterable[str]) -> Iterator[Run]:
    """The shortcuts that a suite has, and the solver."""
    with TemporaryDirectory() as place:
        for name in names:
            if name in BASELINES and suite.published is not None and suite.published.name != READ:
                continue
            evaluate(name, suite, out=Path(place, name))
            yield replace(read_run(Path(place, name)), folder=None)
