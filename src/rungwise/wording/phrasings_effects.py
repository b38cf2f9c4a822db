"""Phrasings of the questions about an effect; each says by itself which one is asked for.

Holes: X, Y the treatment and the outcome; x the value asked about, o the one it is compared with or that was seen;
y the outcome's value; H, h the held mediators, as in ``a is low`` and ``a being low``; D, G, I, L, R, U, V the
direction in words that ``DIRECTIONS`` lists.
"""

from __future__ import annotations

DIRECTIONS = {
    "D": ("more", "less"),
    "G": ("higher", "lower"),
    "I": ("increase", "decrease"),
    "L": ("larger", "smaller"),
    "R": ("rise", "fall"),
    "U": ("raise", "lower"),
    "V": ("raised", "lowered"),
}
"""Hole -> the words that say "more" and "less" likely in it."""

ATE = (
    "If {X} were set to {x} rather than {o}, would {Y} be {D} likely to be {y}?",
    "Does setting {X} to {x} instead of {o} make it {D} likely that {Y} is {y}?",
    "Compared with setting {X} to {o}, would setting it to {x} mean that the probability of {Y} being {y} is {G}?",
    "Suppose somebody intervenes and makes {X} {x}. Is {Y} then {D} likely to be {y} than if {X} had been made {o}?",
    "When {X} is forced to change from {o} to {x}, does the chance that {Y} is {y} thereby {R}?",
    "Take two interventions, one that sets {X} to {x} and one that sets it to {o}: does the first one give {Y} a {G} "
    "chance of being {y}?",
    "By intervention, {X} becomes {x}, where otherwise it would be made {o}. Does that {U} the likelihood of {Y} being "
    "{y}?",
    "Were we to set {X} to {x} in every case, would it be {D} likely that {Y} is {y} than if we set {X} to {o} in "
    "every case?",
    "Is it true that {Y} has a {G} probability of being {y} under an intervention that sets {X} to {x} than under one "
    "that sets it to {o}?",
    "Imagine that {X} is switched to {x} in all cases, as opposed to {o}. Will this {I} the chance that {Y} is {y}?",
    "Would it happen {D} often that {Y} is {y} with {X} set to {x} than with {X} set to {o}?",
    "Let an outside hand set {X} to {x}. Against the alternative of {o}, is the chance of {Y} being {y} any {G}?",
    "Can one {U} the likelihood that {Y} is {y} by setting {X} to {x} in place of {o}?",
)

CDE = (
    "Hold it fixed that {H}. If {X} were set to {x} rather than {o}, would {Y} be {D} likely to be {y}?",
    "With the mediators fixed by intervention so that {H}, does setting {X} to {x} instead of {o} make it {D} likely "
    "that {Y} is {y}?",
    "Suppose we intervene to ensure that {H}. Compared with also setting {X} to {o}, would also setting it to {x} mean "
    "that the probability of {Y} being {y} is {G}?",
    "While it is enforced that {H}, let {X} be forced to change from {o} to {x}. Does the chance that {Y} is {y} "
    "thereby {R}?",
    "Is it true that, with {h} by intervention in every case, {Y} has a {G} probability of being {y} under {X} set to "
    "{x} than under {X} set to {o}?",
    "In every case the mediators are made such that {H}. Would it then happen {D} often that {Y} is {y} with {X} set "
    "to {x} than with {X} set to {o}?",
    "Clamp the mediators so that {H} no matter what. Will switching {X} to {x} as opposed to {o} then {I} the chance "
    "that {Y} is {y}?",
    "Were we to set {X} to {x} while making sure that {H}, would it be {D} likely that {Y} is {y} than if we set {X} "
    "to {o} under the same constraint?",
    "Consider the direct path only, the mediators being controlled such that {H}. Once {X} has been set to {x} and not "
    "to {o}, is {Y} any {D} likely to be {y}?",
    "Take two interventions that both ensure that {H}, where one sets {X} to {x} and the other sets it to {o}: does "
    "the first one give {Y} a {G} chance of being {y}?",
    "Let outside control guarantee that {H}. Against the alternative of {X} set to {o}, does {X} set to {x} {U} the "
    "likelihood of {Y} being {y}?",
    "Provided that intervention has secured {h}, can one {U} the likelihood that {Y} is {y} by setting {X} to {x} in "
    "place of {o}?",
)

CDE_WITHOUT_MEDIATORS = (
    "There is no mediator to hold. If {X} were set to {x} rather than {o}, would {Y} be {D} likely to be {y}?",
    "With no mediator that could be fixed, does setting {X} to {x} instead of {o} make it {D} likely that {Y} is {y}?",
    "As the controlled direct effect holds no mediators here, compare setting {X} to {x} with setting it to {o}: is "
    "the first one's probability of {Y} being {y} any {G}?",
    "The direct path is the only one, so nothing is held. Suppose {X} is forced to change from {o} to {x}. Does the "
    "chance that {Y} is {y} thereby {R}?",
    "Is it true that, nothing being held for want of mediators, {Y} has a {G} probability of being {y} under {X} set "
    "to {x} than under {X} set to {o}?",
    "Mediators to control do not exist. Would it happen {D} often that {Y} is {y} with {X} set to {x} than with {X} "
    "set to {o}?",
    "No mediators need clamping. Will switching {X} to {x} as opposed to {o} then {I} the chance that {Y} is {y}?",
    "Were we to set {X} to {x}, with no mediators to control, would it be {D} likely that {Y} is {y} than if we set "
    "{X} to {o}?",
    "Consider the direct path only, there being no mediators to hold. Once {X} has been set to {x} and not to {o}, is "
    "{Y} any {D} likely to be {y}?",
    "Take two interventions that hold no mediators since there are none, where one sets {X} to {x} and the other sets "
    "it to {o}: does the first one give {Y} a {G} chance of being {y}?",
    "Let the set of held mediators be empty. Against the alternative of {X} set to {o}, does {X} set to {x} {U} the "
    "likelihood of {Y} being {y}?",
    "Without any mediator that would have to be secured, can one {U} the likelihood that {Y} is {y} by setting {X} to "
    "{x} in place of {o}?",
)

ETT = (
    "Among the cases where {X} is {o}, had {X} been {x} instead, would {Y} have been {D} likely to be {y}?",
    "For the cases in which {X} was {o}, would it have been {D} likely that {Y} is {y} if {X} had been {x}?",
    "Take those cases where {X} is in fact {o}. Would their probability of {Y} being {y} have been {G} had {X} been "
    "set to {x}?",
    "Looking only at cases in which {X} is {o}: would changing {X} to {x} have {V} the probability that {Y} is {y}?",
    "Had {X} been {x} in those cases where it actually was {o}, would the chance of {Y} being {y} in them have been "
    "{G}?",
    "Suppose that {X}, observed to be {o} in some cases, had been {x} in these very cases, contrary to fact. Would {Y} "
    "have had a {G} chance of being {y} in them?",
    "Restrict attention to the cases with {X} being {o}. Had we intervened in them and set {X} to {x}, would it have "
    "happened {D} often that {Y} is {y}?",
    "Would the cases where {X} was {o} have shown {Y} being {y} with {G} probability if {X} had been made {x} in them?",
    "In exactly the cases that came with {X} being {o}, would an intervention that sets {X} to {x} {U} the chance that "
    "{Y} is {y}?",
    "In the group for which {X} came out as {o}, imagine {X} changed to {x}. Does this group's chance of {Y} being "
    "{y} thereby {R}?",
    "Knowing of some cases that {X} was {o}, can we say that in these cases {Y} would have been {D} likely to be {y} "
    "if only {X} had been {x}?",
    "Of the cases in which {X} is {o}, would a {L} share have had {Y} being {y} had {X} been {x}?",
)

NDE = (
    "With every mediator left as it is when {X} is {o}, if {X} were set to {x}, would {Y} be {D} likely to be {y}?",
    "Suppose every mediator keeps the value that it takes under {X} set to {o}. If {X} itself were changed to {x}, "
    "would {Y} be {D} likely to be {y}?",
    "Freeze each mediator at whatever value it would have if {X} were {o}. Does setting {X} to {x} then make it {D} "
    "likely that {Y} is {y}?",
    "Let {X} change from {o} to {x} while all mediators behave as though {X} were still {o}. Does the chance that {Y} "
    "is {y} thereby {R}?",
    "If the mediators could not notice that {X} was changed from {o} to {x}, would this change {U} the probability of "
    "{Y} being {y}?",
    "Is it true that {Y} has a {G} probability of being {y} with {X} set to {x} but each mediator taking its value "
    "under {X} set to {o} than with {X} simply set to {o}?",
    "Setting {X} to {x}, with the mediators responding as if it had been set to {o}, does one {U} the likelihood that "
    "{Y} is {y} compared with plainly setting {X} to {o}?",
    "Block the indirect paths by keeping the mediators at the values they take when {X} is set to {o}. Would switching "
    "{X} to {x} then mean a {G} chance of {Y} being {y}?",
    "Through its direct path alone, the mediators staying what they are under {X} set to {o}, is {Y} made {D} likely "
    "to be {y} by {X} being changed to {x}?",
    "Case by case, let the mediators be what they would be if {X} were {o}. Would it then happen {D} often that {Y} is "
    "{y} with {X} set to {x} than with {X} set to {o}?",
    "Were {X} made {x} but hidden from the mediators, which go on as under {X} being {o}, would it be {D} likely that "
    "{Y} is {y} than were {X} made {o}?",
    "Imagine that {X} is changed from {o} to {x} without any mediator leaving the value that {X} being {o} gives it. "
    "Will this {I} the chance that {Y} is {y}?",
)

NIE = (
    "With {X} left {o}, if every mediator moved to what it is when {X} is {x}, would {Y} be {D} likely to be {y}?",
    "Keep {X} set to {o}, but give every mediator the value that it would take under {X} set to {x}. Is {Y} then {D} "
    "likely to be {y}?",
    "Suppose {X} stays {o} while each mediator behaves as though {X} had been changed to {x}. Does the chance that {Y} "
    "is {y} thereby {R}?",
    "Without changing {X} from {o}, let all mediators shift to what they would be if {X} were {x}. Would that shift "
    "{U} the probability of {Y} being {y}?",
    "If the mediators alone reacted as if {X} were {x}, with {X} itself remaining {o}, would it be {D} likely that {Y} "
    "is {y}?",
    "Is it true that {Y} has a {G} probability of being {y} with {X} set to {o} and yet each mediator taking its "
    "value under {X} set to {x} than with {X} simply set to {o}?",
    "Setting {X} to {o}, but letting the mediators respond as if it had been set to {x}, does one {U} the likelihood "
    "that {Y} is {y} compared with plainly setting {X} to {o}?",
    "Block the direct path by keeping {X} set to {o} for all but the mediators. Would the mediators, responding as if "
    "{X} were {x}, then mean a {G} chance of {Y} being {y}?",
    "Through the mediators alone, which take the values they have under {X} set to {x} while {X} is held to be {o}, is "
    "{Y} made {D} likely to be {y}?",
    "Case by case, let the mediators be what they would be if {X} were {x}, yet leave {X} itself {o}. Would it then "
    "happen {D} often that {Y} is {y} than with the mediators left alone too?",
    "Hold {X} fixed to be {o}. Would moving the mediators from the values they have under {X} being {o} to those they "
    "would have under {X} being {x} make it {D} likely that {Y} is {y}?",
    "Imagine that {X} goes on being {o}, but that the mediators are told otherwise and turn into what {X} being {x} "
    "would make of them. Will this {I} the chance that {Y} is {y}?",
)
