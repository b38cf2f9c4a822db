"""Checking a generated folder again: everything that it states is recomputed, by other roads than it was made."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json
from rungwise.problems.certificate import read_certificate
from rungwise.problems.problem import EFFECTS
from rungwise.suites.checked import THOROUGH_EVERY, Checked, Numbered, check_rows, shapes_of
from rungwise.suites.folder import MANIFEST
from rungwise.suites.overlap import Overlap
from rungwise.suites.rows import SUFFIXES, data_files, read_rows
from rungwise.suites.verify_report import statistics

CHUNK = 400
"""Rows that a worker checks at a time."""

CHUNK_CHARS = 8_000_000
"""About so many characters of certificates at most that it checks at a time."""

FEW, SHARE = 6, 0.02
"""Yes and No of a task's nonzero items differ by at most so many, or by this share."""

Fault = Callable[[str, str], None]
"""Takes note of where something is wrong, and of "kind: sentence"."""


@dataclass
class _Folder:
    """Everything seen so far."""

    rows: list[Checked] = field(default_factory=list)
    violations: list[dict[str, str]] = field(default_factory=list)

    def fault(self, where: str, what: str) -> None:
        kind, _, sentence = what.partition(": ")
        self.violations.append({"where": where, "kind": kind, "what": sentence})


def verify_folder(
    path: Path,
    against: Sequence[str] = (),
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Recompute everything that a folder (or one file of it) states.

    Each item: its certificate (see ``check_problem``; one in THOROUGH_EVERY by the slow roads too), text, worked
    solution, reference answer (which must score 1) and columns. All together: the files are those of the manifest; no
    item twice, not even with its nodes renamed; no causal structure in two splits, nor any in a training split that a
    folder in ``against`` tests, or the reverse; polarity twins and decisive pairs; Yes and No in balance; the canary;
    no text shared with ``against``.

    Args:
        against: folders or files of ours, or files of other sets (see ``overlap``).
        workers: processes; any number gives the same report.

    Returns:
        {"items", "files", "thorough", "violations": [{"where", "kind", "what"}], "suites", "shapes", "overlap"}.

    Raises:
        UserError: there is nothing to check, or a file is damaged.
        OSError: a file can't be opened.
    """
    files = data_files(path)
    found = _Folder()
    total = _manifest(path, found) if path.is_dir() else 0
    for checked in _checked(path, workers, found.fault):
        found.rows.append(checked)
        for fault in checked.faults:
            found.fault(checked.where, fault)
        if progress and len(found.rows) % CHUNK == 0:
            progress(len(found.rows), max(total, len(found.rows)))
    _duplicates(found)
    _splits(found)
    _pairs(found)
    _balance(found)
    overlap = {}
    for other in against:
        overlap[other] = _against(path, found, other)
    return {
        "items": len(found.rows),
        "files": [str(file.relative_to(path)) if path.is_dir() else file.name for file in files],
        "thorough": sum(i % THOROUGH_EVERY == 0 for i in range(len(found.rows))),
        "unread": sum(row.unread for row in found.rows),
        "violations": found.violations,
        **statistics(found.rows),
        "overlap": overlap,
    }


def _checked(path: Path, workers: int, fault: Fault) -> Iterator[Checked]:
    chunks = _chunks(_rows(path, fault))
    if workers == 1:
        for chunk in chunks:
            yield from check_rows(chunk)
        return
    with ProcessPoolExecutor(workers) as pool:
        waiting: deque[Future[list[Checked]]] = deque()
        for chunk in chunks:  # no more chunks in memory than are being worked on
            waiting.append(pool.submit(check_rows, chunk))
            if len(waiting) > 2 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _chunks(rows: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """The rows in parts of CHUNK, or fewer where they are long."""
    chunk: list[Numbered] = []
    length = 0
    for row in rows:
        chunk.append(row)
        length += len(str(row[2].get("problem", "")))
        if len(chunk) == CHUNK or length > CHUNK_CHARS:
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def _rows(path: Path, fault: Fault) -> Iterator[Numbered]:
    """Rows with their number; a damaged file ends with a fault, and the next one is read."""
    number = 0
    for file in data_files(path):
        try:
            for where, row in read_rows(file):
                yield number, where, row
                number += 1
        except UserError as error:
            fault(str(file), f"file: {error}")


def _manifest(path: Path, found: _Folder) -> int:
    """Compare the files of a folder, or of one suite's part of it, and the manifest; the number of items stated."""
    folder = path.parent if not (path / MANIFEST).exists() and (path.parent / MANIFEST).exists() else path
    if not (folder / MANIFEST).exists():
        found.fault(str(folder), f"manifest: there is no {MANIFEST}")
        return 0
    try:
        manifest = read_json(folder / MANIFEST)
        stated = {
            str(name): (int(entry["items"]), str(entry["sha256"]))
            for name, entry in manifest["files"].items()
            if (folder / str(name)).is_relative_to(path)
        }
    except (UserError, KeyError, TypeError, ValueError, AttributeError) as error:
        found.fault(str(folder / MANIFEST), f"manifest: it is damaged: {error}")
        return 0
    there = {str(file.relative_to(folder)): file for file in data_files(path)}
    for name in sorted(set(there) - set(stated)):
        found.fault(name, f"manifest: it is not in {MANIFEST}")
    for name, (_, sha256) in stated.items():
        if name not in there:
            found.fault(name, "manifest: the file is missing")
        elif _hash(there[name]) != sha256:
            found.fault(name, f"manifest: it is not the file that {MANIFEST} was written for (sha256)")
    return sum(items for items, _ in stated.values())


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _duplicates(found: _Folder) -> None:
    ids: dict[tuple[str, str], Checked] = {}
    contents: dict[tuple[str, bytes], Checked] = {}
    for row in found.rows:
        if not row.id:
            continue
        first = ids.setdefault((row.suite, row.id), row)
        if first is not row:
            found.fault(row.where, f"duplicate: the same problem stands at {first.where}")
        alike = contents.setdefault((row.suite, row.content), row)
        if alike.id not in (row.id, row.twin):
            found.fault(row.where, f"duplicate: the same problem with its nodes renamed stands at {alike.where}")


def _splits(found: _Folder) -> None:
    seen: dict[str | bytes, Checked] = {}
    for row in found.rows:
        for name, key in (("causal structure", row.shape), ("text, its events' names left out,", row.abstract)):
            first = seen.setdefault(key, row) if key else row
            if first.split != row.split:
                found.fault(row.where, f"split: its {name} stands in {first.split} too, at {first.where}")


def _pairs(found: _Folder) -> None:
    by_id = {(row.suite, row.id): row for row in found.rows}
    pairs: dict[tuple[str, str], list[Checked]] = defaultdict(list)
    for row in found.rows:
        other = by_id.get((row.suite, row.twin)) if row.twin else None
        if other is not None:
            if other.twin != row.id or other.split != row.split or other.shape != row.shape:
                found.fault(row.where, f"twin: {other.where} is not its polarity twin")
            elif row.value and other.answer == row.answer and row.task in EFFECTS:
                found.fault(row.where, f"twin: its polarity twin at {other.where} has the same answer")
        if row.pair:
            pairs[row.suite, row.pair].append(row)
    for rows in pairs.values():
        if len(rows) == 2 and (rows[0].facts != rows[1].facts or rows[0].shape == "" or rows[0].value == rows[1].value):
            found.fault(rows[1].where, f"pair: facts, question and value do not fit its partner at {rows[0].where}")
        elif len(rows) > 2:
            found.fault(rows[2].where, "pair: a third problem of one pair")


def _balance(found: _Folder) -> None:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in found.rows:
        if row.task in EFFECTS and row.value and row.answer:
            counts[row.suite, row.task][row.answer] += 1
    for (suite, name), own in counts.items():
        off = abs(own["Yes"] - own["No"])
        if off > max(FEW, SHARE * own.total()):
            found.fault(suite, f"balance: {name} has {own['Yes']} Yes and {own['No']} No among its nonzero items")


def _against(path: Path, found: _Folder, other: str) -> dict[str, Any]:
    """Compare with another set: structures across splits, and texts (which are read once more: none is kept)."""
    shapes = _splits_of(Path(other)) if Path(other).is_dir() or Path(other).suffix in SUFFIXES else {}
    for row in found.rows:
        split, where = shapes.get(row.shape, (row.split, ""))
        if split != row.split:
            found.fault(row.where, f"split: its causal structure stands in {split} too, at {where}")
    texts = (row.get("text") for _, _, row in _rows(path, lambda *_: None))
    result = Overlap(text if isinstance(text, str) else "" for text in texts).with_set(other)
    for i, share, where in result.worst:
        if share >= 0.5:
            found.fault(found.rows[i].where, f"overlap: {100 * share:.0f} % of its text stands in {where}")
    return {"items": result.items, "overlapping": result.overlapping, "share": result.share}


def _splits_of(path: Path) -> dict[str, tuple[str, str]]:
    """Canonical shape -> the split that a set says it belongs to, and where that stands first."""
    out: dict[str, tuple[str, str]] = {}
    for chunk in _chunks((0, where, row) for where, row in read_rows(path) if isinstance(row.get("problem"), str)):
        shapes = shapes_of([read_certificate(row["problem"]) for _, _, row in chunk])
        for shape, (_, where, row) in zip(shapes, chunk, strict=True):
            out.setdefault(shape, (str(row.get("split")), where))
    return out
