"""Shards: one file with a stretch of a suite's items, made by one worker alone."""

from __future__ import annotations

import gc
import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

import rungwise
from rungwise.errors import UserError
from rungwise.files import replacing_bytes
from rungwise.problems.problem import LACK_CONDITION
from rungwise.suites.items import Item, Options, generate
from rungwise.suites.rows import COLUMNS
from rungwise.wording.answers import solution_text

FORMATS = ("jsonl", "parquet")
SHARD = 10_000
"""Items of a shard: a few seconds of work."""

BATCH = 1_000
"""Rows that are held at a time; a row group of a Parquet file."""

_CANARY = "rungwise canary {}"
_NOT_FOR_TRAINING = "; this data is for evaluation only and must not be part of any training corpus"


@dataclass(frozen=True)
class Request:
    """What a folder holds: the same request always makes the same bytes.

    Raises:
        UserError: a count below 1, or an unknown format, suite, view or option.
    """

    suites: tuple[str, ...]
    n: int
    seed: int = 0
    view: str = "natural"
    names: str = "real"
    format: str = "jsonl"
    shard_size: int = SHARD
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, count in (("--n", self.n), ("--shard-size", self.shard_size)):
            if count < 1:
                raise UserError(f"{what} must be at least 1, got {count}")
        if self.format not in FORMATS:
            raise UserError(f"unknown format {self.format!r}; formats are {', '.join(FORMATS)}")
        if not self.suites or len(set(self.suites)) < len(self.suites):
            raise UserError("name each suite once")
        for suite in self.suites:
            self.items(suite, 0, self.n)  # lazy: nothing is made, but mistakes are found

    def items(self, suite: str, start: int, n: int) -> Iterator[Item]:
        """Items ``start`` to ``start + n - 1`` of one of the suites."""
        return generate(suite, n, self.seed, self.view, self.names, start, **self.options)

    def split(self, suite: str) -> str:
        """The split that a suite belongs to."""
        return Options(names=self.names, **self.options).recipe(suite).split

    def shards(self) -> list[Shard]:
        """All shards, in order."""
        count = -(-self.n // self.shard_size)
        out = []
        for suite in self.suites:
            for i in range(count):
                start = i * self.shard_size
                name = f"{suite}/{self.split(suite)}-{i:05d}-of-{count:05d}.{self.format}"
                out.append(Shard(name, suite, start, min(self.shard_size, self.n - start)))
        return out

    def public(self) -> dict[str, Any]:
        """Plain JSON, without the seed."""
        out = {"rungwise": rungwise.__version__, **asdict(self), "suites": list(self.suites)}
        del out["seed"]
        return out


@dataclass(frozen=True, slots=True)
class Shard:
    """A file's name in its folder, and which items of which suite it holds."""

    name: str
    suite: str
    start: int
    items: int


def canary_of(secret: str, split: str) -> str:
    """The line by which a split's data can be found in a corpus; ``secret`` is what makes it unique."""
    guid = uuid.uuid5(uuid.NAMESPACE_URL, f"rungwise {secret}")
    return _CANARY.format(guid) + ("" if split == "train" else _NOT_FOR_TRAINING)


def row_of(item: Item, suite: str, canary: str) -> dict[str, Any]:
    """The columns of a stored item (see ``rows.COLUMNS``)."""
    problem = item.problem
    meta, truth = problem.meta, problem.truth
    return {
        "id": item.id,
        "twin": meta.get("twin"),
        "suite": suite,
        "split": meta["split"],
        "task": problem.query.task,
        "view": item.view,
        "text": item.text,
        "answer": problem.answer_text(item.view),
        "value": truth.value if truth is not None else None,
        "solution": solution_text(problem, item.view),
        "problem": orjson.dumps(problem.to_dict()).decode(),
        "canary": canary,
    }


def make_shard(request: Request, shard: Shard, canary: str, folder: Path) -> dict[str, Any]:
    """Write a shard and return its record: {"name", "items", "bytes", "sha256", "content", "tasks"}.

    ``content`` is a hash over ids and answers; ``tasks`` holds the sums that the folder's statistics are made of.

    Raises:
        UserError: pyarrow is missing.
        OSError: the file can't be written.
    """
    # Millions of short-lived objects, none of them in cycles: looking for these would cost a fifth of the time.
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 100)
    path = folder / shard.name
    content = hashlib.sha256()
    tasks: dict[str, dict[str, Any]] = {}
    items = request.items(shard.suite, shard.start, shard.items)

    def rows() -> Iterator[dict[str, Any]]:
        for item in items:
            row = row_of(item, shard.suite, canary)
            content.update(f"{row['id']} {row['answer']}\n".encode())
            _count(tasks.setdefault(row["task"], {}), item)
            yield row

    with replacing_bytes(path) as file:
        (_write_parquet if request.format == "parquet" else _write_jsonl)(file, rows())
    digest = hashlib.sha256()
    with path.open("rb") as written:
        while block := written.read(1 << 20):
            digest.update(block)
    return {
        "name": shard.name,
        "items": shard.items,
        "bytes": path.stat().st_size,
        "sha256": digest.hexdigest(),
        "content": content.hexdigest(),
        "tasks": tasks,
    }


def _count(sums: dict[str, Any], item: Item) -> None:
    """Add an item to the sums of its task."""
    meta, truth = item.problem.meta, item.problem.truth
    assert truth is not None
    answer = {"Yes": "yes", "No": "no", LACK_CONDITION: "lack"}.get(truth.answer or "")
    nonzero = truth.value != 0
    for key in ("items", *([] if nonzero else ["zero"]), *([answer] if answer and nonzero else [])):
        sums[key] = sums.get(key, 0) + 1
    for group, counted in (
        ("difficulty", meta["difficulty"].items()),
        ("shortcuts", ((s, 1) for s in meta["shortcuts"])),
    ):
        own = sums.setdefault(group, {})
        for key, value in counted:
            own[key] = own.get(key, 0) + value


def _write_jsonl(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _write_parquet(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    pyarrow = import_pyarrow()
    types = {"value": pyarrow.float64()}
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in COLUMNS])
    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        rows = iter(rows)
        while batch := list(islice(rows, BATCH)):
            columns = [[row[name] for row in batch] for name in COLUMNS]
            writer.write_table(pyarrow.table(columns, schema=schema), row_group_size=BATCH)


def import_pyarrow() -> Any:
    """pyarrow with its parquet module.

    Raises:
        UserError: it is missing.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError("Parquet needs pyarrow: pip install 'rungwise[data]'; or use --format jsonl") from error
    return pyarrow


def make_shard_bytes(request: Request, shard: Shard, canary: str) -> tuple[dict[str, Any], bytes]:
    """A shard's record and its bytes, for workers that do not share a disk with whoever asks."""
    with tempfile.TemporaryDirectory() as folder:
        record = make_shard(request, shard, canary, Path(folder))
        return record, (Path(folder) / shard.name).read_bytes()


def is_whole(folder: Path, record: dict[str, Any]) -> bool:
    """Whether a shard's file is still the one of its record."""
    path = folder / str(record["name"])
    if not path.is_file() or os.stat(path).st_size != record["bytes"]:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == str(record["sha256"])
