"""The files that an export puts beside its rows: what the framework loads, and how to start it there.

``$NAME``, ``$ITEMS``, ``$VIEW`` and ``$PREFILL`` (a Python string) are filled in.
"""

from __future__ import annotations

_HEAD = """# $NAME for {framework}

$ITEMS items of `$NAME` in the $VIEW view, with exactly known answers, made by `rungwise export`. {what}
A failure of the scorer itself is an exception, never a score of 0.

    pip install rungwise
{command}

Where the model's chat template ends the prompt with `<think>`, export again with `--prefill "<think>"`: reasoning that
was cut off would else be read as an answer.
"""


def _readme(framework: str, what: str, command: str) -> str:
    lines = "\n".join(f"    {line}" for line in command.strip().split("\n"))
    return _HEAD.format(framework=framework, what=what, command=lines)


TRL = {
    "reward.py": '''"""The strict score of rungwise. TRL calls it with the columns of grpo/train.jsonl."""

from rungwise.adapters.trl import make_reward

causal_reward = make_reward("$VIEW", prefill=$PREFILL)
''',
    "README.md": _readme(
        "TRL",
        "`sft`, `dpo` and `kto` hold worked solutions (wrong ones are right for another item), `grpo` questions with"
        " what `reward.py` judges by.",
        r"""
trl sft  --model_name_or_path MODEL --dataset_name ./sft  --output_dir runs/sft
trl dpo  --model_name_or_path runs/sft --dataset_name ./dpo  --output_dir runs/dpo
trl kto  --model_name_or_path runs/sft --dataset_name ./kto  --output_dir runs/kto
trl grpo --model_name_or_path runs/sft --dataset_name ./grpo --output_dir runs/grpo \
  --reward_funcs reward.causal_reward
""",
    ),
}

VERL = {
    "reward.py": '''"""The strict score of rungwise, as verl's reward.custom_reward_function."""

from functools import partial

from rungwise.adapters import verl

compute_score = partial(verl.compute_score, prefill=$PREFILL)
''',
    "README.md": _readme(
        "verl",
        "`rows.parquet` has verl's columns; export a second suite, such as `validation`, for `data.val_files`.",
        r"""
python -m verl.trainer.main_ppo algorithm.adv_estimator=grpo \
  data.train_files=$PWD/rows.parquet data.val_files=VALIDATION/rows.parquet \
  data.max_prompt_length=2048 data.max_response_length=4096 \
  actor_rollout_ref.model.path=MODEL actor_rollout_ref.rollout.name=vllm actor_rollout_ref.rollout.n=8 \
  reward.custom_reward_function.path=$PWD/reward.py reward.custom_reward_function.name=compute_score
""",
    ),
}

OPENRLHF = {
    "reward_func.py": '''"""The strict score of rungwise, as OpenRLHF's --reward.remote_url loads it."""

from rungwise.adapters.openrlhf import reward_func

__all__ = ["reward_func"]
''',
    "README.md": _readme(
        "OpenRLHF",
        "A `<think>` that the chat template writes is seen in the prompt, so `--prefill` is not needed here. OpenRLHF"
        " itself catches what a reward function raises and logs it: look for `Failed to fetch reward` in its log.",
        r"""
python -m openrlhf.cli.train_ppo_ray --actor.model_name_or_path MODEL \
  --data.prompt_dataset $PWD/rows.jsonl --data.input_key prompt --data.label_key truth --data.apply_chat_template \
  --data.max_len 6144 --algo.advantage.estimator group_norm --rollout.n_samples_per_prompt 8 \
  --reward.remote_url $PWD/reward_func.py
""",
    ),
}

VERIFIERS = {
    "pyproject.toml": """[project]
name = "rungwise-items"
version = "0.1.0"
description = "Causal problems with exactly known answers"
requires-python = ">=3.11"
dependencies = ["rungwise", "verifiers>=0.4"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
packages = ["rungwise_items"]
""",
    "rungwise_items/__init__.py": '''"""A taskset of verifiers (v1) over the rows beside this file."""

from pathlib import Path

from rungwise.adapters.verifiers import CausalTaskset


class RungwiseTaskset(CausalTaskset):
    ROWS = Path(__file__).with_name("rows.jsonl")
    PREFILL = $PREFILL


__all__ = ["RungwiseTaskset"]
''',
    "README.md": _readme(
        "verifiers",
        "This folder is a package with one taskset.",
        """
pip install -e .
vf-eval rungwise-items -n 20 --model MODEL
""",
    ),
}

LM_EVAL = {
    "utils.py": '''"""What the task's YAML names."""

from pathlib import Path

from rungwise.adapters import lm_eval


def rows(**_):
    return lm_eval.rows(Path(__file__).with_name("rows.jsonl"))


def process_results(doc, results):
    return lm_eval.process_results(doc, results, prefill=$PREFILL)
''',
    "rungwise.yaml": """task: rungwise_$SLUG
custom_dataset: !function utils.rows
output_type: generate_until
test_split: test
doc_to_text: prompt
doc_to_target: answer
process_results: !function utils.process_results
generation_kwargs:
  until: []  # the default, an empty line, would cut the reasoning
  do_sample: false
  temperature: 0
  max_gen_toks: $TOKENS
metric_list:
$METRICS
metadata:
  version: 1.0
""",
    "README.md": _readme(
        "lm-evaluation-harness",
        "`score` is strict: one final answer, with everything asked for right.",
        """
lm-eval validate --include_path . --tasks rungwise_$SLUG
lm-eval run --include_path . --tasks rungwise_$SLUG --model hf --model_args pretrained=MODEL --apply_chat_template
""",
    ),
}

INSPECT = {
    "task.py": '''"""A task of Inspect AI over the rows beside this file."""

from pathlib import Path

from inspect_ai import Task, task

from rungwise.adapters.inspect import rows_task
from rungwise.files import read_json_lines


@task
def rungwise_$SLUG() -> Task:
    rows = read_json_lines(Path(__file__).with_name("rows.jsonl"))
    return rows_task((row for _, row in rows), prefill=$PREFILL)
''',
    "README.md": _readme(
        "Inspect AI",
        "Suites can also be named without an export: `inspect eval rungwise/causal -T suite=base -T n=70`.",
        """
inspect eval task.py --model openai/MODEL
""",
    ),
}
