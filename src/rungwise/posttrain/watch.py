"""Watching GRPO and PPO: what the completions are worth, split so that it can be seen what is learnt.

Adds to each line of metrics, over the completions since the last line and over all processes:

- ``accuracy``: share that the scorer calls right (TRL logs ``reward``, ``completions/clipped_ratio``,
  ``completions/mean_length`` and ``frac_reward_zero_std``, the share of groups with one reward for all);
- ``task/ATE/accuracy``, ``task/ATE/reward``, ...: the same by task;
- ``difficulty/one_set/accuracy``, ``difficulty/one_set/reward``, ...: by what the right estimand needs, see ``band``;
- ``reason/right``, ``reason/wrong_value``, ...: shares of the completions by the scorer's reason;
- ``shortcut/constant``, ``shortcut/unadjusted``: of the completions to questions where 0 (the unadjusted difference)
  is wrong, the share that answers it;
- ``groups/all_right``, ``groups/all_wrong``: of all groups, the share without spread of rewards in which all are right
  (wrong).

Every ``SAMPLE_EVERY`` updates one whole group is kept in ``samples.jsonl``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from accelerate.utils import gather_object
from transformers import TrainerCallback

from rungwise.files import read_log, write_json_lines
from rungwise.posttrain.common import Run, last_checkpoint, opening, processes, steps_done
from rungwise.posttrain.settings import OnlineSettings
from rungwise.problems.baselines import baseline_value
from rungwise.problems.problem import TOLERANCE, Problem
from rungwise.scoring.reward import Completion, stored_problem, text_of

SAMPLES = "samples.jsonl"

SAMPLE_EVERY = 20
"""Updates from one group in ``samples.jsonl`` to the next."""

SHORTCUTS = ("constant", "unadjusted")
"""The baselines that a model falls into; graph-blind and lookup are harder to find than the truth."""

Reward = Callable[..., list[float]]


class Question(NamedTuple):
    """What is counted by: the task, the band of difficulty (None: not stated) and the shortcuts' values where wrong."""

    task: str
    band: str | None
    wrong: tuple[tuple[str, float], ...]


class Judged(NamedTuple):
    """A completion: its question, its reward, the verdict's score and reason code, and the shortcut's values that were
    answered."""

    question: Question
    reward: float
    score: int
    reason: str
    taken: tuple[str, ...]


class Watcher(TrainerCallback):  # type: ignore[misc]
    """Give ``causal_reward`` to the trainer as its reward, and the object itself as the first of our callbacks."""

    def __init__(self, run: Run, settings: OnlineSettings, reward: Reward) -> None:
        self.reward, self.group = reward, settings.group
        self.about = exercise_question if run.recipe.data else question
        self.prefill = opening(run.tokenizer)
        self.batches: list[list[Judged]] = []
        self.samples = run.out / SAMPLES
        self.writes = processes().is_main_process
        # A group is sampled before the update that it leads to: the one after so many steps is in no checkpoint yet.
        done = steps_done(last_checkpoint(run.out))
        kept = [row for row in read_log(self.samples) if row["step"] < done]
        if self.writes:
            write_json_lines(self.samples, kept)
        self.next_sample = kept[-1]["step"] + SAMPLE_EVERY if kept else 0

    def causal_reward(
        self, completions: Sequence[Completion], problem: Sequence[str], trainer_state: Any, **columns: Any
    ) -> list[float]:
        """The rewards, with TRL's signature."""
        verdicts: dict[str, list[Any]] = {}
        columns |= {"completions": completions, "problem": problem, "trainer_state": trainer_state}
        rewards = self.reward(**columns | {"log_extra": verdicts.__setitem__})
        rows = zip(problem, rewards, verdicts["score"], verdicts["value"], verdicts["reason"], strict=True)
        self.batches.append([judged(self.about(stored), *rest) for stored, *rest in rows])
        if self.writes and trainer_state.global_step >= self.next_sample:
            self.next_sample = trainer_state.global_step + SAMPLE_EVERY
            self._keep_sample(trainer_state.global_step, columns, rewards, verdicts)
        return rewards

    def _keep_sample(
        self, step: int, columns: dict[str, Any], rewards: list[float], verdicts: dict[str, list[Any]]
    ) -> None:
        """The first group of the batch: questions come shuffled."""
        stored = json.loads(columns["problem"][0])
        prompt = columns["prompts"][0]
        row = {
            "step": step,
            "id": stored["id"],
            "task": self.about(columns["problem"][0]).task,
            "prompt": prompt if isinstance(prompt, str) else prompt[-1]["content"],
            "truth": stored.get("truth"),
            "completions": [
                {
                    "text": self.prefill + text_of(columns["completions"][i]),
                    "reward": rewards[i],
                    **{name: found[i] for name, found in verdicts.items()},
                }
                for i in range(min(self.group, len(rewards)))
            ],
        }
        with self.samples.open("a", encoding="utf-8") as log:
            log.write(json.dumps(row, ensure_ascii=False) + "\n")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Add what was counted since the last line to this one."""
        shares: list[list[list[Judged]]] = gather_object([self.batches])  # groups may lie across processes
        self.batches = []
        if logs is not None:
            logs.update(summary([list(chain(*parts)) for parts in zip(*shares, strict=True)], self.group))


@lru_cache(maxsize=1024)
def question(stored: str) -> Question:
    """What is counted by for a row's problem; each comes back once for every sample of its group."""
    problem = stored_problem(stored)
    truth = problem.truth.value if problem.truth else None
    values = [(name, baseline_value(name, problem)) for name in SHORTCUTS]
    wrong = [(name, v) for name, v in values if v is not None and (truth is None or abs(v - truth) > TOLERANCE)]
    return Question(problem.query.task, band(problem), tuple(wrong))


def exercise_question(stored: str) -> Question:
    """The same for the row of an exercise: there are no difficulty and no shortcuts."""
    return Question(str(json.loads(stored)["task"]), None, ())


def band(problem: Problem) -> str | None:
    """What has to be found in the graph: "nothing" (no path, the value is 0), "no_set" (no adjustment, no mediators),
    "one_set" of these or "two_sets"; None where the problem does not state its difficulty or has no value."""
    stated = problem.meta.get("difficulty")
    if not stated or (problem.truth is not None and problem.truth.value is None):
        return None
    if not stated["operations"]:
        return "nothing"
    return ("no_set", "one_set", "two_sets")[bool(stated["adjustment"]) + bool(stated["mediators"])]


def judged(about: Question, reward: float, score: int, value: float | None, reason: str) -> Judged:
    """A completion as it is counted."""
    taken: list[str] = []
    if value is not None and not score:
        taken = [name for name, wrong in about.wrong if abs(value - wrong) < TOLERANCE]
    return Judged(about, reward, score, reason.partition(":")[0], tuple(taken))


def summary(batches: Sequence[Sequence[Judged]], group: int) -> dict[str, float]:
    """The metrics of these batches; each batch is whole groups of ``group`` completions to one question."""
    scores: dict[str, list[int]] = defaultdict(list)
    rewards: dict[str, list[float]] = defaultdict(list)
    shares: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    reasons: dict[str, int] = defaultdict(int)
    total = groups = 0
    still = {"right": 0, "wrong": 0}
    for batch in batches:
        for first in range(0, len(batch), group):
            part = batch[first : first + group]
            about = part[0].question
            own_scores, own_rewards = [one.score for one in part], [one.reward for one in part]
            for place in (f"task/{about.task}", f"difficulty/{about.band}"):
                scores[place] += own_scores
                rewards[place] += own_rewards
            for one in part:
                reasons[one.reason] += 1
            for name, _ in about.wrong:
                counts = shares[name]
                counts[0] += sum([name in one.taken for one in part])
                counts[1] += len(part)
            total += len(part)
            groups += 1
            if max(own_rewards) == min(own_rewards) and len(set(own_scores)) == 1:
                still["right" if own_scores[0] else "wrong"] += 1
    if not total:
        return {}
    scores.pop("difficulty/None", None)
    return {
        "accuracy": sum([sum(found) for place, found in scores.items() if place.startswith("task/")]) / total,
        **{f"{place}/accuracy": sum(found) / len(found) for place, found in sorted(scores.items())},
        **{f"{place}/reward": sum(rewards[place]) / len(found) for place, found in sorted(scores.items())},
        **{f"reason/{code}": count / total for code, count in sorted(reasons.items())},
        **{f"shortcut/{name}": taken / of for name, (taken, of) in sorted(shares.items())},
        **{f"groups/all_{kind}": count / groups for kind, count in still.items()},
    }
