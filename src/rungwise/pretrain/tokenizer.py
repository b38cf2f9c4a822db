"""The embedded model's tokenizer: one token for an assignment (``C=1``), a slot (``v7``), an edge's tail (``A->``).

It reads the slots view. ``P(``, ``)=`` and the commas between conditions carry nothing and are dropped, so a fact
costs one token per assignment, one for the bar and one for its slot.
"""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rungwise.problems.problem import LACK_CONDITION, TASKS
from rungwise.wording.slots import LETTERS, MAX_SLOTS

PAD, END, UNKNOWN = "<pad>", "<end>", "<unk>"
OPEN, CLOSE = '{"PROB": "', '"}'
WORDS = [
    "graph", "facts", "ask", "hold", "less", "lower", "upper", "none", "yes", "no", "max", "min", "sum", "path", "edge",
    "between", "adjust", "parents", "children", "ancestors", "descendants", "find", "write",
]  # fmt: skip
VALUES = 4
"""Values per variable that have a token of their own (0 to 3)."""


def vocabulary() -> list[str]:
    """All tokens, in order of their ids."""
    return [
        PAD, END, UNKNOWN, OPEN, CLOSE, LACK_CONDITION,
        *TASKS, *WORDS, *"|:;,()+-*/01",
        *LETTERS, *(f"{c}->" for c in LETTERS), *(f"{c}={value}" for c in LETTERS for value in range(VALUES)),
        *(f"v{i + 1}" for i in range(MAX_SLOTS)),
    ]  # fmt: skip


def make_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, ready to be saved beside a model."""
    core = Tokenizer(models.WordLevel({t: i for i, t in enumerate(vocabulary())}, unk_token=UNKNOWN))
    core.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("P(", " "),
            normalizers.Replace(")=v", " v"),
            normalizers.Replace(Regex(",(?=[A-Z]=)"), " "),
        ]
    )
    # A task's name is one token where the question names it; elsewhere, as in adjust:PN, it is a set of letters.
    names = rf"{LACK_CONDITION}|(?<=ask )(?:{'|'.join(TASKS)})"
    pattern = rf'\{{"PROB": "|"\}}|{names}|[a-z]+(?![0-9])|v[0-9]+|[A-Z]=[0-9]|[A-Z]->|[A-Z]|[0-9]+|[|:;,()+\-*/]'
    core.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    spaced = [decoders.Replace(word, f"{word} ") for word in ("path", "edge", "between", "parents", "find")]
    core.decoder = decoders.Sequence([*spaced, decoders.Fuse()])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, eos_token=END, unk_token=UNKNOWN, padding_side="left",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
