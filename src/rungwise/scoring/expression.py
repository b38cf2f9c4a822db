"""Arithmetic over exact fractions: a small grammar, parsed once and evaluated as often as needed.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/") signed)*
    signed  = ("+" | "-")* atom
    atom    = number | slot | "(" sum ")" | ("min" | "max") "(" sum ("," sum)+ ")"
    number  = 12, 0.1234, .5 or 5.        slot = v1, v2, ...

White space is free; the signs − × · ÷ are read as - * * /. What a model wrote is read by this and nothing else: no
eval, no symbolic algebra. Every cost has a limit, so any text is refused or done with in linear time: the parser
keeps its own stack (no recursion), and no number ever grows beyond MAX_BITS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

MAX_CHARACTERS = 4_000
MAX_TOKENS = 2_000
MAX_DEPTH = 50
"""Parentheses inside parentheses."""
MAX_DIGITS = 30
"""Digits of one number."""
MAX_BITS = 4_000
"""Size of numerator and denominator of every intermediate value."""
MAX_VALUE = 10**9
"""Results stay below this: an honest value is at most 1, and a float can hold what is left."""

_TOKEN = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+|v[0-9]+|(?:min|max)\s*\(|\S")
_SIGNS = str.maketrans("−×·÷", "-**/")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3}

Item = Fraction | str | tuple[str, int]
"""A step of the compiled form: push a number, push a slot or apply an operator, or apply min / max to n values."""


class ExpressionError(ValueError):
    """The text is no expression, or has no value; ``code`` is one of grammar, too_long, too_deep,
    too_many_digits, too_big, division_by_zero, unknown_slot."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Parsed:
    """An expression in postfix order, ready to be evaluated.

    Attributes:
        code: the steps.
        is_plain_number: the text is one number with at most one sign, and nothing else.
    """

    code: tuple[Item, ...]
    is_plain_number: bool

    @property
    def uses_slots(self) -> bool:
        """Whether any slot occurs."""
        return any(isinstance(item, str) and item[0] == "v" for item in self.code)

    def evaluate(self, slots: Mapping[str, Fraction] | None = None) -> Fraction:
        """The exact value, with ``slots`` giving the numbers of the slots.

        Raises:
            ExpressionError: unknown_slot, division_by_zero or too_big.
        """
        stack: list[Fraction] = []
        for item in self.code:
            if isinstance(item, Fraction):
                stack.append(item)
            elif isinstance(item, tuple):
                name, count = item
                values = stack[-count:]
                stack[-count:] = [min(values) if name == "min" else max(values)]
            elif item == "neg":
                stack[-1] = -stack[-1]
            elif item in _PRECEDENCE:
                right = stack.pop()
                stack[-1] = _apply(item, stack[-1], right)
            elif slots is None or item not in slots:
                raise ExpressionError("unknown_slot", f"there is no slot {item[:20]} in this problem")
            else:
                stack.append(slots[item])
        if abs(stack[0]) >= MAX_VALUE:
            raise ExpressionError("too_big", "the value is far beyond any probability")
        return stack[0]


def evaluate(text: str, slots: Mapping[str, Fraction] | None = None) -> Fraction:
    """The exact value of an expression.

    Raises:
        ExpressionError: see ``parse`` and ``Parsed.evaluate``.
    """
    return parse(text).evaluate(slots)


def parse(text: str) -> Parsed:
    """Read an expression (operator-precedence parsing with an explicit stack; Dijkstra's shunting yard).

    Raises:
        ExpressionError: grammar, too_long, too_deep or too_many_digits.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError("too_long", f"the expression has more than {MAX_CHARACTERS} characters")
    tokens: list[str] = _TOKEN.findall(text if text.isascii() else text.translate(_SIGNS))
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError("too_long", f"the expression has more than {MAX_TOKENS} symbols")

    code: list[Item] = []
    waiting: list[str] = []  # operators and opening brackets ("(", "min", "max") that are not finished
    counts: list[int] = []  # for each open bracket the number of its arguments so far
    want_operand = True
    for token in tokens:
        if want_operand:
            if token[0] in "0123456789" or (len(token) > 1 and token[0] == "."):
                code.append(_number(token))
                want_operand = False
            elif token[0] == "v" and len(token) > 1:
                code.append(token)
                want_operand = False
            elif token == "-":
                waiting.append("neg")
            elif token[-1] == "(":
                if len(counts) == MAX_DEPTH:
                    raise ExpressionError("too_deep", f"more than {MAX_DEPTH} parentheses inside each other")
                waiting.append("(" if token == "(" else token[:3])
                counts.append(1)
            elif token != "+":
                raise _unexpected(token)
        elif token in ("+", "-", "*", "/"):
            _flush(waiting, code, _PRECEDENCE[token])
            waiting.append(token)
            want_operand = True
        elif token in (",", ")"):
            _flush(waiting, code, 1)
            if not waiting:
                raise _unexpected(token)
            bracket = waiting[-1]
            if token == ",":
                if bracket == "(":
                    raise _unexpected(token)
                counts[-1] += 1
                want_operand = True
                continue
            waiting.pop()
            count = counts.pop()
            if bracket != "(":
                if count < 2:
                    raise ExpressionError("grammar", f"{bracket} needs two values or more")
                code.append((bracket, count))
        else:
            raise _unexpected(token)
    if want_operand or counts:
        raise ExpressionError("grammar", "the expression is empty or ends too early")
    _flush(waiting, code, 1)
    return Parsed(tuple(code), len(tokens) == 1 + (tokens[0] in ("+", "-")) and not isinstance(code[0], str))


def _flush(waiting: list[str], code: list[Item], level: int) -> None:
    """Move the operators that bind at least as tightly as ``level`` into the code, up to the open bracket."""
    while waiting and _PRECEDENCE.get(waiting[-1], 0) >= level:
        code.append(waiting.pop())


def _number(token: str) -> Fraction:
    whole, _, part = token.partition(".")
    if len(whole) + len(part) > MAX_DIGITS:
        raise ExpressionError("too_many_digits", f"a number has more than {MAX_DIGITS} digits")
    return Fraction(int(whole + part), 10 ** len(part))


def _unexpected(token: str) -> ExpressionError:
    return ExpressionError("grammar", f"{token[:20]!r} has no place here; see the grammar of expressions")


def _apply(operator: str, a: Fraction, b: Fraction) -> Fraction:
    if operator == "+":
        value = a + b
    elif operator == "-":
        value = a - b
    elif operator == "*":
        value = a * b
    elif b:
        value = a / b
    else:
        raise ExpressionError("division_by_zero", "a denominator is 0")
    if value.denominator.bit_length() > MAX_BITS or value.numerator.bit_length() > MAX_BITS:
        raise ExpressionError("too_big", f"a value on the way needs more than {MAX_BITS} bits")
    return value
