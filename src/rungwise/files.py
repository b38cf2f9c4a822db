"""Reading what users give and writing what they keep: clear errors, and nothing half-written under a final name."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rungwise.errors import UserError

MAX_BYTES = 2_000_000_000
"""Larger files are refused before they are read."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UserError: it is larger than MAX_BYTES or not UTF-8.
        OSError: it can't be opened.
    """
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path} is larger than {MAX_BYTES:,} bytes; split it")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start})") from error


def read_json(path: Path) -> Any:
    """The one JSON value in a file.

    Raises:
        UserError: not JSON, naming the line.
        OSError: it can't be opened.
    """
    return parse_json(read_text(path), str(path))


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Pairs (line number from 1, JSON value) of the lines that are not blank.

    Raises:
        UserError: a line is not JSON, naming it.
        OSError: it can't be opened.
    """
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            yield number, parse_json(line, f"{path} line {number}")


def read_log(path: Path) -> list[Any]:
    """The JSON values of a file that a process appends to, one a line; a last line that it died over is left out."""
    if not path.exists():
        return []
    whole = read_text(path).rpartition("\n")[0]
    return [parse_json(line, f"{path} line {number}") for number, line in enumerate(whole.split("\n"), 1) if line]


def begun_log(log: Path, stated: dict[str, Any], out: Path) -> Path:
    """A log whose first line states the job: begun, or gone on with, less a record that a crash cut off.

    Raises:
        UserError: it was begun for a job that stated something else; the message names ``out`` and what differs.
        OSError: it can't be written.
    """
    lines = read_log(log)
    changed = [key for key in {**lines[0], **stated} if lines[0].get(key) != stated.get(key)] if lines else []
    if changed:
        raise UserError(f"{out} was begun with another {', '.join(changed)}; choose another --out")
    if not lines or not log.read_bytes().endswith(b"\n"):
        write_json_lines(log, lines or [stated])
    return log


def parse_json(text: str, where: str) -> Any:
    """The JSON value of a text that came from ``where``.

    Raises:
        UserError: not JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where} is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise UserError(f"{where} is nested too deeply") from error


NO_ROOM = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
}
"""Errors of a disk, a quota or a file that is full, and what to do."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Where there is no room to write, the system names no file: the error is to name this one."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


@contextmanager
def replacing_bytes(path: Path) -> Iterator[BinaryIO]:
    """Write ``path`` under a temporary name; it takes its final name only when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with naming(path), temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """``replacing_bytes`` for UTF-8 text."""
    with replacing_bytes(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        yield text
        text.detach()


def write_json(path: Path, value: Any) -> None:
    """One JSON value, indented."""
    with replacing(path) as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_json_lines(path: Path, values: Iterable[Any]) -> None:
    """One JSON value a line."""
    with replacing(path) as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False) + "\n")
