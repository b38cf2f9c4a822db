"""Outputs that exist already: made elsewhere, or by a run whose texts are scored again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from rungwise.errors import UserError
from rungwise.evaluate.groups import clusters_of
from rungwise.evaluate.predictions import read_predictions
from rungwise.evaluate.questions import Question, Suite, load_suite
from rungwise.evaluate.results import Row, interval, missing_row, reason_code, scored_row, share, summary
from rungwise.files import write_json, write_json_lines
from rungwise.suites.published.item import Bad, refuse


class _Asked(NamedTuple):
    id: str
    text: str


def rescore(
    suite: str,
    predictions: Path,
    *,
    patch: Path | None = None,
    skip_bad: bool = False,
    out: Path | None = None,
) -> dict[str, Any]:
    """Score the outputs in a file.

    Args:
        suite: a published set, NAME:PATH[#SUBSET].
        predictions: see ``read_predictions``. Items without an output count as wrong.
        patch: corrected labels.
        skip_bad: read on past damaged rows of either file.
        out: folder for ``predictions.jsonl`` and ``results.json``.

    Returns:
        The content of ``results.json``: as of an evaluation, with "official" accuracies beside the strict ones, the
        two ``scorings`` compared, and the numbers of ``missing`` outputs and ``skipped`` rows.

    Raises:
        UserError: no such set, no predictions that belong to it, or a damaged row (unless skipped).
        OSError: a file can't be opened or written.
    """
    loaded = load_suite(suite, patch=patch, skip_bad=skip_bad)
    if loaded.published is None:
        raise UserError(f"{suite} is no published set; score takes NAME:PATH[#SUBSET]")
    skipped = list(loaded.skipped)
    bad: Bad = (lambda error: skipped.append(str(error))) if skip_bad else refuse
    rows = predicted_rows(predictions, loaded, bad)
    results = {
        "suite": suite,
        "view": loaded.view,
        "model": str(predictions),
        "samples": max(row["sample"] for row in rows) + 1,
        **summary(rows, loaded.questions),
        "scorings": two_scorings(rows, loaded.questions),
        "missing": missing_outputs(rows),
        "skipped": len(skipped),
    }
    if out is not None:
        write_json_lines(out / "predictions.jsonl", rows)
        write_json(out / "results.json", results)
    return results


def predicted_rows(predictions: Path, suite: Suite, bad: Bad = refuse) -> list[Row]:
    """The rows of a suite whose outputs are in a file (see ``read_predictions``).

    Raises:
        UserError: no predictions that belong to the suite, or a damaged row (unless ``bad`` returns).
        OSError: the file can't be opened.
    """
    texts = read_predictions(predictions, [_Asked(q.id, q.prompt or "") for q in suite.questions], bad)
    return [
        row
        for question in suite.questions
        for row in (
            [scored_row(question, text, k) for k, text in enumerate(texts[question.index])]
            if question.index in texts
            else [missing_row(question)]
        )
    ]


def missing_outputs(rows: Sequence[Row]) -> int:
    """How many items have no output."""
    return sum(row["reason"].startswith("no_output:") for row in rows)


def file_sha256(path: Path) -> str:
    """Of a file's content.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def two_scorings(rows: Sequence[Row], questions: Sequence[Question]) -> dict[str, Any]:
    """Accuracy by both rules with intervals, how many outputs each alone calls right, and our reasons for those that
    only the official rule does."""
    clusters = clusters_of(questions)
    both = Counter((bool(row["official"]), bool(row["score"])) for row in rows)
    reasons = Counter(reason_code(row) for row in rows if row["official"] and not row["score"])
    return {
        **{
            name: {"accuracy": share(rows, itemgetter(key)), "interval": interval(rows, itemgetter(key), clusters)}
            for name, key in (("official", "official"), ("strict", "score"))
        },
        "both": both[True, True],
        "official_only": both[True, False],
        "strict_only": both[False, True],
        "neither": both[False, False],
        "official_only_reasons": dict(reasons.most_common()),
    }
