"""Recipes: everything that decides a post-training run, as YAML or in code, checked by pydantic. No torch here.

Values are checked wherever a recipe is made (``pydantic`` dataclasses): a YAML file, ``--set`` and ``replace`` alike.
"""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from reprlib import repr as shortened
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from rungwise.capt.intervention import Mode
from rungwise.errors import UserError
from rungwise.language_models import EMBEDDED
from rungwise.posttrain.recipes import recipe_names, recipes_folder
from rungwise.scoring.reward import Weights

Method = Literal["cold_start", "sft", "dpo", "kto", "ppo", "grpo"]
METHODS: tuple[Method, ...] = get_args(Method)


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):  # else yes would be taken for 1
        raise ValueError(f"needs a number, got {value}")
    return value


def _digits(value: Any) -> Any:
    """A number that --set gives as text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


_Number = BeforeValidator(_no_truth)
Share = Annotated[float, _Number, Field(ge=0, le=1)]
Count = Annotated[int, _Number, Field(ge=1)]
Whole = Annotated[int, _Number, Field(ge=0)]
Positive = Annotated[float, _Number, Field(gt=0)]
NotNegative = Annotated[float, _Number, Field(ge=0)]

_STRICT = ConfigDict(extra="forbid", validate_default=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Updates:
    """What every method has.

    Attributes:
        seconds: training time at most, making of its own data included.
        steps: optimizer steps at most; 0: the seconds alone decide.
        accumulate: parts that a step's rows are split into; changes memory, not the update.
        lr, warmup: peak learning rate, steps to reach it.
        schedule: constant, or cosine to 0 at ``steps``.
        save_every: steps between checkpoints to resume from.
    """

    seconds: Positive = 200.0
    steps: Whole = 0
    accumulate: Count = 1
    lr: Positive = 3e-4
    warmup: Whole = 10
    schedule: Literal["constant", "cosine"] = "constant"
    save_every: Count = 100

    @model_validator(mode="after")
    def _cosine_ends(self) -> Updates:
        if self.schedule == "cosine" and not self.steps:
            raise ValueError("schedule cosine needs steps: the learning rate ends there")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class SFTSettings(Updates):
    """Supervised fine-tuning.

    Attributes:
        batch: solutions a step.
    """

    batch: Count = 32
    lr: Positive = 1e-3
    warmup: Whole = 20


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class ColdStartSettings(SFTSettings):
    """SFT until held-out accuracy has stopped rising.

    Attributes:
        check_every: steps between held-out accuracies (0: never; then the whole time is used).
        patience: stop after so many checks without a new best accuracy; the best model is kept.
    """

    seconds: Positive = 150.0
    check_every: Whole = 50
    patience: Count = 3


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class PreferenceSettings(Updates):
    """What DPO and KTO share.

    Attributes:
        batch: pairs (DPO) or completions (KTO) a step.
        rows: pairs of a right and a wrong completion that are made from the worked solutions before training.
        negatives: "own": what the model itself writes where that is wrong, else another problem's solution;
            "other": always another problem's solution; "none" (KTO only): right completions alone.
        temperature: of the model's own samples.
        beta: how far the trained model may leave the start model; small is far.
    """

    batch: Count = 32
    rows: Count = 1400
    negatives: Literal["own", "other", "none"] = "own"
    temperature: Positive = 1.0
    beta: Positive = 0.1


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class DPOSettings(PreferenceSettings):
    """Direct preference optimisation.

    Attributes:
        nll: weight of the right completions' cross-entropy beside the preference loss (arXiv 2404.19733).
    """

    nll: NotNegative = 0.0

    @model_validator(mode="after")
    def _needs_negatives(self) -> DPOSettings:
        if self.negatives == "none":
            raise ValueError("negatives none leaves DPO nothing to compare: use own or other, or the method sft")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class KTOSettings(PreferenceSettings):
    """Kahneman-Tversky optimisation."""

    batch: Annotated[int, _Number, Field(ge=2)] = 32


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class OnlineSettings(Updates):
    """What GRPO and PPO share.

    Attributes:
        published: share of questions that show only the facts their solution needs: few, because most are solved
            in every completion, and then nothing is learnt from them.
        prompts, group: questions a generation step, completions a question.
        updates: optimizer steps made from one generation step.
        beta: weight of the per-token KL to the start model (GRPO: in the loss; PPO: in the reward).
        clip: half-width of the surrogate's clipping range.
        max_completion: tokens a completion may have.
        vllm: sample with vLLM ("colocate": in this process, "server": from ``trl vllm-serve``).
        save_every: steps between checkpoints to resume from; a multiple of ``updates``.
    """

    published: Share = 0.1
    prompts: Count = 32
    group: Annotated[int, _Number, Field(ge=2)] = 8
    updates: Count = 1
    beta: NotNegative = 0.0
    clip: Positive = 0.2
    temperature: Positive = 1.0
    max_completion: Count = 72
    vllm: Literal["off", "colocate", "server"] = "off"
    save_every: Count = 40

    @model_validator(mode="after")
    def _divides(self) -> OnlineSettings:
        if self.prompts * self.group % (self.updates * self.accumulate):
            raise ValueError(
                f"prompts x group must be a multiple of updates x accumulate ({self.prompts}x{self.group})"
            )
        if self.save_every % self.updates:
            raise ValueError(f"save_every must be a multiple of updates ({self.updates})")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class GRPOSettings(OnlineSettings):
    """Group relative policy optimisation."""


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class PPOSettings(OnlineSettings):
    """Proximal policy optimisation with a critic.

    Attributes:
        gamma, lam: discount and lambda of generalised advantage estimation.
        critic_lr: learning rate of the critic.
        critic_epochs: passes of the critic over each generation step's completions.
        critic_clip: half-width of the range in which a value may move from the one before the update.
    """

    beta: NotNegative = 0.01
    gamma: Share = 1.0
    lam: Share = 1.0
    critic_lr: Positive = 3e-4
    critic_epochs: Count = 4
    critic_clip: Positive = 0.2


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class LoRASettings:
    """Adapters.

    Attributes:
        rank: 0 trains all weights.
        alpha: scale; 0: twice the rank.
        targets: the layers' names, or all-linear.
        bits: 4 loads the base model in nf4 (bitsandbytes, CUDA); 0 does not quantise.
    """

    rank: Whole = 0
    alpha: Whole = 0
    dropout: Share = 0.0
    targets: str = "all-linear"
    bits: Annotated[Literal[0, 4], BeforeValidator(_digits)] = 0


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class StudySettings:
    """What ``rungwise study`` compares.

    Attributes:
        methods: trained from one cold start a seed.
        seeds: independent runs.
        suites: what every model is evaluated on.
        items: of each suite.
        samples, temperature: answers an item; one greedy answer by default.
        budgets: worked solutions a task, for the figure of accuracy against budget (first seed).
        seconds, cold_start_seconds: training time of every method, the same for all, and of the cold start; 0: what
            each one's own settings say.
    """

    methods: tuple[Method, ...] = METHODS[1:]
    seeds: Count = 5
    suites: tuple[str, ...] = ("base", "hard", "decisive", "deconfounding", "redundant", "insufficient")
    items: Count = 210
    samples: Count = 1
    temperature: NotNegative = 0.0
    budgets: tuple[Count, ...] = ()
    seconds: NotNegative = 0.0
    cold_start_seconds: NotNegative = 0.0


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class TestBedSettings:
    """A study of CAPT in a world whose bias is known, see ``testbed``.

    Attributes:
        families: ontology, ladder; the first is that of the figures. None: the study is no test bed.
        strengths: how often common sense is right in pre-training, for the first figure.
        counts: samples, for the second figure.
        strength, count: of the table and of the other figure.
        grpo: also GRPO after SFT, on the same questions, with random symbols.
        trunk_batches, bias_batches: of pre-training without and then with bias; the trunk is shared by all models of a
            family.
        batch, questions, lr, warmup, hidden, layers, heads: see ``pretrain.train.PretrainRecipe``.
    """

    families: tuple[Literal["ontology", "ladder"], ...] = ()
    strengths: tuple[Share, ...] = (0.5, 0.8, 0.95)
    counts: tuple[Count, ...] = (25, 50, 100, 200)
    strength: Share = 0.95
    count: Count = 100
    grpo: bool = True
    trunk_batches: Count = 1200
    bias_batches: Count = 200
    batch: Count = 32
    questions: Count = 4
    lr: Positive = 1.5e-3
    warmup: Whole = 100
    hidden: Count = 96
    layers: Count = 3
    heads: Count = 4


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class TrainRecipe:
    """Everything that decides a run.

    Attributes:
        model: what is trained when no --model is given.
        data: "" for our causal problems, else a source of exercises, see ``exercises``.
        samples: exercises with worked solutions, where ``data`` names a source.
        capt: what stands in place of event names, one of ``capt.intervention.MODES``.
        view: the view of prompts and solutions.
        names: the vocabulary of events where the view shows names.
        guidance: worked steps in the solutions; without it final answers only.
        solutions: worked solutions a task (cold start, SFT, DPO, KTO).
        reworded: file of the same solutions in a language model's words, made by ``rungwise reword``: the cold start
            and SFT see those that are there half of the time.
        questions: questions with answers only (GRPO, PPO).
        level: difficulty of the questions, one of ``suites.items.LEVELS`` or "mixed", the training suite's own sizes.
        published: share of worked solutions whose problem shows only the facts they need.
        validation: held-out problems for stopping the cold start.
        report_to: where metrics also go, besides the run's folder: tensorboard (files in it), wandb (a service). Keys
            are read from the environment, never from a recipe.
    """

    model: str = EMBEDDED
    data: str = ""
    samples: Count = 100
    capt: Mode = "none"
    view: Literal["natural", "formal", "slots"] = "slots"
    names: Literal["real", "commonsense", "anti-commonsense", "nonsense"] = "nonsense"
    guidance: bool = True
    solutions: Count = 25
    reworded: str = ""
    questions: Count = 4200
    level: Literal["mixed", "starter", "easy", "medium", "advanced", "hard", "expert"] = "mixed"
    published: Share = 1 / 3
    validation: Count = 140
    seed: Whole = 0
    report_to: tuple[Literal["tensorboard", "wandb"], ...] = ()
    lora: LoRASettings = Field(default_factory=LoRASettings)
    reward: Weights = Field(default_factory=Weights)
    cold_start: ColdStartSettings = Field(default_factory=ColdStartSettings)
    sft: SFTSettings = Field(default_factory=SFTSettings)
    dpo: DPOSettings = Field(default_factory=DPOSettings)
    kto: KTOSettings = Field(default_factory=KTOSettings)
    ppo: PPOSettings = Field(default_factory=PPOSettings)
    grpo: GRPOSettings = Field(default_factory=GRPOSettings)
    study: StudySettings = Field(default_factory=StudySettings)
    testbed: TestBedSettings = Field(default_factory=TestBedSettings)

    @model_validator(mode="after")
    def _rewords_english(self) -> TrainRecipe:
        if self.reworded and (self.view == "slots" or not self.guidance):
            raise ValueError("reworded needs worked solutions in English: view natural or formal, and guidance")
        return self

    @model_validator(mode="after")
    def _in_english(self) -> TrainRecipe:
        if self.capt != "none" and self.view != "natural":
            raise ValueError(
                f"capt={self.capt} works in the natural view, in which there are names: set view=natural (in slots and "
                "formal they are gone already)"
            )
        if self.data and self.view != "natural":
            raise ValueError(f"data={self.data} is English: set view=natural")
        if self.data and self.reworded:
            raise ValueError("reworded is for our causal problems: leave it out, or data")
        if self.data and (self.reward.process or self.reward.tolerance):
            raise ValueError("exercises have no checked steps and no value: set reward.process=0, reward.tolerance=0")
        return self

    @model_validator(mode="after")
    def _enough_questions(self) -> TrainRecipe:
        for name, online in (("ppo", self.ppo), ("grpo", self.grpo)):
            if self.questions < online.prompts:
                raise ValueError(f"questions must be at least {name}.prompts ({online.prompts}), got {self.questions}")
        return self


def method_settings(recipe: TrainRecipe, method: str) -> Updates:
    """A recipe's settings for a method.

    Raises:
        UserError: unknown method.
    """
    if method not in METHODS:
        raise UserError(f"unknown method {method!r}; {nearest(method, list(METHODS))}")
    settings: Updates = getattr(recipe, method)
    return settings


def recipe(name: str, overrides: list[str] | None = None, smoke: bool = False) -> TrainRecipe:
    """A named recipe or a YAML file, with ``key=value`` overrides such as ``grpo.lr=1e-4``.

    Args:
        smoke: shrink everything that takes time, so that a run takes seconds; overrides still win.

    Raises:
        UserError: unknown recipe or key (with the nearest name), a value of the wrong type or out of range, no such
            file, or it holds no YAML mapping.
    """
    path = recipes_folder() / name / "recipe.yaml"
    if not path.exists():
        path = Path(name)
        if path.suffix not in (".yaml", ".yml") or not path.is_file():
            raise UserError(f"unknown recipe {name!r}; {nearest(name, list(recipe_names()))}, or give a YAML file")
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path} can't be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(given, dict):
        raise UserError(f"{path} must hold settings as key: value")
    found = _made(given, str(path))
    if smoke:
        questions = max(_SMOKE["questions"], found.ppo.prompts, found.grpo.prompts)
        found = _made(_merged(asdict(found), {**_SMOKE, "questions": questions}), "--smoke")
    changed = asdict(found)
    for override in overrides or []:
        key, equals, text = override.partition("=")
        if not equals:
            raise UserError(f"--set needs key=value, got {override!r}")
        changed = _merged(changed, _nested(found, key, text))
    return _made(changed, "--set") if overrides else found


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a key that stands twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for i, (key, _) in enumerate(node.value):
            if key.value in keys[:i]:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


_BRIEF = {"seconds": 8, "steps": 0, "schedule": "constant"}
_SMOKE: dict[str, Any] = {
    "solutions": 10,
    "questions": 140,
    "validation": 28,
    **dict.fromkeys(METHODS, _BRIEF),
    "cold_start": {**_BRIEF, "check_every": 0},
    "dpo": {**_BRIEF, "rows": 64},
    "kto": {**_BRIEF, "rows": 64},
    "study": {"seeds": 1, "items": 21, "budgets": (), "seconds": 0, "cold_start_seconds": 0},
    "testbed": {"strengths": (0.95,), "counts": (20,), "count": 20, "trunk_batches": 4, "bias_batches": 2, "warmup": 1},
}


def _nested(target: Any, key: str, text: str) -> dict[str, Any]:
    """``grpo.lr`` and "1e-4" as {"grpo": {"lr": 1e-4}}.

    Raises:
        UserError: a group is named, or something below a single setting.
    """
    first, dot, rest = key.partition(".")
    old = getattr(target, first, None)
    if is_dataclass(old) and not rest:
        raise UserError(f"{key!r} is a group of settings; name one of them, as in {key}.{fields(old)[0].name}")
    if old is not None and not is_dataclass(old) and dot:
        raise UserError(f"{first!r} is a single setting, so {key!r} does not exist")
    if rest:
        return {first: _nested(old, rest, text)}
    return {first: tuple(text.split(",") if text else ()) if isinstance(old, tuple) else text}


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """``old`` with the values of ``new``, groups of settings one by one."""
    both = {
        k: _merged(old[k], v) if isinstance(v, dict) and isinstance(old.get(k), dict) else v for k, v in new.items()
    }
    return {**old, **both}


def _made(given: dict[str, Any], source: str) -> TrainRecipe:
    """A recipe of nested mappings.

    Raises:
        UserError: the first thing that is wrong, in one line.
    """
    try:
        return TrainRecipe(**given)
    except ValidationError as error:
        first = error.errors()[0]
    except TypeError as error:  # a key that is no string
        raise UserError(f"{source}: {error}") from error
    key = ".".join(map(str, first["loc"]))
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        group: Any = TrainRecipe()
        for part in first["loc"][:-1]:
            group = getattr(group, str(part))
        raise UserError(
            f"{source}: unknown setting {key!r}; {nearest(str(first['loc'][-1]), [f.name for f in fields(group)])}"
        )
    problem = first["msg"].removeprefix("Value error, ")
    got = "" if first["type"] == "value_error" else f", got {shortened(first['input'])}"
    raise UserError(f"{source}: {key + ': ' if key else ''}{problem}{got}")


def nearest(name: str, known: list[str]) -> str:
    """A hint at what may have been meant."""
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
