"""Runs that are finished: a folder's rows and results, checked, and the suite that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.questions import Suite, load_suite
from rungwise.evaluate.results import Row, truth_row
from rungwise.evaluate.run import PREDICTIONS, RESULTS, SETTINGS
from rungwise.files import read_json, read_json_lines
from rungwise.suites.families import FAMILIES
from rungwise.suites.items import SUITES

_TYPES: dict[str, Any] = {
    "index": int, "id": str, "sample": int, "task": str, "text": str, "truth": dict, "status": str,
    "score": (int, bool), "value_correct": bool, "reason": str,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A finished evaluation.

    Attributes:
        name: what it is called beside others: its model, or its folder where two runs have one model.
        settings: empty for outputs made elsewhere.
    """

    path: Path
    name: str
    results: dict[str, Any]
    settings: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def by_item(self) -> dict[int, list[Row]]:
        """The samples of each item."""
        found: dict[int, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row["index"], []).append(row)
        return found


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """The runs in these folders.

    Raises:
        UserError: one is no finished evaluation, is damaged or is given twice, or they are not about the same items.
        OSError: a file can't be read.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise UserError("the same run is given twice")
    runs = [_read(path) for path in paths]
    for other in runs[1:]:
        _check_alike(runs[0], other)
    models = [str(run.results["model"]) for run in runs]
    return [
        run if models.count(model) == 1 else Run(run.path, str(run.path), run.results, run.settings, run.rows)
        for run, model in zip(runs, models, strict=True)
    ]


def _read(path: Path) -> Run:
    for name in (PREDICTIONS, RESULTS):
        if not (path / name).is_file():
            raise UserError(f"{path} is no finished evaluation: it has no {name}")
    results = read_json(path / RESULTS)
    settings = read_json(path / SETTINGS) if (path / SETTINGS).is_file() else {}
    wanted = ("suite", "view", "model")
    if not isinstance(settings, dict) or not isinstance(results, dict) or any(k not in results for k in wanted):
        raise UserError(f"{path / RESULTS} does not hold the results of an evaluation")
    rows = []
    for number, row in read_json_lines(path / PREDICTIONS):
        wrong = next(
            (k for k, kind in _TYPES.items() if not isinstance(row, dict) or not isinstance(row.get(k), kind)), ""
        )
        if wrong:
            raise UserError(f"{path / PREDICTIONS} line {number}: {wrong} is missing or of the wrong type")
        rows.append(row)
    if not rows:
        raise UserError(f"{path / PREDICTIONS} is empty")
    return Run(path, str(results["model"]), results, settings, tuple(rows))


def _check_alike(a: Run, b: Run) -> None:
    """Refuse runs about different items, views or labels."""
    both = f"{a.path} and {b.path}"
    if a.results["view"] != b.results["view"]:
        raise UserError(
            f"{both} are in different views ({a.results['view']}, {b.results['view']}); compare runs of one"
        )
    items_a, items_b = _items(a), _items(b)
    if items_a.keys() != items_b.keys():
        only = [len(items_a.keys() - items_b.keys()), len(items_b.keys() - items_a.keys())]
        raise UserError(
            f"{both} answer different items of {a.results['suite']} and {b.results['suite']} ({only[0]} in the first"
            f" alone, {only[1]} in the second alone); compare runs of one suite with the same --n, --limit and --seed"
        )
    changed = next((key for key in items_a if items_a[key] != items_b[key]), None)
    if changed is not None:
        raise UserError(f"{both} were scored against different labels (item {changed[1]}); score one of them again")
    hashes = [run.settings.get("suite_sha256") for run in (a, b)]
    if None not in hashes and hashes[0] != hashes[1]:
        raise UserError(f"{both} asked the same items in different words; compare runs of one suite")


def _items(run: Run) -> dict[tuple[int, str], Any]:
    return {(row["index"], row["id"]): (row["task"], row["truth"]) for row in run.rows}


def suite_of(run: Run, spec: str | None = None) -> Suite:
    """The suite that a run is about, loaded again; ``spec`` says where it is now, if it was moved.

    Raises:
        UserError: there is no such suite, or it does not hold the run's items.
        OSError: a file can't be read.
    """
    settings, items = run.settings, _items(run)
    spec = spec or str(run.results["suite"])
    count, made = len(items), spec in (*SUITES, *FAMILIES)
    patch = settings.get("patch")
    loaded = load_suite(
        spec,
        str(run.results["view"]),
        n=count if made else None,
        seed=int(run.results.get("seed", 0)),
        limit=None if made else count,
        patch=Path(patch) if patch else None,
        skip_bad=bool(settings.get("skip_bad") or run.results.get("skipped")),
    )
    for question in loaded.questions:
        known = items.get((question.index, question.id))
        if known is None:
            raise UserError(
                f"{spec} is not the suite of {run.path}: item {question.id} has no row there; name it with --suite"
            )
        if patch is None and known[1] != truth_row(question.truth):
            raise UserError(
                f"{spec} has another label for item {question.id} than {run.path}; name its suite with --suite"
            )
    if len(loaded.questions) != count:
        raise UserError(f"{spec} has {len(loaded.questions)} items and {run.path} {count}; name its suite with --suite")
    return loaded
