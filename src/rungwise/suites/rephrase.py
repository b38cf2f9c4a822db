"""Rewording generated items by a language model: resumed item by item, and only faithful rewordings are kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import rungwise
from rungwise.errors import UserError
from rungwise.files import begun_log, read_log
from rungwise.problems.certificate import read_certificate
from rungwise.problems.problem import EFFECTS, Problem
from rungwise.suites.endpoint import Asker, Endpoint, EndpointFailure
from rungwise.suites.folder import LOG, MANIFEST
from rungwise.suites.items import to_text
from rungwise.suites.rephrase_folder import finish
from rungwise.suites.rewording import Outcome, messages, most_tokens, reword
from rungwise.suites.rows import COLUMNS, read_rows
from rungwise.wording.fidelity import sentences

GIVE_UP = 20
"""So many items in a row without a usable reply end the run."""

UNANSWERED = ("endpoint", "reply")
"""Codes of items that are tried again when the run goes on: no reply at all, or none that is a list of sentences."""

CHARS_PER_TOKEN = 4
"""For estimates; the endpoint's own counts are what is reported."""


@dataclass(frozen=True)
class Rephrasing:
    """What is reworded, by whom and how.

    Raises:
        UserError: a number is out of range.
    """

    source: Path
    endpoint: Endpoint
    tries: int = 3
    concurrency: int = 4
    limit: int | None = None

    def __post_init__(self) -> None:
        for name, most in (("tries", 20), ("concurrency", 256)):
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"--{name} must be from 1 to {most}, got {getattr(self, name)}")
        if self.limit is not None and self.limit < 1:
            raise UserError(f"--limit must be at least 1, got {self.limit}")

    def items(self) -> Iterator[tuple[int, dict[str, Any], Problem]]:
        """Number, row and problem of each item.

        Raises:
            UserError: a row is no generated item in the plain natural wording.
        """
        for index, (where, row) in enumerate(islice(read_rows(self.source), self.limit)):
            if any(name not in row for name in COLUMNS) or not isinstance(row["problem"], str):
                raise UserError(f"{where} is no item made by 'rungwise generate'")
            problem = read_certificate(row["problem"])
            if row["view"] != "natural" or row["text"] != to_text(problem, "natural"):
                raise UserError(f"{where} is not in the plain wording of the natural view; only that can be reworded")
            yield index, row, problem


def rephrase(job: Rephrasing, out: Path, progress: Callable[[int, int, str], None] | None = None) -> dict[str, Any]:
    """Write ``out/SUITE/SPLIT-00000-of-00001.jsonl`` with the reworded items, ``manifest.json`` and ``README.md``;
    returns the manifest, whose "rephrased" holds the counts.

    Every finished item is recorded, so after a crash the same call goes on; items without a usable reply are tried
    again.

    Raises:
        UserError: a mistake in the job, ``out`` holds something else, the endpoint fails on all of many items in a
            row, or no rewording at all is faithful.
        OSError: a file can't be written.
    """
    asker = Asker(job.endpoint)
    digest, total = hashlib.sha256(), 0
    for _, row, problem in job.items():
        sentences(problem)  # that it can be reworded at all is known before anything is sent
        digest.update(f"{row['id']} {row['suite']} {row['text']}\n".encode())
        total += 1
    if not total:
        raise UserError(f"{job.source} holds no items")
    stated = {
        "rungwise": rungwise.__version__,
        "source": digest.hexdigest(),
        "endpoint": job.endpoint.url,
        "model": job.endpoint.model,
        "temperature": job.endpoint.temperature,
        "tries": job.tries,
        "limit": job.limit,
    }
    log = _resume(out, stated)
    records = {record["index"]: record for record in read_log(log)[1:]}
    if left := total - sum(record["code"] not in UNANSWERED for record in records.values()):
        with log.open("a", encoding="utf-8") as file:
            # That the few items left fail again is no reason to stop where others were kept.
            give_up = GIVE_UP if any(record["text"] for record in records.values()) else min(GIVE_UP, left)
            asyncio.run(_Run(job, asker, records, file, total, give_up, progress).work())
    return finish(job.items, out, stated, [records[index] for index in sorted(records)])


def estimate(job: Rephrasing) -> dict[str, int]:
    """{"items", "requests", "requests_at_most", "prompt_tokens", "completion_tokens"}: what a run would take, the
    tokens of one request an item; nothing is sent.

    Raises:
        UserError: an item can't be reworded.
    """
    found = dict.fromkeys(("items", "requests", "requests_at_most", "prompt_tokens", "completion_tokens"), 0)
    for _, _, problem in job.items():
        every = sentences(problem)
        asked = sum(len(message["content"]) for message in messages(every, range(len(every))))
        found["items"] += 1
        found["requests"] += 1
        found["requests_at_most"] += job.tries
        found["prompt_tokens"] += asked // CHARS_PER_TOKEN
        found["completion_tokens"] += most_tokens(every, range(len(every))) // CHARS_PER_TOKEN
    return found


@dataclass
class _Run:
    """The items in work: as many at a time as the job says, all taken from one iterator."""

    job: Rephrasing
    asker: Asker
    records: dict[int, dict[str, Any]]
    file: TextIO
    total: int
    give_up: int
    progress: Callable[[int, int, str], None] | None
    failed_in_a_row: int = 0
    kept: int = 0
    since: float = 0.0

    async def work(self) -> None:
        self.since = time.monotonic()
        self.kept = sum(record["text"] is not None for record in self.records.values())
        done = {index for index, record in self.records.items() if record["code"] not in UNANSWERED}
        items = (item for item in self.job.items() if item[0] not in done)
        async with self.asker:
            workers = [asyncio.create_task(self._worker(items)) for _ in range(self.job.concurrency)]
            try:
                await asyncio.gather(*workers)
            finally:  # an error in one of them, or Ctrl-C: the others stop at once
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def _worker(self, items: Iterator[tuple[int, dict[str, Any], Problem]]) -> None:
        for index, row, problem in items:
            fatal = False
            try:
                outcome = await reword(problem, self.asker.ask, self.job.tries)
            except EndpointFailure as error:
                outcome, fatal = Outcome(None, "endpoint", str(error), 1, 0, 0), error.fatal
            self.failed_in_a_row = self.failed_in_a_row + 1 if outcome.code in UNANSWERED else 0
            if fatal or self.failed_in_a_row >= self.give_up:
                many = "" if fatal else f" on {self.failed_in_a_row} items in a row"
                raise UserError(f"{self.job.endpoint.url} fails{many}: {outcome.why}; the same command goes on")
            self._keep(index, row, problem, outcome)

    def _keep(self, index: int, row: dict[str, Any], problem: Problem, outcome: Outcome) -> None:
        now = time.monotonic()
        signed = row["task"] in EFFECTS and problem.truth is not None and bool(problem.truth.value)
        earlier = self.records.get(index, {})
        record = {
            "index": index,
            **{name: row[name] for name in ("id", "suite", "split", "task")},
            "answer": problem.truth.answer if signed and problem.truth else None,
            "text": outcome.text,
            "code": outcome.code,
            "why": outcome.why,
            "requests": outcome.requests,
            "prompt_tokens": outcome.prompt_tokens,
            "completion_tokens": outcome.completion_tokens,
            "seconds": round(now - self.since, 3),  # since the last record, so that they add up
        }
        for name in ("requests", "prompt_tokens", "completion_tokens", "seconds"):  # of a run before, in vain
            record[name] += earlier.get(name, 0)
        self.since = now
        self.file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.records[index] = record
        self.kept += outcome.text is not None
        if self.progress:
            self.progress(len(self.records), self.total, f"{self.kept} kept")


def _resume(out: Path, stated: dict[str, Any]) -> Path:
    """The log of a folder that is this job's, begun or not."""
    log = out / LOG
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose another --out")
    if (out / MANIFEST).exists() and not read_log(log):
        raise UserError(f"{out} holds items that have no record; choose another --out")
    return begun_log(log, stated, out)
