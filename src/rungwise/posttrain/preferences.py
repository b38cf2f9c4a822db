"""Pairs of a right and a wrong completion, made once from the worked solutions: what DPO and KTO learn from.

Right is the worked solution (without ``guidance`` its final answer alone); in the slots view every pair shows its
problem in new dress, as in SFT. Wrong is, with ``negatives`` "own", what the start model itself writes when it is asked
the question, if that is wrong, else (and always with "other") the completion that is right for another problem, of the
same task where one will do. The one scorer says what is right and what is wrong, and the step checks that every step of
a worked solution is right. Completions are kept as token ids: a sample is learnt from as it was drawn, without an end
where it was cut off.

Difference from CauGym's data (arXiv 2602.06337): there, each of about 3,500 questions had a solution; here ``rows``
pairs come from the few problems whose solutions are given, the same as for SFT.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import count, islice
from typing import Any

import torch
from accelerate import PartialState
from transformers import PreTrainedModel, TrainerCallback

from rungwise.errors import UserError
from rungwise.files import read_json, read_json_lines, write_json, write_json_lines
from rungwise.posttrain.common import Clock, Run, last_checkpoint, opening, run_trainer, save_trained, steps_done
from rungwise.posttrain.data import solved
from rungwise.posttrain.judge import Judge
from rungwise.posttrain.settings import PreferenceSettings, TrainRecipe
from rungwise.posttrain.shared_prompts import sample
from rungwise.posttrain.solutions import after_prompt, completion_ids, prompt_ids
from rungwise.posttrain.subjects import Subject, completion_text, prompt_text
from rungwise.posttrain.symbols import Rows, rows
from rungwise.problems.problem import Problem
from rungwise.problems.streams import stream
from rungwise.scoring.steps import check_steps
from rungwise.wording.slots import redraw

PAIRS, FACTS = "pairs.jsonl", "pairs.json"

AT_ONCE, TOKENS = 256, 2**17
"""Prompts that are sampled from side by side, and their tokens: at most."""


@dataclass(frozen=True)
class Pair:
    """A prompt with a right and a wrong completion, as texts for people and as the token ids that are learnt from.

    Attributes:
        problem: the problem's id.
        own: the wrong one is the model's own sample.
        rejected, rejected_ids: empty where wrong ones are not wanted (``negatives`` "none").
    """

    problem: str
    own: bool
    prompt: str
    chosen: str
    rejected: str
    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]

    @property
    def length(self) -> int:
        """Tokens of the longer side."""
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))


def load_pairs(run: Run, settings: PreferenceSettings) -> tuple[list[Pair], dict[str, Any]]:
    """The run's pairs, made now unless ``out/pairs.jsonl`` holds them, and the facts about them in ``out/pairs.json``:
    the seconds it took to make them, their number, how many of the wrong ones are the model's own and how many of
    those were cut off.

    Raises:
        UserError: see ``make_pairs``.
    """
    path = run.out / PAIRS
    with PartialState().main_process_first():
        if not path.exists():
            started = time.monotonic()
            shown = rows(run.recipe, "pairs", solved(run.recipe))
            made = make_pairs(run, settings, shown)
            own = [pair for pair in made if pair.own]
            ends = end_ids(run)
            facts = {
                "seconds": time.monotonic() - started,
                "rows": len(made),
                "own": len(own),
                "cut_off": sum(pair.rejected_ids[-1] not in ends for pair in own),
                **shown.facts,
            }
            write_json(run.out / FACTS, facts)
            write_json_lines(path, map(asdict, made))  # last: where it is, the facts are too
    return [Pair(**row) for _, row in read_json_lines(path)], read_json(run.out / FACTS)


def make_pairs(run: Run, settings: PreferenceSettings, shown: Rows) -> list[Pair]:
    """``settings.rows`` pairs.

    Raises:
        UserError: a prompt fills the model's whole context, or no completion is wrong for some problem.
    """
    view, tokenizer = run.recipe.view, run.tokenizer
    subjects, prompts, solutions = zip(*islice(dressed(run.recipe, shown), settings.rows), strict=True)
    asked = [prompt_ids(prompt, tokenizer) for prompt in prompts]
    right = [after_prompt(solution, tokenizer) for solution in solutions]
    judged = Judge(subjects, view, opening(tokenizer))
    for i, (text, subject) in enumerate(zip(right, subjects, strict=True)):
        worked = run.recipe.guidance and isinstance(subject, Problem)
        steps = check_steps(judged.prefill + text, subject, view) if worked else ()
        if not judged.right(text, i) or any(step.status != "right" for step in steps):
            raise ValueError(f"the worked solution of {subject.id} does not solve it")
    sampled = own_samples(run, asked, settings.temperature) if settings.negatives == "own" else []
    made = []
    for i, subject in enumerate(subjects):
        own = bool(sampled) and not judged.right(sampled[i][0], i)
        if own:
            rejected, rejected_ids = sampled[i]
        elif settings.negatives == "none":
            rejected, rejected_ids = "", []
        else:
            rejected = right[judged.another(right, i, run.recipe.seed)]
            rejected_ids = completion_ids(rejected, tokenizer)
        chosen_ids = completion_ids(right[i], tokenizer)
        made.append(Pair(subject.id, own, prompts[i], right[i], rejected, asked[i], chosen_ids, rejected_ids))
    return made


def dressed(recipe: TrainRecipe, shown: Rows) -> Iterator[tuple[Subject, str, str]]:
    """The solved problems over and over, each with its prompt and solution; in the slots view each time redrawn, with
    CAPT each time with other symbols."""
    for epoch in count():
        rng = stream("pairs", recipe.seed, epoch)
        for one in shown.subjects:
            subject = redraw(one, rng) if recipe.view == "slots" and isinstance(one, Problem) else one
            told = (prompt_text(subject, recipe.view), completion_text(subject, recipe.view, recipe.guidance))
            prompt, solution = shown.shown(subject, told, epoch)
            yield subject, prompt, solution


@torch.no_grad()
def own_samples(run: Run, prompts: Sequence[list[int]], temperature: float) -> list[tuple[str, list[int]]]:
    """What the model writes after each prompt: the text, and its token ids with the end, unless it was cut off after
    ``grpo.max_completion`` tokens, as many as evaluation allows.

    Raises:
        UserError: a prompt fills the model's whole context.
    """
    model, tokenizer, ends = run.model, run.tokenizer, end_ids(run)
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    longest, context = run.recipe.grpo.max_completion, getattr(model.config, "max_position_embeddings", None)
    if context is not None and (longest := min(longest, context - len(prompts[order[0]]))) < 1:
        raise UserError(
            f"a prompt has {len(prompts[order[0]])} tokens and the model's context {context}; use another view"
        )
    at_once = max(1, min(AT_ONCE, TOKENS // (len(prompts[order[0]]) + longest)))
    found: dict[int, tuple[str, list[int]]] = {}
    model.eval()
    for first in range(0, len(order), at_once):
        places = order[first : first + at_once]
        batch = tokenizer.pad({"input_ids": [prompts[i] for i in places]}, padding_side="left", return_tensors="pt")
        with torch.random.fork_rng():
            torch.manual_seed(int(stream("own", run.recipe.seed, first).integers(2**63)))
            out_B_T = sample(
                model,
                batch["input_ids"].to(model.device),
                batch["attention_mask"].to(model.device),
                torch.arange(len(places), device=model.device),
                temperature,
                longest,
                torch.tensor(ends, device=model.device),
            )
        for i, row in zip(places, out_B_T.tolist(), strict=True):
            end = next((k for k, token in enumerate(row) if token in ends), len(row))
            found[i] = str(tokenizer.decode(row[:end], skip_special_tokens=True)), row[: end + 1]
    model.train()
    return [found[i] for i in range(len(prompts))]


def train_on_pairs(
    run: Run,
    settings: PreferenceSettings,
    make_trainer: Callable[[Run, list[Pair], int, list[TrainerCallback]], Any],
) -> dict[str, Any]:
    """Train (or resume) on the run's pairs, whose making counts as training time, and leave the model in ``out/model``;
    ``make_trainer`` is given the run, the pairs, the steps that are done and the callbacks."""
    pairs, facts = load_pairs(run, settings)
    clock = Clock(run.out, settings.seconds, run.progress, facts["seconds"])
    resume = last_checkpoint(run.out)
    trainer = make_trainer(run, pairs, steps_done(resume), [clock])
    run_trainer(trainer, resume)
    save_trained(trainer, run.out / "model")
    capt = {"capt": facts["capt"]} if "capt" in facts else {}
    return {"steps": trainer.state.global_step, "seconds": clock.seconds, "pairs": facts, **capt}


def end_ids(run: Run) -> list[int]:
    """The tokens with which the model ends what it writes, as in evaluation."""
    stop = run.model.generation_config.eos_token_id
    stop = run.tokenizer.eos_token_id if stop is None else stop
    return list(stop) if isinstance(stop, list) else [stop]


def start_model(run: Run) -> PreTrainedModel | None:
    """What the trained model is compared with: a copy of the start model, which TRL, given none, would read again from
    the folder named in its configuration; of a model with merged adapters that is the base model. None with adapters
    to train: then TRL keeps a copy of those, called "ref"."""
    return None if run.recipe.lora.rank else deepcopy(run.model).eval().requires_grad_(False)
