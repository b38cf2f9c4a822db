"""Rows of files that other people made: JSON lists, JSON lines, CSV and Parquet, read on past what is damaged.

Memory is bounded by MAX_ROW for a row and MAX_BYTES (``files``) for a JSON list, which is one value.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from rungwise.errors import UserError
from rungwise.files import MAX_BYTES
from rungwise.suites.published.item import Bad, PublishedItem

MAX_ROW = 10_000_000
"""Bytes of a line, characters of an item in a list."""
MAX_KEY = 200
"""Characters in which the name of an object's first field ends."""
_SIBLING = re.compile(r"\}\s*,\s*(?=\{)")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""What bytes that are no UTF-8 are decoded to ("surrogateescape")."""

Row = dict[str, Any]


def once_each(
    found: Iterable[tuple[Any, ...]], make: Callable[..., PublishedItem], bad: Bad
) -> Iterator[PublishedItem]:
    """The items that ``make`` makes of rows (each the arguments of a call); one that can't be made, or whose id was
    there before, is told to ``bad`` and left out."""
    seen: set[str] = set()
    for row in found:
        try:
            item = make(*row)
            if item.id in seen:
                raise UserError(f"{item.where}: the id {item.id} was there before")
        except UserError as error:
            bad(error)
            continue
        seen.add(item.id)
        yield item


def rows(path: Path, bad: Bad) -> Iterator[tuple[str, Row]]:
    """Pairs (file and line or item, object) of a file, by its ending: .json (a list or lines), .jsonl, .csv, .parquet.

    A row that is no object, no JSON or no UTF-8, or is longer than MAX_ROW, is told to ``bad`` and left out.

    Raises:
        UserError: another ending, or a file that is no such file at all.
        OSError: it can't be opened.
    """
    if path.suffix == ".parquet":
        found = _parquet(path)
    elif path.suffix == ".csv":
        found = _csv(path, bad)
    elif path.suffix in (".json", ".jsonl"):
        with path.open("rb") as file:
            opening = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        found = _list(path, bad) if opening.startswith(b"[") else _lines(path, bad)
    else:
        raise UserError(f"{path} is read by its ending, which must be .json, .jsonl, .csv or .parquet")
    for where, row in found:
        if isinstance(row, dict):
            yield where, row
        else:
            bad(UserError(f"{where} is no object with fields"))


def _lines(path: Path, bad: Bad) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(_bounded(file), 1):
            where = f"{path} line {number}"
            try:
                if line is None:
                    raise UserError(f"{where} has more than {MAX_ROW:,} bytes")
                text = line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape").strip()
                if text:
                    value, end = decoded(text, 0, where)
                    if end < len(text):
                        raise UserError(f"{where} is not JSON: something follows its object")
                    yield where, value
            except UserError as error:
                bad(error)


def _bounded(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines; None for one that is too long, which is passed over without being held."""
    while line := file.readline(MAX_ROW + 1):
        if len(line) <= MAX_ROW or line.endswith(b"\n"):
            yield line
            continue
        yield None
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_ROW)


def _list(path: Path, bad: Bad) -> Iterator[tuple[str, Any]]:
    """The values of a list one by one, so that those before a cut are had. After one that is no JSON reading goes on
    where an object begins with the same field as the first did (before there is one: behind the next object's end)."""
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path} is larger than {MAX_BYTES:,} bytes; split it")
    text = path.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    at, number, opening = text.index("[") + 1, 0, None
    while not text.startswith("]", at := _past_space(text, at)):
        where, start = f"{path} item {number}", at
        try:
            if at == len(text):
                raise UserError(f"{path} is cut off after item {number - 1}")
            value, at = decoded(text, at, where)
            opening = opening or re.match(r'\{\s*"[^"\\]*"', text[start : start + MAX_KEY])
            if not text.startswith((",", "]"), at := _past_space(text, at)):
                raise UserError(f"{where} is followed by neither ',' nor ']'; the file is cut off or damaged there")
            at += text.startswith(",", at)
            yield where, value
        except UserError as error:
            bad(error)
            next_one = re.compile(r"\{\s*" + re.escape(opening[0][1:].lstrip())) if opening else _SIBLING
            again = next_one.search(text, start + 1)
            if not again:
                return
            at = again.start() if opening else again.end()
        number += 1


def decoded(text: str, at: int, where: str) -> tuple[Any, int]:
    """The JSON value that begins there, and where it ends."""
    constants: list[str] = []
    try:
        value, end = json.JSONDecoder(parse_constant=constants.append).raw_decode(text, at)
    except json.JSONDecodeError as error:
        line = text.count("\n", 0, error.pos) + 1
        raise UserError(f"{where} is not JSON: {error.msg} at line {line}") from error
    except ValueError as error:
        raise UserError(f"{where} holds a number of too many digits") from error
    except RecursionError as error:
        raise UserError(f"{where} is nested too deeply") from error
    if constants:
        raise UserError(f"{where} holds {constants[0]}, which is no number")
    if end - at > MAX_ROW:
        raise UserError(f"{where} has more than {MAX_ROW:,} characters")
    if _NOT_UTF8.search(text, at, end):
        raise UserError(f"{where} is not UTF-8 text")
    return value, end


def _past_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _csv(path: Path, bad: Bad) -> Iterator[tuple[str, Any]]:
    csv.field_size_limit(MAX_ROW)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", strict=True)
        while True:
            where = f"{path} line {reader.line_num + 1}"
            try:
                row = next(reader)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                bad(UserError(f"{where} is not UTF-8 text ({error.reason}); what follows is not read"))
                return
            except csv.Error as error:
                bad(UserError(f"{where} is no CSV ({error})"))
                continue
            if "" in row or None in row.values():
                bad(UserError(f"{where} has another number of columns than the first line"))
            else:
                yield where, row


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(f"{path} needs pyarrow: pip install 'rungwise[data]'") from error
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for row in batch.to_pylist():
                    yield f"{path} row {number}", row
                    number += 1
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise UserError(f"{path} is no Parquet file, or a damaged one ({' '.join(str(error).split())})") from error
