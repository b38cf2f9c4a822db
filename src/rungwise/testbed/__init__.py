"""A world in which the bias of names is known: items whose names tell the answer as often as a knob says, the corpus
that a small model learns the bias from, and its tokenizer."""
