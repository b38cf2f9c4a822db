"""What every reader needs: the events of a text, and phrases such as ``a being low, b being high and c being low``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rungwise.errors import UserError

Pair = tuple[int, int]
"""An event and one of its labels, numbered in the order in which they were met."""

_SEPARATOR = re.compile(r", | and ")
_NO_LABEL = re.compile(r"[.,:;?!]| is ")
_ARTICLES = ("the ", "a ", "an ")


class Unread(UserError):
    """The text, or a sentence of it, is not one that the reader understands."""


def unread(what: str, sentence: str) -> Unread:
    """The error to raise for ``sentence``; ``what`` says what was expected of it."""
    return Unread(f"can't read {what}: {' '.join(sentence[:400].split())[:80]!r}")


class Events:
    """The named events of one text and the labels seen for each.

    With ``labels`` given (one sequence an event) they are all there are and names match exactly; without,
    labels are collected as they are met and names match whatever their case and leading article.

    Raises:
        Unread: two names differ by their article only.
    """

    def __init__(self, names: Sequence[str], labels: Iterable[Sequence[str]] | None = None) -> None:
        self.names = tuple(names)
        self.closed = labels is not None
        self.index = {self._key(name): v for v, name in enumerate(names)}
        self.labels: list[dict[str, int]] = [{} for _ in names]
        for own, given in zip(self.labels, labels or (), strict=False):
            own.update((label, i) for i, label in enumerate(given))
        self.annotated: list[dict[int, int]] = [{} for _ in names]
        self.letters: dict[int, str] = {}
        self._letters: dict[str, int] = {}
        self._pairs: dict[str, Pair] = {}
        self._longest_first: list[str] = []
        if not self.closed:
            self._add_variants()

    def _key(self, name: str) -> str:
        return name if self.closed else name.casefold()

    def _add_variants(self) -> None:
        """Let every name match with another article or with none, and with its last comma turned into "and".

        The published generators join a list by turning its last comma into "and", wherever that comma stands.
        """
        for key, v in list(self.index.items()):
            before, comma, after = key.rpartition(", ")
            if comma:
                self.index.setdefault(f"{before} and {after}", v)
        bare: dict[str, int] = {}
        for key, v in self.index.items():
            core = next((key[len(a) :] for a in _ARTICLES if key.startswith(a)), key)
            if bare.setdefault(core, v) != v:
                raise Unread(f"two events differ by their article only: {core[:60]!r}; rename one")
        for core, v in bare.items():
            self.index[core] = v
            for article in _ARTICLES:
                self.index[article + core] = v

    def find(self, name: str) -> int | None:
        """The event of this name."""
        v = self.index.get(self._key(name))
        if v is None and not self.closed and name.startswith("the "):
            return self.index.get(self._key(name[4:]))  # "would the" stands before a name with its own article
        return v

    def label(self, v: int, label: str) -> int | None:
        """The number of a label of event v, a new one where labels are collected; None if it is not one."""
        own = self.labels[v]
        if label.endswith(")") and not (self.closed and label in own):
            label = self._annotation(v, label)
        if self.closed:
            return own.get(label)
        if not label or _NO_LABEL.search(label):  # a clause that was not understood is no label
            return None
        return own.setdefault(label, len(own))

    def _annotation(self, v: int, label: str) -> str:
        """Take the ``(C=0)`` off ``low (C=0)`` and remember it."""
        bare, _, note = label[:-1].rpartition(" (")
        letter, equals, digits = note.partition("=")
        if not (bare and equals and letter.isalnum() and digits.isdecimal() and len(digits) < 3):
            return label
        own = self.labels[v]
        if not self.closed or bare in own:
            self.note(v, own.setdefault(bare, len(own)), letter, int(digits))
        return bare

    def note(self, v: int, number: int, letter: str, value: int) -> None:
        """Remember that an event has this letter, and its label of this number this value.

        Raises:
            Unread: another note says otherwise, or, where labels are given in the order of their values, the label.
        """
        known = self.letters.setdefault(v, letter), self._letters.setdefault(letter, v)
        fits = value == number if self.closed else self.annotated[v].setdefault(number, value) == value
        if known != (letter, v) or not fits:
            label = next(label for label, i in self.labels[v].items() if i == number)
            note = f"({letter[:20]}={value})"
            raise Unread(f"the note {note} contradicts an earlier one: {self.names[v][:60]!r} {label[:20]!r}")

    def pairs(self, text: str, verb: str) -> list[Pair]:
        """The pairs in a list such as ``a being low, b being high and c being low`` (verb `` being ``).

        Raises:
            Unread: some of it is not a known name, the verb and a label.
        """
        known = self._pairs
        pieces = _SEPARATOR.split(text)
        fresh: dict[str, tuple[int, str]] = {}
        for piece in pieces:
            if piece not in known:
                name, found, label = piece.partition(verb)
                v = self.find(name) if found else None
                if v is None or not label:  # a name or label with a comma, an "and" or the verb in it
                    return self._scan(text, verb)
                fresh[piece] = v, label
        for piece, (v, label) in fresh.items():
            number = self.label(v, label)
            if number is None:
                return self._scan(text, verb)
            known[piece] = v, number
        return [known[piece] for piece in pieces]

    def _scan(self, text: str, verb: str) -> list[Pair]:
        """``pairs`` by the names themselves: the longest name that the verb follows, then a label that runs
        to the first separator with another name and verb behind it."""
        folded = self._key(text)
        if len(folded) != len(text):
            raise unread("these letters", text)
        out: list[Pair] = []
        here = self._name_at(folded, 0, verb)
        while here is not None:
            v, start = here
            here, end = None, len(text)
            for separator in _SEPARATOR.finditer(text, start):
                here = self._name_at(folded, separator.end(), verb)
                if here is not None:
                    end = separator.start()
                    break
            number = self.label(v, text[start:end])
            if number is None:
                break
            out.append((v, number))
            if here is None:
                return out
        raise unread("the events in this", text)

    def _name_at(self, folded: str, at: int, verb: str) -> tuple[int, int] | None:
        if not self._longest_first:
            self._longest_first = sorted(self.index, key=len, reverse=True)
        for name in self._longest_first:
            if folded.startswith(name, at) and folded.startswith(verb, at + len(name)):
                return self.index[name], at + len(name) + len(verb)
        return None
