"""The big providers, by Inspect AI's model layer: it knows each one's messages, reasoning, token counts and errors.

Its own retries are turned off: how many requests are in flight, and when one is tried again, is decided in one place
for all servers (``asking``), from what Inspect says an error is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.backends import Calls, Take, estimated_tokens
from rungwise.evaluate.backends.asking import CallFailed, Job, ask_all
from rungwise.evaluate.backends.endpoint import wanted
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.language_models import Completion, require

ELSEWHERE = {
    "openai-api": "--model endpoint:NAME --endpoint URL",
    "hf": "the model's folder or id without a prefix",
    "vllm": "--model vllm:NAME",
}
"""Providers of Inspect's for which there is a backend of our own."""

HOPELESS = (401, 403, 404)
"""HTTP statuses that no other prompt will change."""


@dataclass(frozen=True)
class Inspect:
    """PROVIDER/MODEL; the provider's key and address are where Inspect looks for them, in the environment."""

    name: str
    calls: Calls

    def version(self) -> dict[str, Any]:
        """Nothing: providers tell no version beside the name."""
        return {}

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
        jobs = wanted(prompts, sampling, known, self.calls)
        if jobs:
            asyncio.run(self._answer(jobs, sampling, take, spent))

    async def _answer(self, jobs: Sequence[Job], sampling: Sampling, take: Take, spent: float) -> None:
        require("inspect_ai", "inspect")
        models = require("inspect_ai.model")
        config = models.GenerateConfig(
            temperature=sampling.temperature,
            top_p=sampling.top_p if sampling.top_p < 1 else None,
            max_tokens=sampling.max_new_tokens,
            max_retries=0,
            max_connections=self.calls.concurrency,
        )
        try:
            model = models.get_model(self.name, config=config, memoize=False)
        except Exception as error:  # unknown provider, no key, or the provider's package is missing
            said = " ".join(str(getattr(error, "message", error)).split())
            raise UserError(f"Inspect AI can't reach {self.name}: {said}") from error
        roles = {
            "system": models.ChatMessageSystem,
            "user": models.ChatMessageUser,
            "assistant": models.ChatMessageAssistant,
        }

        async def ask(messages: Sequence[Message]) -> Completion:
            try:
                output = await model.generate([roles[m["role"]](content=m["content"]) for m in messages])
            except Exception as error:
                raise _failure(model, error) from error
            return _completion(output, messages)

        async with model:
            await ask_all(jobs, ask, take, self.calls, spent)


def _completion(output: Any, messages: Sequence[Message]) -> Completion:
    if output.empty:
        raise CallFailed("the reply holds no answer", sent=True)
    content = output.message.content
    parts = [] if isinstance(content, str) else [part for part in content if part.type == "reasoning"]
    thinking = "\n".join(part.reasoning or getattr(part, "summary", None) or "" for part in parts).strip()
    usage = output.usage
    asked = _tokens_in(usage) or estimated_tokens([messages])[0]
    written = (usage.output_tokens if usage else 0) or len(output.completion + thinking) // 4
    return Completion(output.completion, output.stop_reason in ("max_tokens", "model_length"), thinking, asked, written)


def _tokens_in(usage: Any) -> int:
    """All tokens of a prompt, also those that the provider had in its own cache."""
    if usage is None:
        return 0
    cached = (usage.input_tokens_cache_write or 0) + (usage.input_tokens_cache_read or 0)
    return int(usage.input_tokens + cached)


def _failure(model: Any, error: Exception) -> CallFailed:
    attempt = getattr(error, "last_attempt", None)  # a last try is wrapped
    error = (attempt.exception() if attempt is not None else None) or error
    said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    decision = model.api.should_retry(error)
    if decision:
        busy = getattr(decision, "kind", "") == "rate_limit"
        return CallFailed(said, "busy" if busy else "failed", getattr(decision, "retry_after", None), sent=not busy)
    hopeless = model.api.is_auth_failure(error) or getattr(error, "status_code", None) in HOPELESS
    return CallFailed(said, "fatal" if hopeless else "refused")
