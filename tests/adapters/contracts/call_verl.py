"""As verl 0.9 does: the file is loaded under a name of verl's own, the function called with keywords in threads."""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path

import pyarrow.parquet


def load(path):
    spec = importlib.util.spec_from_file_location("custom_module", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["custom_module"] = module
    spec.loader.exec_module(module)
    return module.compute_score


async def scores(function, rows, cases):
    def one(place, text):
        row = rows[place]
        truth, info = row["reward_model"]["ground_truth"], {**row["extra_info"], "num_turns": None}
        return function(data_source=row["data_source"], solution_str=text, ground_truth=truth, extra_info=info)

    loop = asyncio.get_running_loop()
    return await asyncio.gather(*(loop.run_in_executor(None, one, *case) for case in cases))


folder, cases = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
rows = pyarrow.parquet.read_table(f"{folder}/rows.parquet").to_pylist()
assert all(row["prompt"][0]["role"] == "user" and row["reward_model"]["style"] == "rule" for row in rows)
found = asyncio.run(scores(load(f"{folder}/reward.py"), rows, cases))
assert {frozenset(one) for one in found} == {frozenset(found[0])}, "the keys must be the same for all rows"
assert all(isinstance(value, float) for one in found for value in one.values())
print(json.dumps([one["score"] for one in found]))
