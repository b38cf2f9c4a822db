"""Phrasings of what surrounds facts and question: the world, its causes, the instruction and the answer's form.

Any one of a tuple may stand for any other one. Holes: A, B the cause and the effect; V an event's values; X, Y the
treatment and the outcome, o, x and s, y their values 0 and 1; T the task's title and code.
"""

from __future__ import annotations

from rungwise.problems.problem import LACK_CONDITION

OPENINGS = (
    "Think of a closed world: nothing but the events listed here plays a part in it, and all direct causes are stated.",
    "Everything there is to know about a small system follows: every event in it and every direct cause.",
    "A system is given in full. It has no events beyond those named and no direct causes beyond those stated.",
    "Imagine that the world consists of a few events only. All of them are named below, with each direct cause.",
    "What follows describes a model completely: no event and no direct cause has been left out.",
    "Consider a setting without hidden factors, in which the events and direct causes stated are all there are.",
    "Here is the whole of a causal model. Events that are not mentioned do not exist, nor do unmentioned direct "
    "causes.",
    "Suppose we know a small world completely: which events it holds and which of them directly cause which.",
    "The description below is exhaustive, both in its events and in its direct causes.",
    "Let there be a self-standing scenario whose events and direct causes are all spelled out.",
    "Nothing outside the following account matters: it gives all events and all direct causes of a little world.",
    "You are told about a system without gaps: each event and each direct cause in it is listed.",
    "Picture a miniature world of which nothing is concealed, neither an event nor a direct cause.",
)

EVENTS = (
    "The events: ",
    "It holds these events: ",
    "These are the events, with their possible values: ",
    "Its events and their values are: ",
    "What can vary is this: ",
    "The following can vary: ",
    "Events and values: ",
    "Here are the events: ",
    "We keep track of these events: ",
    "All of the events, one by one: ",
    "The list of events: ",
    "The quantities involved: ",
)

# The word before the last value follows from the sentence around it: "can be low or high", "the values low and high".
EVENT = (
    (", which can be ", " or "),
    (", which may be ", " or "),
    (", whose values are ", " and "),
    (", whose possible values are ", " and "),
    (", which is one of ", " or "),
    (", with the values ", " and "),
    (", which takes the values ", " and "),
    (", taking one of the values ", " or "),
    (", recorded as ", " or "),
    (", which comes out as ", " or "),
    (", observed to be ", " or "),
    (", which is always ", " or "),
    (", classed as ", " or "),
    (", which has the states ", " and "),
)

CAUSES = (
    "The direct causes: ",
    "All direct causes are these: ",
    "What directly affects what: ",
    "The causal structure: ",
    "Causally, the following holds: ",
    "The direct effects, each stated once: ",
    "How the events depend on each other: ",
    "Between them there are these direct links: ",
    "The complete list of direct causes: ",
    "As to causes: ",
    "These direct influences exist: ",
    "Direct causation in this world: ",
)

CAUSE = (
    "{A} directly affects {B}",
    "{A} directly influences {B}",
    "{A} is a direct cause of {B}",
    "{A} is among the direct causes of {B}",
    "{A} has a direct effect on {B}",
    "{A} exerts a direct influence on {B}",
    "{A} acts directly on {B}",
    "{A} feeds directly into {B}",
    "{A} makes a direct difference to {B}",
    "{B} is directly affected by {A}",
    "{B} is directly influenced by {A}",
    "{B} is a direct effect of {A}",
    "{B} depends directly on {A}",
    "{B} responds directly to {A}",
    "{B} has a direct cause in {A}",
    "{B} is driven directly by {A}",
    "a causal arrow runs from {A} directly to {B}",
    "there is a direct causal link from {A} that leads to {B}",
)

NO_CAUSES = (
    "No event directly affects another.",
    "There are no direct causes at all.",
    "None of the events has a direct effect on any other.",
    "Direct causes do not occur between any two events.",
    "Every event is without direct causes.",
    "Not one event directly influences another one.",
    "The events do not act on each other.",
    "No direct causal link connects any of the events.",
    "The causal structure is empty: nothing is a direct cause of anything.",
    "Causally, each event stands alone.",
    "No event depends directly on any other.",
    "Between the events there is no direct influence.",
)

MONOTONE = (
    "There is no case in which {Y} would be {y} with {X} set to {o} but {s} with {X} set to {x}.",
    "In no case would {Y} be {y} if {X} were set to {o} and yet be {s} if {X} were set to {x}.",
    "Setting {X} to {x} rather than {o} never turns {Y} from {y} into {s}, in any case.",
    "Monotonicity holds: whenever {Y} would be {y} under {X} set to {o}, it would not be {s} under {X} set to {x}.",
    "Not a single case has {Y} that would be {y} were {X} made {o} but would be {s} were {X} made {x}.",
    "Any case in which {Y} would be {y} with {X} made {o} is not one in which it would be {s} with {X} made {x}.",
    "Changing {X} from {o} to {x} can never change {Y} from {y} to {s} in any case.",
    "It is ruled out for every case that {Y} would be {y} had {X} been {o} but would be {s} had {X} been {x}.",
)

INSTRUCTIONS = (
    "Work out the {T} of {X} on {Y}.",
    "Determine how large the {T} of {X} on {Y} is.",
    "Your task is to find the {T} of {X} on {Y}.",
    "Taking {X} for the treatment and {Y} for the outcome, compute the {T}.",
    "The quantity wanted is the {T}, where {X} is the treatment and {Y} the outcome.",
    "Let {X} be the treatment and let {Y} be the outcome. Calculate the {T}.",
    "What has to be derived is the {T} of {X} on {Y}.",
    "Evaluate the {T}; the treatment is {X}, and the outcome is {Y}.",
    "Consider the {T} of {X} on {Y}.",
    "For {X} as the treatment and {Y} as the outcome, obtain the {T}.",
    "Using the facts and the graph, figure out the {T} of {X} on {Y}.",
    "We are interested in the {T}. It is that of {X} on {Y}.",
    "Please establish the {T} that {X} has on {Y}.",
    "With regard to {Y} as the outcome and {X} as the treatment, state the {T}.",
)

LACK_LINES = (
    f"If the facts and the graph do not determine the value, the whole answer is {LACK_CONDITION}.",
    f"Should the facts and the graph leave the value undetermined, answer {LACK_CONDITION} and nothing else.",
    f"Answer only {LACK_CONDITION} if the value can't be determined by the graph and the facts.",
    f"Where the value does not follow from the facts together with the graph, the answer is just {LACK_CONDITION}.",
    f"When facts and graph are not enough to fix the value, write {LACK_CONDITION} as the entire answer.",
    f"{LACK_CONDITION} is the complete answer in case the value is not determined by the facts and the graph.",
    f"Reply with {LACK_CONDITION} alone unless the facts and the graph determine the value.",
    f"A value that the facts and the graph don't determine calls for {LACK_CONDITION} as the one and only answer.",
)

_EFFECT, _BOUND = '{"ANSWER": "Yes", "PROB": "0.1234"}', '{"PROB": "0.1234"}'

EFFECT_LINES = (
    "Give the value as a number with four decimals or as an arithmetic expression, and whether the answer is yes or "
    f"no, in JSON like {_EFFECT}:",
    f"Reply in JSON of the form {_EFFECT}: yes or no, and the value with four decimals or as an arithmetic expression.",
    "Write a JSON object with the answer, Yes or No, and the value, either an arithmetic expression or a number with "
    f"four decimals, such as {_EFFECT}:",
    "Both a yes or no and the value are asked for. The value may be an arithmetic expression or have four decimals; "
    f"the format is JSON, as in {_EFFECT}:",
    f"The result goes into JSON like {_EFFECT}, where PROB is a number with four decimals or an arithmetic expression:",
    "State Yes or No together with the value (four decimals, or an arithmetic expression) in the following JSON "
    f"format: {_EFFECT}",
    f"As in {_EFFECT}, put Yes or No and the value into JSON; an arithmetic expression will do in place of four "
    "decimals:",
    f"Finish with JSON like {_EFFECT}. PROB takes four decimals or an arithmetic expression, ANSWER a Yes or a No:",
)

BOUND_LINES = (
    f"Give the value as a number with four decimals or as an arithmetic expression, in JSON like {_BOUND}:",
    f"Reply in JSON of the form {_BOUND}: the value with four decimals or as an arithmetic expression.",
    f"Write a JSON object with the value, an arithmetic expression or a number with four decimals, such as {_BOUND}:",
    "Only the value is asked for. It may be an arithmetic expression or have four decimals; the format is JSON, as in "
    f"{_BOUND}:",
    f"The result goes into JSON like {_BOUND}, where PROB is a number with four decimals or an arithmetic expression:",
    f"State the value (four decimals, or an arithmetic expression) in the following JSON format: {_BOUND}",
    f"As in {_BOUND}, put the value into JSON; an arithmetic expression will do in place of four decimals:",
    f"Finish with JSON like {_BOUND}. PROB takes four decimals or an arithmetic expression:",
)
