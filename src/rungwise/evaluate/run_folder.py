"""The folder of an evaluation: whose it is, what is finished so far, and what it ends with."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from rungwise.errors import UserError
from rungwise.evaluate.results import Row
from rungwise.files import naming, read_json, write_json, write_json_lines
from rungwise.language_models import Completion

PREDICTIONS, RESULTS, MISSES = "predictions.jsonl", "results.json", "misses.jsonl"
SETTINGS, PARTIAL = "settings.json", "predictions.partial.jsonl"

NOT_COMPARED = ("versions",)
"""Of the settings: stated, and no reason to refuse to go on."""


class Answered(NamedTuple):
    """A sample of a question, ``item`` is the question's index; ``paid`` unless it came from the cache."""

    item: int
    sample: int
    completion: Completion
    paid: bool


def finished_results(out: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Make the folder this evaluation's own; the results where it is finished.

    Raises:
        UserError: it holds another evaluation, with the names of the settings that differ.
    """
    stored, finished = out / SETTINGS, out / RESULTS
    partial = (out / PARTIAL).stat().st_size if (out / PARTIAL).exists() else 0
    if not partial and not any((out / name).exists() for name in (PREDICTIONS, RESULTS)):
        write_json(stored, settings)  # nothing is there yet, whatever failed before
        return None
    if not stored.exists():
        raise UserError(f"{out} holds predictions without {SETTINGS}; choose another --out")
    old, settings = read_json(stored), json.loads(json.dumps(settings))
    keys = sorted({*settings, *old} - {*NOT_COMPARED})
    changed = ", ".join(key for key in keys if old.get(key) != settings.get(key))
    if changed:
        raise UserError(f"{out} holds an evaluation with other settings ({changed}); choose another --out")
    results: dict[str, Any] | None = read_json(finished) if finished.exists() else None
    return results


class Partial:
    """The finished samples of an evaluation that is not: each line holds those that were finished together, so that a
    crash leaves none of them or all."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file

    def read(self) -> Iterator[Answered]:
        """What is stored; a line that a process died over is cut off."""
        if self._file is None:
            return
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        for line in whole.splitlines():
            for item, sample, paid, completion in json.loads(line):
                yield Answered(item, sample, Completion(**completion), paid)

    def append(self, answers: Iterable[Answered]) -> None:
        """Keep some samples."""
        line = [[a.item, a.sample, a.paid, _stored(a.completion)] for a in answers]
        if self._file is None or not line:
            return
        with naming(Path(self._file.name)):
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()


@contextmanager
def partial_of(out: Path | None) -> Iterator[Partial]:
    """The samples of an unfinished folder, for this process alone; of none, or a finished one, nothing is kept.

    Raises:
        UserError: another process evaluates into the folder.
    """
    if out is None or (out / RESULTS).exists():
        yield Partial()
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / PARTIAL).open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"another process is evaluating into {out}; wait for it, or stop it") from error
        yield Partial(file)


def keep(out: Path, rows: Iterable[Row], results: dict[str, Any]) -> None:
    """Write what a finished evaluation ends with."""
    write_json_lines(out / PREDICTIONS, rows)
    if "misses" in results:
        write_json_lines(out / MISSES, results["misses"])
    write_json(out / RESULTS, results)  # last: it says that the evaluation is finished
    (out / PARTIAL).unlink(missing_ok=True)


def _stored(completion: Completion) -> dict[str, Any]:
    found: dict[str, Any] = {"text": completion.text, "cut_off": completion.cut_off}
    for name in ("thinking", "prompt_tokens", "completion_tokens"):
        if value := getattr(completion, name):
            found[name] = value
    return found
