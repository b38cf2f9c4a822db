"""Who answers: one small interface, and a file for each kind of model.

A model's name without a prefix is "exact", a shortcut, "embedded", a model's folder or its Hugging Face id, run here;
with a prefix it is ``vllm:NAME``, ``endpoint:NAME`` (an OpenAI-compatible server), ``inspect:PROVIDER/NAME`` (any
provider that Inspect AI knows) or ``predictions:FILE`` (answers that were made elsewhere).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rungwise.errors import UserError
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.evaluate.results import THINK_END
from rungwise.language_models import Completion, local_folder
from rungwise.problems.baselines import BASELINES

PREFIXES = ("vllm", "endpoint", "inspect", "predictions")

Load = Callable[[str], tuple[Any, Any]]
"""From a model's name to the model and its tokenizer."""


class Sample(NamedTuple):
    """One answer: to the prompt at ``place``, its sample's number from 0."""

    place: int
    number: int
    completion: Completion


Take = Callable[[Sequence[Sample]], None]
"""Is given samples as they are finished; those that were made together, together."""


class Backend(Protocol):
    """A model that answers."""

    def version(self) -> dict[str, Any]:
        """What beside its name says which model it is: part of the settings of a run, and of every cache key."""

    def tokens(self, prompts: Sequence[Sequence[Message]]) -> list[int]:
        """The length of each prompt, for an estimate."""

    def answer(
        self,
        prompts: Sequence[Sequence[Message]],
        sampling: Sampling,
        known: Container[tuple[int, int]],
        take: Take,
        spent: float,
    ) -> None:
        """Give ``take`` every sample whose (place, number) is not known; of the cost cap, ``spent`` is used up.

        Raises:
            UserError: the model can't be had, or a setting is not for it.
            Unanswered: everything was tried, and some samples are missing.
        """


@dataclass(frozen=True)
class Calls:
    """How a server is asked.

    Attributes:
        url: base URL of an OpenAI-compatible server.
        key: its key.
        concurrency: requests in flight at most; the server's answers decide how many there really are.
        timeout: seconds for a reply.
        tries: requests for a sample, not counting those that were refused for their rate.
        backoff: seconds before the second try; doubled before every other.
        patience: seconds without any answer after which the run stops.
        price_in, price_out: for a million tokens, in any currency.
        max_cost: in the same currency.

    Raises:
        UserError: a number is out of range.
    """

    url: str | None = None
    key: str | None = field(default=None, repr=False)
    concurrency: int = 16
    timeout: float = 600.0
    tries: int = 6
    backoff: float = 1.0
    patience: float = 3600.0
    price_in: float | None = None
    price_out: float | None = None
    max_cost: float | None = None

    def __post_init__(self) -> None:
        for name, most in (("concurrency", 1024), ("tries", 100)):
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"--{name} must be from 1 to {most}, got {getattr(self, name)}")
        if not 0 < self.timeout <= 3600:
            raise UserError(f"--timeout must be more than 0 and at most 3600 seconds, got {self.timeout}")
        for name in ("price_in", "price_out", "max_cost"):
            if (value := getattr(self, name)) is not None and not 0 <= value < float("inf"):
                raise UserError(f"--{name.replace('_', '-')} must be 0 or more, got {value}")
        if (self.price_in is None) != (self.price_out is None):
            raise UserError("give both --price-in and --price-out")
        if self.max_cost is not None and self.price_in is None:
            raise UserError("--max-cost needs --price-in and --price-out, the prices of a million tokens")

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Of so many tokens; 0 without prices."""
        return (prompt_tokens * (self.price_in or 0) + completion_tokens * (self.price_out or 0)) / 1e6


class Unanswered(UserError):
    """Some samples have no answer, whatever was tried; ``why`` by (place, number)."""

    def __init__(self, why: dict[tuple[int, int], str]) -> None:
        self.why = why
        last = next(reversed(why.values()))
        super().__init__(
            f"{len(why)} samples have no answer (the last: {last}); the same command asks for them again,"
            " with --missing-as-wrong they count as wrong"
        )


def split_name(model: str) -> tuple[str, str]:
    """(kind, name): "own" for the solver and the shortcuts, "local", or a prefix.

    Raises:
        UserError: nearly one of our own names, an unknown prefix, or a path without a model folder.
    """
    names = ["exact", *BASELINES]
    if model in names:
        return "own", model
    prefix, colon, name = model.partition(":")
    if colon and not Path(model).exists():
        if prefix not in PREFIXES or not name:
            raise UserError(f"unknown model {model!r}; prefixes are {', '.join(f'{known}:' for known in PREFIXES)}")
        return prefix, name
    near = get_close_matches(model, names, 1, cutoff=0.8)
    if near and not Path(model).is_dir():
        raise UserError(f"unknown model {model!r}; did you mean {near[0]!r}?")
    local_folder(model)
    return "local", model


def open_backend(kind: str, name: str, calls: Calls, batch_size: int, load: Load | None) -> Backend:
    """The backend of a model that generates.

    Raises:
        UserError: an option is missing, or not for this kind of model.
    """
    if (kind == "endpoint") != (calls.url is not None):
        raise UserError("--endpoint URL and --model endpoint:NAME go together")
    if kind in ("local", "vllm") and calls.max_cost is not None:
        raise UserError("--max-cost is for endpoint: and inspect: models")
    if kind == "local":
        from rungwise.evaluate.backends.local import Local
        from rungwise.language_models import load_model

        return Local(name, batch_size, load or load_model)
    if kind == "vllm":
        from rungwise.evaluate.backends.vllm import Vllm

        return Vllm(name)
    if kind == "endpoint":
        from rungwise.evaluate.backends.endpoint import OpenAICompatible

        return OpenAICompatible(name, calls)
    from rungwise.evaluate.backends.inspect import ELSEWHERE, Inspect

    provider, slash, _ = name.partition("/")
    if not slash or provider in ELSEWHERE:
        raise UserError(f"inspect: takes PROVIDER/NAME; for {provider} use {ELSEWHERE.get(provider, 'such a name')}")
    return Inspect(name, calls)


def apart(completion: Completion) -> Completion:
    """With the reasoning of a text, up to and with its last ``</think>``, kept apart from the answer."""
    if completion.thinking or THINK_END not in completion.text:
        return completion
    before, end, after = completion.text.rpartition(THINK_END)
    return replace(completion, text=after, thinking=before + end)


def estimated_tokens(prompts: Sequence[Sequence[Message]]) -> list[int]:
    """Where there is no tokenizer: a token is about four characters, and a message has a few more of its own."""
    return [sum(4 + len(message["content"]) // 4 for message in prompt) for prompt in prompts]
