"""As OpenRLHF 0.11 does: one query at a time, in threads; a query is the templated prompt, the response and the end."""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path

START, END = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"

folder, cases = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
spec = importlib.util.spec_from_file_location("reward_func", f"{folder}/reward_func.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
rows = [json.loads(line) for line in Path(folder, "rows.jsonl").read_text().splitlines()]


async def scores():
    calls = []
    for place, text in cases:
        prompt = START.format(rows[place]["prompt"])
        calls.append(asyncio.to_thread(module.reward_func, [prompt + text + END], [prompt], [rows[place]["truth"]]))
    return await asyncio.gather(*calls)


found = asyncio.run(scores())
assert all(one["rewards"].shape == one["scores"].shape == (1,) for one in found)
assert all(value.shape == (1,) for one in found for value in one["extra_logs"].values())
print(json.dumps([one["rewards"].item() for one in found]))
