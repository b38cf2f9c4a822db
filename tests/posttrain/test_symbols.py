"""CAPT on what runs learn from: fresh symbols, one mapping for prompt and solution, nothing of the answer seen, and
every method on exercises."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from killed import kill
from safetensors.torch import load_file
from tiny_runs import CHECKPOINT, ignore, save_talker, stall, tiny_recipe

from rungwise.errors import UserError
from rungwise.evaluate.quick import value_accuracy
from rungwise.posttrain import symbols
from rungwise.posttrain.data import held_out, solved
from rungwise.posttrain.exercises import Exercise
from rungwise.posttrain.lengths import measured
from rungwise.posttrain.models import load_for_training
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import METHODS, TrainRecipe
from rungwise.posttrain.sft import solutions_stream
from rungwise.posttrain.subjects import prompt_text, verdict
from rungwise.posttrain.symbols import prompts, rows

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_talker(tmp_path_factory.mktemp("talker"), TEMPLATE, "qwen2")


def of(data: str, capt: str = "random", **settings: Any) -> TrainRecipe:
    return TrainRecipe(data=data, view="natural", capt=capt, **{"samples": 20, "validation": 20, **settings})


@pytest.mark.parametrize("data", ["ladder", "ontology", ""])
def test_names_are_gone_and_answers_stay(data: str) -> None:
    chosen = of(data, solutions=2, names="commonsense")
    shown = rows(chosen, "sft", solved(chosen))
    assert shown.facts["capt"]["kept"] == len(shown.subjects)
    for subject in shown.subjects:
        names = {form for event in shown.events[subject.id] for form in (event.name, *event.also)}
        told = prompt_text(subject, "natural")
        solution = subject.solution if isinstance(subject, Exercise) else "path: none"
        first, again, other = (shown.shown(subject, (told, solution), epoch) for epoch in (0, 0, 1))
        assert first == again
        assert first[0] != other[0]
        for prompt, worked in (first, other):
            assert not any(f" {name} " in f" {prompt} {worked} " for name in names)
            if isinstance(subject, Exercise):
                assert verdict(worked, subject, "natural").score == 1
    assert shown.shown(subject, (told,)) != replace(shown, stream="pairs").shown(subject, (told,))


def test_what_has_no_abstraction_is_left_out_and_counted() -> None:
    chosen = of("ladder", samples=40)
    subjects = solved(chosen)
    shown = rows(chosen, "sft", subjects)
    rules = sum(isinstance(one, Exercise) and one.task == "det-counterfactual" for one in subjects)
    assert shown.facts == {"capt": {"mode": "random", "kept": 40 - rules, "left_out": {"unread": rules}}}
    assert rows(replace(chosen, capt="none"), "sft", subjects).facts == {}
    alone = [one for one in subjects if one not in shown.subjects]
    with pytest.raises(UserError, match=r"no row has an abstraction without fault \(unread 4\)"):
        rows(chosen, "sft", alone)


def test_a_solution_with_a_fault_is_left_out() -> None:
    chosen = of("ladder", samples=4)
    subjects = [replace(one, solution=f"[E1] {one.solution}") for one in solved(chosen) if isinstance(one, Exercise)]
    shown = rows(chosen, "sft", [subjects[0], *solved(chosen)[1:]])
    assert shown.left_out == {"solution": 1}
    assert len(rows(chosen, "questions", subjects, solutions=False).subjects) == 4  # there it is not shown


def test_estimation_sees_the_prompt_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = symbols.estimate

    def spy(*given: Any) -> Any:
        seen.append(given)
        return real(*given)

    monkeypatch.setattr(symbols, "estimate", spy)
    chosen = of("ladder")
    subjects = solved(chosen)
    rows(chosen, "sft", subjects)
    prompts(chosen, held_out(chosen))
    assert [text for text, _ in seen] == [prompt_text(one, "natural") for one in (*subjects, *held_out(chosen))]
    assert all(set(nouns) >= set() and all(len(pair) == 2 for pair in nouns.values()) for _, nouns in seen)


@pytest.mark.parametrize("mode", ["order", "original"])
def test_the_other_modes(mode: str) -> None:
    chosen = of("ontology", mode, samples=6)
    shown = rows(chosen, "sft", solved(chosen))
    for subject in shown.subjects:
        told = prompt_text(subject, "natural")
        (first,), (later,) = shown.shown(subject, (told,), 0), shown.shown(subject, (told,), 1)
        assert first == later
        assert (first == told) == (mode == "original")


def test_every_epoch_of_the_stream_has_other_symbols() -> None:
    chosen = of("ontology", samples=6)
    shown = rows(chosen, "sft", solved(chosen))
    given = (shown.subjects, "natural", 2, 0, "sft")
    seen = list(islice(solutions_stream(*given, capt=shown), 18))
    assert len({row["prompt"] for row in seen}) == 18
    assert list(islice(solutions_stream(*given, start=7, capt=shown), 11)) == seen[7:]
    plain = list(islice(solutions_stream(*given), 18))
    assert set(Counter(row["prompt"] for row in plain).values()) == {3}


def test_held_out_questions_are_asked_in_symbols(talker: Path) -> None:
    chosen = of("ladder", validation=10)
    asked = held_out(chosen)
    told = prompts(chosen, asked)
    plain = [prompt_text(one, "natural") for one in asked]
    assert sum(a == b for a, b in zip(told, plain, strict=True)) == 1  # the deterministic one
    assert prompts(replace(chosen, capt="none"), asked) == plain
    model, tokenizer = load_for_training(str(talker), chosen.lora)
    assert value_accuracy(model, tokenizer, asked[:2], "natural", 2, told[:2]) == 0.0


def test_lengths_are_of_the_rows_that_are_shown(talker: Path) -> None:
    chosen = replace(of("ladder", samples=10), model=str(talker))
    _, tokenizer = load_for_training(str(talker), chosen.lora)
    short, long = (
        measured(replace(chosen, capt=mode), chosen.sft, "m", tokenizer, 10**6, 100) for mode in ("random", "original")
    )
    assert short.prompt < long.prompt
    assert short.over == 1.0


def tiny(talker: Path, **changed: Any) -> TrainRecipe:
    found = replace(tiny_recipe(talker), view="natural", data="ontology", samples=6, questions=6, validation=4)
    return replace(found, capt="random", **changed)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_takes_exercises(method: str, talker: Path, tmp_path: Path) -> None:
    found = tiny(talker)
    own = replace(getattr(found, method), seconds=600.0, steps=2, warmup=0)
    result = train(replace(found, **{method: own}), method, None, tmp_path, ignore, value_accuracy)
    assert result["steps"] == 2
    assert result["capt"] == {"mode": "random", "kept": 6, "left_out": {}}
    assert json.loads((tmp_path / "done.json").read_text())["capt"] == result["capt"]
    card = (tmp_path / "model" / "README.md").read_text()
    assert "`ontology`" in card
    assert "CAPT, mode `random`" in card
    if method in ("ppo", "grpo"):
        sample = json.loads((tmp_path / "samples.jsonl").read_text().splitlines()[0])
        assert (sample["task"], sample["truth"]["value"]) == ("ontology", None)
        assert sample["truth"]["answer"] in ("True", "False")
        assert sample["prompt"].endswith("True or False on the last line.")


@pytest.mark.usefixtures("ticks")
def test_a_killed_run_goes_on_with_the_symbols_that_were_next(talker: Path, tmp_path: Path) -> None:
    chosen = tiny(talker)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    train(chosen, "sft", None, whole, ignore)
    kill(stall, chosen, "sft", resumed, when=(resumed / "stalled").exists)
    result = train(chosen, "sft", None, resumed, ignore)
    assert result["steps"] > 2 * CHECKPOINT
    name = f"checkpoint-{2 * CHECKPOINT}/model.safetensors"
    one, other = load_file(whole / name), load_file(resumed / name)
    assert all(torch.equal(one[key], other[key]) for key in one)
