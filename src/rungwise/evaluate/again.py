"""A run's stored texts scored again: by a newer scorer, or against corrected labels. Nothing is generated."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rungwise
from rungwise.errors import UserError
from rungwise.evaluate.questions import Question, Suite, load_suite
from rungwise.evaluate.results import Row, missing_row, scored_row, unread_row, written_row
from rungwise.evaluate.run import summed_up
from rungwise.evaluate.run_folder import PREDICTIONS, RESULTS, SETTINGS
from rungwise.files import read_json, read_json_lines, write_json, write_json_lines
from rungwise.problems.baselines import BASELINES

KEPT = ("cut_off", "cached", "missing", "tokens", "cost", "misses", "capt", "invariance")
"""Of the results: what another scoring does not change."""

JUDGED = ("value", "answer", "truth", "status", "score", "value_correct", "answer_correct", "reason", "official")
"""Of a row: what a scoring says."""


def score_again(
    run: Path, *, suite: str | None = None, patch: Path | None = None, out: Path | None = None
) -> dict[str, Any]:
    """Score the texts of a finished run again.

    Args:
        run: a folder made by ``evaluate``.
        suite: where the suite is now, if not where it was.
        patch: corrected labels, instead of those the run was scored against.
        out: folder for ``predictions.jsonl``, ``results.json`` and the settings; default the run's own, where they are
            written only if something changed.

    Returns:
        The content of ``results.json``, with "rescored": {"rungwise": [then, now], "accuracy": [then, now], "changed":
        how many rows, "by_reason": counts of "code then -> code now", "labels_changed"}.

    Raises:
        UserError: no finished run, or its rows are not about the suite's items.
        OSError: a file can't be read or written.
    """
    started = time.perf_counter()
    settings, old = _read(run, SETTINGS), _read(run, RESULTS)
    loaded = _suite_of(run, settings, suite, patch)
    before = [row for _, row in read_json_lines(run / PREDICTIONS)]
    after = _scored(run, before, loaded, settings["model"])
    changed = [(a, b) for a, b in zip(before, after, strict=True) if any(a.get(key) != b.get(key) for key in JUDGED)]
    head = {key: old[key] for key in ("suite", "view", "model", "samples", "seed")}
    results = summed_up(head, after, loaded, {key: old[key] for key in KEPT if key in old}, started)
    reasons = Counter(f"{_code(a)} -> {_code(b)}" for a, b in changed)
    results["seconds"] = old["seconds"]  # of the generation
    results["rescored"] = {
        "rungwise": [settings["rungwise"], rungwise.__version__],
        "accuracy": [old["accuracy"], results["accuracy"]],
        "changed": len(changed),
        "by_reason": dict(reasons.most_common()),
        "labels_changed": sum(a["truth"] != b["truth"] for a, b in changed),
    }
    if out is not None or changed:
        place = run if out is None else out
        write_json_lines(place / PREDICTIONS, after)
        write_json(place / RESULTS, results)
        if place != run:
            write_json(place / SETTINGS, {**settings, "rescored_from": str(run)})
    return results


def _read(run: Path, name: str) -> dict[str, Any]:
    if not (run / name).is_file():
        raise UserError(f"{run} is no finished evaluation: it has no {name}")
    found = read_json(run / name)
    if not isinstance(found, dict):
        raise UserError(f"{run / name} is no JSON object")
    return found


def _suite_of(run: Path, settings: dict[str, Any], suite: str | None, patch: Path | None) -> Suite:
    try:
        given: dict[str, Any] = {name: settings[name] for name in ("n", "limit", "skip_bad") if name in settings}
        given["patch"] = patch or (Path(settings["patch"]) if settings.get("patch") else None)
        return load_suite(suite or settings["suite"], settings["view"], seed=settings["seed"], **given)
    except KeyError as error:
        raise UserError(f"{run / SETTINGS} does not say which {error.args[0]} was evaluated") from error


def _scored(run: Path, rows: Sequence[Row], suite: Suite, model: str) -> list[Row]:
    questions = {question.index: question for question in suite.questions}
    found = []
    for row in rows:
        question = questions.get(row["index"])
        if question is None or question.id != row["id"]:
            raise UserError(
                f"row {row['index']} of {run / PREDICTIONS} is item {row['id']}, and {suite.name} does not have it"
                " there; name the suite as it was with --suite"
            )
        found.append(_again(row, question, model))
    if {row["index"] for row in rows} != set(questions):
        raise UserError(f"{suite.name} has {len(questions)} items, and {run / PREDICTIONS} is not about all of them")
    return found


def _again(row: Row, question: Question, model: str) -> Row:
    sample, reason = row["sample"], row["reason"]
    if row["status"] == "unread":
        return {**unread_row(question, sample), "reason": reason}
    if _code(row) == "no_output":
        return {**missing_row(question), "sample": sample, "reason": reason}
    if model in BASELINES:  # its text holds its value in figures, whatever the view
        return scored_row(question, row["text"], sample, "natural")
    return written_row(question, row["text"], sample, row.get("thinking", ""), row.get("cut_off", False))


def _code(row: Row) -> str:
    return str(row["reason"]).partition(":")[0]
