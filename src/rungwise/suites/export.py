"""Generated items in CauGym's format (arXiv 2602.06337)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import parse_json, replacing
from rungwise.problems.problem import Problem
from rungwise.suites.rows import read_rows


def write_caugym(folder: Path, out: Path) -> int:
    """Write every item of a folder (or a data file) to ``out``, a JSON list, item by item; returns how many.

    Raises:
        UserError: no items, or a view that the format has no place for.
        OSError: a file can't be opened or written.
    """
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
