"""Which of two values of a variable a phrase names ("smokers" is "smoking", not "nonsmoking"), by its words alone.

CLadder names one value in several ways (a noun, a group of people, a sentence) and never says that they are the same.
Words are compared by their first letters; negations and common opposites decide between values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
_EMPTY = frozenset(
    _WORD.findall(
        "a an the of to in at by for from on who that which are is was be been being it this those people person "
        "persons individual individuals and or has have had having do does did with gets get if would could can will "
        "were there down up"
    )
)
"""Words that name no variable and no value."""
_NEGATIONS = frozenset(
    _WORD.findall(
        "not no non don't doesn't didn't isn't aren't wasn't without never cannot can't lack lacks absence absent none "
        "haven't hasn't hadn't avoid avoids avoided avoiding"
    )
)
_SHARED = 4
"""Letters that two different words of one family share from the beginning."""
_ENDING = 5
"""Letters that may follow those, or as many as are shared."""
_OPPOSITES = (
    "high/low large/small big/small long/short thick/thin heavy/light old/young increased/reduced "
    "increased/decreased increase/decrease increased/low reduced/high close/far near/far on/off active/inactive "
    "wet/dry dark/bright dead/alive death/alive death/survival death/lives dies/lives dies/survival "
    "death/survives dies/survives die/survive dead/survival black/blond brown/blue curly/straight tanned/pale "
    "fire/retain executes/releases execute/release acceptance/rejected accepted/rejected acceptance/rejection "
    "admission/rejected admitted/rejected local/global happy/sad happiness/sadness male/female clean/polluted "
    "working/lazy healthy/unhealthy healthy/problem healthy/problems intolerant/tolerant obese/normal "
    "obesity/normal good/poor good/bad sufficient/deficient sufficient/deficiency time/late normal/low rainy/dry "
    "married/single encouraged/discouraged encouragement/discouragement elevator/stairs few/many lower/higher "
    "competitive/noncompetitive white/blue mean/kind ringing/silent vaccinated/unvaccinated"
)


@lru_cache(maxsize=1)
def _opposites() -> frozenset[tuple[str, str]]:
    pairs = [tuple(pair.split("/")) for pair in _OPPOSITES.split()]
    return frozenset([(a, b) for a, b in pairs] + [(b, a) for a, b in pairs])


@lru_cache(maxsize=1 << 14)
def content(phrase: str) -> tuple[tuple[str, ...], bool]:
    """The words of a phrase that name something, in order, and whether it is negated.

    A negating beginning of a word (non, un) counts as a negation and is left out.
    """
    negated, words = False, []
    for word in _WORD.findall(_RID.sub(" without ", phrase.lower()).replace("in-state", "instate").replace("-", " ")):
        word = word.replace("’", "'").removesuffix("'s")
        if word in _NEGATIONS:
            negated = not negated
        elif word not in _EMPTY:
            for beginning in ("non", "un"):
                if word.startswith(beginning) and len(word) >= len(beginning) + 6 and not word.startswith(_UNCHANGED):
                    negated, word = not negated, word.removeprefix(beginning)
                    break
            words.append(_MITTED.sub("mission", word))  # admit, admitted, admission
    return tuple(words), negated


_RID = re.compile(r"\bout of (?!the\b)|\bout-of-(?=state\b)|\brecover\w{0,3} from\b")
"""Ways to say that something is not, or no more, there."""
_MITTED = re.compile(r"mit(?:s|ted)?$")
_UNCHANGED = ("under", "union", "unit", "unif", "uniq", "unive", "unobserved", "until", "nonetheless")
"""Beginnings of words that are no negations."""


def akin(a: str, b: str) -> bool:
    """Whether two words are of one family: equal, or alike but for their endings (smoker, smoking)."""
    if a == b or a + "s" == b or b + "s" == a:
        return True
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return shared >= _SHARED and max(len(a), len(b)) - shared <= max(_ENDING, shared)


def found_in(word: str, words: Iterable[str]) -> bool:
    """Whether a word, or one of its family, is among others."""
    return any(akin(word, other) for other in words)


def overlap(phrase: str, other: str) -> float:
    """The share of a phrase's words that are in another one, from 0 to 1."""
    words, others = content(phrase)[0], content(other)[0]
    return sum(found_in(word, others) for word in words) / len(words) if words else 0.0


def side(phrase: str, first: str, second: str) -> int | None:
    """Which of two values of one variable a phrase names, 0 or 1; None where its words do not decide."""
    if phrase in (first, second):
        return int(phrase == second)
    (words, negated), (one, one_negated), (two, two_negated) = content(phrase), content(first), content(second)
    only_one = [w for w in one if not found_in(w, two)]
    only_two = [w for w in two if not found_in(w, one)]
    for_one = sum(found_in(w, words) for w in only_one) + _opposed(words, only_two)
    for_two = sum(found_in(w, words) for w in only_two) + _opposed(words, only_one)
    if one_negated == two_negated:
        if for_one == for_two:
            return None
        return int((for_two > for_one) != (negated != one_negated))  # "not steep" is the other value
    if for_one != for_two and not all(found_in(w, one + two) for w in words):
        return int(for_two > for_one)
    return int(negated == two_negated)


def _opposed(words: Iterable[str], others: Iterable[str]) -> int:
    opposites = _opposites()
    return sum((word, other) in opposites for word in words for other in others)


def means(clause: str, value: str, other: str) -> bool:
    """Whether a clause plainly names a value of a variable: in that value's words, or by denying the other's."""
    (words, negated), (own, own_negated), (others, others_negated) = content(clause), content(value), content(other)
    if words and not found_in(words[0], own + others):
        words = words[1:]  # who it is about
    if not words:
        return False
    in_own, in_others = (all(found_in(w, named) for w in words) for named in (own, others))
    return (in_own and negated == own_negated) or (in_others and negated != others_negated)


def says(sentence: str, phrase: str) -> bool | None:
    """Whether a sentence says that what a phrase names is so (True) or is not so (False), where only one value of the
    variable is named; None where its words do not decide."""
    (words, negated), (wanted, wanted_negated) = content(sentence), content(phrase)
    if not wanted:
        return None
    if _opposed(words, [w for w in wanted if not found_in(w, words)]):
        return negated != wanted_negated
    if not any(found_in(w, words) for w in wanted):
        return None
    if negated != wanted_negated:
        return False
    missing = [w for w in wanted if not found_in(w, words)]
    extra = [w for w in words if not found_in(w, wanted)]
    # "the patient is male" says "male gender"; "the chief keeps the old clerk" does not say "the chief pays the clerk".
    return True if not missing or len(extra) <= 1 else None
