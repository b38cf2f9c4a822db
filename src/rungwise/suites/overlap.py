"""Whether texts share content with another set: word 13-grams, less those that many texts share anyway."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rungwise.files import parse_json, read_text
from rungwise.suites.published import caugym
from rungwise.suites.rows import read_rows

N = 13
"""Words of a gram."""

TEMPLATE = 0.02
"""A gram in a larger share of the texts is their template, not their content."""

WORST = 20
MAX_CHARS = 100_000
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """How many of another set's items were compared, how many of ours share content with them, the share of ours, and
    the worst: (our index, share of its grams, where the other text stands)."""

    items: int
    overlapping: int
    share: float
    worst: list[tuple[int, float, str]]


class Overlap:
    """Texts, ready to be compared with other sets."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts: Counter[int] = Counter()
        grams = [_grams(text) for text in texts]
        for own in grams:
            counts.update(own)
        most = max(1, int(TEMPLATE * len(texts)))
        self._content = [{gram for gram in own if counts[gram] <= most} for own in grams]
        self._holders: dict[int, list[int]] = {}
        for i, own in enumerate(self._content):
            for gram in own:
                self._holders.setdefault(gram, []).append(i)

    def with_set(self, spec: str) -> Found:
        """Compare with a folder or file of ours, ``caugym:FILE``, or any JSON or JSON lines file with texts in it.

        Raises:
            UserError: it is none of these.
            OSError: it can't be opened.
        """
        best: dict[int, tuple[float, str]] = {}
        items = 0
        for where, text in texts_of(spec):
            items += 1
            shared: Counter[int] = Counter()
            for gram in _grams(text):
                shared.update(self._holders.get(gram, ()))
            for i, count in shared.items():
                share = count / len(self._content[i])
                if share > best.get(i, (0.0, ""))[0]:
                    best[i] = share, where
        worst = sorted(((i, share, where) for i, (share, where) in best.items()), key=lambda entry: -entry[1])
        kept = [entry for entry in worst if entry[1] >= 0.5] or worst[:WORST]
        return Found(items, len(best), len(best) / max(1, len(self._content)), kept)


def _grams(text: str) -> set[int]:
    words = _WORD.findall(text[:MAX_CHARS].casefold())
    return {hash(tuple(words[i : i + N])) for i in range(max(1, len(words) - N + 1))}


def texts_of(spec: str) -> Iterator[tuple[str, str]]:
    """Pairs (where it stands, text) of a set."""
    if spec.startswith("caugym:"):
        file, _, subset = spec.removeprefix("caugym:").partition("#")
        for i, item in enumerate(caugym.load(Path(file), subset or None)):
            yield f"{file} item {i}", item.text
        return
    path = Path(spec)
    if path.is_dir() or path.suffix == ".parquet":
        for where, row in read_rows(path):
            yield where, str(row.get("text", ""))
        return
    text = read_text(path)
    if text.lstrip().startswith("["):
        rows = parse_json(text, spec)
        numbered = ((f"{spec} item {i}", row) for i, row in enumerate(rows))
    else:
        lines = enumerate(text.split("\n"), 1)
        numbered = ((f"{spec} line {i}", parse_json(line, f"{spec} line {i}")) for i, line in lines if line.strip())
    for where, row in numbered:
        yield where, " ".join(_strings(row))


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value but certificates (JSON in JSON) and keys."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            if not one.startswith("{"):
                yield one
        elif isinstance(one, dict):
            todo.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            todo.extend(reversed(one))
