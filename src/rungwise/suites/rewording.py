"""Having one problem's text reworded: what the model is asked, and what of its reply is kept."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from rungwise.errors import UserError
from rungwise.files import parse_json
from rungwise.problems.problem import Problem
from rungwise.suites.endpoint import Reply
from rungwise.wording.fidelity import LONGER, Refusal, Sentence, assemble, check, compare, sentences

Ask = Callable[[Sequence[dict[str, str]], int], Awaitable[Reply]]
"""Messages and the most tokens of the reply."""

_SPARE_TOKENS = 256

_RULES = """You reword the sentences of a causal puzzle, one by one. Every sentence must mean exactly what it meant.
- Copy every event name letter by letter, with its commas and brackets. Never shorten it or use another word for it.
- Copy every value (such as low, high, yes) and keep it beside its event: "EVENT is VALUE" or "EVENT being VALUE".
- Copy every number digit by digit. No percentages, no rounding.
- A direct cause stays one: say "directly" or "direct". The active or the passive voice is fine.
- A chance stays a chance, probability or likelihood of the same event under the same condition.
- In the question keep "more likely" or "less likely", which value something is set to, and which it is compared with.
- Add nothing: no comment, no negation, no hedge. One sentence in, one sentence out (the question may take two).
Examples:
"A directly affects B." -> "B is directly influenced by A."
"When A is low and B is high, the chance that C is low is 0.1234." -> "The probability of C being low is 0.1234, given \
that A is low and B is high."
"If A were set to low rather than high, would C be more likely to be low?" -> "Would setting A to low instead of high \
make it more likely that C is low?"
Reply with a JSON list of strings alone, one for each numbered sentence, in the same order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: its text, or (text is None) the code and reason of the last refusal."""

    text: str | None
    code: str
    why: str
    requests: int
    prompt_tokens: int
    completion_tokens: int


async def reword(problem: Problem, ask: Ask, tries: int) -> Outcome:
    """Reword every sentence of a problem; a sentence that is refused is asked for again, with the reason.

    Raises:
        EndpointFailure: ``ask`` raises it.
    """
    every = sentences(problem)
    kept: dict[int, str] = {}
    refused: dict[int, Refusal] = {}
    prompt_tokens = completion_tokens = 0
    for attempt in range(1, tries + 1):
        left = [i for i in range(len(every)) if i not in kept]
        reply = await ask(messages(every, left, refused), most_tokens(every, left))
        prompt_tokens += reply.prompt_tokens
        completion_tokens += reply.completion_tokens
        offered = _parsed(reply.text, [every[i] for i in left])
        if isinstance(offered, Refusal):
            refused = dict.fromkeys(left, offered)
            continue
        refused = {}
        for i, wording in zip(left, offered, strict=True):
            refusal = check(problem, every[i], wording)
            if refusal is None:
                kept[i] = wording
            else:
                refused[i] = refusal
        if not refused:
            text = assemble(problem, [kept[i] for i in range(len(every))])
            if compare(problem, text) is not False:
                return Outcome(text, "", "", attempt, prompt_tokens, completion_tokens)
            refused = dict.fromkeys(kept, Refusal("reader", "all in all it reads as another problem"))
            kept.clear()
    last = next(iter(refused.values()))
    return Outcome(None, last.code, last.why, tries, prompt_tokens, completion_tokens)


def messages(
    every: Sequence[Sentence], left: Sequence[int], refused: Mapping[int, Refusal] | None = None
) -> list[dict[str, str]]:
    """The conversation that asks for the sentences ``left``, with the reasons why earlier wordings were refused."""
    lines = []
    for number, i in enumerate(left, 1):
        lines.append(f"{number}. {every[i].text}")
        if refused and i in refused:
            lines.append(f"   (Your last wording was refused: {refused[i].why}.)")
    lines.append(f"Reply with a JSON list of {len(left)} strings.")
    return [{"role": "system", "content": _RULES}, {"role": "user", "content": "\n".join(lines)}]


def most_tokens(every: Sequence[Sentence], left: Sequence[int]) -> int:
    """As many tokens as the sentences have characters: about four times their length."""
    return _SPARE_TOKENS + sum(len(every[i].text) for i in left)


def _parsed(text: str | None, asked: Sequence[Sentence]) -> list[str] | Refusal:
    """The wordings in a reply: the JSON list after the model's last thought."""
    if text is None:
        return Refusal("reply", "there was no text")
    text = text.rpartition("</think>")[2]
    start, end = text.find("["), text.rfind("]") + 1
    longest = LONGER * len(json.dumps([sentence.text for sentence in asked]))
    if len(text) > longest + _SPARE_TOKENS:
        return Refusal("length", f"the reply has {len(text)} characters, the sentences have {longest // LONGER}")
    try:
        offered = parse_json(text[start:end], "the reply") if start >= 0 else None
    except UserError:
        offered = None
    if not isinstance(offered, list) or not all(isinstance(wording, str) for wording in offered):
        return Refusal("reply", "it was no JSON list of strings")
    if len(offered) != len(asked):
        return Refusal("reply", f"there were {len(offered)} strings for {len(asked)} sentences")
    return offered
