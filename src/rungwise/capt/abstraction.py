"""Texts with placeholders for their events, and what can be wrong with them.

Notation. ``[E3]`` stands for the third event as it is named, and every distinct surface form is a placeholder of its
own, so that putting the forms back gives the original to the character:

- ``[E3=0]``, ``[E3=1]``: a phrase that says the event is not so, or is so ("silent alarm", "ringing alarm");
- ``[E3:0]``, ``[E3:1]``, ...: the label of a value where it stands beside the name ("the tram service is *regular*");
- ``[E3.2]``, ``[E3=0.2]``: the second way to say the same, and so on;
- ``.plural``: in the plural; ``.a``, ``.an``: with that article; ``.cap``: with a capital letter. They are combined in
  this order, as in ``[E3.plural.cap]``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from rungwise.capt.forms import MAX_FORMS, Event, known_forms, label_spans, phrases, spans

LABELS = ("low", "high")
"""What a symbol's two values are called."""

_PLACEHOLDER = re.compile(
    r"\[E(?P<event>[1-9]\d{0,3}+)(?:(?P<kind>[=:])(?P<value>\d{1,2}+))?(?P<tags>(?:\.\w{1,6}+){0,4}+)\]"
)
_CLASH = re.compile(r"\[E\d")
_NUMBER = re.compile(r"\d++(?:\.\d++)?%?")
_WORD = re.compile(r"\w+")
_ARTICLE = re.compile(r"^(?:the|an?) (?=.)", re.IGNORECASE)


@dataclass(frozen=True)
class Abstraction:
    """A text with placeholders.

    Attributes:
        text: the text.
        forms: placeholder -> the surface form that it stands for.
        events: [E1] is the first.
    """

    text: str
    forms: Mapping[str, str]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an abstraction: a short code and one sentence.

    Codes of ``check``: clash, unresolved, survives, number, differs, meaning.
    """

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a text: the names of its events, and the rest (structure, numbers, question and exact
    answer), equal for texts that differ by their names only."""

    names: tuple[str, ...]
    content: Hashable


Reread = Callable[[str], Reading | None]
"""A reader; None for a text that it can't read."""


def abstract(text: str, events: Sequence[Event]) -> Abstraction:
    """The text with a placeholder for every form of every event, the longest form first, whatever its case.

    Raises:
        UserError: a limit is exceeded, a form is empty or names two events.
    """
    events = tuple(events)
    known, given = known_forms(text, events)
    named = list(spans(text, known)) if known else []
    found = sorted(named + list(label_spans(text, events, named)))
    forms: dict[str, str] = {}
    by_surface: dict[tuple[str, str], str] = {}
    out, at = [], 0
    for start, end, code in found:
        surface = text[start:end]
        placeholder = by_surface.get((code, surface))
        if placeholder is None:
            placeholder = by_surface[code, surface] = _free(code, surface, given, forms)
            forms[placeholder] = surface
        out += [text[at:start], placeholder]
        at = end
    return Abstraction("".join([*out, text[at:]]), forms, events)


def restore(abstraction: Abstraction) -> str:
    """The original; placeholders without a form are left."""
    return _PLACEHOLDER.sub(lambda found: abstraction.forms.get(found[0], found[0]), abstraction.text)


def render(text: str, symbols: Sequence[str]) -> str:
    """A text of placeholders with a symbol for each event: the name is the symbol, "not" stands before it where a
    phrase says that the event is not so, labels are low and high (of more than two values, numbered levels), every
    article of a counted noun is "a", a plural ends in "s".

    Raises:
        IndexError: a placeholder is of no event.
    """

    def put(found: re.Match[str]) -> str:
        symbol, value, tags = symbols[int(found["event"]) - 1], found["value"], found["tags"].split(".")
        if found["kind"] == ":":
            said = LABELS[int(value)] if int(value) < len(LABELS) else f"level {value}"
        else:
            said = f"not {symbol}" if value == "0" else symbol
        if "plural" in tags:
            said += "s"
        if "a" in tags or "an" in tags:
            said = f"a {said}"
        return said[:1].upper() + said[1:] if "cap" in tags else said

    return _PLACEHOLDER.sub(put, text)


def placeholders(text: str) -> Iterator[tuple[str, int]]:
    """Every placeholder of a text in order, with the number of its event from 0."""
    for found in _PLACEHOLDER.finditer(text):
        yield found[0], int(found["event"]) - 1


def outside(text: str) -> str:
    """A text without its placeholders."""
    return _PLACEHOLDER.sub(" \0 ", text)


def words(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(word.casefold() for word in _WORD.findall(text))


def neutral(n: int, text: str) -> tuple[str, ...]:
    """``n`` made-up words that are not in a text, for reading it again."""
    used = words(text)
    made = ("".join(parts) for parts in product("qzxvj", "aou", "xqzvk", "uaei"))
    free = [word for word in made if word not in used]
    return tuple(free[:n]) if n <= len(free) else tuple(free[i % len(free)] + "q" * (i // len(free)) for i in range(n))


def check(original: str, abstraction: Abstraction, reread: Reread | None = None) -> tuple[Fault, ...]:
    """What is wrong with an abstraction of a text, nothing where it holds.

    Args:
        reread: a reader of such texts. Where it reads the original, it must read the abstraction too (with made-up
            words for placeholders) and find the same question with the same answer, so that events swapped or merged
            are found; and none of the names that it reads may be left.
    """
    faults: list[Fault] = []
    if clash := _CLASH.search(original):
        faults.append(Fault("clash", f"the text itself holds {original[clash.start() : clash.start() + 12]!r}"))
    faults += _unresolved(abstraction)
    left = outside(abstraction.text)
    before = reread(original) if reread else None
    names = {*(before.names if before else ()), *(form for event in abstraction.events for form in phrases(event))}
    names |= {_ARTICLE.sub("", name) for name in names}
    if found := _survivor(names, left):
        faults.append(Fault("survives", f"{found[:80]!r} is still in the text"))
    faults += _numbers(original, left, abstraction)
    if restore(abstraction) != original:
        faults.append(Fault("differs", "with the forms put back it is not the original"))
    if reread and before and not faults:
        after = reread(render(abstraction.text, neutral(len(abstraction.events), original)))
        if after is None:
            faults.append(
                Fault("meaning", "it can't be read any more: events are swapped or merged, or a form is wrong")
            )
        elif after.content != before.content:
            faults.append(Fault("meaning", "it reads as another question: events are swapped or merged"))
    return tuple(faults)


def _free(code: str, surface: str, given: Mapping[str, str], forms: Mapping[str, str]) -> str:
    """A placeholder for a surface form that has none yet."""
    form = given.get(surface.casefold(), surface)
    capital = form[:1].upper() + form[1:]
    candidates = [f"[{code}.cap]" if surface == capital != form else f"[{code}]"]
    stem, *tags = code.split(".")
    tail = "".join(f".{tag}" for tag in tags if not tag.isdecimal())
    candidates += [f"[{stem}.{i}{tail}]" for i in range(MAX_FORMS + 1, MAX_FORMS + len(forms) + 2)]
    return next(candidate for candidate in candidates if candidate not in forms)


def _unresolved(abstraction: Abstraction) -> Iterator[Fault]:
    whole = {found.start() for found in _PLACEHOLDER.finditer(abstraction.text)}
    for found in _CLASH.finditer(abstraction.text):
        if found.start() not in whole:
            yield Fault("unresolved", f"{abstraction.text[found.start() :][:20]!r} is no placeholder")
            return
    for placeholder, event in placeholders(abstraction.text):
        if placeholder not in abstraction.forms or event >= len(abstraction.events):
            yield Fault("unresolved", f"{placeholder} stands for nothing")
            return


def _survivor(names: set[str], left: str) -> str | None:
    """A name that is in a text, in the singular or with a plural's ending."""
    if not names:
        return None
    longest = sorted(names, key=lambda name: (-len(name), name))
    found = re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?:e?s)?(?!\w)", left, re.IGNORECASE)
    return found[0] if found else None


def _numbers(original: str, left: str, abstraction: Abstraction) -> Iterator[Fault]:
    """Numbers must be the same as before. An integer may go with a name that has letters too ("type 2 diabetes");
    a decimal number or a percentage is none of a name."""
    before, after = Counter(_NUMBER.findall(original)), Counter(_NUMBER.findall(left))
    inside: Counter[str] = Counter()
    for placeholder, _ in placeholders(abstraction.text):
        inside.update(n for n in _NUMBER.findall(abstraction.forms.get(placeholder, "")) if n.isdecimal())
    if lost := before - after - inside:
        yield Fault("number", f"the number {next(iter(lost))} is lost")
    if added := after - before:
        yield Fault("number", f"the number {next(iter(added))} is not in the original")
