"""What a model writes to a suite: every sample once, kept as it comes, and scored."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rungwise.evaluate.backends import Backend, Calls, Sample, Unanswered, apart
from rungwise.evaluate.cache import Cache, key_of
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.evaluate.questions import Question, Suite
from rungwise.evaluate.results import Row, missing_row, unread_row, written_row
from rungwise.evaluate.run_folder import Answered, Partial

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Generation:
    """A model, what it is asked and how; ``version`` says which model it is beside its name."""

    model: str
    version: Mapping[str, Any]
    suite: Suite
    prompts: Sequence[Sequence[Message]]
    sampling: Sampling
    backend: Backend
    calls: Calls

    @property
    def asked(self) -> list[Question]:
        """The questions that have a prompt: that of each is at its place."""
        return [question for question in self.suite.questions if question.prompt is not None]

    def estimate(self, partial: Partial, cache: Path | None, finished: bool) -> dict[str, Any]:
        """{"items", "samples" in all, "to_ask" of them, "prompt_tokens", "completion_tokens_at_most"} and, where
        prices are known, "cost_at_most"; what is stored in the folder or the cache is not asked again."""
        samples = self.sampling.samples
        wanted = [] if finished else [(p, k) for p in range(len(self.prompts)) for k in range(samples)]
        if wanted:
            known = self._stored(partial)
            with _opened(cache) as store:
                known |= self._cached(store, known)
            wanted = [both for both in wanted if both not in known]
        tokens = self.backend.tokens([self.prompts[place] for place, _ in wanted])
        most = len(wanted) * self.sampling.max_new_tokens
        return {
            "items": len(self.prompts),
            "samples": len(self.prompts) * samples,
            "to_ask": len(wanted),
            "prompt_tokens": sum(tokens),
            "completion_tokens_at_most": most,
            **({} if self.calls.price_in is None else {"cost_at_most": self.calls.cost(sum(tokens), most)}),
        }

    def rows(
        self, partial: Partial, cache: Path | None, progress: Progress | None, missing_as_wrong: bool
    ) -> tuple[list[Row], dict[str, Any]]:
        """The rows in file order, and what is to be said of them all: the share that was "cut_off", how many samples
        came from the cache and how many are missing, the "tokens" of all and the "cost" of those that were paid for.

        Raises:
            UserError: see ``Backend.answer``.
        """
        with _opened(cache) as store:
            run = _Run(self, partial, store, progress)
            stored = self._stored(partial)
            run.take(list(stored.values()))
            fresh = list(self._cached(store, stored).values())
            partial.append(fresh)
            run.take(fresh)
            spent = self.calls.cost(run.paid_in, run.paid_out)
            missing: dict[tuple[int, int], str] = {}
            try:
                self.backend.answer(self.prompts, self.sampling, run.rows, run.keep, spent)
            except Unanswered as error:
                if not missing_as_wrong:
                    raise
                missing = error.why
        return run.in_file_order(missing), run.said(missing)

    def _stored(self, partial: Partial) -> dict[tuple[int, int], Answered]:
        places = {question.index: place for place, question in enumerate(self.asked)}
        return {(places[answer.item], answer.sample): answer for answer in partial.read()}

    def _cached(self, store: Cache | None, known: Container[tuple[int, int]]) -> dict[tuple[int, int], Answered]:
        if store is None:
            return {}
        keys = {
            self.key(place, number): (place, number)
            for place in range(len(self.prompts))
            for number in range(self.sampling.samples)
            if (place, number) not in known
        }
        asked = self.asked
        return {
            keys[key]: Answered(asked[keys[key][0]].index, keys[key][1], completion, paid=False)
            for key, completion in store.get(list(keys)).items()
        }

    def key(self, place: int, number: int) -> bytes:
        """Of a sample, in the cache."""
        return key_of({"model": self.model, **self.version}, self.sampling, self.prompts[place], number)


class _Run:
    """The samples so far, as rows by (place, number)."""

    def __init__(
        self, generation: Generation, partial: Partial, store: Cache | None, progress: Progress | None
    ) -> None:
        self.generation, self.partial, self.store, self.progress = generation, partial, store, progress
        self.asked = generation.asked
        self.places = {question.index: place for place, question in enumerate(self.asked)}
        self.rows: dict[tuple[int, int], Row] = {}
        self.left = dict.fromkeys(range(len(self.asked)), generation.sampling.samples)
        self.right = self.cut_off = self.cached = 0
        self.tokens_in = self.tokens_out = self.paid_in = self.paid_out = 0

    def keep(self, samples: Sequence[Sample]) -> None:
        """Store some fresh samples, in the folder and in the cache, and score them."""
        fresh = [Answered(self.asked[s.place].index, s.number, apart(s.completion), paid=True) for s in samples]
        self.partial.append(fresh)
        if self.store is not None:
            keys = [self.generation.key(s.place, s.number) for s in samples]
            self.store.put(zip(keys, [answer.completion for answer in fresh], strict=True))
        self.take(fresh)
        if self.progress:
            done = len(self.asked) - len(self.left)
            self.progress(done, len(self.asked), self.right / len(self.rows))

    def take(self, answers: Sequence[Answered]) -> None:
        """Score some samples."""
        for answer in answers:
            place, completion = self.places[answer.item], answer.completion
            if (place, answer.sample) in self.rows:
                continue
            given = completion.text, answer.sample, completion.thinking, completion.cut_off
            row = written_row(self.asked[place], *given)
            self.rows[place, answer.sample] = row
            self.right += row["score"]
            self.cut_off += completion.cut_off
            self.tokens_in += completion.prompt_tokens
            self.tokens_out += completion.completion_tokens
            if answer.paid:
                self.paid_in += completion.prompt_tokens
                self.paid_out += completion.completion_tokens
            self.cached += not answer.paid
            self.left[place] -= 1
            if not self.left[place]:
                del self.left[place]

    def in_file_order(self, missing: Mapping[tuple[int, int], str]) -> list[Row]:
        """Every row, also of what could not be asked or got no answer."""
        numbers = range(self.generation.sampling.samples)
        found: list[Row] = []
        for question in self.generation.suite.questions:
            place = self.places.get(question.index)
            for number in numbers:
                if place is None:
                    found.append(unread_row(question, number))
                elif (place, number) in missing:
                    reason = f"no_output: {missing[place, number]}"
                    found.append({**missing_row(question), "sample": number, "reason": reason})
                else:
                    found.append(self.rows[place, number])
        return found

    def said(self, missing: Mapping[tuple[int, int], str]) -> dict[str, Any]:
        """See ``Generation.rows``."""
        calls = self.generation.calls
        return {
            "cut_off": self.cut_off / len(self.rows) if self.rows else 0.0,
            "cached": self.cached,
            "missing": len(missing),
            "tokens": {"prompt": self.tokens_in, "completion": self.tokens_out},
            **({} if calls.price_in is None else {"cost": calls.cost(self.paid_in, self.paid_out)}),
        }


@contextmanager
def _opened(folder: Path | None) -> Iterator[Cache | None]:
    if folder is None:
        yield None
        return
    with closing(Cache(folder)) as store:
        yield store
