"""What an evaluation takes beside the model's own work.

python benchmarks/evaluation.py [--model embedded] [--items 256] [--batch-size 64] [--max-new-tokens 256] [--repeat 3]

In one process, in turns: a bare loop of batched ``generate`` over the same prompts, sorted by length, in the same
batches and on one thread; and the whole of ``evaluate`` with a run folder, without the cache and without loading the
model. Printed are the seconds of each turn and the ratio, by the clock and in CPU time (which other work on the machine
disturbs less); then what scoring as many right answers takes by itself.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rungwise.evaluate.questions import Suite, load_suite
from rungwise.evaluate.results import scored_row
from rungwise.evaluate.run import evaluate
from rungwise.language_models import load_model

Seconds = tuple[float, float]
"""By the clock, and of this process's CPU time."""


def timed(work: Callable[[], object]) -> Seconds:
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def bare(model: Any, tokenizer: Any, prompts: list[str], batch_size: int, most: int) -> None:
    prompts = sorted(prompts, key=len, reverse=True)
    for first in range(0, len(prompts), batch_size):
        batch = tokenizer(prompts[first : first + batch_size], padding=True, padding_side="left", return_tensors="pt")
        with torch.inference_mode():
            out = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
        tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)


def whole(name: str, suite: Suite, loaded: tuple[Any, Any], batch_size: int, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        evaluate(
            name, suite, max_new_tokens=most, batch_size=batch_size, out=Path(folder) / "run", load=lambda _: loaded
        )


def score(suite: Suite, texts: list[str]) -> None:
    for question, text in zip(suite.questions, texts, strict=True):
        scored_row(question, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--items", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--max-new-tokens", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    suite = load_suite("base", "slots", given.items)
    model, tokenizer = load_model(given.model)
    prompts = [question.prompt or "" for question in suite.questions]
    size, most = given.batch_size, given.max_new_tokens
    bare(model, tokenizer, prompts[:size], size, 8)  # what only the first call takes
    loops, evaluations = [], []
    for _ in range(given.repeat):
        loops.append(timed(partial(bare, model, tokenizer, prompts, size, most)))
        evaluations.append(timed(partial(whole, given.model, suite, (model, tokenizer), size, most)))
        (a, a_cpu), (b, b_cpu) = loops[-1], evaluations[-1]  # by the clock, and in CPU time
        print(f"loop {a:.2f} s, CPU {a_cpu:.2f}; evaluate {b:.2f} s, CPU {b_cpu:.2f}; {b / a:.3f}, {b_cpu / a_cpu:.3f}")
    ratios = [min(found[k] for found in evaluations) / min(found[k] for found in loops) for k in (0, 1)]
    texts = [question.problem.answer_text("slots") for question in suite.questions]
    scoring = min(timed(partial(score, suite, texts))[1] for _ in range(given.repeat))
    share = scoring / min(cpu for _, cpu in evaluations)
    print(f"fastest of each: {ratios[0]:.3f} by the clock, {ratios[1]:.3f} in CPU time")
    print(f"scoring {len(texts)} right answers: {scoring:.3f} s, {share:.1%} of the evaluation")


if __name__ == "__main__":
    main()
