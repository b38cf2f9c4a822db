"""Phrasings of the questions about necessity and sufficiency; each says by itself which one is asked for.

Holes: X, Y the treatment and the outcome; for PN and PS, o and s are the values seen, x and y those that would have
been; for PNS, y goes with x and s with o. Q is one of ``QUANTITIES``.
"""

from __future__ import annotations

QUANTITIES = {
    "lower": "the lower bound on the probability",
    "upper": "the upper bound on the probability",
    "point": "the probability",
}
"""What is asked for -> the words for it."""

PN = (
    "Suppose that {X} was {o} and {Y} was {s}. What is {Q} that the former was necessary for the latter, that is, that "
    "{Y} would have been {y} had {X} been {x}?",
    "We saw {X} being {o} and {Y} being {s}. How necessary was the one for the other: what is {Q} that {Y} would have "
    "been {y} if {X} had been {x}?",
    "Given that {X} was {o} and that {Y} was {s}, what is {Q} that the first was needed for the second, so that {Y} "
    "would have turned out {y} if {X} had been set to {x}?",
    "What is {Q} that {X} being {o} was necessary for {Y} being {s}, in the sense that, in the cases where both held, "
    "{Y} would have been {y} had {X} been {x}?",
    "Among the cases with {X} being {o} and {Y} being {s}, what is {Q} that the one was a necessary condition of the "
    "other: that without it, with {X} being {x} instead, {Y} would have been {y}?",
    "In a case, {X} turned out {o}, and {Y} turned out {s}. Calling the first indispensable for the second if {Y} "
    "would have been {y} with {X} being {x}, what is {Q} that it was?",
    "Take the cases in which {X} is {o} while {Y} is {s}. As a measure of necessity, what is {Q} that changing {X} to "
    "{x} would have made {Y} {y}?",
    "Suppose a case has {X} being {o} and {Y} being {s}; call {X} required for this if {Y} would have been {y} had {X} "
    "been {x}. What is {Q} that it was required?",
    "Knowing that {X} was {o} and also that {Y} was {s}, what is {Q} that {Y} depended on {X} as on a necessary "
    "condition and would have been {y} under {X} set to {x}?",
    "With {X} observed to be {o} and {Y} observed to be {s}, what is {Q} that but for the former the latter would not "
    "have happened, which is to say that {Y} would have been {y} with {X} set to {x}?",
    "Where {X} was {o} with {Y} being {s}, how large is {Q} that {X} needed to be so, as {Y} would have been {y} with "
    "{X} being {x}?",
    "Restrict attention to cases where {X} was {o} and {Y} was {s}. Regarding the necessity of the former, what is {Q} "
    "that setting {X} to {x} would have led to {Y} being {y}?",
)

PS = (
    "Suppose that {X} was {o} and {Y} was {s}. What is {Q} that setting {X} to {x} would have been sufficient for {Y} "
    "to be {y}?",
    "We saw {X} being {o} and {Y} being {s}. How sufficient would a change have been: what is {Q} that {Y} would have "
    "been {y} if {X} had been {x}?",
    "Given that {X} was {o} and that {Y} was {s}, what is {Q} that changing the first to {x} would have been enough "
    "for {Y} to turn out {y}?",
    "What is {Q} that making {X} {x} would suffice to make {Y} {y}, in cases where the first was in fact {o} and the "
    "second {s}?",
    "Among the cases with {X} being {o} and {Y} being {s}, what is {Q} that {X} being {x} would have been a "
    "sufficient condition of another outcome: that {Y} would then have been {y}?",
    "In a case, {X} turned out {o}, and {Y} turned out {s}. What is {Q} that it would have taken no more than {X} "
    "being {x} for {Y} to be {y}?",
    "Take the cases in which {X} is {o} while {Y} is {s}. As a measure of sufficiency, what is {Q} that changing {X} "
    "to {x} would have made {Y} {y}?",
    "Suppose a case has {X} being {o} and {Y} being {s}; call a change of {X} to {x} sufficient if {Y} would have been "
    "{y} after it. What is {Q} that it is sufficient?",
    "Knowing that {X} was {o} and also that {Y} was {s}, what is {Q} that {X} set to {x} would have had the power to "
    "bring about, by itself, {Y} being {y}?",
    "With {X} observed to be {o} and {Y} observed to be {s}, what is {Q} that the change of the former to {x} is "
    "sufficient, which is to say that {Y} would have been {y} after it?",
    "How large is {Q} that it is enough for {X} to be {x} for {Y} to be {y}, among cases in which they were seen to be "
    "{o} and {s}?",
    "Restrict attention to cases where {X} was {o} and {Y} was {s}. Regarding the sufficiency of a change, what is {Q} "
    "that setting {X} to {x} would have led to {Y} being {y}?",
)

PNS = (
    "What is the probability that {Y} would be {y} if {X} were set to {x} and would be {s} if {X} were set to {o}?",
    "How probable is it that {X} being {x} is both necessary and sufficient for {Y} being {y}: that {Y} would be {y} "
    "under {X} set to {x} but {s} under {X} set to {o}?",
    "In what share of all cases does {Y} follow {X}, so that it would be {y} with {X} made {x} and would be {s} with "
    "{X} made {o}?",
    "With what probability does a case have both properties, that {Y} would be {y} had {X} been {x} and that {Y} would "
    "be {s} had {X} been {o}?",
    "What fraction of cases would have {Y} being {y} under an intervention that makes {X} {x}, yet {Y} being {s} under "
    "one that makes it {o}?",
    "Taking necessity and sufficiency together, what is the chance that setting {X} to {x} leads to {Y} being {y} "
    "while setting {X} to {o} leads to {Y} being {s}, in the same case?",
    "For a case picked at random, how likely is it that {X} decides about {Y}, which is {y} if {X} is made {x} but {s} "
    "if {X} is made {o}?",
    "How large is the probability of a case in which {Y} would turn out {y} when {X} is forced to be {x} and would "
    "turn out {s} when {X} is forced to be {o}?",
    "Consider for each case its two potential outcomes: {Y} with {X} set to {x} and {Y} with {X} set to {o}. With what "
    "probability is the first one {y} and the second one {s}?",
    "Of all cases, how large a part responds to {X} in such a way that {X} being {x} would make {Y} {y} and {X} being "
    "{o} would make {Y} {s}?",
    "What chance is there that {X} makes the difference, so that setting {X} to {x} would bring about {Y} being {y}, "
    "whereas setting {X} to {o} would bring about {Y} being {s}?",
    "If a case is drawn blindly, what is the probability that in it {Y} would be {s} were {X} made {o} and would be "
    "{y} were {X} made {x}?",
)
