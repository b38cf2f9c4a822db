"""Folders of generated items: SUITE.jsonl files with a manifest; making them, and checking them again."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import rungwise
from rungwise.errors import UserError
from rungwise.files import read_json, read_text, replacing, write_json
from rungwise.problems.check import check_problem
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.items import generate, to_text

MANIFEST = "manifest.json"
CHUNK = 200
"""Items that a worker makes at a time."""
THOROUGH = 50
"""Items of a folder that get the slow independent checks as well."""


def write_folder(
    out: Path,
    suites: Sequence[str],
    n: int,
    seed: int = 0,
    view: str = "natural",
    names: str = "real",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """``out/SUITE.jsonl`` for each suite and ``out/manifest.json``; returns the manifest.

    A line is ``{"id", "view", "text", "answer", "problem"}``, ``answer`` being the reference answer's text. The same
    request gives the same bytes with any number of workers. No file gets its name before all are complete.

    Raises:
        UserError: unknown suite, view or vocabulary, a count below 1, or ``out`` holds something else.
        OSError: a file can't be written.
    """
    if n < 1 or workers < 1:
        raise UserError(f"--n and --workers must be at least 1, got {n} and {workers}")
    suites = list(dict.fromkeys(suites))
    for suite in suites:
        generate(suite, 0, seed, view, names)
    request = {"rungwise": rungwise.__version__, "suites": suites, "n": n, "seed": seed, "view": view, "names": names}
    _refuse_other(out, request)
    files: dict[str, dict[str, Any]] = {}
    done = 0
    with ExitStack() as stack:
        for suite in suites:
            file = stack.enter_context(replacing(out / f"{suite}.jsonl"))
            digest = hashlib.sha256()
            for chunk in _chunks(suite, n, seed, view, names, workers):
                file.write(chunk)
                digest.update(chunk.encode())
                done += chunk.count("\n")
                if progress:
                    progress(done, n * len(suites))
            files[f"{suite}.jsonl"] = {"items": n, "sha256": digest.hexdigest()}
    manifest = {**request, "files": files}
    write_json(out / MANIFEST, manifest)
    return manifest


def _refuse_other(out: Path, request: dict[str, Any]) -> None:
    manifest = out / MANIFEST
    if manifest.exists():
        old = read_json(manifest)
        changed = [key for key, value in request.items() if not isinstance(old, dict) or old.get(key) != value]
        if changed:
            raise UserError(f"{out} holds items of another request ({', '.join(changed)}); choose another --out")
    elif any((out / f"{suite}.jsonl").exists() for suite in request["suites"]):
        raise UserError(f"{out} holds files of these names that have no manifest; choose another --out")


def _chunks(suite: str, n: int, seed: int, view: str, names: str, workers: int) -> Iterator[str]:
    """The file's text in pieces, in order."""
    pieces = [(suite, min(CHUNK, n - start), seed, view, names, start) for start in range(0, n, CHUNK)]
    if workers == 1:
        yield from map(_lines, pieces)
        return
    with ProcessPoolExecutor(min(workers, len(pieces)), initializer=_leave_interrupts) as pool:
        try:
            yield from pool.map(_lines, pieces)
        except BaseException:  # Ctrl-C while the pieces are still handed out would leave the pool to finish them all
            pool.shutdown(cancel_futures=True)
            raise


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that waits for the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _lines(piece: tuple[str, int, int, str, str, int]) -> str:
    lines = []
    for item in generate(*piece):
        row = {
            "id": item.id,
            "view": item.view,
            "text": item.text,
            "answer": item.problem.answer_text(item.view),
            "problem": item.problem.to_dict(),
        }
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


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
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise UserError(f"{path} holds no .jsonl file made by 'rungwise generate'")
    violations = [{"where": str(path), "what": what} for what in (_manifest_faults(path) if path.is_dir() else [])]
    lines = [
        (f"{file} line {number}", line)
        for file in files
        for number, line in enumerate(read_text(file).split("\n"), 1)
        if line.strip()
    ]
    step = max(1, len(lines) // THOROUGH)
    seen: dict[str, str] = {}
    thorough = 0
    for i, (where, line) in enumerate(lines):
        deep = i % step == 0 and thorough < THOROUGH
        thorough += deep
        violations += [{"where": where, "what": what} for what in _item_faults(line, where, seen, deep)]
        if progress:
            progress(i + 1, len(lines))
    return {"items": len(lines), "files": [f.name for f in files], "thorough": thorough, "violations": violations}


def _manifest_faults(folder: Path) -> list[str]:
    if not (folder / MANIFEST).exists():
        return [f"there is no {MANIFEST}"]
    try:
        entries = read_json(folder / MANIFEST)["files"]
        stated = {name: (entry["items"], entry["sha256"]) for name, entry in entries.items()}
    except (UserError, KeyError, TypeError, AttributeError) as error:
        return [f"{MANIFEST} is damaged: {error}"]
    faults = [f"{file.name} is not in {MANIFEST}" for file in folder.glob("*.jsonl") if file.name not in stated]
    for name, (items, sha256) in stated.items():
        if not (folder / name).exists():
            faults.append(f"{name} is missing")
            continue
        data = (folder / name).read_bytes()
        if (lines := data.count(b"\n")) != items:
            faults.append(f"{name} holds {lines} items, {MANIFEST} says {items}")
        if hashlib.sha256(data).hexdigest() != sha256:
            faults.append(f"{name} is not the file that {MANIFEST} was written for (sha256)")
    return faults


def _item_faults(line: str, where: str, seen: dict[str, str], thorough: bool) -> list[str]:
    try:
        row = json.loads(line)
        problem = Problem.from_dict(row["problem"])
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
