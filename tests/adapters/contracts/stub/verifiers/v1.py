"""Generic bases, the two decorators, and scoring that passes to a hook the arguments it names."""

import inspect
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

DataT, TaskT, ConfigT = TypeVar("DataT"), TypeVar("TaskT"), TypeVar("ConfigT")


class TaskData(BaseModel):
    model_config = ConfigDict(frozen=True)
    idx: int | None = None
    id: str | None = None
    prompt: str | None = None


class TaskConfig(BaseModel):
    pass


class TasksetConfig(BaseModel):
    task: TaskConfig = TaskConfig()


def reward(function):
    function.kind = "reward"
    return function


def metric(function):
    function.kind = "metric"
    return function


class Task(Generic[DataT]):
    def __init__(self, data, config=None):
        self.data, self.config = data, config

    async def score(self, trace):
        available = {"task": self.data, "trace": trace}
        for name in dir(self):
            hook = getattr(self, name)
            kind = getattr(hook, "kind", None)
            if kind:
                named = {key: available[key] for key in inspect.signature(hook).parameters}
                found = await hook(**named)
                (trace.rewards if kind == "reward" else trace.metrics)[name] = found


class Taskset(Generic[TaskT, ConfigT]):
    def __init__(self, config):
        self.config = config

    def __iter__(self):
        return iter(self.load())
