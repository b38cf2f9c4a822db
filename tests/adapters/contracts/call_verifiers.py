"""As verifiers 0.4 does: the package's one Taskset in __all__, its tasks, and each task's scoring of a trace."""

import asyncio
import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

folder, cases = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
sys.path[:0] = [folder, str(Path(__file__).with_name("stub"))]
vf = importlib.import_module("verifiers.v1")
module = importlib.import_module("rungwise_items")
exported = [getattr(module, name) for name in module.__all__]
(taskset,) = [one for one in exported if issubclass(one, vf.Taskset) and one is not vf.Taskset]
tasks = list(taskset(vf.TasksetConfig()))
assert all(task.data.prompt and task.data.id for task in tasks)


async def scored(place, text):
    trace = SimpleNamespace(last_reply=text.strip(), rewards={}, metrics={})
    await tasks[place].score(trace)
    ((_, value),) = trace.rewards.items()
    assert trace.metrics["parts"]["score"] == value
    return value


async def scores():
    return [await scored(*case) for case in cases]


print(json.dumps(asyncio.run(scores())))
