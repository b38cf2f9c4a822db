"""Many questions to one server: as many at a time as it bears, again where a reply fails, and never over the cost cap.

The number of requests in flight rises until the server says that it is too many (429, 503, 529) and is then halved, as
TCP does it (additive increase, multiplicative decrease); the first rise is fast. A reply that is malformed, stalls or
fails is asked for again after a growing, random pause, or after the one that the server names.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from rungwise.errors import UserError
from rungwise.evaluate.backends import Calls, Sample, Take, Unanswered
from rungwise.evaluate.protocol import Message
from rungwise.language_models import Completion

START = 4
"""Requests in flight at first."""
LONGEST_PAUSE = 60.0
GIVE_UP = 5
"""So many samples failed for good and not a single one answered: it is not the prompts."""


class CallFailed(Exception):
    """A request without a usable reply.

    Attributes:
        kind: "busy" (too many requests), "failed" (worth another try), "refused" (this prompt will never be answered)
            or "fatal" (no prompt will).
        wait: seconds that the server asks for.
        sent: the server may have worked, and charge for it.
    """

    def __init__(self, why: str, kind: str = "failed", wait: float | None = None, sent: bool = False) -> None:
        super().__init__(why)
        self.kind, self.wait, self.sent = kind, wait, sent


Ask = Callable[[Sequence[Message]], Awaitable[Completion]]
"""One request; raises CallFailed."""


class Job(NamedTuple):
    """A sample that is wanted; ``cost`` is the most that a request for it can cost."""

    place: int
    number: int
    messages: Sequence[Message]
    cost: float


class _Later(NamedTuple):
    at: float
    order: int
    job: Job
    tries: int


@dataclass
class _Flight:
    job: Job
    tries: int
    since: float


async def ask_all(jobs: Sequence[Job], ask: Ask, take: Take, calls: Calls, spent: float) -> None:
    """Ask for every job and ``take`` the answers as they come.

    Raises:
        UserError: nobody is there, a fatal failure, or the cost cap is reached; then what was in flight was waited for.
        Unanswered: some jobs failed for good.
    """
    await _Asking(jobs, ask, take, calls, spent).work()


class _Asking:
    def __init__(self, jobs: Sequence[Job], ask: Ask, take: Take, calls: Calls, spent: float) -> None:
        self.ask, self.take, self.calls, self.spent = ask, take, calls, spent
        self.waiting = deque((job, 1) for job in jobs)
        self.later: list[_Later] = []
        self.running: dict[asyncio.Task[Completion], _Flight] = {}
        self.failed: dict[tuple[int, int], str] = {}
        self.limit, self.rising = float(min(START, calls.concurrency)), True
        self.halved = self.quiet_until = self.answered = 0.0
        self.any_answer = False
        self.busy = self.order = 0

    async def work(self) -> None:
        clock = asyncio.get_running_loop().time
        self.answered = clock()
        try:
            while self.waiting or self.later or self.running:
                now = clock()
                while self.later and self.later[0].at <= now:
                    again = heappop(self.later)
                    self.waiting.append((again.job, again.tries))
                self._start(now)
                done = await self._next(now)
                failed = [task for task in done if task.exception() is not None]
                if samples := [self._answered(task, clock()) for task in done if task not in failed]:
                    self.take(samples)
                for task in failed:  # after the answers: what one of them may raise must not lose any
                    self._failed(task, clock())
        finally:  # an error, or Ctrl-C: the others stop at once
            for task in self.running:
                task.cancel()
            await asyncio.gather(*self.running, return_exceptions=True)
        if self.failed:
            raise Unanswered(self.failed)

    def _start(self, now: float) -> None:
        cap = self.calls.max_cost
        while self.waiting and now >= self.quiet_until and len(self.running) < int(self.limit):
            job, tries = self.waiting[0]
            promised = sum(flight.job.cost for flight in self.running.values())
            if cap is not None and self.spent + promised + job.cost > cap:
                if self.running:
                    return  # they may cost less than they might
                raise UserError(
                    f"stopped before the cost cap: {self.spent:.4f} of {cap:g} is spent, and the next answer may cost"
                    f" {job.cost:.4f}; everything is kept, and with a higher --max-cost the same command goes on"
                )
            self.waiting.popleft()
            self.running[asyncio.create_task(self._bounded(job))] = _Flight(job, tries, now)

    async def _bounded(self, job: Job) -> Completion:
        try:  # whatever a client's own limits are
            async with asyncio.timeout(self.calls.timeout):
                return await self.ask(job.messages)
        except TimeoutError as error:
            raise CallFailed(f"no reply within {self.calls.timeout:g} s", sent=True) from error

    async def _next(self, now: float) -> set[asyncio.Task[Completion]]:
        """The requests that are finished, or none when it is time for others."""
        times = [again.at for again in self.later[:1]]
        if self.waiting and self.quiet_until > now:
            times.append(self.quiet_until)
        wait = max(0.0, min(times) - now) if times else None
        if not self.running:
            await asyncio.sleep(wait or 0.0)
            return set()
        done, _ = await asyncio.wait(self.running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        return done

    def _answered(self, task: asyncio.Task[Completion], now: float) -> Sample:
        job, completion = self.running.pop(task).job, task.result()
        self.limit = min(self.calls.concurrency, self.limit + (1.0 if self.rising else 1.0 / self.limit))
        self.answered, self.any_answer, self.busy = now, True, 0
        self.spent += self.calls.cost(completion.prompt_tokens, completion.completion_tokens)
        return Sample(job.place, job.number, completion)

    def _failed(self, task: asyncio.Task[Completion], now: float) -> None:
        flight, failure, calls = self.running.pop(task), task.exception(), self.calls
        job, tries = flight.job, flight.tries
        if not isinstance(failure, CallFailed):
            task.result()  # a mistake of our own, or of a library: it is raised as it is
            return
        if failure.sent:
            self.spent += job.cost
        if failure.kind == "fatal" or now - self.answered > calls.patience:
            raise UserError(f"the model does not answer: {failure}; everything is kept, the same command goes on")
        if failure.kind == "busy":
            if flight.since >= self.halved:  # of those that were sent before, one is enough
                self.limit, self.rising, self.halved = max(1.0, self.limit / 2), False, now
                self.busy += 1
            self.quiet_until = max(self.quiet_until, now + (failure.wait or 0.0))
        elif failure.kind == "refused" or tries >= calls.tries:
            self.failed[job.place, job.number] = str(failure)
            if not self.any_answer and len(self.failed) >= GIVE_UP:
                raise UserError(f"the model does not answer: {failure}; the same command tries again")
            return
        else:
            tries += 1
        pause = min(LONGEST_PAUSE, calls.backoff * 2 ** min(tries - 1 + self.busy, 10)) * random.uniform(0.5, 1.0)
        self.order += 1
        heappush(self.later, _Later(now + max(pause, failure.wait or 0.0), self.order, job, tries))
