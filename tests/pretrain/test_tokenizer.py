"""The tokenizer knows every symbol of the slots view, spends no token on what carries nothing, and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("transformers")

from rungwise.pretrain.tokenizer import END, UNKNOWN, make_tokenizer, vocabulary
from rungwise.problems.problem import LACK_CONDITION, TASKS, Answer, Problem
from rungwise.problems.recipe import Recipe
from rungwise.problems.sampler import sample_problem
from rungwise.problems.streams import make_dice, stream
from rungwise.scoring.score import score
from rungwise.wording import slots
from rungwise.wording.answers import solution_text

TOKENIZER = make_tokenizer()
RECIPES = {
    "menus": Recipe(split="train"),
    "joint menus": Recipe(split="train", menus={"joint": 1.0}),
    "zeros": Recipe(split="train", zero=1.0),
    "published style": Recipe(split="train", menus={"published": 1.0}, zero=0.3),
}


def problems(task: str, kind: str, n: int = 15) -> list[Problem]:
    rng = stream("tokenizer", task, kind)
    dice = make_dice("tokenizer", task, kind)
    return [slots.redraw(sample_problem(task, RECIPES[kind], dice), rng) for _ in range(n)]


def tokens(text: str) -> list[str]:
    return TOKENIZER.convert_ids_to_tokens(TOKENIZER(text)["input_ids"])


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize("task", TASKS)
def test_prompts_and_solutions_have_no_unknown_token(task: str, kind: str) -> None:
    for problem in problems(task, kind):
        assert UNKNOWN not in tokens(slots.text(problem))
        solution = solution_text(problem, "slots")
        assert UNKNOWN not in tokens(solution)
        written = TOKENIZER.decode(TOKENIZER(solution)["input_ids"])
        assert written == solution
        assert score(written, problem, "slots").score == 1


def test_a_fact_costs_its_assignments_the_bar_and_the_slot() -> None:
    assert tokens("P(C=1|A=0,B=1)=v7") == ["C=1", "|", "A=0", "B=1", "v7"]
    assert tokens("P(C=1)=v12 P(B=0,C=1)=v64") == ["C=1", "v12", "B=0", "C=1", "v64"]


def test_the_other_lines() -> None:
    assert tokens("graph A->B C->\nfacts") == ["graph", "A->", "B", "C->", "facts"]
    assert tokens("ask PN lower A=0 A=1 C=0\n") == ["ask", "PN", "lower", "A=0", "A=1", "C=0"]
    solution = 'path:yes;adjust:AB;{"PROB": "max(0,(v1-(1-v2)*v3)/v4)"}'
    assert tokens(solution) == [
        *("path", ":", "yes", ";", "adjust", ":", "A", "B", ";", '{"PROB": "', "max", "(", "0", ",", "("),
        *("v1", "-", "(", "1", "-", "v2", ")", "*", "v3", ")", "/", "v4", ")", '"}'),
    ]
    assert tokens("write sum AB (C=1|A B=1-C=1|A B=0)*A:")[:9] == [
        "write",
        "sum",
        "A",
        "B",
        "(",
        "C=1",
        "|",
        "A",
        "B=1",
    ]


def test_a_set_of_letters_is_never_a_task() -> None:
    for task in TASKS:
        assert tokens(f"adjust:{task};") == ["adjust", ":", *task, ";"]
        assert tokens(f"ask {task} A=1") == ["ask", task, "A=1"]


def test_lack_of_conditions_is_one_token() -> None:
    lacking = problems("ATE", "menus", 1)[0].with_(truth=Answer(None, LACK_CONDITION))
    ids = TOKENIZER(solution_text(lacking, "slots"))["input_ids"]
    assert TOKENIZER.convert_ids_to_tokens(ids)[-1] == LACK_CONDITION
    assert TOKENIZER.decode(ids).endswith(LACK_CONDITION)


def test_what_it_does_not_know_is_unknown() -> None:
    assert tokens("path:maybe;v65+7") == ["path", ":", UNKNOWN, ";", UNKNOWN, "+", UNKNOWN]


def test_ids_are_the_places_in_the_vocabulary() -> None:
    words = vocabulary()
    assert len(set(words)) == len(words) == len(TOKENIZER)
    assert TOKENIZER.convert_ids_to_tokens(list(range(len(words)))) == words
    assert TOKENIZER.eos_token == END
    assert TOKENIZER.padding_side == "left"


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    for task in TASKS:
        text = slots.text(problems(task, "menus", 1)[0])
        assert loaded(text)["input_ids"] == TOKENIZER(text)["input_ids"]
        solution = solution_text(problems(task, "zeros", 1)[0], "slots")
        assert loaded.decode(loaded(solution)["input_ids"]) == solution
    assert (loaded.pad_token, loaded.eos_token, loaded.unk_token) == (
        TOKENIZER.pad_token,
        TOKENIZER.eos_token,
        TOKENIZER.unk_token,
    )
    assert loaded(["graph", "graph A->B"], padding=True)["input_ids"][0][0] == loaded.pad_token_id
