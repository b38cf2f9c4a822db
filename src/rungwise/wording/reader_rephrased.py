"""Reworded published items (CauGym's rephrased and omitted sets) -> the published English, sentence by sentence.

Those sets were reworded freely by a language model. The rules here cover its most regular habits: every sentence
must be covered whole, and an event must keep one name, or the text is refused. What comes out is read like any
published text, so names, values and the question are checked there.
"""

from __future__ import annotations

import re

from rungwise.problems.problem import Problem
from rungwise.wording.reader_events import Unread, unread
from rungwise.wording.reader_facts import ANSWER_FORM
from rungwise.wording.reader_published import OPENING, read_published, uncapitalised
from rungwise.wording.reader_rephrased_question import published_question
from rungwise.wording.reader_rephrased_words import CHANCE, LIST, NUMBER, being, events
from rungwise.wording.reader_values import are_opposites

_MAX_SENTENCE = 600  # the patterns may backtrack, but only within a sentence

_OPENING = re.compile(
    r"(?:Input Info: *)?(?:Consider|Picture|Envision|Imagine|In) an? [^:.]{0,150}\b(?:only|solely)\b[^:.]{0,150}: *"
)
_LEAD_IN = re.compile(
    r"(?:Given|The following|Conditional|Under)\b[a-zA-Z', ]{0,100}: *|No other factors[a-z ]{0,100}\.?$"
)
_CONNECTOR = re.compile(
    r"(?:Additionally|Furthermore|Moreover|In turn|Conversely|Similarly|However|and|while|whereas),? ", re.I
)
_SENTENCE_END = re.compile(r"(?<=[.?]) +|\n+(?:- )?")

_EFFECT = r"(?:effect|impact|influence)s? on"
_VERB = re.compile(
    r"(?:,? in turn,?| also| itself| then)* (?:directly (?:influence|affect|impact|determine|alter)s?"
    rf"|(?:has|have|exerts) (?:a )?direct (?:causal )?{_EFFECT}|(?:influence|affect|impact)s)(?= )"
)
_PASSIVE = re.compile(
    r"(.+) (?:is|are) (?:also )?directly (?:influenced|affected|impacted|determined) by (?:both )?(.+)"
)
_NEXT_SUBJECT = re.compile(r"(.*?)(?:(, which)|(?:, and|, while|, whereas| while| and|,) ((?:(?! and |, ).)+))")

# Names that differ in such words only may be one event under two names.
_VAGUE = frozenset((
    "amount", "level", "levels", "quantity", "volume", "rate", "state", "status", "condition", "conditions", "the",
    "of", "a", "an",
))  # fmt: skip
# No name holds one of these: it points to another event, or is a clause that was not understood.
_NO_NAME = frozenset((
    "it", "its", "their", "his", "her", "this", "these", "they", "itself", "other", "one's", "directly", "which",
    "both", "if", "when", "where", "has", "have", "is", "are", "was", "influences", "affects", "impacts",
    "determines", "and", "or",
))  # fmt: skip

_IS = rf"(?:is|becomes|(?:drops|rises|increases|decreases|falls|changes) to) {NUMBER}"
_WHERE = (
    r"(?:(?:when|if|given that|given|under|with|(?:for|among|in) (?:individuals|those|cases|instances|subjects)"
    r"(?: with| where| whose| of| experiencing)?) (?P<given>.+)(?:,|:) )"
)
_FACTS = [
    re.compile(pattern, re.I)
    for pattern in (
        rf"{_WHERE}?the {CHANCE} of (?P<target>.+) {_IS}",
        rf"{_WHERE}?there(?:'s| is) an? {NUMBER} {CHANCE} of (?P<target>.+)",
        rf"{_WHERE}this {CHANCE} {_IS}",
        rf"{_WHERE}(?P<name>\S+) has an? {NUMBER} {CHANCE} of being (?P<label>\S+)",
        rf"{_WHERE}(?P<name>\S+) is (?P<label>\S+) with {CHANCE} {NUMBER}",
        rf"{_WHERE}?P\((?P<name>[^=|()]+)=(?P<label>[^=|()]+)\) = {NUMBER}",
    )
]


def read_rephrased(text: str) -> Problem:
    """The problem behind a reworded text.

    Raises:
        Unread: a sentence is in no form known here, or two words may mean one event or one value.
        UserError: the graph is cyclic.
    """
    problem = read_published(_published_words(text))
    for v in problem.variables:
        if not are_opposites(*v.labels):
            raise Unread(f"can't tell whether {v.labels[0]!r} and {v.labels[1]!r} are one value of {v.name!r}")
    return problem


def _published_words(text: str) -> str:
    opening = _OPENING.match(text)
    if not opening:
        raise unread("this opening", text)
    world, instruction, question = _cut(text[opening.end() :])
    edges: list[tuple[str, str]] = []
    facts: list[str] = []
    target: list[str] = []
    for sentence in world:
        if not re.search(r"\d", sentence):
            for clause in re.split(r"; (?:and )?", sentence):
                edges += _edges(clause)
            continue
        given: list[str] = []
        for clause in re.split(r"(?<=\d), (?=while |whereas |and )|(?<=\d); ", sentence):
            before = given
            given, target, number = _fact(clause, target)
            if before and not given:
                raise unread("whether the condition holds for the second number too", sentence)
            head = f"For those with {being(given)}, the" if given else "The"
            facts.append(f"{head} probability of {being(target)} is {number}.")
    _check_names({name for edge in edges for name in edge})
    graph = " ".join(f"{a[:1].upper()}{a[1:]} has a direct effect on {b}." for a, b in edges)
    asked = published_question(question, instruction)
    return f"{OPENING} world: {graph}\n{' '.join(facts)}\n{asked}"


def _cut(body: str) -> tuple[list[str], str | None, str]:
    """Sentences about the world, instruction, question; requests about the answer's form are dropped."""
    body = re.sub(r"\b(?:Query|Problem):", "Question:", body)
    body = re.sub(r"\bTask:", "Instruction:", body)
    sentences: list[str] = []
    instruction = question = None
    into = ""
    for part in re.split(r"(Instruction:|Question:)", body):
        if part in ("Instruction:", "Question:"):
            into = part
            continue
        for piece in _SENTENCE_END.split(part.strip()):
            sentence = piece.strip()
            if not into:
                sentence = _LEAD_IN.sub("", sentence, count=1) if _LEAD_IN.match(sentence) else sentence
            if not sentence or sentence.startswith(ANSWER_FORM):
                continue
            if len(sentence) > _MAX_SENTENCE:
                raise unread("so long a sentence", sentence)
            if not into:
                sentences.append(sentence.rstrip("."))
            elif into == "Instruction:" and instruction is None:
                instruction = sentence
            elif into == "Question:" and question is None:
                question = sentence
            else:
                raise unread("this sentence", sentence)
    if question is None:
        if not sentences:
            raise unread("a text without a question", body)
        question = sentences.pop()
    return sentences, instruction, question


def _edges(sentence: str) -> list[tuple[str, str]]:
    """Causes and effects from ``a directly affects b and c, which in turn affects d``, or the passive of it."""
    sentence = _CONNECTOR.sub("", sentence, count=1) if _CONNECTOR.match(sentence) else sentence
    passive = _PASSIVE.fullmatch(sentence)
    if passive and not _VERB.search(sentence):
        return [(_name(cause), _name(passive[1])) for cause in LIST.split(passive[2])]
    subject, *rest = _VERB.split(sentence)
    if not rest:
        raise unread("this as a direct cause", sentence)
    out = []
    for i, piece in enumerate(rest):
        effects, following = piece.strip(), ""
        if i < len(rest) - 1 and effects.endswith(" and"):  # "affects b and also affects c"
            effects, following = effects.removesuffix(" and"), subject
        elif i < len(rest) - 1:
            found = _NEXT_SUBJECT.fullmatch(effects)
            if not found:
                raise unread("this as a direct cause", sentence)
            effects, following = found[1], found[3] or found[1]
            if found[2] and LIST.search(effects):
                raise unread("which of these is meant by 'which'", sentence)
        out += [(_name(subject), _name(effect)) for effect in LIST.split(effects.removeprefix("both "))]
        subject = following
    return out


def _name(words: str) -> str:
    name = re.sub(r"^(?:the )?(?:level of |state of |variable )", "", words.strip().rstrip(","), flags=re.I)
    if not re.fullmatch(r"[\w'-]+(?: [\w'-]+){0,5}", name) or _NO_NAME & set(name.casefold().split()):
        raise unread("this as the name of an event", words)
    return uncapitalised(name)


def _check_names(names: set[str]) -> None:
    """Refuse two names that may be one event: ``exercise levels`` and ``amount of exercise``."""
    keys = sorted({name.casefold() for name in names})
    cores = [frozenset(key.split()) - _VAGUE for key in keys]
    for i, core in enumerate(cores):
        for j in range(i):
            if core <= cores[j] or cores[j] <= core:
                raise Unread(f"can't tell whether {keys[j]!r} and {keys[i]!r} are one event")


def _fact(clause: str, before: list[str]) -> tuple[list[str], list[str], str]:
    """Given, target and number of ``when a is low, the chance of b being high is 0.1234`` in its many forms."""
    clause = _CONNECTOR.sub("", clause, count=1) if _CONNECTOR.match(clause) else clause
    for pattern in _FACTS:
        found = pattern.fullmatch(clause)
        if not found:
            continue
        parts = found.groupdict()
        given = events(parts["given"]) if parts.get("given") else []
        if parts.get("name"):
            return given, [f"{parts['name']} being {parts['label']}"], found["number"]
        target = parts.get("target")
        if target is None:  # "this probability": that of the sentence before
            if not before:
                raise unread("which probability is meant", clause)
            return given, before, found["number"]
        for word in (" given ", " when "):
            if word in target:
                target, _, condition = target.partition(word)
                given = given + events(condition)
        return given, events(target), found["number"]
    raise unread("this as a fact", clause)
