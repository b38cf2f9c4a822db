"""Checking a generated folder again: everything that it states is recomputed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json
from rungwise.problems.check import check_problem
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.folder import MANIFEST
from rungwise.suites.items import to_text
from rungwise.suites.rows import data_files, read_rows

THOROUGH = 50
"""Items of a folder that get the slow independent checks as well."""


def verify_folder(path: Path, progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Recompute everything that a folder (or one file of it) states.

    Every item: its content hash, the problem's own checks (its split among them, so no two splits share a shape),
    its text, its reference answer, which must score 1; ids are unique. A spread of THOROUGH items is checked by the
    slow independent roads too. In a folder also: the files are those of the manifest, byte for byte.

    Returns:
        {"items", "files", "thorough", "violations": [{"where", "what"}]}.

    Raises:
        UserError: there is nothing to check.
        OSError: a file can't be opened.
    """
    files = data_files(path)
    violations = [{"where": str(path), "what": what} for what in (_manifest_faults(path) if path.is_dir() else [])]
    rows = list(read_rows(path))
    step = max(1, len(rows) // THOROUGH)
    seen: dict[str, str] = {}
    thorough = 0
    for i, (where, row) in enumerate(rows):
        deep = i % step == 0 and thorough < THOROUGH
        thorough += deep
        violations += [{"where": where, "what": what} for what in _item_faults(row, where, seen, deep)]
        if progress:
            progress(i + 1, len(rows))
    return {"items": len(rows), "files": [f.name for f in files], "thorough": thorough, "violations": violations}


def _manifest_faults(folder: Path) -> list[str]:
    if not (folder / MANIFEST).exists():
        return [f"there is no {MANIFEST}"]
    try:
        entries = read_json(folder / MANIFEST)["files"]
        stated = {name: entry["sha256"] for name, entry in entries.items()}
    except (UserError, KeyError, TypeError, AttributeError) as error:
        return [f"{MANIFEST} is damaged: {error}"]
    found = {str(file.relative_to(folder)) for file in data_files(folder)}
    faults = [f"{name} is not in {MANIFEST}" for name in sorted(found - set(stated))]
    for name, sha256 in stated.items():
        if name not in found:
            faults.append(f"{name} is missing")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
            faults.append(f"{name} is not the file that {MANIFEST} was written for (sha256)")
    return faults


def _item_faults(row: dict[str, Any], where: str, seen: dict[str, str], thorough: bool) -> list[str]:
    try:
        problem = Problem.from_dict(json.loads(row["problem"]))
        view, text, answer = row["view"], row["text"], row["answer"]
        if problem.truth is None:
            return ["the problem has no truth"]
        faults = check_problem(problem, thorough=thorough)
        if row["id"] != problem.id:
            faults.append(f"the id {row['id']} is not the problem's ({problem.id})")
        if text != to_text(problem, view):
            faults.append("the text is not the problem's")
        verdict = score(answer, problem, view)
        if answer != problem.answer_text(view) or verdict.score != 1:
            faults.append(f"the reference answer is not the problem's or does not score 1 ({verdict.reason})")
    except (json.JSONDecodeError, RecursionError) as error:
        return [f"not JSON: {error}"]
    except (UserError, KeyError, TypeError, AttributeError) as error:
        return [f"not an item: {type(error).__name__}: {error}"]
    if problem.id in seen:
        faults.append(f"the same problem stands at {seen[problem.id]}")
    seen.setdefault(problem.id, where)
    return faults
