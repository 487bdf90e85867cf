"""How large the box of the stairs must be for the flights that a brief's building code asks for."""

import math

from housebrain.house.brief import Brief
from housebrain.house.design import FLOOR_TO_FLOOR_FT, RISER_FT, TREAD_FT, WALL_FT
from housebrain.house.units import FT_PER_M, GRID_FT
from housebrain.rules.limits import STAIRS_LONG_FT, STAIRS_SHORT_FT
from housebrain.rules.rulesets import ruleset, ruleset_for

FLIGHT_TREADS = math.ceil((FLOOR_TO_FLOOR_FT / RISER_FT - 1) / 2 - 1e-6)  # of each of two flights


def stairs_ft(brief: Brief) -> tuple[float, float]:
    """The shorter and the longer side of the stairs' box between walls' centre lines, in feet.

    Two flights as wide as the rule `stair_width` asks for lie side by side, and a landing as deep as they are wide.
    Where the box that every house has is wide enough, it is that one.
    """
    rules = ruleset(ruleset_for(brief.region, brief.city).name).rules
    wide_ft = max((rule["min"] * FT_PER_M for rule in rules if rule.get("check") == "stair_width"), default=0.0)
    short_ft = _on_grid(2 * wide_ft + WALL_FT)
    if short_ft <= STAIRS_SHORT_FT:
        return STAIRS_SHORT_FT, STAIRS_LONG_FT
    return short_ft, max(STAIRS_LONG_FT, _on_grid(FLIGHT_TREADS * TREAD_FT + wide_ft + WALL_FT))


def _on_grid(length_ft: float) -> float:
    return math.ceil(length_ft / GRID_FT - 1e-6) * GRID_FT
