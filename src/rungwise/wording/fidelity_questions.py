"""The rewordings of a question that surely ask the same: closed patterns, as in ``fidelity_phrases``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rungwise.wording.fidelity_phrases import (
    CHANCE,
    HELD_AT,
    HELD_FIXED,
    HELD_IS,
    SEEN,
    X_NEW,
    X_REF,
    Y_ASKED,
    X,
    Y,
    any_of,
    whole,
)


class Asked(NamedTuple):
    """What a question's patterns depend on; what stands for two labels is the same where the labels are."""

    task: str
    new: str
    reference: str
    outcome: str
    direction: str
    bound: str | None
    holds: bool


@lru_cache(maxsize=256)
def question(asked: Asked) -> re.Pattern[str]:
    """Every accepted form of the question, without its question mark."""
    return whole(*(_bounds if asked.bound else _EFFECTS[asked.task])(asked))


def _ask(asked: Asked) -> tuple[str, str]:
    """As in "would Y be more likely to be y" and, after an action, "make Y more likely to be y"."""
    y = asked.outcome
    if asked.direction == "more":
        compared, rise, raises = r"(?:higher|greater|larger)", r"(?:rise|increase|go up)", r"(?:raise|increase)"
    else:
        compared, rise, raises = r"(?:lower|smaller)", r"(?:fall|decrease|drop|go down)", r"(?:lower|reduce|decrease)"
    likely = f"{asked.direction} likely"
    be, of = r"(?:then )?(?:be|become|have been|have become)", rf"(?:the )?{CHANCE} (?:that|of) {Y_ASKED}"
    to = rf"to (?:be|have been|turn out|turn out to be|end up|become) {y}"
    would = any_of(
        rf"would {Y} {be} {likely} {to}",
        rf"would {Y_ASKED} {be} {likely}",
        rf"would it {be} {likely} (?:that {Y_ASKED}|for {Y} {to})",
        rf"would {of} (?:be|become|have been) {compared}",
        rf"would {of} {rise}",
        rf"would {Y} (?:have|have had) an? {compared} {CHANCE} of (?:being|turning out) {y}",
        rf"would there be an? {compared} {CHANCE} (?:that|of) {Y_ASKED}",
    )
    make = any_of(rf"make {Y} {likely} {to}", rf"make it {likely} (?:that {Y_ASKED}|for {Y} {to})", rf"{raises} {of}")
    return would, make


_IF = r"(?:if|when|suppose|suppose that|supposing|supposing that|imagine|imagine that|assuming|assuming that)"
_SET = r"(?:set|changed|switched|moved|shifted|forced|adjusted|turned)"
_SETTING = r"(?:setting|changing|switching|moving|shifting|forcing|adjusting|turning)"


def _do(asked: Asked, compared: bool) -> tuple[str, str]:
    """As in "X were set to x rather than o" and "setting X to x rather than o"; NDE states o elsewhere."""
    new, old = asked.new, asked.reference
    than = (
        r"(?:,? (?:rather than|instead of|as opposed to|and not|versus|in place of|compared with|compared to)"
        rf"(?: being)?(?: set)?(?: to| at)? {old})"
    ) + ("" if compared else "?")
    were = r"(?:were|was|is|are|had been|were to be|be)(?: instead| deliberately| externally)?"
    who = r"(?:we|one|you|someone|an intervention)"
    did = r"(?:set|were to set|changed|were to change|switched|were to switch|moved|shifted|forced|turned)"
    done = any_of(
        rf"{X} {were} {_SET} (?:to|at)(?: be)? {new}{than}",
        rf"{X} {were} {_SET} from {old} to {new}",
        rf"{who} {did} {X} to {new}{than}",
        rf"{who} {did} {X} from {old} to {new}",
    )
    doing = any_of(rf"{_SETTING} {X} to {new}{than}", rf"{_SETTING} {X} from {old} to {new}")
    return done, doing


def _ate(asked: Asked) -> Sequence[str]:
    (would, make), (done, doing) = _ask(asked), _do(asked, True)
    new, old = asked.new, asked.reference
    were = rf"were {X} (?:to be )?{_SET} to {new},? (?:rather than|instead of|as opposed to|and not) (?:to )?{old}"
    return (
        rf"{_IF} {done}[,.;:] (?:then )?{would}",
        rf"{_IF} {done}[,.;:] would (?:this|that) {make}",
        rf"{would},? (?:if|when) {done}",
        rf"{were}, {would}",
        rf"{would},? {were}",
        rf"(?:would|does|will) {doing} {make}",
    )


def _cde(asked: Asked) -> Sequence[str]:
    if not asked.holds:
        none = any_of(
            r"there is no mediator to (?:hold|fix|hold fixed|keep fixed|hold constant)",
            r"there are no mediators to (?:hold|fix|hold fixed|keep fixed|hold constant)",
            r"no mediator (?:needs|has) to be (?:held|fixed|held fixed|kept fixed|held constant)",
            r"with no mediators? to (?:hold|fix|hold fixed|keep fixed|hold constant)",
        )
        return [rf"{none}[.,;:] (?:so )?{form}" for form in _ate(asked)]
    (would, make), (done, doing) = _ask(asked), _do(asked, True)
    hold = any_of(
        rf"(?:hold it|keep it|holding it|keeping it|with it) (?:fixed|constant) that {HELD_IS}",
        rf"(?:with|while|when|if|where|given that|given|suppose|assuming|holding|keeping) {HELD_FIXED}",
        rf"(?:hold|keep|fix|holding|keeping|fixing|maintaining) (?:{HELD_AT}|{HELD_FIXED})",
    )
    return (
        rf"{hold}[.,;] (?:and )?{_IF} {done}, {would}",
        rf"{hold}[.,;] {would},? (?:if|when) {done}",
        rf"{hold}[.,;] (?:would|does|will) {doing} {make}",
        rf"{_IF} {done},? (?:while |and )?{hold}, {would}",
        rf"{would},? (?:if|when) {done},? (?:while |and )?{hold}",
        rf"(?:would|does|will) {doing},? (?:while )?{hold}, {make}",
    )


def _ett(asked: Asked) -> Sequence[str]:
    would, _ = _ask(asked)
    new, old = asked.new, asked.reference
    among = (
        r"(?:among|for|in|within|considering|taking)(?: only)?(?: all| the| those| all the| all those)? "
        rf"(?:cases|instances|situations|occasions) (?:where|in which|with|when|for which) {X_REF}"
    )

    def had(who: str) -> str:
        instead = rf"(?: instead|,? (?:rather than|instead of|and not) {old})?"
        return any_of(
            rf"had {who} (?:instead )?been {new}{instead}",
            rf"if {who} had (?:instead )?been {new}{instead}",
            rf"had {who} (?:instead )?been set to {new}{instead}",
        )

    return (  # "it" is the treatment only where no other event was named yet
        rf"{among}, {had(rf'(?:{X}|it)')}, {would}",
        rf"{among}, {would},? {had(X)}",
        rf"{had(X)}, {would},? {among}",
    )


_MEDIATORS = r"(?:every mediator|each mediator|all mediators|all the mediators|the mediators)"
_VALUE = r"(?:what|the value|the values|the level|the levels|the value that|the values that)"
_TAKES = r"(?:it|they) (?:is|are|was|were|has|have|takes|take|would be|would take|would have|had)"


def _nde(asked: Asked) -> Sequence[str]:
    (would, make), (done, doing) = _ask(asked), _do(asked, False)
    left = r"(?:left|kept|held|fixed|staying|remaining)(?: fixed)?"
    where = rf"(?:as|just as|at {_VALUE}) {_TAKES} (?:when|under|if|with|while) {X_REF}"
    keep = any_of(
        rf"(?:with|while|if) {_MEDIATORS} (?:is |are |being |were |was )?{left} {where}",
        rf"(?:while|if|suppose|supposing) {_MEDIATORS} (?:stays?|stayed|remains?|remained) {where}",
        rf"(?:keeping|leaving|holding|keep|leave|hold) {_MEDIATORS} (?:fixed )?{where}",
    )
    return (
        rf"{keep}[.,;] (?:and )?{_IF} {done}, {would}",
        rf"{keep}[.,;] {would},? (?:if|when) {done}",
        rf"{keep}[.,;] (?:would|does|will) {doing} {make}",
        rf"{_IF} {done},? (?:but |and )?{keep}, {would}",
        rf"{would},? (?:if|when) {done},? (?:but |and )?{keep}",
        rf"(?:would|does|will) {doing},? {keep}, {make}",
    )


def _nie(asked: Asked) -> Sequence[str]:
    would, _ = _ask(asked)
    old = asked.reference
    left = any_of(
        rf"(?:with|while|if) {X} (?:is |being |were |was )?(?:left|kept|held|staying|remaining)(?: fixed)? at {old}",
        rf"(?:while|if|suppose|supposing) {X} (?:stays?|stayed|remains?|remained)(?: fixed)? at {old}",
        rf"(?:keeping|leaving|holding|keep|leave|hold) {X}(?: fixed)? at {old}",
    )
    moved = (
        rf"{_MEDIATORS} (?:moved|shifted|changed|were moved|was moved|were shifted|was shifted|were changed|was changed"
        rf"|were set|was set|were to move|were to shift|were to change) to {_VALUE} {_TAKES} "
        rf"(?:when|under|if|with) {X_NEW}"
    )
    return (
        rf"{left}[.,;] (?:and |but )?{_IF} {moved}, {would}",
        rf"{left}[.,;] {would},? (?:if|when) {moved}",
        rf"{_IF} {moved},? (?:but |and )?{left}, {would}",
        rf"{would},? (?:if|when) {moved},? (?:but |and )?{left}",
    )


def _bounds(asked: Asked) -> Sequence[str]:
    new, y = asked.new, asked.outcome
    had = any_of(
        rf"had {X} (?:instead )?been {new}(?: instead)?",
        rf"if {X} had (?:instead )?been {new}(?: instead)?",
    )
    would = rf"{Y} would (?:instead )?have been {y}(?: instead)?"
    event = any_of(rf"{had}, {would}", rf"{would},? {had}")
    bound = rf"what is the {asked.bound} (?:bound|limit) (?:on|of|for|to) the {CHANCE} that,? {event}"
    known = (
        r"(?:suppose|suppose that|supposing|supposing that|given|given that|assume|assume that|assuming|assuming that"
        r"|imagine that|knowing that|it was observed that|it is known that|it was seen that)"
    )
    return rf"{known} {SEEN}[.,;:] {bound}", rf"{bound},? (?:given that|given|knowing that) {SEEN}"


_EFFECTS = {"ATE": _ate, "CDE": _cde, "ETT": _ett, "NDE": _nde, "NIE": _nie}
