"""The events of a text, the forms in which it names them, and where these stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rungwise.errors import UserError
from rungwise.suites.published.prontoqa_logic import plurals

MAX_CHARS = 100_000
"""Of a text."""
MAX_EVENTS = 200
MAX_FORMS = 40
"""Of one event."""
MAX_ALL_FORMS = 4_000
"""Of a text, with plurals and articles; looking for forms takes time with their number."""
MAX_FORM = 400
"""Characters of a form."""

_LETTER = re.compile(r"[^\W\d_]")
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


def inside(name: str, text: str) -> str:
    """A name that was read at the beginning of a sentence as it stands inside one, if the text has it there too."""
    small = name[:1].lower() + name[1:]
    return small if re.search(rf"(?<!\w){re.escape(small)}(?!\w)", text) else name


def phrases(event: Event) -> Iterator[str]:
    """The forms of an event, labels left out: those ("on", "no") are words of other sentences too."""
    yield event.name
    yield from event.also
    for said in event.values:
        yield from said


def known_forms(text: str, events: tuple[Event, ...]) -> tuple[dict[str, str], dict[str, str]]:
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
        if sum(1 for _ in phrases(event)) > MAX_FORMS:
            raise UserError(f"{event.name[:80]!r} has more than {MAX_FORMS} forms")
        for i, form in enumerate((event.name, *event.also), 1):
            code = f"E{number}" + (f".{i}" if i > 1 else "")
            add(form, code)
            if event.counted:
                for plural in plurals(form):
                    if plural != form:
                        add(plural, code, "plural")
                for article in ("a", "an"):
                    add(f"{article} {form}", code, article)
        for value, said in enumerate(event.values):
            for i, form in enumerate(said, 1):
                add(form, f"E{number}={value}" + (f".{i}" if i > 1 else ""))
    if len(known) > MAX_ALL_FORMS:
        raise UserError(f"the events have {len(known)} forms; at most {MAX_ALL_FORMS} are looked for")
    return known, given


def spans(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Where the forms stand, each with its code."""
    longest = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    for found in pattern.finditer(text):
        code = known.get(found[0].casefold())
        if code is not None:  # the two ways to ignore case differ in a few letters
            yield found.start(), found.end(), code


def label_spans(
    text: str, events: tuple[Event, ...], names: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[int, int, str]]:
    """Where labels stand that belong to the last name before them that has such a label; what follows the question is
    about the form of the answer and holds none."""
    wanted = {label for event in events for label in event.labels if _LETTER.search(label)}
    if not wanted:
        return
    longest = sorted(wanted, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    end = text.rfind("?") + 1 or len(text)
    starts, taken = {start for start, _, _ in names}, 0
    named: list[tuple[int, int, int]] = []
    for found in pattern.finditer(text, 0, end):
        while taken < len(names) and names[taken][1] <= found.start():
            start, stop, code = names[taken]
            named.append((start, stop, int(re.split("[=.]", code[1:])[0]) - 1))
            taken += 1
        if taken < len(names) and names[taken][0] < found.end():
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
