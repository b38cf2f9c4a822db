"""Phrasings of a displayed probability.

Holes: T, t the events it is of and G, g those it is conditional on, as in ``a is low and b is high`` (upper case) or
``a being low and b being high`` (lower case); N the number. Between two lists stand words, never a comma alone.
"""

from __future__ import annotations

MARGINAL = (
    "The chance that {T} is {N}.",
    "The probability of {t} is {N}.",
    "{N} is the probability that {T}.",
    "With probability {N}, {T}.",
    "There is a {N} chance that {T}.",
    "Overall, {T} with probability {N}.",
    "The share of all cases in which {T} is {N}.",
    "Of all cases, a fraction of {N} has {t}.",
    "Looking at all cases, we find that {T} in a proportion of {N}.",
    "Without any condition, the likelihood of {t} equals {N}.",
    "We see {t} in a share of {N} of all cases.",
    "It happens with probability {N} that {T}.",
    "A probability of {N} belongs to {t}.",
    "In general, the chance of {t} amounts to {N}.",
)

CONDITIONAL = (
    "When {G}, the chance that {T} is {N}.",
    "Given that {G}, the event that {T} has probability {N}.",
    "The probability of {t} given {g} is {N}.",
    "If it is known that {G}, the probability that {T} equals {N}.",
    "Among the cases where {G}, the share with {t} is {N}.",
    "Of the cases in which {G}, a fraction of {N} has {t}.",
    "In cases where {G}, there is a {N} chance that {T}.",
    "{N} is the likelihood that {T}, given that {G}.",
    "Conditional on {g}, it happens with a chance of {N} that {T}.",
    "Seeing that {G}, one finds {t} with probability {N}.",
    "For cases with {g}, the proportion in which {T} is {N}.",
    "Upon observing {g}, we expect {t} with probability {N}.",
    "The conditional probability that {T}, given that {G}, comes to {N}.",
    "Where {G}, it holds with probability {N} that {T}.",
)

JOINT = (
    "The joint probability that {T} is {N}.",
    "The chance that {T} at the same time is {N}.",
    "Together, {t} have the probability {N}.",
    "{N} is the probability that {T} in one and the same case.",
    "With probability {N}, it is jointly true that {T}.",
    "There is a {N} chance of {t} in the same case.",
    "The share of all cases that combine {t} is {N}.",
    "Of all cases, a fraction of {N} shows {t} in combination.",
    "It happens with probability {N} that {T} simultaneously.",
    "The combination of {t} occurs with probability {N}.",
    "Jointly, {t} come with a likelihood of {N}.",
    "We see {t} side by side in a proportion of {N} of all cases.",
    "The probability of finding {t} at once equals {N}.",
)

JOINT_CONDITIONAL = (
    "When {G}, the joint probability that {T} is {N}.",
    "Given that {G}, the combination of {t} has probability {N}.",
    "The chance of {t} in the same case, given {g}, is {N}.",
    "Among the cases where {G}, the share that combines {t} is {N}.",
    "Of the cases in which {G}, a fraction of {N} shows {t} in combination.",
    "In cases where {G}, there is a {N} chance that {T} simultaneously.",
    "{N} is the probability that {T} at the same time, given that {G}.",
    "Conditional on {g}, it is jointly true with a chance of {N} that {T}.",
    "For cases with {g}, the proportion in which {T} at once is {N}.",
    "If it is known that {G}, the probability of finding {t} together equals {N}.",
    "Upon observing {g}, we expect the combination of {t} with probability {N}.",
    "Where {G}, it holds jointly with probability {N} that {T}.",
    "Taking only cases with {g}, we see {t} side by side with a likelihood of {N}.",
)

KINDS = {
    (False, False): MARGINAL, (False, True): CONDITIONAL, (True, False): JOINT, (True, True): JOINT_CONDITIONAL,
}  # fmt: skip
"""(Whether the fact has several targets, whether it has a condition) -> its phrasings."""
