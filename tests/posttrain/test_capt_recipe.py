"""The recipe of CAPT's own setting, on a small Qwen2 of random weights and a file in CLadder's form."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("trl")
pytest.importorskip("peft")
from suites.published.cladder_rows import row, write
from tiny_runs import ignore, save_talker

from rungwise.evaluate.run import evaluate
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import recipe

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def test_it_trains_and_is_evaluated(tmp_path: Path) -> None:
    rows = [row("ate", "confounding", seed, up) for seed in range(6) for up in (True, False)]
    for number, one in enumerate(rows):
        one["question_id"] = number
        one["reasoning"] = {"step0": "Let X = dral; Y = foop; V1 = bemp.", "end": "0.1 > 0"}
    data = f"cladder:{write(tmp_path, rows)}"
    base = save_talker(tmp_path / "base", TEMPLATE, "qwen2")
    chosen = recipe("capt-qwen2.5-3b", [f"data={data}", "samples=6", "sft.steps=2", "lora.bits=0", "lora.rank=2"])
    assert (chosen.lora.alpha, chosen.sft.lr, chosen.sft.batch, chosen.capt) == (128, 3e-4, 4, "random")
    result = train(replace(chosen, model=str(base)), "sft", None, tmp_path / "run", ignore)
    assert result["steps"] == 2
    assert result["capt"] == {"mode": "random", "kept": 6, "left_out": {}}
    adapters = json.loads((tmp_path / "run" / "model" / "adapter_config.json").read_text())
    assert sorted(adapters["target_modules"]) == ["k_proj", "o_proj", "q_proj", "v_proj"]
    found = evaluate(
        result["model"], data, capt="random", limit=3, max_new_tokens=4, out=tmp_path / "id", view="natural"
    )
    assert found["capt"] == {"mode": "random", "by": "readers", "not_abstracted": 0}
    assert found["n"] == 3
