"""One question to an OpenAI-compatible endpoint: bounded in time and memory, and the key stays where it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from rungwise.errors import UserError
from rungwise.files import parse_json

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

MAX_BYTES = 1_000_000
"""Of a reply; what is longer is not read to its end."""

REPEATS = 4
"""So often the client asks again after 429, 5xx, a timeout or a broken connection, as Retry-After says."""

LONGEST_WAIT = 120.0
"""Seconds: a server may ask for more, and is asked again sooner."""

_FATAL = (401, 403, 404)
_LONGEST_MESSAGE = 200


class EndpointFailure(Exception):
    """The endpoint gave no reply; ``fatal`` where it will not give one to any other question either.

    ``status`` is the HTTP status, None where there was no response at all, and ``wait`` how many seconds the server
    asks its clients to wait.
    """

    def __init__(self, why: str, fatal: bool = False, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(why)
        self.fatal, self.status, self.wait = fatal, status, wait


@dataclass(frozen=True)
class Endpoint:
    """Where to ask and how.

    Raises:
        UserError: the URL is none, or holds a password or key.
    """

    url: str
    model: str
    timeout: float = 60.0
    temperature: float | None = None
    key: str | None = field(default=None, repr=False)
    top_p: float | None = None

    def __post_init__(self) -> None:
        wrong = "--endpoint must be a URL such as http://localhost:8000/v1"
        try:
            parts = urlsplit(self.url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
                raise UserError(wrong)
        except ValueError as error:
            raise UserError(wrong) from error
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UserError("--endpoint must hold no password or key; put the key into an environment variable")
        if not 0 < self.timeout <= 3600:
            raise UserError(f"--timeout must be more than 0 and at most 3600 seconds, got {self.timeout}")
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise UserError(f"--temperature must be in [0, 2], got {self.temperature}")


class Reply(NamedTuple):
    """What came back: the text (None where none can be used), the tokens as the endpoint counts them, the reasoning
    that it sent apart from the text, and whether the limit cut the text off."""

    text: str | None
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""
    cut_off: bool = False


class Asker:
    """A client of one endpoint; use it in ``async with``. It asks ``repeats`` times again (default:
    REPEATS) where there was no reply.

    Raises:
        UserError: the openai package is missing.
    """

    def __init__(self, endpoint: Endpoint, repeats: int | None = None) -> None:
        try:
            import openai
        except ImportError as error:
            raise UserError("an endpoint needs the openai package: pip install 'rungwise[api]'") from error
        self.endpoint = endpoint
        self._limit = "max_tokens"
        self._client: AsyncOpenAI = openai.AsyncOpenAI(
            base_url=endpoint.url,
            api_key=endpoint.key or "none",  # a local server asks for none, the client does
            timeout=endpoint.timeout,
            max_retries=REPEATS if repeats is None else repeats,
        )

    async def __aenter__(self) -> Asker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def ask(self, messages: Sequence[dict[str, str]], max_tokens: int) -> Reply:
        """The reply to a conversation.

        Raises:
            EndpointFailure: there is none, after all repeats.
        """
        import openai

        try:
            try:
                return await self._ask(messages, max_tokens)
            except openai.BadRequestError as error:
                if self._limit == "max_completion_tokens" or "max_completion_tokens" not in str(error):
                    raise
                self._limit = "max_completion_tokens"  # some models know the limit by this name alone
                return await self._ask(messages, max_tokens)
        except openai.APIStatusError as error:
            said = self._harmless(error.message.removeprefix(f"Error code: {error.status_code} - "))
            status = error.status_code
            raise EndpointFailure(f"HTTP {status}: {said}", status in _FATAL, status, _wait(error)) from error
        except openai.APITimeoutError as error:
            raise EndpointFailure(f"no reply within {self.endpoint.timeout:g} s") from error
        except openai.OpenAIError as error:
            raise EndpointFailure(self._harmless(f"{error} {error.__cause__ or ''}")) from error

    async def _ask(self, messages: Sequence[dict[str, str]], max_tokens: int) -> Reply:
        options: dict[str, Any] = {"model": self.endpoint.model, "messages": messages, self._limit: max_tokens}
        if self.endpoint.temperature is not None:
            options["temperature"] = self.endpoint.temperature
        if self.endpoint.top_p is not None:
            options["top_p"] = self.endpoint.top_p
        body = bytearray()
        async with self._client.chat.completions.with_streaming_response.create(**options) as response:
            try:
                # The client's own limit is on the wait for a piece: a server that drips would never reach it.
                async with asyncio.timeout(self.endpoint.timeout):
                    async for piece in response.iter_bytes():
                        body += piece
                        if len(body) > MAX_BYTES:
                            return Reply(None, 0, 0)
            except Exception:  # cut off, or too slow; here the client does not wrap its HTTP library's errors
                return Reply(None, 0, 0)
        return self._reply(bytes(body))

    def _reply(self, body: bytes) -> Reply:
        try:
            data = parse_json(body.decode("utf-8", "replace"), "the reply")
            usage = data.get("usage") or {}
            tokens = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
            choice = data["choices"][0]
            text, ended = choice["message"]["content"], choice.get("finish_reason")
            thinking = choice["message"].get("reasoning_content") or choice["message"].get("reasoning")
        except (UserError, KeyError, IndexError, TypeError, ValueError, AttributeError):
            return Reply(None, 0, 0)
        if text is None and ended in ("length", "content_filter"):  # all went into the reasoning, or was withheld
            text = ""
        thinking = thinking if isinstance(thinking, str) else ""
        if not isinstance(text, str) or (self.endpoint.key and self.endpoint.key in text + thinking):
            text, thinking = None, ""
        asked, written = (min(max(count, 0), 10_000_000) for count in tokens)
        return Reply(text, asked, written, thinking, ended == "length")

    def _harmless(self, message: str) -> str:
        """What a server says, short and without the key."""
        if self.endpoint.key:
            message = message.replace(self.endpoint.key, "***")
        return "".join(letter if letter.isprintable() else " " for letter in message)[:_LONGEST_MESSAGE].strip()


def _wait(error: APIStatusError) -> float | None:
    """The seconds of a Retry-After header; its form as a date is rare and left out."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        with suppress(ValueError):
            seconds = float(headers.get(name, "")) * unit
            if 0 <= seconds < float("inf"):
                return min(seconds, LONGEST_WAIT)
    return None
