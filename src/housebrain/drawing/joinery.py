"""What fills openings and guards edges: frames, glass, leaves and railings, as solids in feet."""

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
from manifold3d import Manifold

from housebrain.drawing.elements import Opening, Point, Stair, Wall
from housebrain.drawing.solid import box, hull, panel
from housebrain.drawing.stairs import WELL_FT
from housebrain.drawing.surfaces import Kind

PROFILE_FT = 0.2  # of a window's frame, as seen from the front
BAR_FT = 0.12  # between two panes
PANE_FT = 3.0  # a wider window is divided
DEPTH_FT = 0.3  # of frames, across the wall
GLASS_FT = 0.06
LEAF_FT = 0.15
LINING_FT = 0.15
PROUD_FT = 0.04  # what linings stand out of the wall, so that no two faces lie in one plane
SILL_FT = 0.25  # what a window's sill stands out
HANDLE_Z_FT = 3.3
# No two of these are equally thick, so that no two faces lie in one plane.
POST_FT, POSTS_EVERY_FT = 0.19, 4.0
BALUSTER_FT, BALUSTERS_EVERY_FT = 0.06, 0.38
LONGEST_FT = 100.0  # of a railing with balusters; no house for people has a longer one
RAIL_FT, GUARD_FT = 0.15, 3.0
FOOT_RAIL_FT, FOOT_Z_FT = 0.1, 0.3  # the rail at the foot of a railing

Solid = tuple[Kind, Manifold]
Sides = tuple[float, float, float, float]  # start, bottom, end and top in the wall's plane


def filling(opening: Opening, wall: Wall, floor: float) -> list[Solid]:
    """What stands in an opening; nothing in a way.

    Args:
        opening: in the wall.
        wall: around it.
        floor: z of the level's floor.
    """
    axis = 0 if wall.along == "x" else 1
    hole = (opening.start[axis], floor + opening.sill, opening.end[axis], floor + opening.head)
    if opening.kind == "window":
        return _window(hole, wall)
    if opening.kind == "glazed":
        return _glazed(hole, wall, max(1, len(opening.leaves)))
    if opening.kind == "gate":
        return _gate(hole, wall)
    if opening.kind == "door":
        hinge_first = not opening.leaves or opening.leaves[0].hinge == opening.start
        return _door(hole, wall, hinge_first)
    return []


def _window(hole: Sides, wall: Wall) -> list[Solid]:
    profile = min(PROFILE_FT, (hole[2] - hole[0]) / 6, (hole[3] - hole[1]) / 6)
    inside = _shrunk(hole, profile)
    panes = list(_divided(inside, ceil((hole[2] - hole[0]) / PANE_FT), BAR_FT))
    faces = _across(wall, DEPTH_FT)
    found: list[Solid] = [
        ("frame", panel(wall.along, faces, hole, panes)),
        ("glass", panel(wall.along, _across(wall, GLASS_FT), _shrunk(inside, -profile / 4))),
    ]
    if wall.outward:
        face = wall.at + wall.outward * wall.thickness / 2
        edge = sorted((wall.at + wall.outward * DEPTH_FT / 4, face + wall.outward * SILL_FT))
        # It lies on the wall's lower edge of the hole and reaches past its sides only outside.
        found.append(
            ("frame", panel(wall.along, (edge[0], edge[1]), (hole[0], hole[1], hole[2], hole[1] + profile / 2)))
        )
    return found


def _glazed(hole: Sides, wall: Wall, leaves: int) -> list[Solid]:
    profile = min(PROFILE_FT, (hole[2] - hole[0]) / (6 * leaves), (hole[3] - hole[1]) / 6)
    inside = _shrunk(hole, profile)
    return [
        ("frame", panel(wall.along, _across(wall, DEPTH_FT), hole, _divided(inside, leaves, profile))),
        ("glass", panel(wall.along, _across(wall, GLASS_FT), _shrunk(inside, -profile / 4))),
    ]


def _door(hole: Sides, wall: Wall, hinge_first: bool) -> list[Solid]:
    found, inside = _lined(hole, wall)
    found.append(("door", panel(wall.along, _across(wall, LEAF_FT), inside)))
    width = inside[2] - inside[0]
    lever = inside[0] + width * (0.9 if hinge_first else 0.1)
    z = min(hole[1] + HANDLE_Z_FT, (hole[1] + hole[3]) / 2)
    handle = (lever - width / 24, z - 0.05, lever + width / 24, z + 0.05)
    found.append(("railing", panel(wall.along, _across(wall, LEAF_FT + 0.25), handle)))
    return found


def _gate(hole: Sides, wall: Wall) -> list[Solid]:
    """A garage door of four lying boards on a backing."""
    found, inside = _lined(hole, wall)
    found.append(("door", panel(wall.along, _across(wall, LEAF_FT / 2), inside)))
    left, bottom, right, top = inside
    board = (top - bottom) / 4
    found += [
        (
            "door",
            panel(wall.along, _across(wall, LEAF_FT), (left, bottom + k * board, right, bottom + (k + 0.93) * board)),
        )
        for k in range(4)
    ]
    return found


def _lined(hole: Sides, wall: Wall) -> tuple[list[Solid], Sides]:
    """The lining at the sides and over a door, and what it leaves of the hole."""
    lining = min(LINING_FT, (hole[2] - hole[0]) / 8)
    inside = (hole[0] + lining, hole[1], hole[2] - lining, hole[3] - lining)
    through = (inside[0], hole[1] - 1, inside[2], inside[3])
    return [("frame", panel(wall.along, _across(wall, wall.thickness + 2 * PROUD_FT), hole, [through]))], inside


def railing(wall: Wall, floor: float) -> list[Manifold]:
    """Posts, rails and balusters, with a gap at each way through."""
    top, foot = floor + wall.height, floor + FOOT_Z_FT + FOOT_RAIL_FT / 2
    found = []
    for low, high in _between_ways(wall):
        span = high - low
        posts = ceil(min(span, LONGEST_FT) / POSTS_EVERY_FT)
        balusters = ceil(span / BALUSTERS_EVERY_FT) if span <= LONGEST_FT else 0
        found += [
            _bar(wall, (low, high), RAIL_FT, (top - RAIL_FT, top)),
            _bar(wall, (low, high), FOOT_RAIL_FT, (floor + FOOT_Z_FT, floor + FOOT_Z_FT + FOOT_RAIL_FT)),
        ]
        for k in range(posts + 1):
            at = low + POST_FT / 2 + (span - POST_FT) * k / posts
            found.append(_bar(wall, (at - POST_FT / 2, at + POST_FT / 2), POST_FT, (floor, top + POST_FT / 4)))
        for k in range(1, balusters):
            at = low + span * k / balusters
            found.append(
                _bar(wall, (at - BALUSTER_FT / 2, at + BALUSTER_FT / 2), BALUSTER_FT, (foot, top - RAIL_FT / 2))
            )
    return found


def handrails(stair: Stair) -> list[Manifold]:
    """A rail and a baluster a tread, in the gap between the two flights."""
    entry, turn, back, leave = (np.array(point) for point in stair.path)
    low, high = (entry + leave) / 2, (turn + back) / 2
    length = np.linalg.norm(high - low)
    along = (high - low) / length
    found = []
    for side in (entry - leave, leave - entry):
        off = side / np.linalg.norm(side) * WELL_FT / 4
        feet = [
            (low + off + reach * along, step.top)
            for step in stair.steps
            if not step.landing and len(step.outline) == 4
            for middle in [np.mean(step.outline, axis=0) - low]
            if 0 < (reach := middle @ along) < length and middle @ off > 0
        ]
        if len(feet) < 2:
            continue
        posts = [(foot, z - RAIL_FT, foot, z + GUARD_FT + RAIL_FT / 2) for foot, z in feet]
        (low_foot, low_z), (high_foot, high_z) = feet[0], feet[-1]
        found += [_rod(start, bottom, end, top, 0.0) for start, bottom, end, top in posts]
        found.append(_rod(low_foot, low_z + GUARD_FT, high_foot, high_z + GUARD_FT, RAIL_FT))
    return found


def guard(stair: Stair, floor: float) -> list[Manifold]:
    """The railing on a top floor, where nobody is to step into the hole over the first flight."""
    entry, turn, _, leave = (np.array(point) for point in stair.path)
    axis = int(np.argmax(np.abs(leave - entry)))
    middle = (entry + leave) / 2
    low, high = sorted((float(2 * entry[axis] - middle[axis]), float(middle[axis])))
    across = 1 - axis
    at = float(entry[across] - np.sign(turn[across] - entry[across]) * POST_FT / 2)
    return railing(Wall("railing", "x" if axis == 0 else "y", at, low, high, POST_FT, GUARD_FT + RAIL_FT, 0), floor)


def _rod(start: Sequence[float], bottom: float, end: Sequence[float], top: float, height: float) -> Manifold:
    """A square baluster's body from one point to another; `height` makes a rail of it, which is as high all along."""
    half = BALUSTER_FT / 2
    return hull(
        (x + dx, y + dy, z)
        for (x, y), low in ((start, bottom), (end, top))
        for z in (low, low + height)
        for dx in (-half, half)
        for dy in (-half, half)
    )


def _between_ways(wall: Wall) -> Iterator[tuple[float, float]]:
    axis = 0 if wall.along == "x" else 1
    low = wall.low
    for start, end in sorted((way.start[axis], way.end[axis]) for way in wall.openings):
        if start > low:
            yield low, start
        low = max(low, end)
    if wall.high > low:
        yield low, wall.high


def _bar(wall: Wall, along: Point, thickness: float, height: Point) -> Manifold:
    near, far = _across(wall, thickness)
    if wall.along == "x":
        return box((along[0], near, height[0]), (along[1], far, height[1]))
    return box((near, along[0], height[0]), (far, along[1], height[1]))


def _across(wall: Wall, depth: float) -> tuple[float, float]:
    return wall.at - depth / 2, wall.at + depth / 2


def _shrunk(sides: Sides, by: float) -> Sides:
    return sides[0] + by, sides[1] + by, sides[2] - by, sides[3] - by


def _divided(sides: Sides, count: int, bar: float) -> Iterator[Sides]:
    """Equal fields side by side, with bars between them."""
    left, bottom, right, top = sides
    width = (right - left - (count - 1) * bar) / count
    for k in range(count):
        start = left + k * (width + bar)
        yield start, bottom, start + width, top
