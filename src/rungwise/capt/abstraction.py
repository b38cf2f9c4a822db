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

from rungwise.errors import UserError
from rungwise.suites.published.prontoqa_logic import _plurals

MAX_CHARS = 100_000
"""Of a text."""
MAX_EVENTS = 200
MAX_FORMS = 40
"""Of one event."""
MAX_ALL_FORMS = 4_000
"""Of a text, with plurals and articles; looking for forms takes time with their number."""
MAX_FORM = 400
"""Characters of a form."""

LABELS = ("low", "high")
"""What a symbol's two values are called."""

_PLACEHOLDER = re.compile(
    r"\[E(?P<event>[1-9]\d{0,3}+)(?:(?P<kind>[=:])(?P<value>\d{1,2}+))?(?P<tags>(?:\.\w{1,6}+){0,4}+)\]"
)
_CLASH = re.compile(r"\[E\d")
_NUMBER = re.compile(r"\d++(?:\.\d++)?%?")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"\w+")
_ARTICLE = re.compile(r"^(?:the|an?) (?=.)", re.IGNORECASE)
_BEFORE_LABEL = re.compile(
    r"(?:\b(?:is|are|was|were|be|been|being|becomes?|became|become|to|than|at|or|and|from|of|as|makes?|made|not|under"
    r"|one|values?|between|either|but|,)|:) $"
)
_NUMBERED = re.compile(r" \(\d")


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a text and the ways in which it is named.

    Attributes:
        name: as it stands inside a sentence.
        also: other ways to name it.
        values: for each value, from 0 on, the whole phrases that say that the event has it.
        labels: for each value the word for it that stands beside the name; () where there are no such.
        counted: the name is a countable noun, so its plural and its articles are forms of it too.
    """

    name: str
    also: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()
    labels: tuple[str, ...] = ()
    counted: bool = False


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
    known, given = _known_forms(text, events)
    spans = list(_spans(text, known)) if known else []
    spans = sorted(spans + list(_label_spans(text, events, spans)))
    forms: dict[str, str] = {}
    by_surface: dict[tuple[str, str], str] = {}
    out, at = [], 0
    for start, end, code in spans:
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


def inside(name: str, text: str) -> str:
    """A name that was read at the beginning of a sentence as it stands inside one, if the text has it there too."""
    small = name[:1].lower() + name[1:]
    return small if re.search(rf"(?<!\w){re.escape(small)}(?!\w)", text) else name


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
    names = {*(before.names if before else ()), *(form for event in abstraction.events for form in _phrases(event))}
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


def _phrases(event: Event) -> Iterator[str]:
    """The forms of an event, labels left out: those ("on", "no") are words of other sentences too."""
    yield event.name
    yield from event.also
    for phrases in event.values:
        yield from phrases


def _known_forms(text: str, events: tuple[Event, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """Folded form -> its placeholder's code, such as ``E3=0``, and -> the form as given; a form that is name and phrase
    is the name."""
    if len(text) > MAX_CHARS or len(events) > MAX_EVENTS:
        raise UserError(f"a text may have {MAX_CHARS} characters and {MAX_EVENTS} events")
    known: dict[str, str] = {}
    given: dict[str, str] = {}

    def add(form: str, code: str, tag: str = "") -> None:
        if not form.strip() or len(form) > MAX_FORM or not _LETTER.search(form):
            raise UserError(
                f"{form[:40]!r} is no form of an event: it needs a letter and at most {MAX_FORM} characters"
            )
        code = code + (f".{tag}" if tag else "")
        given.setdefault(form.casefold(), form)
        other = known.setdefault(form.casefold(), code)
        if re.split("[=.]", other)[0] != re.split("[=.]", code)[0]:
            raise UserError(f"{form[:80]!r} names two events; give each event forms of its own")

    for number, event in enumerate(events, 1):
        if sum(1 for _ in _phrases(event)) > MAX_FORMS:
            raise UserError(f"{event.name[:80]!r} has more than {MAX_FORMS} forms")
        for i, form in enumerate((event.name, *event.also), 1):
            code = f"E{number}" + (f".{i}" if i > 1 else "")
            add(form, code)
            if event.counted:
                for plural in _plurals(form):
                    if plural != form:
                        add(plural, code, "plural")
                for article in ("a", "an"):
                    add(f"{article} {form}", code, article)
        for value, phrases in enumerate(event.values):
            for i, form in enumerate(phrases, 1):
                add(form, f"E{number}={value}" + (f".{i}" if i > 1 else ""))
    if len(known) > MAX_ALL_FORMS:
        raise UserError(f"the events have {len(known)} forms; at most {MAX_ALL_FORMS} are looked for")
    return known, given


def _spans(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Where the forms stand, each with its code."""
    longest = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    for found in pattern.finditer(text):
        code = known.get(found[0].casefold())
        if code is not None:  # the two ways to ignore case differ in a few letters
            yield found.start(), found.end(), code


def _label_spans(
    text: str, events: tuple[Event, ...], spans: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[int, int, str]]:
    """Where labels stand that belong to the last name before them that has such a label; what follows the question is
    about the form of the answer and holds none."""
    wanted = {label for event in events for label in event.labels if _LETTER.search(label)}
    if not wanted:
        return
    longest = sorted(wanted, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    end = text.rfind("?") + 1 or len(text)
    starts, taken = {start for start, _, _ in spans}, 0
    named: list[tuple[int, int, int]] = []
    for found in pattern.finditer(text, 0, end):
        while taken < len(spans) and spans[taken][1] <= found.start():
            start, stop, code = spans[taken]
            named.append((start, stop, int(re.split("[=.]", code[1:])[0]) - 1))
            taken += 1
        if taken < len(spans) and spans[taken][0] < found.end():
            continue  # inside a name
        owner = next((one for one in reversed(named[-8:]) if found[0] in events[one[2]].labels), None)
        if owner is None or text.startswith(" to be ", found.end()):  # "with X observed to be ..."
            continue
        if text.endswith("here is ", 0, found.start()):  # "there is no mediator"
            continue
        beside = text[owner[1] : found.start()] == " " and found.end() + 1 not in starts
        lead = _BEFORE_LABEL.search(text[max(0, found.start() - 12) : found.start()])
        if beside or lead or _NUMBERED.match(text, found.end()):
            yield found.start(), found.end(), f"E{owner[2] + 1}:{events[owner[2]].labels.index(found[0])}"


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
