"""Event intervention (CAPT, arXiv 2506.09433): what stands in place of the events' names.

Modes, named as in the paper:

- ``none``: the text as it is; events are not looked for.
- ``order``: symbols in the order in which the events appear: A, B, ..., Z, AA, AB, ...
- ``random``: random symbols, other ones for each item and each epoch.
- ``original``: the paper's ablation. The events are abstracted and the original names are put back, so a text that has
  a valid abstraction comes out as it went in; set against ``none``, it tells what leaving out the other texts changes.

One mapping serves all texts of an item: prompt, chat messages and worked solution. Symbols are the same for the same
(seed, epoch, item), whatever else is processed, and never
- a word of the texts or of a name, whatever its case ("A" where "a" is a word, the letters of a worked solution);
- P, E, I, Yes, No, True, False, PROB, ANSWER, or low and high, which say something else;
- another symbol, or one with a plural's "s".
So ``order`` begins with B in most English texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from random import Random
from string import ascii_uppercase
from typing import Literal, get_args

from rungwise.capt.abstraction import (
    LABELS,
    Abstraction,
    abstract,
    check,
    outside,
    placeholders,
    render,
    restore,
    words,
)
from rungwise.capt.forms import Event
from rungwise.errors import UserError
from rungwise.problems.streams import make_dice

Mode = Literal["none", "order", "random", "original"]
MODES: tuple[Mode, ...] = get_args(Mode)
RESERVED = frozenset(["p", "e", "i", "yes", "no", "true", "false", "prob", "answer", "not", "level", *LABELS])
"""Folded words that are no symbols in any text."""
_SPARE = 2
"""Random symbols have as many letters as leave this many times as many free ones as are needed."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """What is done to every item.

    Attributes:
        mode: one of MODES.
        seed: root of the random symbols.

    Raises:
        UserError: unknown mode.
    """

    mode: Mode
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UserError(f"unknown CAPT mode {self.mode!r}; modes are {', '.join(MODES)}")

    def texts(self, events: Sequence[Event], texts: Sequence[str], item: str, epoch: int = 0) -> tuple[str, ...]:
        """All texts of one item (its prompt, then whatever goes with it) under one mapping.

        Args:
            events: as estimated from the prompt alone.
            item: the item's id.
            epoch: the pass over the data; ``random`` draws afresh in each.

        Raises:
            UserError: a text has no faultless abstraction (see ``abstraction.check``), or a limit is exceeded.
        """
        if self.mode == "none":
            return tuple(texts)
        abstractions = [abstract(text, events) for text in texts]
        for text, abstraction in zip(texts, abstractions, strict=True):
            for fault in check(text, abstraction):
                raise UserError(f"item {item} can't be abstracted ({fault.code}): {fault.why}; leave it out")
        if self.mode == "original":
            return tuple(map(restore, abstractions))
        symbols = self._symbols(abstractions, len(events), item, epoch)
        return tuple(render(abstraction.text, symbols) for abstraction in abstractions)

    def messages(
        self, events: Sequence[Event], messages: Sequence[Mapping[str, str]], item: str, epoch: int = 0
    ) -> list[dict[str, str]]:
        """Chat messages with their contents so changed; roles and other fields are kept.

        Raises:
            UserError: see ``texts``; a message has no text as its content.
        """
        contents = [message.get("content") for message in messages]
        if not all(isinstance(content, str) for content in contents):
            raise UserError("CAPT changes messages whose content is a text; one has none")
        changed = self.texts(events, [str(content) for content in contents], item, epoch)
        return [{**message, "content": content} for message, content in zip(messages, changed, strict=True)]

    def _symbols(self, abstractions: Sequence[Abstraction], n: int, item: str, epoch: int) -> list[str]:
        forbidden = set(RESERVED)
        for abstraction in abstractions:
            forbidden |= words(outside(abstraction.text))
            for form in abstraction.forms.values():
                forbidden |= words(form)
        met = dict.fromkeys(event for a in abstractions for _, event in placeholders(a.text))
        order = [*met, *(event for event in range(n) if event not in met)]
        if self.mode == "order":
            drawn = _free(in_order(), forbidden, n)
        else:
            drawn = _drawn(forbidden, n, make_dice("capt", self.seed, epoch, item))
        symbols = dict(zip(order, drawn, strict=True))
        return [symbols[event] for event in range(n)]


def in_order() -> Iterator[str]:
    """A, B, ..., Z, AA, AB, ..., without end."""
    for length in count(1):
        yield from _of_length(length)


def _of_length(length: int) -> Iterator[str]:
    return ("".join(letters) for letters in product(ascii_uppercase, repeat=length))


def _free(candidates: Iterator[str], forbidden: set[str], n: int) -> list[str]:
    """The first ``n`` candidates that are not forbidden and not mistaken for one another."""
    used, out = set(forbidden), list[str]()
    while len(out) < n:
        symbol = next(candidates)
        folded = symbol.casefold()
        if folded not in used and f"{folded}s" not in used:
            used |= {folded, f"{folded}s"}
            out.append(symbol)
    return out


def _drawn(forbidden: set[str], n: int, dice: Random) -> list[str]:
    for length in count(1):
        if length < 3:
            every = list(_of_length(length))
            free = [one for one in every if not {one.casefold(), f"{one.casefold()}s"} & forbidden]
            if len(free) >= _SPARE * n:
                return _free(iter(dice.sample(free, len(free))), forbidden, n)
        else:
            endless = ("".join(dice.choices(ascii_uppercase, k=length)) for _ in count())
            return _free(endless, forbidden, n)
    raise AssertionError("count() has no end")
