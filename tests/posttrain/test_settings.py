"""Recipes as YAML files and in code: what they hold comes through, and every slip is one line that names it."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

pytest.importorskip("pydantic")
pytest.importorskip("yaml")

import yaml
from pydantic import ValidationError

from rungwise.errors import UserError
from rungwise.language_models import EMBEDDED
from rungwise.posttrain.recipes import recipe_names, recipes_folder
from rungwise.posttrain.settings import (
    METHODS,
    GRPOSettings,
    PPOSettings,
    SFTSettings,
    TrainRecipe,
    method_settings,
    recipe,
)
from rungwise.suites.items import LEVELS
from rungwise.wording.names import KINDS

GROUPS = [field.name for field in fields(TrainRecipe) if is_dataclass(getattr(TrainRecipe(), field.name))]


def write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", recipe_names())
def test_every_named_recipe_loads_and_says_what_it_is_for(name: str) -> None:
    found = recipe(name)
    for method in METHODS:
        assert method_settings(found, method) is getattr(found, method)
    assert len(recipe_names()[name]) > 20
    assert set(yaml.safe_load((recipes_folder() / name / "recipe.yaml").read_text())) <= {
        field.name for field in fields(TrainRecipe)
    }
    small = recipe(name, smoke=True)
    assert all(method_settings(small, method).seconds == 8 for method in METHODS)
    assert small.model == found.model
    assert (small.solutions, small.dpo.rows, small.kto.rows, small.study.seeds) == (10, 64, 64, 1)


def test_the_tiny_recipe_is_the_embedded_model_in_the_slots_view() -> None:
    assert (recipe("tiny").model, recipe("tiny").view, recipe("tiny").solutions) == (EMBEDDED, "slots", 25)


def test_names_that_others_define_are_the_same_here() -> None:
    hints = get_type_hints(TrainRecipe)
    assert get_args(hints["level"]) == ("mixed", *LEVELS)
    assert set(get_args(hints["names"])) <= set(KINDS)


class TestSet:
    def test_settings_are_changed_by_name_and_type(self) -> None:
        found = recipe("tiny", ["grpo.lr=1e-4", "sft.batch=8", "solutions=26", "model=some/model", "published=0"])
        assert (found.grpo.lr, found.sft.batch, found.solutions, found.model) == (1e-4, 8, 26, "some/model")
        tiny = recipe("tiny")
        assert found == replace(
            tiny,
            grpo=replace(tiny.grpo, lr=1e-4),
            sft=replace(tiny.sft, batch=8),
            solutions=26,
            model="some/model",
            published=0.0,
        )
        assert recipe("tiny", []) == tiny

    @pytest.mark.parametrize(
        ("override", "value"),
        [
            ("lora.bits=4", 4),
            ("lora.targets=q_proj,v_proj", "q_proj,v_proj"),
            ("guidance=no", False),
            ("level=hard", "hard"),
            ("study.methods=grpo,kto", ("grpo", "kto")),
            ("study.budgets=8,25", (8, 25)),
            ("study.budgets=", ()),
            ("ppo.vllm=colocate", "colocate"),
        ],
    )
    def test_every_kind_of_value_can_be_given_as_text(self, override: str, value: Any) -> None:
        found: Any = recipe("tiny", [override])
        for part in override.partition("=")[0].split("."):
            found = getattr(found, part)
        assert found == value
        assert type(found) is type(value)

    def test_what_only_goes_together_may_come_in_any_order(self) -> None:
        overrides = ["grpo.schedule=cosine", "grpo.steps=100", "grpo.prompts=3", "grpo.group=5", "grpo.updates=3"]
        overrides += ["grpo.save_every=9", "reward.process=0.9", "reward.format=0.1"]
        found = recipe("tiny", overrides)
        assert (found.grpo.schedule, found.grpo.steps, found.grpo.updates) == ("cosine", 100, 3)
        assert recipe("tiny", overrides[::-1]) == found

    def test_the_last_of_two_counts(self) -> None:
        assert recipe("tiny", ["grpo.lr=1", "grpo.lr=2"]).grpo.lr == 2

    def test_overrides_win_over_smoke(self) -> None:
        assert recipe("tiny", ["sft.seconds=1.5"], smoke=True).sft.seconds == 1.5

    @pytest.mark.parametrize(
        ("name", "overrides", "message"),
        [
            ("tinny", [], "unknown recipe 'tinny'; did you mean 'tiny'"),
            ("zzz", [], "there are .*tiny"),
            ("none.yaml", [], "unknown recipe 'none.yaml'.*YAML file"),
            ("tiny", ["solution=3"], "unknown setting 'solution'; did you mean 'solutions'"),
            ("tiny", ["grpo.clp=3"], "unknown setting 'grpo.clp'; did you mean 'clip'"),
            ("tiny", ["lora.rnk=3"], "unknown setting 'lora.rnk'; did you mean 'rank'"),
            ("tiny", ["reward.fromat=0"], "unknown setting 'reward.fromat'; did you mean 'format'"),
            ("tiny", ["study.seed=3"], "unknown setting 'study.seed'; did you mean 'seeds'"),
            ("tiny", ["gppo.lr=3"], "unknown setting 'gppo'; did you mean 'grpo'|did you mean 'ppo'"),
            ("tiny", ["grpo=3"], "group of settings.*grpo.seconds"),
            ("tiny", ["seed.x=3"], "'seed' is a single setting"),
            ("tiny", ["grpo.lr.x=3"], "'lr' is a single setting"),
            ("tiny", ["seed"], "key=value"),
            ("tiny", ["=3"], "unknown setting ''"),
            ("tiny", ["solutions=many"], "solutions: .*valid integer.*'many'"),
            ("tiny", ["sft.lr="], "sft.lr: .*valid number.*''"),
            ("tiny", ["study.methods=grop"], "study.methods.0: .*'grpo'.*got 'grop'"),
        ],
    )
    def test_slips_name_the_nearest(self, name: str, overrides: list[str], message: str) -> None:
        with pytest.raises(UserError, match=message) as caught:
            recipe(name, overrides)
        assert "\n" not in str(caught.value)


OUT_OF_RANGE = [
    ("view", "slot"), ("names", "fake"), ("level", "hrad"), ("solutions", 0), ("questions", 3), ("published", 1.5),
    ("published", -0.1), ("validation", 0), ("seed", -1), ("lora.rank", -1), ("lora.bits", 8), ("lora.dropout", 2),
    ("grpo.group", 1), ("grpo.updates", 0), ("grpo.updates", 3), ("grpo.accumulate", 3), ("grpo.lr", 0),
    ("grpo.lr", -1e-4), ("grpo.clip", 0), ("grpo.temperature", 0), ("grpo.max_completion", 0), ("grpo.beta", -1),
    ("grpo.vllm", "yes"), ("grpo.seconds", 0), ("grpo.seconds", "inf"), ("grpo.lr", "nan"), ("sft.batch", 0),
    ("sft.steps", -1), ("sft.schedule", "linear"), ("sft.schedule", "cosine"), ("cold_start.patience", 0),
    ("kto.batch", 1), ("dpo.negatives", "none"), ("kto.negatives", "mine"), ("dpo.beta", 0), ("ppo.lam", 1.1),
    ("ppo.gamma", -0.5), ("ppo.critic_epochs", 0), ("ppo.prompts", 5000), ("reward.format", 1.5),
    ("reward.process", 0.95), ("study.seeds", 0), ("study.temperature", -1), ("study.methods", "grpo,x"),
    ("study.budgets", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), OUT_OF_RANGE)
def test_values_out_of_range_are_refused_wherever_they_come_from(key: str, value: Any, tmp_path: Path) -> None:
    group, dot, name = key.partition(".")
    given: Any = value.split(",") if key in ("study.methods", "study.budgets") else value
    path = write(tmp_path, yaml.safe_dump({group: {name: given}} if dot else {group: given}))
    for source in (lambda: recipe(path), lambda: recipe("tiny", [f"{key}={value}"])):
        with pytest.raises(UserError, match=group) as caught:
            source()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: replace(r, solutions=0), "solutions"),
        (lambda r: replace(r, questions=r.grpo.prompts - 1), "questions"),
        (lambda r: replace(r.grpo, group=1), "group"),
        (lambda r: replace(r.sft, schedule="cosine"), "steps"),
        (lambda r: replace(r, grpo=PPOSettings()), "grpo"),
        (lambda r: replace(r, seed=True), "seed"),
    ],
)
def test_replace_checks_again(change: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        change(TrainRecipe())


class TestYAML:
    def test_a_file_holds_what_differs_from_the_defaults(self, tmp_path: Path) -> None:
        text = "model: some/model\nseed: 3\ngrpo:\n  lr: 1e-4\n  group: 4\nstudy:\n  suites: [base, hard]\n"
        found = recipe(write(tmp_path, text), ["grpo.group=16"])
        assert (found.model, found.seed, found.grpo.lr, found.grpo.group) == ("some/model", 3, 1e-4, 16)
        assert found.study.suites == ("base", "hard")
        assert found.sft == SFTSettings()
        assert recipe(write(tmp_path, "")) == TrainRecipe()

    @pytest.mark.parametrize("name", recipe_names())
    def test_what_a_run_writes_down_is_a_recipe(self, name: str, tmp_path: Path) -> None:
        found = recipe(name, ["seed=7", "study.budgets=8,25"])
        assert recipe(write(tmp_path, yaml.safe_dump(asdict(found)))) == found

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("grpo: [1\n", "can't be read as YAML: .*line 2"),
            ("a: b: c", "can't be read as YAML"),
            ("grpo: {lr: 1, lr: 2}", "'lr' stands twice.*line 1"),
            ("seed: 1\nseed: 2", "'seed' stands twice.*line 2"),
            ("!!python/object/apply:os.system [ls]", "can't be read as YAML"),
            ("x: " + "[" * 5000, "can't be read as YAML"),
            ("- 1\n- 2\n", "key: value"),
            ("tiny", "key: value"),
            ("3: 4", "keywords must be strings|Keys should be strings"),
            ("grpo: {3: 4}", "grpo.3: Keys should be strings"),
            ("grpo: 3", "grpo: .*dictionary.*got 3"),
            ("grpo:", "grpo: .*dictionary"),
            ("grpo: {lr: {a: 1}}", "grpo.lr: .*valid number"),
            ("solutions: true", "solutions: needs a number, got True"),
            ("published: yes", "published: needs a number, got True"),
            ("solutions: 2.5", "solutions: .*integer.*2.5"),
            ("solutions: [1]", "solutions: .*integer"),
            ("seed: 2020-01-01", "seed: .*integer"),
            ("model: 3", "model: .*string, got 3"),
            ("guidance: maybe", "guidance: .*boolean"),
            ("study: {suites: base}", "study.suites: .*tuple"),
            ("solution: 3", "unknown setting 'solution'; did you mean 'solutions'"),
            ("grpo: {grup: 3}", "unknown setting 'grpo.grup'; did you mean 'group'"),
        ],
    )
    def test_a_broken_file_is_named_with_what_is_wrong(self, text: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=message) as caught:
            recipe(write(tmp_path, text))
        assert "mine.yaml" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 600

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.yaml"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(UserError, match="can't be read as YAML"):
            recipe(str(path))

    def test_smoke_allows_many_prompts(self, tmp_path: Path) -> None:
        small = recipe(write(tmp_path, "grpo: {prompts: 512}"), smoke=True)
        assert (small.questions, small.grpo.prompts) == (512, 512)


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_refuses_unknown_keys(group: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"unknown setting '{group}\.zzz'; there are "):
        recipe(write(tmp_path, f"{group}: {{zzz: 1}}"))


def test_an_unknown_method() -> None:
    assert method_settings(TrainRecipe(), "grpo") == GRPOSettings()
    with pytest.raises(UserError, match=r"unknown method 'grop'; did you mean 'grpo'"):
        method_settings(TrainRecipe(), "grop")
