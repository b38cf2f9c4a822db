"""Stored items: the columns of a row, and reading rows back from JSONL and Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import parse_json, read_text

COLUMNS = (
    "id", "twin", "suite", "split", "task", "view", "text", "answer", "value", "solution", "problem", "canary",
)  # fmt: skip
"""Every row has these: texts, but for ``value`` (a number, or null where the value is not determined) and ``twin``
(null where there is none). ``problem`` is the certificate, ``Problem.to_dict()`` as JSON text."""

SUFFIXES = (".jsonl", ".parquet")

BATCH = 256
"""Parquet rows that are held at a time."""


def data_files(path: Path) -> list[Path]:
    """The data file itself, or those of a folder made by ``rungwise generate`` (or of one suite's part of it) in order
    of their names.

    Raises:
        UserError: there is none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise UserError(f"there is no file or folder {path}")
    inside = [file for depth in ("*", "*/*") for suffix in SUFFIXES for file in path.glob(depth + suffix)]
    found = sorted(file for file in inside if not file.name.startswith("."))
    if not found:
        raise UserError(f"{path} holds no .jsonl or .parquet files made by 'rungwise generate'")
    return found


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pairs (where it stands, row) of a data file or of a whole folder, a file at a time.

    Raises:
        UserError: there is no data, a file is damaged, or a line is no JSON object; the message names it.
        OSError: a file can't be opened.
    """
    for file in data_files(path):
        yield from _parquet_rows(file) if file.suffix == ".parquet" else _json_rows(file)


def _json_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(read_text(file).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{file} line {number}"
        row = parse_json(line, where)
        if not isinstance(row, dict):
            raise UserError(f"{where} is no item made by 'rungwise generate'")
        yield where, row


def _parquet_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UserError("Parquet files need pyarrow: pip install 'rungwise[data]'") from error
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            number = 0
            for batch in table.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file} row {number}", row
    except pyarrow.ArrowException as error:
        raise UserError(f"{file} is damaged, or no Parquet file: {str(error).splitlines()[0]}") from error
