"""The health of a run in words: what the metrics show, what it means and which setting to change.

Every rule is a pure function of the lines of metrics.jsonl so far, so that a report can be told afterwards what was
told during the run. No torch here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

from rungwise.files import read_log, write_json
from rungwise.problems.problem import TASKS

Row = Mapping[str, Any]

HEALTH = "health.json"

WINDOW = 5
"""Lines that are averaged. A line is 5 steps, so with 32 questions a step this is 800 questions: the standard error of
an accuracy is below 0.018, that of one task (about 114 questions) below 0.047."""
TREND = 2 * WINDOW
"""Lines before a change from the first to the last window is judged."""
PATIENCE = 4 * WINDOW
"""Lines before something that should have moved is called stuck: 100 steps, well after the warmup."""
PLATEAU = 8 * WINDOW
"""Lines (200 steps) whose halves are compared to say that learning has stopped."""

ENTROPY_LEFT = 0.2
"""Share of the first entropy below which sampling hardly explores; GRPO that goes well halves it."""
CONFIDENT = 0.9
"""Accuracy from which on a low entropy, or a reward that no longer rises, is what success looks like."""
REWARD_RISE = 0.05
"""Twice the standard error of the difference of two windows' rewards; the whole wage for format is 0.1 by default."""
FOLLOWS = 0.2
"""Accuracy that rises by less than this share of the reward's rise does not follow it."""
REWARD_FALL = 0.1
"""Four standard errors."""
CUT_OFF = 0.1
"""Cut-off completions are left out of the update; up to a tenth costs less than longer completions would."""
CUT_OFF_AT_ONCE = 0.5
"""No chance event even in a single line."""
KL_MAX = 0.5
"""Nats a token; there a sampled token is on average 1.6 times as likely as under the start model, or as unlikely.
Runs that go well stay below 0.1."""
TASK_FALL = 0.2
"""Three standard errors of the difference of a task's two windows: seven tasks are looked at all the time."""
TASK_RISE = 0.01
"""Rise of the mean accuracy that hides a falling task."""
NO_SPREAD = 0.8
"""Share of groups with one reward for all, from which on less than a fifth of the work teaches anything."""
SHORTCUT, SHORTCUT_RISE = 0.25, 0.1
"""Share of answers that are a shortcut's where it is wrong, and its rise: more than bad luck at the start."""
STILL = 0.01
"""Change of accuracy (or, relative, of the loss) below which two halves of a plateau are the same."""
LOSS_FALL = 0.02
"""Share by which the loss must have fallen."""
KNOWN = 0.95
"""Share of the solutions' tokens that the model finds most likely, from which on there is little loss to lose."""
LOGP_FALL, LOGP_FALL_SHARE = 10.0, 0.5
"""Nats, and share of its first value, by which a chosen completion's log-probability may fall. DPO lowers it a little
even when all goes well (Rafailov et al. 2024, arXiv 2404.12358)."""
MARGIN = 0.1
"""Difference of implicit rewards (beta times nats) below which right and wrong are hardly told apart."""
GRADIENT_TIMES = 10.0
"""Multiple of its median at which a gradient norm is an outlier; above 1 it is clipped."""


class HealthWarning(NamedTuple):
    """A named warning, the step of the line that showed it first, and a sentence for people."""

    name: str
    step: int
    sentence: str


class Rule(NamedTuple):
    """``says(rows, method)`` is a sentence when the last line shows what the rule is named for, else None."""

    name: str
    methods: tuple[str, ...]
    says: Callable[[Sequence[Row], str], str | None]


def health_warnings(rows: Sequence[Row], method: str) -> list[HealthWarning]:
    """What the lines of a run's metrics.jsonl warn of, each warning at the line that showed it first."""
    watched = _regular(rows)
    found: dict[str, HealthWarning] = {}
    for end in range(1, len(watched) + 1):
        for warning in _new(watched[:end], method, found):
            found[warning.name] = warning
    return list(found.values())


class Health:
    """Passes progress on; reports each warning once, as a row with "warning", and keeps all in ``health.json``."""

    def __init__(self, method: str, metrics: Path, progress: Callable[[dict[str, Any]], None]) -> None:
        self.method, self.metrics, self.progress = method, metrics, progress
        self.rows: list[Row] = []
        self.found: dict[str, HealthWarning] = {}

    def __call__(self, row: dict[str, Any]) -> None:
        """A row of progress; those with metrics stand in the file already."""
        self.progress(row)
        if not _regular([row]):
            return
        if self.rows:
            self.rows.append(row)
            new = _new(self.rows, self.method, self.found)
        else:  # the first: with the lines of earlier runs, and what they warned of
            self.rows = _regular(read_log(self.metrics))
            new = health_warnings(self.rows, self.method)
        self.found.update({warning.name: warning for warning in new})
        for warning in new:
            self.progress({name: row[name] for name in ("seconds", "of", "step")} | {"warning": warning.sentence})
        if new or len(self.rows) == 1:
            write_json(self.metrics.with_name(HEALTH), [warning._asdict() for warning in self.found.values()])


def _regular(rows: Sequence[Row]) -> list[Row]:
    """The trainer's lines; its summary at the end is over too few steps to be compared with."""
    return [row for row in rows if "loss" in row]


def _new(rows: Sequence[Row], method: str, found: Mapping[str, HealthWarning]) -> list[HealthWarning]:
    return [
        HealthWarning(rule.name, int(rows[-1]["step"]), sentence)
        for rule in RULES
        if method in rule.methods and rule.name not in found and (sentence := rule.says(rows, method))
    ]


def _values(rows: Sequence[Row], name: str) -> list[float]:
    """A metric's values in the lines that have a finite one."""
    return [value for row in rows if (value := row.get(name)) is not None and math.isfinite(value)]


def _mean(rows: Sequence[Row], name: str) -> float | None:
    """Mean of a metric; None where no line has it."""
    values = _values(rows, name)
    return fmean(values) if values else None


def _change(rows: Sequence[Row], name: str, lines: int = TREND) -> tuple[float, float] | None:
    """A metric in the first and in the last window, once there are so many lines."""
    if len(rows) < lines:
        return None
    first, last = _mean(rows[:WINDOW], name), _mean(rows[-WINDOW:], name)
    return None if first is None or last is None else (first, last)


def _both_above(rows: Sequence[Row], name: str, limit: float) -> float | None:
    """The mean of a metric in the last two lines that have it if both are above the limit: once may be chance."""
    values = _values(rows[-TREND:], name)[-2:]
    return fmean(values) if len(values) == 2 and min(values) > limit else None


def _success(rows: Sequence[Row]) -> float | None:
    """Accuracy in the last window; the reward where accuracy is not logged."""
    accuracy = _mean(rows[-WINDOW:], "accuracy")
    return _mean(rows[-WINDOW:], "reward") if accuracy is None else accuracy


def not_finite(rows: Sequence[Row], method: str) -> str | None:
    """Loss, reward or gradient norm is not a number (TRL writes null for a reward that no completion got)."""
    row = rows[-1]
    bad = [
        name
        for name in ("loss", "reward", "grad_norm")
        if name in row and (row[name] is None or not math.isfinite(row[name]))
    ]
    if not bad:
        return None
    return (
        f"{' and '.join(bad)} stopped being a number: what is learnt from here on is lost; stop, and start again with "
        f"a lower {method}.lr"
    )


def gradient_explosion(rows: Sequence[Row], method: str) -> str | None:
    """The gradient norm is far above what it was, twice in a row."""
    earlier = _values(rows[-PATIENCE:-2], "grad_norm")
    if len(earlier) < TREND - 2:
        return None
    usual = median(earlier)
    norm = _both_above(rows, "grad_norm", max(GRADIENT_TIMES * usual, 1.0))
    if norm is None:
        return None
    return (
        f"the gradient norm is {norm:.3g} where {usual:.3g} was usual: a few rows decide the updates; lower "
        f"{method}.lr, or make a step larger ({method}.{'prompts' if method in ONLINE else 'batch'})"
    )


def entropy_collapse(rows: Sequence[Row], method: str) -> str | None:
    """The model hardly varies its answers any more although many are wrong."""
    entropy, success = _change(rows, "entropy"), _success(rows)
    if entropy is None or success is None or entropy[1] > ENTROPY_LEFT * entropy[0] or success >= CONFIDENT:
        return None
    return (
        f"entropy fell from {entropy[0]:.3f} to {entropy[1]:.3f} nats a token while only {success:.0%} is right: the "
        f"model writes nearly the same every time and finds nothing better; lower {method}.lr, raise {method}.beta "
        f"or {method}.temperature"
    )


def reward_without_accuracy(rows: Sequence[Row], method: str) -> str | None:
    """The reward rises, accuracy does not."""
    reward, accuracy = _change(rows, "reward"), _change(rows, "accuracy")
    if reward is None or accuracy is None:
        return None
    rise, follows = reward[1] - reward[0], accuracy[1] - accuracy[0]
    if rise < REWARD_RISE or follows >= FOLLOWS * rise:
        return None
    return (
        f"the reward rose from {reward[0]:.2f} to {reward[1]:.2f}, accuracy went from {accuracy[0]:.2f} to "
        f"{accuracy[1]:.2f}: the model learns what is paid besides being right; lower reward.format, reward.process "
        f"or reward.tolerance, and look at samples.jsonl"
    )


def reward_falls(rows: Sequence[Row], method: str) -> str | None:
    """The reward is lower than it was."""
    if len(rows) < 3 * WINDOW:
        return None
    middle = len(rows) // 2
    before = [_mean(rows[:WINDOW], "reward"), _mean(rows[middle - WINDOW : middle], "reward")]
    now = _mean(rows[-WINDOW:], "reward")
    best = max([value for value in before if value is not None], default=None)
    if best is None or now is None or best - now < REWARD_FALL:
        return None
    return (
        f"the reward fell from {best:.2f} to {now:.2f}: the updates undo what was learnt; lower {method}.lr or raise "
        f"{method}.beta, and go on from an earlier model"
    )


def truncation(rows: Sequence[Row], method: str) -> str | None:
    """Many completions are cut off by the limit."""
    now = _mean(rows[-1:], "completions/clipped_ratio")
    share = now if (now or 0.0) > CUT_OFF_AT_ONCE else _both_above(rows, "completions/clipped_ratio", CUT_OFF)
    if share is None:
        return None
    return (
        f"{share:.0%} of the completions are cut off at {method}.max_completion: they can't be right and are left out "
        f"of the update; raise {method}.max_completion, or pay for short ones with reward.length"
    )


def kl_blow_up(rows: Sequence[Row], method: str) -> str | None:
    """The model has moved far from where it started."""
    kl = _both_above(rows, "kl", KL_MAX)
    if kl is None:
        return None
    return (
        f"the KL to the start model is {kl:.2f} nats a token (below 0.1 is usual): the model leaves what it knew; "
        f"lower {method}.lr or raise {method}.beta"
    )


def task_falls(rows: Sequence[Row], method: str) -> str | None:
    """A task gets worse while the mean gets better."""
    if len(rows) < 3 * WINDOW:
        return None
    middle, last = len(rows) // 2, rows[-WINDOW:]
    for earlier in (rows[:WINDOW], rows[middle - WINDOW : middle]):
        mean_before, mean_now = _mean(earlier, "accuracy"), _mean(last, "accuracy")
        if mean_before is None or mean_now is None or mean_now < mean_before + TASK_RISE:
            continue
        for task in TASKS:
            before, now = _mean(earlier, f"task/{task}/accuracy"), _mean(last, f"task/{task}/accuracy")
            if before is not None and now is not None and before - now >= TASK_FALL:
                return (
                    f"{task} fell from {before:.0%} to {now:.0%} right while the mean rose from {mean_before:.0%} to "
                    f"{mean_now:.0%}: it pays for the others; lower {method}.lr or raise {method}.beta, or give more "
                    f"worked solutions in the cold start"
                )
    return None


def no_spread(rows: Sequence[Row], method: str) -> str | None:
    """Most groups have one reward for all their completions, so their advantages are 0."""
    if len(rows) < WINDOW:
        return None
    last = rows[-WINDOW:]
    share = _mean(last, "frac_reward_zero_std")
    if share is None or share < NO_SPREAD:
        return None
    right, wrong = (_mean(last, f"groups/all_{kind}") or 0.0 for kind in ("right", "wrong"))
    todo = (
        f"the questions are too easy: choose a harder level, lower {method}.published, or stop here"
        if right >= wrong
        else f"the questions are too hard: choose an easier level, give more worked solutions, or raise {method}.group"
    )
    return (
        f"in {share:.0%} of the groups all completions earn the same ({right:.0%} all right, {wrong:.0%} all wrong), "
        f"and nothing is learnt from them; {todo}"
    )


def shortcut(rows: Sequence[Row], method: str) -> str | None:
    """More and more answers are those of a shortcut that is wrong there."""
    for name, what in (("unadjusted", "the unadjusted difference"), ("constant", "0")):
        found = _change(rows, f"shortcut/{name}")
        if found is not None and found[1] >= SHORTCUT and found[1] - found[0] >= SHORTCUT_RISE:
            return (
                f"{found[1]:.0%} of the answers are {what} where that is wrong ({found[0]:.0%} at first): the model "
                f"learns the shortcut; lower reward.format and reward.tolerance, or start from a longer cold start"
            )
    return None


def critic_useless(rows: Sequence[Row], method: str) -> str | None:
    """The critic predicts no better than a constant."""
    if len(rows) < TREND:
        return None
    explained = _mean(rows[-WINDOW:], "explained_variance")
    if explained is None or explained > 0:
        return None
    return (
        f"the critic explains none of the returns' variance ({explained:.2f}; 1 is all): it adds noise to the "
        f"advantages; raise {method}.critic_epochs or {method}.critic_lr, or use the method grpo"
    )


def learning_stopped(rows: Sequence[Row], method: str) -> str | None:
    """Nothing has changed for long, and there is room to improve."""
    if len(rows) < PLATEAU:
        return None
    halves = rows[-PLATEAU : -PLATEAU // 2], rows[-PLATEAU // 2 :]
    steps = int(rows[-1]["step"]) - int(rows[-PLATEAU]["step"])
    if method in ONLINE:
        name = "accuracy" if _values(rows[-PLATEAU:], "accuracy") else "reward"
        before, now = (_mean(half, name) for half in halves)
        if before is None or now is None or now >= CONFIDENT or abs(now - before) >= STILL:
            return None
        todo = f"raise {method}.lr or {method}.temperature, change the questions' level, or stop"
    else:
        name = "loss"
        before, now = (_mean(half, name) for half in halves)
        known = _mean(halves[1], "mean_token_accuracy") or 0.0
        if before is None or now is None or known >= KNOWN or abs(now - before) >= STILL * abs(before):
            return None
        todo = f"raise {method}.lr, give more solutions, or stop"
    return f"{name} has stayed at {now:.2f} for {steps} steps: more of the same buys nothing; {todo}"


def loss_not_falling(rows: Sequence[Row], method: str) -> str | None:
    """The loss is where it was, or higher, and not because there is nothing left to learn."""
    loss = _change(rows, "loss", PATIENCE)
    known = _mean(rows[-WINDOW:], "mean_token_accuracy") if method in ("sft", "cold_start") else None
    if loss is None or loss[1] <= loss[0] - LOSS_FALL * abs(loss[0]) or (known or 0.0) >= KNOWN:
        return None
    rose = loss[1] > loss[0] + LOSS_FALL * abs(loss[0])
    return (
        f"the loss went from {loss[0]:.3f} to {loss[1]:.3f}: "
        + ("the steps are too large" if rose else "nothing is learnt")
        + f"; {'lower' if rose else 'raise'} {method}.lr, and read a few rows of the data"
    )


def chosen_collapse(rows: Sequence[Row], method: str) -> str | None:
    """The right solutions become unlikely, only the wrong ones faster."""
    found = _change(rows, "logps/chosen")
    if found is None or found[0] - found[1] < max(LOGP_FALL, LOGP_FALL_SHARE * abs(found[0])):
        return None
    return (
        f"the log-probability of chosen completions fell from {found[0]:.0f} to {found[1]:.0f} nats: the model "
        f"unlearns the right solutions too; raise {method}.beta, lower {method}.lr or stop earlier"
    )


def margins_not_growing(rows: Sequence[Row], method: str) -> str | None:
    """Right and wrong completions are not told apart."""
    found = _change(rows, "rewards/margins", PATIENCE)
    if found is None or found[1] >= MARGIN:
        return None
    return (
        f"the margin between right and wrong completions is {found[1]:.2f} ({found[0]:.2f} at first): they are not "
        f"told apart; raise {method}.lr, or make the wrong ones clearer ({method}.negatives=other)"
    )


ONLINE = ("grpo", "ppo")
OFFLINE = ("cold_start", "sft", "dpo", "kto")
RULES = (
    Rule("not finite", ONLINE + OFFLINE, not_finite),
    Rule("gradient explosion", ONLINE + OFFLINE, gradient_explosion),
    Rule("entropy collapse", ONLINE, entropy_collapse),
    Rule("reward without accuracy", ONLINE, reward_without_accuracy),
    Rule("reward falls", ONLINE, reward_falls),
    Rule("truncation", ONLINE, truncation),
    Rule("KL blow-up", ONLINE, kl_blow_up),
    Rule("a task falls", ONLINE, task_falls),
    Rule("no spread", ("grpo",), no_spread),
    Rule("shortcut", ONLINE, shortcut),
    Rule("useless critic", ("ppo",), critic_useless),
    Rule("loss not falling", OFFLINE, loss_not_falling),
    Rule("chosen collapse", ("dpo",), chosen_collapse),
    Rule("margins not growing", ("dpo", "kto"), margins_not_growing),
    Rule("learning stopped", ONLINE + OFFLINE, learning_stopped),
)
