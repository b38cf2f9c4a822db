"""The rewordings of a statement that surely mean what it meant: closed patterns, every word of which is listed here.

A sentence comes masked: each event's name, each "name is label" pair, each list of such pairs and the number is one
character, so that no pattern looks inside a name. Patterns have no repetition but the one of fixed alternatives, and
a sentence has at most a few hundred characters, so matching takes bounded time.
"""

from __future__ import annotations

import re
from functools import lru_cache

# What stands for a part of the sentence. Treatment and outcome, or cause and effect:
X, Y = "\ue400", "\ue401"
# the treatment as compared with or seen, as asked about; the outcome as asked about, as seen; both as seen:
X_REF, X_NEW, Y_ASKED, SEEN = "\ue402", "\ue403", "\ue404", "\ue405"
# the condition and the target of a probability; its number:
GIVEN, TARGET, NUMBER = "\ue406", "\ue407", "\ue408"
# held mediators: "is low", "held at low", "at low"
HELD_IS, HELD_FIXED, HELD_AT = "\ue409", "\ue40a", "\ue40b"

# Label i of an event with its number, as in "low (0)", is chr(VALUE + i). In a question the labels that stand alone:
VALUE = 0xE410
NEW, REFERENCE, OUTCOME = "\ue420", "\ue421", "\ue422"

BEFORE_LABEL = r"(?:at|be|become|been|being|from|not|of|out|set|than|to|up|versus|with) "
_SURELY = r"(?: actually| in fact| currently| known to be| observed to be| found to be| seen to be)? "
COPULA = rf" (?:is|are|being|was|were|will be|would be){_SURELY}"
COPULA_OF_FACT = rf" (?:is|are|being|was|will be){_SURELY}"  # "if it were" could mean that it is set
FIXED = (
    r"(?: is| are| being| was| were)? (?:held|kept|fixed|set|maintained|held fixed|held constant|kept fixed"
    r"|kept constant)(?: at| to) "
)
AT = r"(?: fixed| constant| steady)? at "
SEPARATOR = r"(?:, and | and |, while | while | as well as |, )"

# No "then" or "here": after a sentence with a condition these would carry the condition on.
_FILLER = (
    r"(?:(?:in this world|in this small world|in addition|additionally|furthermore|moreover|also|further|next|finally"
    r"|lastly|first|overall|however|by contrast|in contrast|likewise|similarly),? )?"
)
CHANCE = r"(?:chance|probability|likelihood)"
# "name has a 0.1234 chance of being label" says the same as "name is label with probability 0.1234".
HAS = rf" (?:has|have) an? (?:{NUMBER} {CHANCE}|{CHANCE} of {NUMBER}) of being "
HAS_MEANS = f"{TARGET} with probability {NUMBER}"
_IS = (
    r"(?:is|equals|stands at|amounts to|comes to|is equal to|comes out at|comes out to|is given as|is exactly|is put at"
    r"|works out at|works out to|is found to be|is stated to be|is stated as|turns out to be)"
)
_COND = (
    r"(?:when|whenever|where|if|given|given that|provided that|provided|assuming|assuming that|conditional on"
    r"|conditioned on|on condition that|under the condition that|in the event that|knowing that|once it is known that"
    r"|(?:among|in|for)(?: all| the| those| all the| all those)? (?:cases|instances|situations)"
    r" (?:where|in which|with|when|for which))"
)


def any_of(*patterns: str) -> str:
    """A pattern for one of these."""
    return f"(?:{'|'.join(patterns)})"


def whole(*patterns: str) -> re.Pattern[str]:
    """One of these, after a filler word or none."""
    return re.compile(_FILLER + any_of(*patterns))


def _facts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Without a condition, and with one."""

    def about(article: str) -> str:
        return rf"{article}{CHANCE} (?:that|of|for|of having|of finding) {TARGET}"

    def said(adjective: str) -> list[str]:
        """The whole statement without its condition."""
        the, a = rf"(?:the )?(?:{adjective} )?", rf"(?:{adjective} )?"
        return [
            rf"{about(the)} {_IS} {NUMBER}",
            rf"{the}{CHANCE} {_IS} {NUMBER} (?:that|of|for) {TARGET}",
            rf"(?:there is|there's|we have|one has) an? {a}{NUMBER} {CHANCE} (?:that|of|for) {TARGET}",
            rf"(?:there is|there's|we have|one has) an? {a}{CHANCE} of {NUMBER} (?:that|of|for) {TARGET}",
            rf"{NUMBER} is {about(the)}",
            rf"{TARGET} (?:has|have|comes with|occurs with|happens with|carries) an? {a}{CHANCE} of {NUMBER}",
            rf"{TARGET},? with (?:an? )?{a}{CHANCE} (?:of )?{NUMBER}",
        ]

    plain = said("(?:overall|unconditional|marginal|joint|baseline)")
    bare = any_of(*said("(?:conditional|joint)"))
    the = r"(?:the )?(?:conditional |joint )?"
    given = [
        rf"(?:{_COND}|with) {GIVEN}, (?:then )?{bare}",
        rf"{bare},? {_COND} {GIVEN}",
        rf"{about(the)},? {_COND} {GIVEN},? {_IS} {NUMBER}",
        rf"{the}{CHANCE},? {_COND} {GIVEN},? (?:that|of|for) {TARGET} {_IS} {NUMBER}",
        rf"(?:there is|there's) an? {NUMBER} {CHANCE},? {_COND} {GIVEN}, (?:that|of) {TARGET}",
    ]
    return whole(*plain), whole(*given)


FACT, FACT_GIVEN = _facts()


def _causes() -> re.Pattern[str]:
    """The cause is X, the effect Y; each form says that the effect is a direct one."""
    verb = r"(?:affects?|influences?|impacts?|shapes?|drives?|alters?|causes?|sways?)"
    on = r"(?:acts?|bears?|works?)"
    done = r"(?:affected|influenced|impacted|shaped|driven|altered|caused|swayed)"
    noun = r"(?:effect|influence|impact|bearing)"
    level = r"(?:the (?:level|state) of )?"
    x, y = level + X, level + Y
    return whole(
        rf"{x} directly {verb} {y}",
        rf"{x} {verb} {y} directly",
        rf"{x} {on} directly (?:on|upon) {y}",
        rf"{x} directly {on} (?:on|upon) {y}",
        rf"{x} (?:has|have|exerts?) (?:a|an immediate and) direct (?:causal )?{noun} (?:on|upon) {y}",
        rf"{x} (?:is|are) (?:a|one|one of the|among the) direct (?:causes?|drivers?) of {y}",
        rf"(?:a|one|among the|one of the) direct (?:causes?|drivers?) of {y} (?:is|are) {x}",
        rf"{x} (?:is|are) a direct influence (?:on|upon) {y}",
        rf"{y} (?:is|are) a direct (?:effect|consequence|result) of {x}",
        rf"there is a direct (?:causal )?{noun} (?:of|from|by) {x} (?:on|upon) {y}",
        rf"there is a direct (?:causal )?(?:link|path|arrow) from {x} to {y}",
        rf"{y} (?:is|are) directly {done} by {x}",
        rf"{y} (?:is|are) {done} directly by {x}",
        rf"{y} (?:directly depends?|depends? directly) on {x}",
        rf"{y} (?:directly responds?|responds? directly) to {x}",
    )


CAUSE = _causes()


@lru_cache(maxsize=16)
def event(values: int) -> re.Pattern[str]:
    """X with all its values."""
    said = [chr(VALUE + value) for value in range(values)]
    forward = r"(?:, | or | and |, or |, and )".join(said)
    listed = any_of(forward, f"{said[1]} (?:or|and) {said[0]}") if values == 2 else forward
    count = {2: "two", 3: "three", 4: "four"}.get(values, str(values))
    can = (
        r"(?:can be|may be|could be|is|are|can take the values?|takes the values|can take on the values|has the values"
        r"|can have the values|may take the values|may take on the values?"
        rf"|has {count} (?:possible )?(?:values|states)|has the (?:possible )?(?:values|states)"
        rf"|can be in one of {count} states)"
    )
    the = rf"(?:there (?:is|are) )?(?:the event )?{X}"
    return whole(
        rf"{the}(?:, which|, and it|, it|: it)? {can}:?(?: either)? {listed}",
        rf"{the}(?:: |, )(?:either )?{listed}",
    )


@lru_cache(maxsize=64)
def instruction(title: str) -> re.Pattern[str]:
    """``title`` as in "average treatment effect (ate)"; of X on Y."""
    find = r"(?:work out|compute|calculate|determine|find|find out|evaluate|derive|quantify|figure out|establish)"
    found = r"(?:worked out|computed|calculated|determined|found|evaluated|derived|quantified|obtained)"
    effect = rf"the {re.escape(title)} (?:of|for) {X} (?:on|upon|with respect to|with regard to|regarding) {Y}"
    has = rf"the {re.escape(title)} (?:that )?{X} (?:has|have|exerts?) (?:on|upon) {Y}"
    ask = r"(?:please |your task is to |the task is to |you are asked to |you are to |now )?"
    must = r"(?:is to be|must be|should be|has to be|needs to be)"
    return whole(
        rf"{ask}{find} {any_of(effect, has)}",
        rf"{any_of(effect, has)} {must} {found}",
        rf"what {must} {found} is {any_of(effect, has)}",
    )
