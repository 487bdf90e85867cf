"""How much of what may be built a programme takes, and what that says of how to look for a house."""

from housebrain.solver.kinds import COURT, KINDS, OUTDOOR
from housebrain.solver.library import USUAL_SQFT
from housebrain.solver.needs import NO_CORNER, Programme

FULLEST = 0.95  # share of the envelope that rooms and stairs have ever filled
TIGHT = 0.35  # share of the envelope from which on a small programme's topologies are made for its plot
SMALL = 0.8  # of the usual areas: below, topologies are made for the programme


def fill_of(programme: Programme) -> float:
    """The share of the envelope that rooms and stairs take."""
    return (sum(room.area_sqft for room in programme.rooms) + programme.all_stairs_sqft) / max(
        programme.holds_sqft, 1.0
    )


def is_too_large(programme: Programme) -> bool:
    """Whether the rooms take more area than may be built.

    A balcony takes some of the rectangle of its floor, but none of the floor area that is allowed in all.
    """
    rooms_sqft = sum(room.area_sqft for room in programme.rooms)
    level_sqft = min(programme.envelope_sqft, programme.covered_sqft)
    return rooms_sqft > level_sqft * programme.floors or _indoor_sqft(programme) > programme.floor_sqft


def is_hopeless(programme: Programme) -> bool:
    """Whether rooms and stairs fill so much of what may be built that no more than the first search is worth while."""
    stairs_sqft = programme.all_stairs_sqft
    rooms_sqft = sum(room.area_sqft for room in programme.rooms)
    envelope_sqft = programme.envelope_sqft * programme.floors
    return (
        rooms_sqft + stairs_sqft > FULLEST * envelope_sqft
        or _indoor_sqft(programme) + stairs_sqft > programme.holds_sqft
    )


def may_have_court(programme: Programme) -> bool:
    """Whether a house may have a court that its rooms look into: between neighbours, of one floor, with room for it.

    A house that may look to all sides wants none: what it lacks is area.
    """
    court_sqft = KINDS[COURT].side_ft ** 2
    rooms_sqft = sum(room.area_sqft for room in programme.rooms)
    is_row_house = len(programme.party_walls) == 2 and programme.floors == 1 and programme.corner == NO_CORNER
    return is_row_house and rooms_sqft + court_sqft <= FULLEST * programme.holds_sqft


def _indoor_sqft(programme: Programme) -> float:
    return sum(room.area_sqft for room in programme.rooms if room.type not in OUTDOOR)


def is_small(programme: Programme) -> bool:
    """Whether rooms are so much smaller than usual, on a plot to match, that the library has little for them."""
    usual = sum(USUAL_SQFT.get(room.type, 0.0) for room in programme.rooms)
    asked = sum(room.area_sqft for room in programme.rooms)
    return asked < SMALL * usual and fill_of(programme) > TIGHT
