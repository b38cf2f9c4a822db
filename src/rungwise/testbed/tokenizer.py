"""The test bed's tokenizer: a token for a word of the world, two for a made-up word, one for a
symbol's letter.

A space belongs to the token after it, as in the tokenizers of large models; the plural's s is a token of its own.
"""

from __future__ import annotations

import re
from string import ascii_uppercase

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rungwise.testbed.words import EVENTS, KINDS, PEOPLE, SYLLABLES

PAD, END, UNKNOWN = "<pad>", "<end>", "<unk>"
_ENGLISH = (
    "Every Each All is are not a True False true or false or The probability of For those with Will increase decrease "
    "the chance would it be more less likely to see if had been than Answer Reply Yes No has direct effect on and "
    "asked Imagine world only these conditions Suppose that this holds Take without any other causes overall non"
)


def words() -> list[str]:
    """All whole words, in order."""
    kinds = [kind for group in KINDS for kind in group]
    events = [event for group in EVENTS for event in group]
    phrases = [word for event in events for phrase in (event.one, event.zero) for word in phrase.split()]
    nouns = [event.name for event in events]
    named = [*kinds, *nouns, *phrases]
    return list(dict.fromkeys([*_ENGLISH.split(), *PEOPLE, *named, *(word.capitalize() for word in nouns)]))


def make_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, ready to be saved beside a model."""
    numbers, marks = [str(i) for i in range(101)], [":", ".", ",", "%", "?", "-", "\n", "s"]
    parts = [*SYLLABLES, *(syllable.capitalize() for syllable in SYLLABLES)]
    pieces = [*words(), *ascii_uppercase, *numbers, *parts]
    vocabulary = [PAD, END, UNKNOWN, *marks, *pieces, *(f" {piece}" for piece in pieces)]
    core = Tokenizer(models.WordLevel({t: i for i, t in enumerate(dict.fromkeys(vocabulary))}, unk_token=UNKNOWN))
    whole = "|".join(sorted(map(re.escape, words()), key=len, reverse=True))
    part = "|".join(parts)
    # A word ends where a word ends, with or without a plural's s.
    pattern = rf" ?(?:{whole})(?=s?\b)| ?[A-Z](?=[A-Z]*s?\b)| ?(?:{part})| ?[0-9]+|s\b|[:.,%?\n-]"
    core.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, eos_token=END, unk_token=UNKNOWN, padding_side="left",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
