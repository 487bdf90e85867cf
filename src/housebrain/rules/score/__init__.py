"""How good a house is: a number from 0 to 1, and from which parts it comes, each with a sentence that explains it.

It speaks of what an architect would look at in any design, the solver's, a model's or a person's. It is no rule: a
valid house may score low, and the best score is not always the best house.
"""

from collections.abc import Mapping
from typing import NamedTuple

from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules.score import form, sides, use
from housebrain.rules.score.plan import read_plan

PARTS = {
    "entrance": use.entrance,
    "zoning": use.zoning,
    "passage": use.passage,
    "privacy": use.privacy,
    "bath_way": use.bath_way,
    "kitchen": use.kitchen,
    "service": use.service,
    "wet": form.wet,
    "stacked": form.stacked,
    "daylight": form.daylight,
    "stairs": use.stairs,
    "halls": form.halls,
    "proportion": form.proportion,
    "area": form.area,
    "balconies": use.balconies,
    "garage": use.garage,
    "sun": sides.sun,
    "vastu": sides.vastu,
}
# What each part counts for, where nobody says otherwise. No brief asks for Vastu, so it counts nothing by itself.
WEIGHTS = {
    "entrance": 1.0,
    "zoning": 1.0,
    "passage": 1.5,
    "privacy": 1.0,
    "bath_way": 1.5,
    "kitchen": 1.0,
    "service": 0.5,
    "wet": 1.0,
    "stacked": 0.5,
    "daylight": 1.5,
    "stairs": 0.5,
    "halls": 1.5,
    "proportion": 1.5,
    "area": 2.0,
    "balconies": 0.5,
    "garage": 0.5,
    "sun": 0.5,
    "vastu": 0.0,
}


LARGEST_WEIGHT = 1_000_000  # sums of larger ones lose the smaller


class Part(NamedTuple):
    """One part of a score: its name, its value from 0 to 1, what it counts for, and what it says in words."""

    name: str
    value: float
    weight: float
    says: str


class Score(NamedTuple):
    """A design's score: the weighted mean of its parts. Parts that a house has nothing for are left out."""

    total: float
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part | None:
        """The part of that name, or None where the house has nothing for it."""
        return next((part for part in self.parts if part.name == name), None)


def score(design: Design, brief: Brief, weights: Mapping[str, float] | None = None) -> Score:
    """Scores a design for a brief.

    Args:
        design: any, valid or not.
        brief: what it is for.
        weights: what parts count for; those that are not named keep `WEIGHTS`. With 0 a part is shown and counts
            nothing.

    Raises:
        UserError: there is no part of a name in `weights`, or a weight is below 0 or endless.
    """
    chosen = WEIGHTS | dict(weights or {})
    for name, weight in chosen.items():
        if name not in PARTS:
            raise UserError(f"score.weights: no part is called '{name}'. Known: {', '.join(PARTS)}.")
        if not 0 <= weight <= LARGEST_WEIGHT:
            raise UserError(f"score.weights.{name}: {weight} is no weight. Give one from 0 to {LARGEST_WEIGHT:,}.")
    facts = use.facts_of(read_plan(design), brief)
    parts = []
    for name, part in PARTS.items():
        found = part(facts)
        if found is not None:
            parts.append(Part(name, min(1.0, max(0.0, found[0])), chosen[name], found[1]))
    weight = sum(part.weight for part in parts)
    total = sum(part.weight * part.value for part in parts) / weight if weight else 0.0
    return Score(total, tuple(parts))
