"""Every answer that was ever paid for, in one SQLite file that many processes may use at once."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.protocol import Message, Sampling
from rungwise.language_models import Completion

FILE = "responses.sqlite"
PATIENCE = 60.0
"""Seconds that a process waits for another one's write."""
CHUNK = 500
"""Keys in one question to the database."""


def user_cache() -> Path:
    """Where answers are kept if nothing else is said: $XDG_CACHE_HOME/rungwise or ~/.cache/rungwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rungwise"


def key_of(model: Mapping[str, Any], sampling: Sampling, messages: Sequence[Message], sample: int) -> bytes:
    """Hash over everything that an answer depends on: ``model`` (name, version, address), the settings, the prompt and
    the sample's number. The seed counts only where something is drawn."""
    settings = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_new_tokens": sampling.max_new_tokens,
        "seed": None if sampling.temperature == 0 else sampling.seed,
    }
    said = json.dumps([1, dict(model), settings, list(messages), sample], sort_keys=True)
    return hashlib.sha256(said.encode()).digest()


class Cache:
    """The answers by key.

    Raises:
        UserError: the file can't be made, read or written, or is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        with self._trouble():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._base = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")  # readers don't wait for a writer
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer TEXT) WITHOUT ROWID")

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        """Those that are known."""
        found: dict[bytes, Completion] = {}
        with self._trouble():
            for start in range(0, len(keys), CHUNK):
                part = keys[start : start + CHUNK]
                places = ",".join("?" * len(part))
                rows = self._base.execute(f"SELECT key, answer FROM answers WHERE key IN ({places})", part)
                found |= {key: Completion(**json.loads(answer)) for key, answer in rows}
        return found

    def put(self, answers: Iterable[tuple[bytes, Completion]]) -> None:
        """Keep some answers, all or none; one that is known already stays."""
        rows = [(key, json.dumps(asdict(completion))) for key, completion in answers]
        with self._trouble():
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)
            self._base.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            raise UserError(
                f"the cache {self._path} can't be used ({error}); choose another --cache, or --no-cache"
            ) from error
