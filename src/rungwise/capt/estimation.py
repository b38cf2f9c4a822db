"""Event estimation (CAPT, arXiv 2506.09433): which events a text names, from the text alone.

A backend gets the prompt and nothing else: no label, no answer, no worked solution. ``estimate`` is exact, by our
readers; ``Estimator`` asks a language model, behind an endpoint or local. Either way an abstraction is checked (see
``abstraction.check``) and kept only where nothing is wrong with it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rungwise.capt.abstraction import Abstraction, Fault, Reread, abstract, check
from rungwise.capt.exact import Texts
from rungwise.capt.forms import MAX_CHARS, MAX_EVENTS, MAX_FORM, MAX_FORMS, Event
from rungwise.errors import UserError
from rungwise.files import parse_json
from rungwise.suites.endpoint import EndpointFailure, Reply

Ask = Callable[[Sequence[dict[str, str]], int], Awaitable[Reply]]
"""Messages and the most tokens of the reply, as ``endpoint.Asker.ask``."""

_SPARE = 2_000
_TIMES_LONGER = 4
"""A reply may have this many times the text's characters, and the spare ones."""

_RULES = """You find the events (variables, things that happen, kinds of things, persons) that a text names, so that \
their names can be replaced by symbols. Reply with a JSON object alone:
{"events": [{"name": "...", "also": ["..."], "false": ["..."], "true": ["..."]}, ...]}
- "name": the event as it stands inside a sentence. "also": every other way in which the text names it (plurals, other \
articles, shorter names).
- "false" and "true": whole phrases of the text that say that the event is not so, or is so ("silent alarm", "people \
who do not smoke"). Leave the lists empty where the text has none.
- Copy every form letter by letter from the text. List every event and every form, each form under one event only.
- No form holds a probability, a number of a fact, or words that connect events (causes, affects, if, and).
- Do not answer the question."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """What became of one text.

    Attributes:
        abstraction: None where none without fault was found.
        faults: of the last try; empty where there is an abstraction. Codes: those of ``check``; unread (our readers do
            not know the text), reply (no JSON of the form asked for), length (too long), forms
            (forms that can't be used), endpoint (no reply).
        tries: how often a model was asked, 0 for our readers.
    """

    abstraction: Abstraction | None
    faults: tuple[Fault, ...]
    tries: int = 0


def estimate(text: str, nouns: Mapping[str, tuple[str, str]] | None = None) -> Estimated:
    """The abstraction of a text by our readers; it is kept only if they read it as the same question.

    Args:
        nouns: what CLadder's model file calls the values of variables (``cladder.cladder_nouns``).
    """
    texts = Texts(nouns or {})
    try:
        found = abstract(text, texts.events(text))
    except UserError as error:
        return Estimated(None, (Fault("unread", str(error)),))
    faults = check(text, found, texts.reading)
    return Estimated(None if faults else found, faults)


@dataclass(frozen=True)
class Estimator:
    """Estimation by a language model, asked again with the fault named.

    Attributes:
        ask: sends a conversation; of an endpoint (``Asker.ask``), or ``local`` of a function.
        tries: how often a text is sent at most.
        concurrency: how many texts are being asked about at a time.
        reread: a reader that checks the meaning of what it can read (such as ``Texts({}).reading``).

    Raises:
        UserError: a number is out of range.
    """

    ask: Ask
    tries: int = 3
    concurrency: int = 4
    reread: Reread | None = None

    def __post_init__(self) -> None:
        for name, most in (("tries", 20), ("concurrency", 256)):
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"{name} must be from 1 to {most}, got {getattr(self, name)}")

    async def one(self, text: str) -> Estimated:
        """The abstraction of one text.

        Raises:
            EndpointFailure: the endpoint will answer no other text either (a wrong key, URL or model).
        """
        if len(text) > MAX_CHARS:
            return Estimated(None, (Fault("length", f"the text has over {MAX_CHARS} characters"),))
        faults: tuple[Fault, ...] = ()
        for attempt in range(1, self.tries + 1):
            try:
                reply = await self.ask(messages(text, faults), _longest(text))
            except EndpointFailure as failure:
                if failure.fatal:
                    raise
                faults = (Fault("endpoint", str(failure)),)
                continue
            events = parsed(reply.text, text)
            if isinstance(events, Fault):
                faults = (events,)
                continue
            try:
                found = abstract(text, events)
            except UserError as error:
                faults = (Fault("forms", str(error)),)
                continue
            faults = check(text, found, self.reread)
            if not faults:
                return Estimated(found, (), attempt)
        return Estimated(None, faults, self.tries)

    async def many(self, texts: Sequence[str]) -> list[Estimated]:
        """The same for many texts, in their order.

        Raises:
            EndpointFailure: see ``one``.
        """
        limit = asyncio.Semaphore(self.concurrency)

        async def bounded(text: str) -> Estimated:
            async with limit:
                return await self.one(text)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bounded(text)) for text in texts]
        return [task.result() for task in tasks]


def local(generate: Callable[[str], str]) -> Ask:
    """An ``Ask`` of a function from a prompt to a completion, such as a local model's, which has to bound its own time
    and length."""

    async def ask(conversation: Sequence[dict[str, str]], max_tokens: int) -> Reply:
        prompt = "\n\n".join(message["content"] for message in conversation)
        return Reply(await asyncio.to_thread(generate, prompt), 0, 0)

    return ask


def messages(text: str, faults: Sequence[Fault] = ()) -> list[dict[str, str]]:
    """The conversation that asks for the events of a text, with what was wrong with the last reply."""
    lines = [f"The text:\n{text}"]
    if faults:
        lines.append("Your last reply can't be used: " + "; ".join(fault.why for fault in faults) + ".")
    return [{"role": "system", "content": _RULES}, {"role": "user", "content": "\n\n".join(lines)}]


def _longest(text: str) -> int:
    """Tokens, and also characters, of a reply that can be right."""
    return _SPARE + _TIMES_LONGER * len(text)


def parsed(reply: str | None, text: str) -> tuple[Event, ...] | Fault:
    """The events of a reply: of the JSON object after the model's last thought. Forms that the text does not hold are
    left out; a form with a number of a fact is refused by ``check``, which finds the number lost."""
    if reply is None:
        return Fault("reply", "there was no text")
    reply = reply.rpartition("</think>")[2]
    if len(reply) > _longest(text):
        return Fault("length", f"the reply has {len(reply)} characters, the text {len(text)}")
    start, end = reply.find("{"), reply.rfind("}") + 1
    try:
        data = parse_json(reply[start:end], "the reply") if start >= 0 else None
        rows = data["events"] if isinstance(data, dict) else None
        if not isinstance(rows, list) or not 0 < len(rows) <= MAX_EVENTS:
            raise UserError("it was no JSON object with a list of events")
        return tuple(_event(row, text.casefold()) for row in rows)
    except KeyError:
        return Fault("reply", 'the JSON object has no "events"')
    except UserError as error:
        return Fault("reply", str(error))


def _event(row: Any, folded: str) -> Event:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise UserError(f'an event is no object with a "name": {json.dumps(row)[:80]}')
    lists = []
    for field in ("also", "false", "true"):
        forms = row.get(field) or []
        if not isinstance(forms, list) or len(forms) > MAX_FORMS or not all(isinstance(form, str) for form in forms):
            raise UserError(f"{field!r} of {row['name'][:80]!r} is no list of at most {MAX_FORMS} texts")
        lists.append(tuple(form for form in dict.fromkeys(forms) if form.casefold() in folded and len(form) < MAX_FORM))
    also, false, true = lists
    if row["name"].casefold() not in folded and not any(lists):
        raise UserError(f"the text does not hold {row['name'][:80]!r}")
    return Event(row["name"], tuple(form for form in also if form != row["name"]), (false, true))
