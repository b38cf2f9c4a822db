"""What a row of CaLM's graph tasks draws, and what a solver makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rungwise.causal.admg import ADMG
from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.errors import UserError
from rungwise.wording.reader import MAX_CHARS

MAX_NODES = 32
"""Variables of a graph; CaLM's have up to 20."""
_NAME = re.compile(r"\w{1,40}")
_PAIR = re.compile(r"(\w{1,40}) (causes|and) (\w{1,40})")
_BETWEEN = re.compile(r",\s*(?:and\s+)?")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Drawn:
    """A graph as drawn in words.

    Attributes:
        names: the variables, in alphabetical order: node v of ``graph`` is called names[v].
        edges: (cause, effect).
        hidden: pairs with an unobserved common cause.
    """

    names: tuple[str, ...]
    edges: Pairs
    hidden: Pairs = ()

    @cached_property
    def graph(self) -> ADMG:
        """The same by numbers. Raises UserError where it has a cycle."""
        number = {name: v for v, name in enumerate(self.names)}
        directed, bidirected = ([(number[a], number[b]) for a, b in pairs] for pairs in (self.edges, self.hidden))
        return ADMG.from_edges(len(self.names), directed, bidirected)

    @property
    def dag(self) -> DAG:
        """Its directed edges."""
        return self.graph.dag

    def node(self, name: str) -> int:
        """The number of a variable."""
        return self.names.index(name)

    def mask(self, names: Iterable[str]) -> int:
        """The set of these variables."""
        return mask_of(self.node(name) for name in names)

    def listed(self, nodes: int) -> str:
        """As in "A, B and C"; "nothing" for the empty set."""
        return listed([self.names[v] for v in bits(nodes)])

    def braces(self, nodes: int) -> str:
        """As in "{A, B}"."""
        return braces([self.names[v] for v in bits(nodes)])


@dataclass(frozen=True, slots=True)
class Solved:
    """What a solver makes of an item.

    Attributes:
        possible: the answers, "Yes" or "No" or numbers of options, that what is displayed does not rule out.
        second: the answer by the second road; None where it finds none, or several.
        why: a clause, without a full stop.
        proof: lines that a reader can check by hand.
    """

    possible: tuple[str, ...]
    second: str | None
    why: str
    proof: str

    @property
    def answer(self) -> str | None:
        """The only possible answer, None where there is none or several."""
        return self.possible[0] if len(self.possible) == 1 else None


def listed(words: Iterable[str]) -> str:
    """As in "A, B and C"; "nothing" where there are none."""
    *first, last = list(words) or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def braces(words: Iterable[str]) -> str:
    """As in "{A, B}"."""
    return "{" + ", ".join(words) + "}"


def text_of(row: dict[str, Any], field: str) -> str:
    """A field that must hold a text.

    Raises:
        UserError: it holds none, or one that is too long.
    """
    value = row.get(field)
    if not isinstance(value, str):
        raise UserError(f"{field!r} is missing or no text")
    if len(value) > MAX_CHARS:
        raise UserError(f"{field!r} has {len(value)} characters; at most {MAX_CHARS} are read")
    return value


def name_of(row: dict[str, Any], field: str) -> str:
    """A field that must hold the name of a variable.

    Raises:
        UserError: it does not.
    """
    name = text_of(row, field).strip()
    if not _NAME.fullmatch(name):
        raise UserError(f"{field!r} is no name of a variable: {name[:40]!r}")
    return name


def names_of(row: dict[str, Any], field: str) -> frozenset[str]:
    """A field that must hold names of variables between commas, or nothing.

    Raises:
        UserError: it does not.
    """
    text = text_of(row, field).strip()
    names = [name.strip() for name in text.split(",")] if text else []
    if not all(_NAME.fullmatch(name) for name in names):
        raise UserError(f"{field!r} is no list of variables: {text[:40]!r}")
    return frozenset(names)


def drawn(row: dict[str, Any], field: str, others: Iterable[str], hidden_field: str = "") -> Drawn:
    """The graph in which ``field`` says what causes what.

    Args:
        others: more variables, which the graph holds even where no edge names them.
        hidden_field: the field that says which pairs share an unobserved cause; it may be empty.

    Raises:
        UserError: one of the fields does not say so, or the graph is too large or has a cycle.
    """
    edges = _pairs(text_of(row, field), field, "causes")
    hidden = _pairs(text_of(row, hidden_field), hidden_field, "and") if hidden_field and row.get(hidden_field) else ()
    names = {name for pair in edges + hidden for name in pair} | set(others)
    if len(names) > MAX_NODES:
        raise UserError(f"the graph has {len(names)} variables; at most {MAX_NODES} are read")
    out = Drawn(tuple(sorted(names)), edges, hidden)
    _ = out.graph  # raises where there is a cycle
    return out


def _pairs(text: str, field: str, word: str) -> Pairs:
    """Of "A causes B, A causes C, and B causes C" the pairs, each once."""
    if not text.strip():
        return ()
    out = []
    for piece in _BETWEEN.split(text.strip().removesuffix(".")):
        pair = _PAIR.fullmatch(piece)
        if not pair or pair[2] != word:
            raise UserError(f"{field!r} holds {piece[:40]!r} instead of {f'A {word} B'!r}")
        out.append((pair[1], pair[3]))
    return tuple(dict.fromkeys(out))
