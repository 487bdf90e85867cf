"""What is taken where the words give no size: areas of rooms, setbacks, plots."""

from typing import NamedTuple

from housebrain.house.brief import Setbacks
from housebrain.words.facts import Wanted


class Size(NamedTuple):
    """Square feet that a room has as a rule, and the least with which it can still be furnished."""

    usual: float
    least: float


# The least areas keep to NBC 2016 part 3 (habitable rooms 7.5 m2, baths 2.8 m2) and NDSS (7.5 m2 a bedroom).
SIZES: dict[tuple[str, str], Size] = {
    ("master_bedroom", "usual"): Size(155, 125),
    ("bedroom", "usual"): Size(120, 90),
    ("bedroom", "servant"): Size(85, 81),
    ("guest_room", "usual"): Size(120, 90),
    ("bathroom", "usual"): Size(45, 34),
    ("bathroom", "wc"): Size(32, 31),
    ("kitchen", "usual"): Size(100, 65),
    ("living_room", "usual"): Size(200, 120),
    ("dining_room", "usual"): Size(110, 82),
    ("family_room", "usual"): Size(150, 90),
    ("home_office", "usual"): Size(90, 81),
    ("utility", "usual"): Size(40, 25),
    ("laundry", "usual"): Size(45, 30),
    ("store", "usual"): Size(40, 20),
    ("store", "closet"): Size(35, 22),
    ("pooja", "usual"): Size(28, 16),
    ("balcony", "usual"): Size(40, 28),
} | {("garage", f"garage for {cars}"): Size(200 * cars, 170 * cars) for cars in range(1, 7)}
# The order of the dataset's own briefs.
ORDER = (
    "master_bedroom", "bedroom", "guest_room", "bathroom", "kitchen", "living_room", "dining_room", "family_room",
    "utility", "laundry", "home_office", "store", "pooja", "balcony", "garage",
)  # fmt: skip
LARGEST_SCALE = 3.0  # a house is not made larger than this by larger rooms
# Built over asked-for area of the solver's houses: rooms grow, halls come besides.
GROWTH = 1.22
ROOMY = 1.3  # with room to arrange them
STAIRS_SQFT = 90.0


def size_of(wanted: Wanted) -> Size:
    """The size of a wanted room: its own where the words give it."""
    if wanted.sqft:
        return Size(wanted.sqft, wanted.sqft)
    return SIZES[wanted.type, wanted.size]


# Front, rear and sides: the share of depth or width that is left free, and the most of it in feet. Bylaws differ from
# town to town; these are what small plots of the country are built with. Germany: 3 m to every neighbour (MBO 6).
_SETBACKS = {
    "Asia_India": ((0.08, 10), (0.06, 8), (0.05, 5)),
    "US": ((0.18, 20), (0.15, 20), (0.08, 6)),
    "EU_UK": ((0.14, 16), (0.2, 30), (0.05, 3.5)),
    "EU_Germany": ((0.16, 9.84), (0.16, 9.84), (0.16, 9.84)),
    "": ((0.12, 12), (0.12, 12), (0.06, 5)),
}
_NARROW_FT = 26.0  # a plot no wider than this is built from side to side


def setbacks_of(region: str, width_ft: float, depth_ft: float) -> Setbacks:
    """The setbacks of a plot where the words give none, in steps of half a foot."""
    known = next(key for key in _SETBACKS if region.startswith(key))
    front, rear, side = (
        min(int(share * along * 2 + 0.5) / 2, most)
        for (share, most), along in zip(_SETBACKS[known], (depth_ft, depth_ft, width_ft), strict=True)
    )
    side = 0.0 if width_ft <= _NARROW_FT else side
    return Setbacks(front_ft=front, rear_ft=rear, left_ft=side, right_ft=side)


# Plots that are sold by their area: width and depth.
_SOLD = (
    (20, 30), (20, 40), (20, 50), (25, 40), (25, 45), (25, 50), (30, 40), (30, 45), (30, 50), (30, 60), (35, 65),
    (40, 60), (40, 80), (50, 80), (50, 90), (60, 90), (80, 120),
)  # fmt: skip
_PLOTS = {
    "Asia_India": (30.0, 50.0),
    "US": (70.0, 110.0),
    "EU_UK": (36.0, 90.0),
    "EU_Germany": (66.0, 82.0),
    "": (50.0, 80.0),
}
# How wide a plot is on which a house has neighbours at one or two of its walls, about.
ATTACHED_FT = {1: 32.0, 2: 22.0}


def sides_of(sqft: float, width_ft: float | None, depth_ft: float | None) -> tuple[float, float]:
    """Width and depth of a plot of some area, of which one may be known: else as such plots are sold, or 2 to 3."""
    if width_ft:
        return width_ft, round(sqft / width_ft, 2)
    if depth_ft:
        return round(sqft / depth_ft, 2), depth_ft
    width, depth = min(_SOLD, key=lambda sides: abs(sides[0] * sides[1] - sqft))
    if abs(width * depth - sqft) <= 0.012 * sqft:
        return float(width), float(depth)
    width_ft = round((sqft / 1.5) ** 0.5 * 2) / 2
    return width_ft, round(sqft / width_ft, 2)


def usual_plot(region: str) -> tuple[float, float]:
    """Width and depth of a plot in a region."""
    return next(sides for key, sides in _PLOTS.items() if region.startswith(key))
