"""Whether texts share content with another set: word 13-grams, less those that many texts share anyway.

Where a text displays numbers, only grams with one of these count: events and phrases come again in many texts that have
nothing to do with each other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rungwise.files import parse_json, read_text
from rungwise.suites.published import is_published, open_set
from rungwise.suites.published.item import refuse
from rungwise.suites.rows import read_rows

N = 13
"""Words of a gram."""

TEMPLATE = 0.02
"""A gram in a larger share of the texts is their template, not their content."""

PARTS = 16
"""The grams are put in order in so many parts, which bounds the memory."""

EXAMPLE = "0.1234"
"""The number in the line on the answer's form, of our texts and the published ones: none of the problem's."""

WORST = 20
MAX_CHARS = 100_000
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Found:
    """How many of another set's items were compared, how many of ours share content with them, the share of ours, and
    the worst: (our index, share of its grams, where the other text stands)."""

    items: int
    overlapping: int
    share: float
    worst: list[tuple[int, float, str]]


class Overlap:
    """Texts, ready to be compared with other sets: of each its grams alone are held, as hashes."""

    def __init__(self, texts: Iterable[str]) -> None:
        every, ends = bytearray(), []
        for text in texts:
            every += _grams(text).tobytes()
            ends.append(len(every) // 8)
        grams = np.frombuffer(every, np.uint64)
        most = max(1, int(TEMPLATE * len(ends)))
        parts: list[tuple[NDArray[np.uint64], NDArray[np.int32]]] = []
        for part in range(PARTS):  # by their first bits, so that the parts' grams are in order one after the other
            at = np.flatnonzero(grams >> np.uint64(64 - PARTS.bit_length() + 1) == part)
            at = at[np.argsort(grams[at])]
            own = grams[at]
            template = np.unique(own[most:][own[most:] == own[: len(own) - most]])
            content = ~_is_in(own, template)
            holders = np.searchsorted(ends, at[content], "right").astype(np.int32)
            parts.append((own[content], holders))
        del grams, every
        self._content = np.concatenate([own for own, _ in parts])
        self._holders = np.concatenate([holders for _, holders in parts])
        self._sizes = np.bincount(self._holders, minlength=len(ends)).tolist()

    def with_set(self, spec: str) -> Found:
        """Compare with a folder or file of ours, a published set (NAME:PATH), or any JSON file (lines too) with texts.

        Raises:
            UserError: it is none of these.
            OSError: it can't be opened.
        """
        best: dict[int, tuple[float, str]] = {}
        items = 0
        for where, text in texts_of(spec):
            items += 1
            grams = _grams(text)
            first, last = (np.searchsorted(self._content, grams, side) for side in ("left", "right"))
            held = np.flatnonzero(first < last)
            shared = Counter(i for at in held for i in self._holders[first[at] : last[at]].tolist())
            for i, count in shared.items():
                share = count / self._sizes[i]
                if share > best.get(i, (0.0, ""))[0]:
                    best[i] = share, where
        worst = sorted(((i, share, where) for i, (share, where) in best.items()), key=lambda entry: -entry[1])
        kept = [entry for entry in worst if entry[1] >= 0.5] or worst[:WORST]
        return Found(items, len(best), len(best) / max(1, len(self._sizes)), kept)


def _grams(text: str) -> NDArray[np.uint64]:
    """The text's grams, each once, as hashes that hold in this process (sums of the words' own times powers of an odd
    number, without carry)."""
    words = _WORD.findall(text[:MAX_CHARS].casefold())
    hashes = np.array([hash(word) for word in words], dtype=np.int64).view(np.uint64)
    out = np.zeros(max(1, len(hashes) - N + 1), np.uint64)
    for j in range(min(N, len(hashes))):
        out = out * _BASE + hashes[j : j + len(out)]
    before = np.cumsum([0, *("." in word and word != EXAMPLE for word in words), *[0] * N])
    numbered = before[N : N + len(out)] > before[: len(out)]
    return np.unique(out[numbered] if numbered.any() else out)


def _is_in(some: NDArray[np.uint64], ordered: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of them are among those in order."""
    if not len(ordered):
        return np.zeros(len(some), dtype=bool)
    found: NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, some), len(ordered) - 1)] == some
    return found


def texts_of(spec: str) -> Iterator[tuple[str, str]]:
    """Pairs (where it stands, text) of a set."""
    if is_published(spec):
        _, items = open_set(spec, refuse)
        yield from ((item.where, item.text) for item in items)
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
