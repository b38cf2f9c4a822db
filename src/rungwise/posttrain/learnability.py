"""Whether reinforcement learning has something to learn from: samples of the start model on fresh questions.

GRPO learns from a group of completions only where their rewards differ; PPO, with a critic, needs right completions as
well. So for each task, level and size of estimand: how often a completion is right (pass@1), how often one of k is
(pass@k), how often all k are, and how many groups of k get one and the same reward.

``advice`` says which levels are worth asking and why a run can't learn.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import comb

from rungwise.errors import UserError
from rungwise.language_models import generate_batches, load_model
from rungwise.posttrain.data import QUESTIONS_START
from rungwise.posttrain.settings import OnlineSettings, TrainRecipe, method_settings
from rungwise.posttrain.solutions import prompt_ids
from rungwise.problems.problem import TASKS, Problem
from rungwise.scoring.reward import reward
from rungwise.scoring.score import score
from rungwise.suites.items import LEVELS, generate, to_text

MIXED = "mixed"
AT_ONCE = 128
"""Completions sampled together."""
OPERATIONS = (("0 operations", 0), ("1 to 3 operations", 3), ("4 to 8 operations", 8), ("9 or more operations", 10**9))
"""Sizes of the right estimand (``problems.difficulty``): name, most operations."""


def pass_at_k(n: int, right: int, k: int) -> float:
    """Unbiased estimate of the probability that one of k samples is right, from ``right`` of n that are (Chen et al.
    2021, arXiv 2107.03374, equation 1)."""
    return 1 - comb(n - right, k) / comb(n, k)


def same_at_k(values: Sequence[float], k: int) -> float:
    """Unbiased estimate of the probability that k samples all have the same value: the share of the samples' subsets of
    size k that do."""
    return sum(comb(count, k) for count in Counter(values).values()) / comb(len(values), k)


@dataclass(frozen=True)
class Answered:
    """The samples for one question.

    Attributes:
        rewards, right: of each sample.
        cut_off, unparsed: numbers of samples.
        tokens: of all samples together.
    """

    task: str
    level: str
    operations: int
    rewards: tuple[float, ...]
    right: tuple[bool, ...]
    cut_off: int
    unparsed: int
    tokens: int


@dataclass(frozen=True)
class Row:
    """A line of the table: means over questions.

    Attributes:
        pass_1, pass_k, all_k: share of right completions, of groups of k with a right one, of groups with k right ones.
        no_spread: share of groups in which all rewards are the same.
        cut_off, unparsed: shares of completions.
        tokens: of a completion.
    """

    name: str
    questions: int
    pass_1: float
    pass_k: float
    all_k: float
    no_spread: float
    cut_off: float
    unparsed: float
    tokens: float

    @property
    def teaching(self) -> float:
        """Share of groups with a right completion and a wrong one."""
        return self.pass_k - self.all_k


@dataclass(frozen=True)
class Learnability:
    """What was found.

    Attributes:
        by_task, by_operations: over the questions of all levels.
        by_level: each of ``LEVELS`` and the training suite's own mix, "mixed".
        left_out: levels that the model can't be asked, and why.
    """

    model: str
    samples: int
    k: int
    limit: int
    seconds: float
    by_task: tuple[Row, ...]
    by_level: tuple[Row, ...]
    by_operations: tuple[Row, ...]
    left_out: dict[str, str]


def learnability(
    recipe: TrainRecipe,
    method: str,
    model: str | None,
    samples: int,
    per_task: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> Learnability:
    """Sample ``samples`` completions of ``per_task`` questions of every task at every level, and say what is there.

    Groups are of the method's size k, or of ``samples`` where these are fewer. Questions are of validation shapes, so
    that training never sees them. ``progress(done, of)`` counts questions.

    Raises:
        UserError: fewer than two samples, no questions, no such model, or no level whose questions fit the model.
    """
    if recipe.data:
        raise UserError("what can be learnt is sampled of our causal problems only: leave out --samples, or data")
    if samples < 2 or per_task < 1:
        raise UserError(f"give 2 samples or more of 1 question a task or more, got {samples} and {per_task}")
    started = time.monotonic()
    settings = method_settings(recipe, method)
    online = settings if isinstance(settings, OnlineSettings) else recipe.grpo
    net, tokenizer = load_model(model or recipe.model)
    context = getattr(net.config.get_text_config(), "max_position_embeddings", None)
    room = None if context is None else context - online.max_completion
    asked, left_out = questions_by_level(recipe, per_task, lambda text: len(prompt_ids(text, tokenizer)), room)
    problems = [problem for found in asked.values() for problem in found]
    if not problems:
        raise UserError(f"no question fits the model: {next(iter(left_out.values()))}")
    levels = [level for level, found in asked.items() for _ in found]
    answered, done = [], 0
    for places, completions in generate_batches(
        net, tokenizer, [to_text(problem, recipe.view) for problem in problems],
        max_new_tokens=online.max_completion, samples=samples, temperature=online.temperature, top_p=1.0,
        batch_size=AT_ONCE, seed=recipe.seed,
    ):  # fmt: skip
        for i, group in zip(places, completions, strict=True):
            problem, texts = problems[i], [completion.text for completion in group]
            lengths = [len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
            verdicts = [score(text, problem, recipe.view) for text in texts]
            answered.append(
                Answered(
                    task=problem.query.task,
                    level=levels[i],
                    operations=problem.meta["difficulty"]["operations"],
                    rewards=tuple(
                        reward(text, problem, recipe.view, recipe.reward, n / online.max_completion)
                        for text, n in zip(texts, lengths, strict=True)
                    ),
                    right=tuple(verdict.score == 1 for verdict in verdicts),
                    cut_off=sum(completion.cut_off for completion in group),
                    unparsed=sum(verdict.status == "unparsed" for verdict in verdicts),
                    tokens=sum(lengths),
                )
            )
        done += len(places)
        if progress:
            progress(done, len(problems))
    k = min(samples, online.group)
    by_level = tuple(row(level, (a for a in answered if a.level == level), k) for level in asked)
    by_task = tuple(row(task, (a for a in answered if a.task == task), k) for task in TASKS)
    return Learnability(
        model=model or recipe.model,
        samples=samples,
        k=k,
        limit=online.max_completion,
        seconds=round(time.monotonic() - started, 1),
        by_task=by_task,
        by_level=by_level,
        by_operations=tuple(_by_operations(answered, k)),
        left_out=left_out,
    )


def questions_by_level(
    recipe: TrainRecipe, per_task: int, length: Callable[[str], int], room: int | None
) -> tuple[dict[str, list[Problem]], dict[str, str]]:
    """Validation problems of every level, and the levels left out because a question can't be shown in the view or has
    more than ``room`` tokens."""
    asked: dict[str, list[Problem]] = {}
    left_out: dict[str, str] = {}
    for level in (MIXED, *LEVELS):
        options = {} if level == MIXED else {"level": level}
        source = generate(
            "validation", per_task * len(TASKS), recipe.seed, recipe.view, recipe.names, QUESTIONS_START, **options
        )
        try:
            items = list(source)
        except UserError as error:
            left_out[level] = str(error)
            continue
        longest = max(length(item.text) for item in items)
        if room is not None and longest > room:
            left_out[level] = f"prompts of up to {longest} tokens, and the model's context leaves {room}"
        else:
            asked[level] = [item.problem for item in items]
    return asked, left_out


def row(name: str, answered: Iterable[Answered], k: int) -> Row:
    """The means over some questions."""
    found = list(answered)
    n, samples = len(found), sum(len(a.right) for a in found)

    def mean(values: Iterable[float]) -> float:
        return sum(values) / n if n else 0.0

    return Row(
        name=name,
        questions=n,
        pass_1=mean(sum(a.right) / len(a.right) for a in found),
        pass_k=mean(pass_at_k(len(a.right), sum(a.right), k) for a in found),
        all_k=mean(1 - pass_at_k(len(a.right), len(a.right) - sum(a.right), k) for a in found),
        no_spread=mean(same_at_k(a.rewards, k) for a in found),
        cut_off=sum(a.cut_off for a in found) / max(samples, 1),
        unparsed=sum(a.unparsed for a in found) / max(samples, 1),
        tokens=sum(a.tokens for a in found) / max(samples, 1),
    )


def _by_operations(answered: Sequence[Answered], k: int) -> Iterator[Row]:
    least = 0
    for name, most in OPERATIONS:
        if found := [a for a in answered if least <= a.operations <= most]:
            yield row(name, found, k)
        least = most + 1
