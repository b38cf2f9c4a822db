"""The files of PrOntoQA: items inside one JSON object, read one by one and on past what is damaged.

CAPT's file is ``{"next_steps": [item, ...]}``, the generator's ``{"example1": {"in_context_example0": {...}, ...,
"test_example": item}, ...}``. Lists, lines and tables of such items are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rungwise.errors import UserError
from rungwise.files import MAX_BYTES
from rungwise.suites.published.damaged import Row, decoded, rows
from rungwise.suites.published.item import Bad

_LIST = re.compile(r'\s*+\{\s*+"next_steps"\s*+:\s*+\[')
_OBJECT = re.compile(r'\s*+\{\s*+(?="example\d{1,9}"\s*+:\s*+\{)')
_KEY = re.compile(r'"([^"\\]{1,200})"\s*+:\s*+')
_BETWEEN = re.compile(r"[\s,]*+")
_AGAIN = {_LIST: re.compile(r'\{\s*+"Facts"'), _OBJECT: re.compile(r'"example\d{1,9}"\s*+:\s*+\{')}
"""Where the next item begins after one that is damaged."""


def entries(path: Path, bad: Bad) -> Iterator[tuple[str, str, Row]]:
    """Triples (file and item, the item's key or else its number from 0, its object).

    Raises:
        UserError: no such file at all.
        OSError: it can't be opened.
    """
    if path.suffix == ".json":
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is larger than {MAX_BYTES:,} bytes; split it")
        with path.open("rb") as file:
            head = file.read(200).decode("utf-8", "replace").removeprefix("\ufeff")
        form = next((form for form in (_LIST, _OBJECT) if form.match(head)), None)
        if form is not None:
            yield from _inside(path, form, bad)
            return
    for number, (where, row) in enumerate(rows(path, bad)):
        yield where, str(number), row


def _inside(path: Path, form: re.Pattern[str], bad: Bad) -> Iterator[tuple[str, str, Row]]:
    text = path.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    opening = form.match(text)
    at = opening.end() if opening else len(text)
    number = 0
    while not text.startswith("]" if form is _LIST else "}", at := _after(_BETWEEN, text, at)):
        name, start = str(number), at
        where = f"{path} item {name}"
        try:
            if at == len(text):
                raise UserError(f"{path} is cut off after item {number - 1}")
            if form is _OBJECT:
                named = _KEY.match(text, at)
                if named is None:
                    raise UserError(f"{where} has no name")
                name, at = named[1], named.end()
                where = f"{path} item {name}"
            row, at = decoded(text, at, where)
            if not isinstance(row, dict):
                raise UserError(f"{where} is no object with fields")
            yield where, name, row
        except UserError as error:
            bad(error)
            again = _AGAIN[form].search(text, start + 1)
            if again is None:
                return
            at = again.start()
        number += 1


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
