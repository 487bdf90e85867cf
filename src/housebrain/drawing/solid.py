"""Solids to build a house of, in feet: x along the street, y towards the rear, z up.

manifold3d makes them: what it returns is closed, and its faces look outwards, whatever is joined or cut. Corners of
upright solids lie on a grid of a 4096th of a foot, on which floating point counts exactly, so that what is meant to
touch does.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from manifold3d import CrossSection, FillRule, JoinType, Manifold, OpType
from numpy.typing import NDArray

from housebrain.drawing.elements import Axis, Point, Point3, Region
from housebrain.house.units import FT_PER_M

_GRID = 4096  # steps in a foot
_TOLERANCE_FT = 0.001
# From what is extruded (along a wall, up, across it) to x, y, z.
_STANDING: dict[Axis, NDArray[np.float64]] = {
    "x": np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0]]),
    "y": np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]),
}


def box(low: Point3, high: Point3) -> Manifold:
    """A box between two corners. Nothing where `high` isn't beyond `low` in each direction."""
    return turned_box(low, high, 0, (0.0, 0.0, 0.0))


def turned_box(low: Point3, high: Point3, angle: float, to: Point3) -> Manifold:
    """A box between two corners, turned by so many degrees about the upright axis and moved."""
    size = [b - a for a, b in zip(low, high, strict=True)]
    if min(size) <= 0:
        return Manifold()
    return _snapped(Manifold.cube(size).translate(low).rotate((0, 0, angle)).translate(to))


def prism(regions: Iterable[Region], bottom: float, top: float) -> Manifold:
    """What stands on some regions of the plan."""
    rings = [ring for region in regions for ring in (region.outline, *region.holes)]
    return _snapped(_section(rings).extrude(top - bottom).translate((0, 0, bottom)))


def rim(regions: Iterable[Region], width: float, bottom: float, top: float) -> tuple[Manifold, Manifold]:
    """What stands on some regions, in two solids: the inside, and a rim of even width along outlines and holes."""
    whole = _section(ring for region in regions for ring in (region.outline, *region.holes))
    inside = whole.offset(-width, JoinType.Miter)
    inner, outer = (
        _snapped(section.extrude(top - bottom).translate((0, 0, bottom))) for section in (inside, whole - inside)
    )
    return inner, outer


def shell(regions: Iterable[Region], outside: float, inside: float, bottom: float, top: float) -> Manifold:
    """What stands along the outlines and holes of some regions, from so far outside to so far inside of them."""
    whole = _section(ring for region in regions for ring in (region.outline, *region.holes))
    section = whole.offset(outside, JoinType.Miter) - whole.offset(-inside, JoinType.Miter)
    return _snapped(section.extrude(top - bottom).translate((0, 0, bottom)))


def column(outline: Sequence[Point], bottom: float, top: float) -> Manifold:
    """What stands on an outline without holes."""
    return prism([Region(tuple(outline))], bottom, top)


def panel(
    along: Axis,
    faces: tuple[float, float],
    outline: tuple[float, float, float, float],
    holes: Iterable[tuple[float, float, float, float]] = (),
) -> Manifold:
    """An upright slab with holes through it.

    Args:
        along: the direction that it runs in.
        faces: where it begins and ends across that.
        outline: its start, bottom, end and top, lengths counted along it.
        holes: the same of each hole; they may reach over the outline.
    """
    section = _section([_rectangle(outline)])
    for hole in holes:
        section -= _section([_rectangle(hole)])
    near, far = faces
    # In x the extrusion goes towards the street.
    start = (0, far, 0) if along == "x" else (near, 0, 0)
    return _snapped(section.extrude(far - near).transform(_STANDING[along]).translate(start))


def hull(points: Iterable[Point3]) -> Manifold:
    """The smallest convex solid around some points, which are not moved, so that equal slopes stay in one plane."""
    return Manifold.hull_points(np.array(list(points), dtype=np.float64))


def union(solids: Iterable[Manifold]) -> Manifold:
    return Manifold.batch_boolean(list(solids), OpType.Add).as_original().simplify(_TOLERANCE_FT)


def triangles(solid: Manifold) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """A solid as viewers want it: metres, y up, the street towards positive z.

    Returns:
        Corners (n, 3), and faces (m, 3) as indices of corners, anticlockwise as seen from outside.
    """
    mesh = solid.to_mesh64()
    feet = np.asarray(mesh.vert_properties)[:, :3]
    metres = feet[:, (0, 2, 1)] * (1 / FT_PER_M, 1 / FT_PER_M, -1 / FT_PER_M)
    # A zero has one sign, so that equal houses make equal bytes.
    return (metres + 0.0).astype(np.float32), np.asarray(mesh.tri_verts, dtype=np.uint32)


def _section(rings: Iterable[Sequence[Point]]) -> CrossSection:
    return CrossSection([list(ring) for ring in rings], FillRule.Positive)


def _rectangle(sides: tuple[float, float, float, float]) -> list[Point]:
    left, bottom, right, top = sides
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _snapped(solid: Manifold) -> Manifold:
    return solid.warp_batch(_on_grid)


def _on_grid(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(points * _GRID) / _GRID
