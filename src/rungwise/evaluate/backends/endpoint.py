"""A model behind an OpenAI-compatible URL, asked by the client that rewording uses too.

Not by Inspect AI's, because a server of one's own has other troubles than a provider's: bodies that are cut off or
drip, or are no JSON. This client bounds every reply in time and size and shows its key to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from rungwise.evaluate.backends import Calls, Take, estimated_tokens
from rungwise.evaluate.backends.asking import CallFailed, Job, ask_all
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.evaluate.results import THINK_END
from rungwise.language_models import Completion
from rungwise.suites.endpoint import Asker, Endpoint, EndpointFailure

BUSY = (429, 503, 529)
REFUSED = (400, 413, 422)
"""What is wrong is in the request; asked again it is wrong again."""


@dataclass(frozen=True)
class OpenAICompatible:
    """The model's name at the endpoint."""

    name: str
    calls: Calls

    def version(self) -> dict[str, Any]:
        """Its address."""
        return {"endpoint": self.calls.url}

    def tokens(self, prompts: Sequence[Sequence[Message]]) -> list[int]:
        """Estimated."""
        return estimated_tokens(prompts)

    def answer(
        self,
        prompts: Sequence[Sequence[Message]],
        sampling: Sampling,
        known: Container[tuple[int, int]],
        take: Take,
        spent: float,
    ) -> None:
        """Each sample is a request."""
        top_p = sampling.top_p if sampling.top_p < 1 else None
        endpoint = Endpoint(
            self.calls.url or "", self.name, self.calls.timeout, sampling.temperature, self.calls.key, top_p
        )
        jobs = wanted(prompts, sampling, known, self.calls)
        if jobs:
            asyncio.run(self._answer(jobs, endpoint, sampling.max_new_tokens, take, spent))

    async def _answer(self, jobs: Sequence[Job], endpoint: Endpoint, most: int, take: Take, spent: float) -> None:
        async with Asker(endpoint, repeats=0) as asker:

            async def ask(messages: Sequence[Message]) -> Completion:
                try:
                    reply = await asker.ask(messages, most)
                except EndpointFailure as error:
                    kind = "fatal" if error.fatal else "busy" if error.status in BUSY else "failed"
                    kind = "refused" if error.status in REFUSED else kind
                    raise CallFailed(str(error), kind, error.wait, error.status is None) from error
                if reply.text is None:
                    raise CallFailed("the reply was cut off, or no answer in the form of chat completions", sent=True)
                asked = reply.prompt_tokens or estimated_tokens([messages])[0]
                written = reply.completion_tokens or len(reply.text + reply.thinking) // 4
                return Completion(reply.text, reply.cut_off, reply.thinking.removesuffix(THINK_END), asked, written)

            await ask_all(jobs, ask, take, self.calls, spent)


def wanted(
    prompts: Sequence[Sequence[Message]], sampling: Sampling, known: Container[tuple[int, int]], calls: Calls
) -> list[Job]:
    """The samples that are not known, first samples first: what is stopped early has seen every question."""
    most = [calls.cost(2 * tokens, sampling.max_new_tokens) for tokens in estimated_tokens(prompts)]
    return [
        Job(place, number, prompts[place], most[place])
        for number, place in product(range(sampling.samples), range(len(prompts)))
        if (place, number) not in known
    ]
