"""verifiers (0.4, v1): a taskset over exported rows; a package that exports a subclass with its file is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import verifiers.v1 as vf

from rungwise.adapters.judge import judge, numbers
from rungwise.files import read_json_lines


class CausalData(vf.TaskData):  # type: ignore[misc]
    """A row: what is asked, what it is judged by, and the ``<think>`` that the chat template writes itself."""

    truth: str
    prefill: str = ""


class CausalTask(vf.Task[CausalData]):  # type: ignore[misc]
    """The strict score is the reward, its parts are metrics."""

    @vf.reward  # type: ignore[untyped-decorator]
    async def strict(self, task: Any, trace: Any) -> float:
        """1 for a right answer, else 0."""
        return numbers(judge(task.prefill + trace.last_reply, task.truth))["score"]

    @vf.metric  # type: ignore[untyped-decorator]
    async def parts(self, task: Any, trace: Any) -> dict[str, float]:
        """What the score is made of."""
        return numbers(judge(task.prefill + trace.last_reply, task.truth))


class CausalTaskset(vf.Taskset[CausalTask, vf.TasksetConfig]):  # type: ignore[misc]
    """The rows of ``ROWS``, a JSON lines file."""

    ROWS: ClassVar[Path]
    PREFILL: ClassVar[str] = ""

    def load(self) -> Iterator[CausalTask]:
        """One task a row."""
        for _, row in read_json_lines(self.ROWS):
            yield CausalTask(CausalData(**row, prefill=self.PREFILL), self.config.task)
