"""Pairs: what is right and what is wrong, whose the wrong ones are, and that they are made only once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from tiny_runs import save_talker, tiny_recipe, tiny_run

from rungwise.errors import UserError
from rungwise.language_models import generate_texts
from rungwise.posttrain import preferences
from rungwise.posttrain.common import Run
from rungwise.posttrain.data import solved, solved_problems
from rungwise.posttrain.preferences import FACTS, PAIRS, Judge, Pair, dressed, load_pairs
from rungwise.posttrain.settings import TrainRecipe
from rungwise.posttrain.symbols import rows
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.suites.items import to_text
from rungwise.wording.answers import answer_text, solution_text

ROWS = 28

TEMPLATE = "{% for m in messages %}<user>{{ m['content'] }}<end>{% endfor %}{% if add_generation_prompt %}"
TEMPLATES = {
    "plain": None,
    "chat": TEMPLATE + "<assistant>{% endif %}",
    "thinking": TEMPLATE + "<assistant><think>{% endif %}",
}


def made(folder: Path, out: Path, **changed: Any) -> tuple[Run, list[Pair], dict[str, Any], list[Problem]]:
    """A run, its pairs, the facts about them and the problems they show."""
    recipe = replace(tiny_recipe(folder), **{k: v for k, v in changed.items() if hasattr(TrainRecipe, k)})
    settings = {k: v for k, v in changed.items() if not hasattr(TrainRecipe, k)}
    recipe = replace(recipe, kto=replace(recipe.kto, rows=ROWS, **settings))
    run = tiny_run(recipe, out)
    pairs, facts = load_pairs(run, recipe.kto)
    shown = dressed(recipe, rows(recipe, "pairs", solved(recipe)))
    return run, pairs, facts, [subject for subject, _, _ in islice(shown, ROWS) if isinstance(subject, Problem)]


@pytest.mark.parametrize("negatives", ["own", "other"])
def test_right_is_right_and_wrong_is_wrong(negatives: str, talking_folder: Path, tmp_path: Path) -> None:
    run, pairs, facts, problems = made(talking_folder, tmp_path, negatives=negatives)
    assert len(pairs) == facts["rows"] == ROWS
    solutions = {solution_text(problem, "slots"): problem for problem in problems}
    for pair, problem in zip(pairs, problems, strict=True):
        assert (pair.problem, pair.prompt) == (problem.id, to_text(problem, "slots"))
        assert pair.chosen == solution_text(problem, "slots")
        assert score(pair.chosen, problem, "slots").score == 1
        assert score(pair.rejected, problem, "slots").score == 0
        assert pair.prompt_ids == run.tokenizer(pair.prompt)["input_ids"]
        assert pair.chosen_ids == run.tokenizer(f"{pair.chosen}<end>")["input_ids"]
        if not pair.own:
            assert pair.rejected_ids == run.tokenizer(f"{pair.rejected}<end>")["input_ids"]
            same_task = [text for text, p in solutions.items() if p.query.task == problem.query.task]
            assert pair.rejected in same_task or all(score(t, problem, "slots").score for t in same_task)
            assert pair.rejected in solutions
    assert facts["own"] == sum(pair.own for pair in pairs)
    assert (0 < facts["own"] < ROWS) == (negatives == "own")


def test_every_pair_has_new_letters(talking_folder: Path, tmp_path: Path) -> None:
    _, pairs, _, _ = made(talking_folder, tmp_path, negatives="other")
    assert len({pair.prompt for pair in pairs}) == ROWS  # of 14 problems


def test_own_samples_are_what_generation_writes(talking_folder: Path, tmp_path: Path) -> None:
    """As good as without temperature they are the greedy completions; those that are right are not used."""
    run, pairs, facts, problems = made(talking_folder, tmp_path, temperature=1e-4)
    assert run.model.training
    texts = generate_texts(run.model.eval(), run.tokenizer, [pair.prompt for pair in pairs], max_new_tokens=8)
    for pair, problem, (text,) in zip(pairs, problems, texts, strict=True):
        assert pair.own == (score(text, problem, "slots").score == 0)
        if pair.own:
            assert pair.rejected == text
            assert pair.rejected_ids[-1] == run.tokenizer.eos_token_id
            assert pair.rejected_ids.count(run.tokenizer.eos_token_id) == 1
    assert facts["cut_off"] == 0


def test_own_samples_vary_and_repeat_with_the_seed(talking_folder: Path, tmp_path: Path) -> None:
    found = [made(talking_folder, tmp_path / str(i), seed=seed)[1] for i, seed in enumerate((0, 0, 1))]
    assert found[0] == found[1]
    assert not {pair.prompt for pair in found[0]} & {pair.prompt for pair in found[2]}
    assert {'{"PROB": "v1"}', "path :yes"} < {pair.rejected for pair in found[0] if pair.own}  # see ``save_talking``


def test_what_was_cut_off_has_no_end(tiny_folder: Path, tmp_path: Path) -> None:
    run, pairs, facts, _ = made(tiny_folder, tmp_path)  # an untrained model hardly ever ends
    cut_off = [pair for pair in pairs if pair.own and pair.rejected_ids[-1] != run.tokenizer.eos_token_id]
    assert facts["cut_off"] == len(cut_off) > ROWS / 2
    assert {len(pair.rejected_ids) for pair in cut_off} == {run.recipe.grpo.max_completion}


def test_without_negatives_and_without_guidance(talking_folder: Path, tmp_path: Path) -> None:
    _, pairs, facts, problems = made(talking_folder, tmp_path, negatives="none", guidance=False)
    assert facts["own"] == 0
    for pair, problem in zip(pairs, problems, strict=True):
        assert pair.rejected_ids == []
        assert pair.chosen == answer_text(problem, "slots")


def test_pairs_are_made_once(talking_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pairs, facts, _ = made(talking_folder, tmp_path)
    assert facts["seconds"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([PAIRS, FACTS])

    def never(*given: Any) -> Any:
        raise AssertionError("they are read")

    monkeypatch.setattr(preferences, "make_pairs", never)
    assert made(talking_folder, tmp_path)[1:3] == (pairs, facts)


def test_a_file_that_was_not_finished_is_no_file(
    talking_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("rungwise.files.os.replace", full)
        with pytest.raises(OSError, match="no room"):
            made(talking_folder, tmp_path)
    assert not (tmp_path / PAIRS).exists()
    assert len(made(talking_folder, tmp_path)[1]) == ROWS


def test_a_prompt_that_fills_the_context(talking_folder: Path, tmp_path: Path) -> None:
    run = tiny_run(tiny_recipe(talking_folder), tmp_path)
    run.model.config.max_position_embeddings = 20
    with pytest.raises(UserError, match="model's context 20"):
        load_pairs(run, run.recipe.kto)
    assert not (tmp_path / PAIRS).exists()


def test_where_no_solution_is_wrong() -> None:
    (problem,) = solved_problems(TrainRecipe(solutions=1))[:1]
    right = solution_text(problem, "slots")
    with pytest.raises(UserError, match="give more"):
        Judge([problem], "slots", "").another([right], 0, 0)


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run, list[str]], list[list[int]]]:
    """The token ids that generation gives to a run's model, for each prompt."""

    def ids_of(run: Run, prompts: list[str]) -> list[list[int]]:
        seen: list[list[int]] = []

        def generate(input_ids: torch.Tensor, attention_mask: torch.Tensor, **given: Any) -> torch.Tensor:
            seen.append(input_ids[0][attention_mask[0].bool()].tolist())
            return input_ids

        with monkeypatch.context() as patch:
            patch.setattr(run.model, "generate", generate)
            for prompt in prompts:
                generate_texts(run.model, run.tokenizer, [prompt], max_new_tokens=1)
        return seen

    return ids_of


@pytest.mark.parametrize("kind", TEMPLATES)
def test_prompts_are_what_generation_sees(
    kind: str, tmp_path: Path, generated: Callable[[Run, list[str]], list[list[int]]]
) -> None:
    folder = save_talker(tmp_path / "base", TEMPLATES[kind])
    run, pairs, facts, problems = made(folder, tmp_path, view="natural", published=1.0)
    assert [pair.prompt_ids for pair in pairs] == generated(run, [pair.prompt for pair in pairs])
    assert facts["own"] == ROWS  # untrained
    for pair, problem in zip(pairs, problems, strict=True):
        assert run.tokenizer.decode(pair.chosen_ids) == f"{pair.chosen}<end>"
        if kind == "thinking":
            steps, _, answer = pair.chosen.partition("\n</think>\n")
            assert (f"{steps}\n{answer}", answer) == (
                solution_text(problem, "natural"),
                answer_text(problem, "natural"),
            )
            assert score(f"<think>{pair.chosen}", problem, "natural").score == 1
        else:
            assert pair.chosen == solution_text(problem, "natural")
