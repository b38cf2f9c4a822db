"""Words that facts and questions of the reworded sets share: lists of events with their values."""

from __future__ import annotations

import re

from rungwise.wording.reader_events import unread

CHANCE = r"(?:overall |baseline |joint |combined )?(?:probability|likelihood|chance)"
NUMBER = r"(?P<number>\d(?:\.\d+)?)"
LIST = re.compile(r",? (?:and|but) |, ")
STATE = (
    r"(?:(?:set|held|held constant|maintained) )?(?:at |to |in )?(?:an? )?(?P<label>[\w-]+)"
    r"(?: levels?| states?| values?)?"
)

_IS = r"(?:is|are|was|were|remains|stays|being|reaching)(?: (?:both|currently|initially|observed to be))*"
_ONE = re.compile(rf"(?P<name>.{{1,70}}?) {_IS} {STATE}")
_TWO = re.compile(rf"(?:both )?(?P<name>[^,]{{1,70}}?) and (?P<other>[^,]{{1,70}}?) {_IS} {STATE}")
_LABEL_FIRST = re.compile(r"(?P<label>[\w-]+) (?P<name>[\w'-]+(?: [\w'-]+)*)")
_EXTRA = re.compile(
    r"^(?:observing|experiencing|having|both) | (?:occurring|occurrence|simultaneously|together)(?= |$)"
)


def events(words: str) -> list[str]:
    """``["a being low", "b being low"]`` from ``a is low and b is low``, ``both a and b are low``, ``low a and low b``.

    Raises:
        Unread: some of it has none of these forms.
    """
    words = _EXTRA.sub("", words.strip())
    if words.count(" and ") == 1 and (both := _TWO.fullmatch(words)) and not re.search(rf" {_IS} ", both["name"]):
        return [f"{name} being {both['label']}" for name in (both["name"], both["other"])]
    out = []
    for piece in LIST.split(words):
        found = _ONE.fullmatch(piece) or _LABEL_FIRST.fullmatch(piece)
        if not found:
            raise unread("this as an event and its value", piece)
        out.append(f"{found['name']} being {found['label']}")
    return out


def being(said: list[str]) -> str:
    """As in ``a being low, b being low and c being high``."""
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
