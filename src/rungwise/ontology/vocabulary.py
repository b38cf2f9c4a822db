"""Words for ontologies: taxonomies that are true of the world, what they say of the world, and made-up words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from random import Random

from rungwise.ontology.problem import Kind
from rungwise.suites.published.prontoqa_logic import Literal

PATHS = (
    (
        "soprano recorder < recorder < fipple flute < flute < woodwind < wind instrument < musical instrument",
        "alto recorder < recorder",
        "piccolo < flute",
        "bass clarinet < clarinet < woodwind",
        "piccolo trumpet < trumpet < brass instrument < wind instrument",
        "parlour guitar < acoustic guitar < guitar < chordophone < musical instrument",
        "concert grand < grand piano < piano < chordophone",
        "snare drum < drum < membranophone < musical instrument",
    ),
    (
        "roadster < sports car < car < motor vehicle < road vehicle < land vehicle < vehicle < conveyance",
        "fire engine < truck < motor vehicle",
        "chopper < motorcycle < motor vehicle",
        "tandem < bicycle < cycle < road vehicle",
        "schooner < sailing ship < ship < vessel < vehicle",
        "biplane < aeroplane < flying machine < vehicle",
    ),
    (
        "claw hammer < hammer < striking tool < hand tool < tool < implement < artefact",
        "croquet mallet < mallet < striking tool",
        "hacksaw < handsaw < saw < cutting tool < tool",
        "coping saw < handsaw",
        "wood chisel < chisel < cutting tool",
        "spirit level < measuring tool < tool",
    ),
    (
        "pin oak < oak < broadleaf tree < tree < woody plant < vascular plant < plant",
        "silver birch < birch < broadleaf tree",
        "stone pine < pine < conifer < gymnosperm < seed plant < vascular plant",
        "royal palm < palm < monocot < flowering plant < seed plant",
        "dwarf bamboo < bamboo < grass < monocot",
        "moth orchid < orchid < monocot",
    ),
    (
        "square < rhombus < parallelogram < quadrilateral < polygon < plane figure < geometric figure",
        "golden rectangle < rectangle < parallelogram",
        "right kite < kite < quadrilateral",
        "equilateral triangle < isosceles triangle < triangle < polygon",
        "regular hexagon < hexagon < polygon",
        "unit circle < circle < ellipse < plane figure",
    ),
    (
        "millisecond pulsar < pulsar < neutron star < stellar remnant < celestial object < natural object"
        " < physical object",
        "white dwarf < stellar remnant",
        "hot jupiter < gas giant < giant planet < planet < celestial object",
        "red dwarf < main-sequence star < star < celestial object",
    ),
    (
        "trapdoor spider < spider < arachnid < arthropod < invertebrate < animal < organism",
        "emperor scorpion < scorpion < arachnid",
        "carpenter ant < ant < insect < arthropod",
        "mallard < dabbling duck < duck < bird < vertebrate < animal",
        "barn owl < owl < bird",
        "adder < viper < snake < reptile < vertebrate",
    ),
    (
        "thatched cottage < cottage < house < dwelling < building < structure < construction",
        "garden bungalow < bungalow < house",
        "parish church < church < sacred building < building",
        "bell tower < tower < structure",
    ),
    (
        "jazz pianist < pianist < keyboard player < instrumentalist < musician < performer < human",
        "oboist < woodwind player < instrumentalist",
        "ballerina < ballet dancer < dancer < performer",
        "heart surgeon < surgeon < doctor < clinician < health worker < worker < human",
        "coppersmith < metalworker < artisan < worker",
    ),
)
"""Trees of kinds, written as paths upwards: everything of a kind is of the kinds after it."""

BROAD = frozenset(
    ("artefact", "implement", "physical object", "natural object", "animal", "vertebrate", "organism", "structure",
     "construction")
)  # fmt: skip
"""Kinds that hold members of other trees too (humans are vertebrates): their tree alone makes nothing false of them."""

_SOLID = "material finite real; never imaginary infinite weightless abstract"
PROPERTIES = {
    "musical instrument": f"playable inanimate audible {_SOLID} alive edible leafy feathered mortal planar wheeled",
    "wind instrument": "hollow; never stringed",
    "chordophone": "stringed; never stringless",
    "conveyance": f"movable inanimate {_SOLID} alive edible feathered leafy mortal planar rooted immovable",
    "motor vehicle": "motorised; never muscle-powered",
    "road vehicle": "wheeled",
    "land vehicle": "earthbound; never winged seagoing",
    "bicycle": "two-wheeled; never three-wheeled",
    "vessel": "buoyant; never wheeled winged",
    "aeroplane": "winged; never wingless",
    "artefact": f"manufactured {_SOLID}; never natural",
    "tool": "useful inanimate; never alive edible mortal feathered rooted planar roofed",
    "hand tool": "portable handheld; never stationary motorised",
    "cutting tool": "sharp; never blunt",
    "saw": "toothed; never toothless",
    "plant": f"alive multicellular natural {_SOLID} metallic motorised wheeled feathered manufactured stringed planar",
    "vascular plant": "veined",
    "woody plant": "woody",
    "tree": "rooted; never rootless handheld",
    "oak": "acorn-bearing; never cone-bearing",
    "conifer": "cone-bearing; never acorn-bearing",
    "pine": "evergreen needle-leaved; never deciduous",
    "gymnosperm": "seed-bearing; never flower-bearing",
    "flowering plant": "flower-bearing; never cone-bearing",
    "geometric figure": "abstract timeless immaterial; never alive edible metallic motorised wheeled mortal feathered",
    "plane figure": "planar two-dimensional; never hollow three-dimensional solid",
    "polygon": "straight-sided; never curved round",
    "quadrilateral": "four-sided; never three-sided",
    "triangle": "three-sided convex; never four-sided",
    "parallelogram": "convex point-symmetric; never concave",
    "rhombus": "equal-sided",
    "square": "right-angled",
    "rectangle": "right-angled",
    "ellipse": "curved convex; never straight-sided angular",
    "circle": "round",
    "physical object": _SOLID,
    "natural object": "natural; never manufactured",
    "celestial object": "massive; never alive edible portable motorised wheeled feathered mortal handheld planar",
    "neutron star": "dense; never gaseous",
    "pulsar": "magnetic spinning",
    "star": "hot luminous; never cold",
    "gas giant": "gaseous; never rocky",
    "organism": f"alive {_SOLID} metallic motorised wheeled",
    "animal": "multicellular; never woody stringed manufactured leafy planar",
    "arthropod": "jointed cold-blooded; never warm-blooded feathered",
    "invertebrate": "boneless; never backboned",
    "arachnid": "eight-legged wingless; never six-legged winged",
    "insect": "six-legged; never eight-legged",
    "spider": "silk-spinning",
    "scorpion": "venomous; never harmless",
    "vertebrate": "backboned; never boneless",
    "bird": "feathered warm-blooded two-legged; never cold-blooded four-legged",
    "duck": "web-footed",
    "snake": "legless scaly; never feathered two-legged",
    "construction": f"built inanimate {_SOLID} alive edible wheeled feathered mortal winged planar",
    "building": "roofed stationary; never portable handheld roofless",
    "tower": "tall; never portable handheld",
    "dwelling": "habitable; never uninhabitable",
    "thatched cottage": "thatched",
    "church": "consecrated",
    "human": f"alive mortal warm-blooded {_SOLID} feathered wheeled motorised leafy manufactured planar immortal",
    "musician": "musical; never unmusical",
    "doctor": "qualified; never unqualified",
    "surgeon": "skilled; never unskilled",
    "health worker": "trained; never untrained",
}
"""Kind -> what all of it is; after "never", what none of it is. Both go for all kinds below it."""

ROLES = ("favourite", "rarity", "marvel", "surprise", "legend", "sensation", "discovery", "mystery")
"""Nouns that can be true of anything, and say nothing about what it is."""

INDIVIDUALS = ("Alba", "Bruno", "Cleo", "Dario", "Edda", "Fynn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Lars",
               "Mona", "Nils", "Olga", "Pavel", "Rosa", "Sven", "Tilda", "Vera")  # fmt: skip

PARENTS: dict[str, str] = {}
"""Kind -> the kind above it."""
for _tree in PATHS:
    for _path in _tree:
        _kinds = _path.split(" < ")
        PARENTS.update(pairwise(_kinds))

ROOTS = tuple(tree[0].split(" < ")[-1] for tree in PATHS)
NOUNS = (*PARENTS, *ROOTS)


def above(kind: str) -> Iterator[str]:
    """The kinds above a kind, the nearest first."""
    while kind in PARENTS:
        kind = PARENTS[kind]
        yield kind


@lru_cache(maxsize=1)
def _world() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """For each kind what all of it is, and what none of it is."""
    tree = {noun: [noun, *above(noun)][-1] for noun in NOUNS}
    all_are, none_are = {}, {}
    for noun in NOUNS:
        are, never = set(above(noun)), set()
        for kind in (noun, *above(noun)):
            said, _, denied = PROPERTIES.get(kind, "").replace("; ", " ").partition("never ")
            are.update(said.split())
            never.update(denied.replace("never ", "").split())
        never.update(o for o in NOUNS if tree[o] != tree[noun] and noun not in BROAD and o not in BROAD)
        all_are[noun], none_are[noun] = frozenset(are), frozenset(never)
    return all_are, none_are


def world_says(kind: str, literal: Literal) -> bool | None:
    """Whether in the world everything of a kind is as a literal says (True), nothing is (False), or neither is
    known."""
    all_are, none_are = _world()
    if literal.kind in all_are[kind]:
        return literal.holds
    if literal.kind in none_are[kind]:
        return not literal.holds
    return None


@lru_cache(maxsize=1)
def adjectives() -> tuple[str, ...]:
    """Every property of the taxonomies."""
    all_are, none_are = _world()
    words = {word for known in (all_are, none_are) for said in known.values() for word in said}
    return tuple(sorted(words - set(NOUNS)))


def plural(noun: str) -> str:
    """The plural of a noun whose plural is regular."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def as_kind(word: str, noun: bool) -> Kind:
    """A noun with its plural, or a property."""
    return Kind(word, plural(word) if noun else word, noun)


_ONSETS = ("b", "bl", "br", "d", "dr", "f", "fl", "g", "gl", "gr", "k", "kl", "l", "m", "n", "p", "pl", "pr", "r", "sk",
           "sl", "sn", "t", "tr", "v", "vr", "w", "y", "z", "zh")  # fmt: skip
_MIDDLES = ("b", "bd", "d", "gm", "k", "lb", "ld", "lv", "mb", "md", "mp", "ndr", "nk", "nv", "p", "rb", "rd", "rm",
            "rv", "t", "tl", "v", "zm")  # fmt: skip
_NOUN_ENDS = ("ad", "ak", "am", "ek", "el", "em", "ib", "il", "im", "ok", "om", "op", "ud", "uk", "ul", "um", "up")
_PROPERTY_ENDS = ("ic", "ish", "ive", "ous")


def made_up(noun: bool, dice: Random) -> str:
    """A pronounceable word of two syllables or so that is in no dictionary that we know of; it begins with a
    consonant."""
    ends = _NOUN_ENDS if noun else _PROPERTY_ENDS
    return dice.choice(_ONSETS) + dice.choice("aeiou") + dice.choice(_MIDDLES) + dice.choice(ends)
