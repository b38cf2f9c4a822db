"""Generated items in the formats of other projects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import parse_json, replacing
from rungwise.problems.problem import Problem
from rungwise.suites.rows import read_rows


def export_folder(folder: Path, target: str, out: Path) -> int:
    """Write every item of a folder (or a data file) to ``out``; returns how many.

    Raises:
        UserError: an unknown format, or a view that it has no place for.
        OSError: a file can't be opened or written.
    """
    if target not in FORMATS:
        raise UserError(f"unknown format {target!r}; formats are {', '.join(FORMATS)}")
    return FORMATS[target](folder, out)


def _caugym(folder: Path, out: Path) -> int:
    """CauGym's (arXiv 2602.06337): a JSON list, written item by item."""
    count = 0
    with replacing(out) as file:
        file.write("[")
        for item in _caugym_items(folder):
            file.write((",\n " if count else "\n ") + json.dumps(item, ensure_ascii=False))
            count += 1
        file.write("\n]\n")
    return count


def _caugym_items(folder: Path) -> Iterator[dict[str, Any]]:
    for where, row in read_rows(folder):
        if row["view"] == "slots":
            raise UserError(f"{where} is in the slots view, which has no numbers to export; generate the natural view")
        problem = Problem.from_dict(parse_json(row["problem"], where))
        steps = {f"Step {i}": f"{step.kind}: {step.content}" for i, step in enumerate(problem.steps, 1)}
        yield {"id": row["id"], "problem": row["text"], "answer": row["answer"], "Reason": steps, "Type": row["task"]}


FORMATS: dict[str, Callable[[Path, Path], int]] = {"caugym": _caugym}
"""Name -> what writes it."""
