"""Tests for housebrain.drawing.mesh: closed solids that stand where the scene says."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pytest
from manifold3d import Manifold, Mesh
from numpy.typing import NDArray
from shapely import Polygon, unary_union

from housebrain.drawing.elements import Level
from housebrain.drawing.mesh import Model, Part, model
from housebrain.drawing.regions import polygon
from housebrain.drawing.scene import Scene, scene
from housebrain.drawing.solid import box
from housebrain.house.units import FT_PER_M
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


def made(house: Solved) -> tuple[Scene, Model]:
    drawn = scene(house.design, house.brief)
    return drawn, model(drawn)


def corners(part: Part) -> tuple[NDArray[np.float64], ...]:
    """The three corners of each face, in metres."""
    a, b, c = (part.vertices[part.triangles[:, corner]].astype(np.float64) for corner in range(3))
    return a, b, c


def solid(parts: Iterable[Part]) -> Manifold:
    """Parts as one solid again, in feet, as in the scene; it is empty where they aren't closed."""
    whole = Manifold()
    for part in parts:
        x, y, z = part.vertices.T.astype(np.float64) * FT_PER_M
        back = Manifold(Mesh(np.stack([x, -z, y], axis=1).astype(np.float32), part.triangles))
        assert not back.is_empty()
        whole += back
    return whole


def section_area(parts: Iterable[Part], z: float) -> float:
    return solid(parts).slice(z).area()


def of(drawn: Model, place: str, *kinds: str) -> list[Part]:
    return [part for part in drawn.parts if part.place == place and part.kind in kinds]


@pytest.mark.parametrize("house", HOUSES)
def test_every_solid_is_closed_and_looks_outwards(house: Solved) -> None:
    for part in made(house)[1].parts:
        edges = part.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).tolist()
        there = {(a, b) for a, b in edges}
        assert len(there) == len(edges), part.name  # each edge once in one direction ...
        assert {(b, a) for a, b in edges} == there, part.name  # ... and once in the other
        for body in solid([part]).decompose():
            assert body.volume() > 0, part.name


@pytest.mark.parametrize("house", HOUSES)
def test_no_face_is_a_line(house: Solved) -> None:
    for part in made(house)[1].parts:
        a, b, c = corners(part)
        longest = np.max([np.linalg.norm(p - q, axis=1) for p, q in ((a, b), (b, c), (c, a))], axis=0)
        assert np.all(np.linalg.norm(np.cross(b - a, c - a), axis=1) / longest > 1e-5), part.name


@pytest.mark.parametrize("house", HOUSES)
def test_openings_go_through_the_walls(house: Solved) -> None:
    drawn, parts = made(house)
    for level in drawn.levels:
        walls = solid(of(parts, f"level {level.number}", "wall", "plaster"))
        for wall in level.walls:
            for opening in wall.openings:
                (x1, y1), _, (x2, y2), _ = wall.hole(opening)
                # Ways reach to the axes of the walls at their ends; a sill is laid on the wall.
                along = 0.3 if opening.kind == "way" else 0.01
                dx, dy = (along, 0.0) if wall.along == "x" else (0.0, along)
                low, high = level.elevation + opening.sill + 0.01, level.elevation + opening.head - 0.01
                hole = box((x1 + dx, y1 + dy, low), (x2 - dx, y2 - dy, high))
                assert hole.volume() > 0
                assert (walls ^ hole).volume() < 1e-3 * hole.volume()


@pytest.mark.parametrize("house", HOUSES)
def test_walls_are_as_the_scene_has_them(house: Solved) -> None:
    drawn, parts = made(house)
    for level in drawn.levels:
        for height in (0.5, 5.0, level.ceiling - 0.5):
            standing = [wall for wall in level.walls if wall.kind not in ("railing", "parapet") or height < wall.height]
            expected = unary_union(
                [
                    Polygon(wall.outline).difference(
                        unary_union([Polygon(wall.hole(o)) for o in wall.openings if o.sill < height < o.head])
                    )
                    for wall in standing
                    if wall.kind != "railing"
                ]
                + [Polygon(post.outline) for post in level.posts]
            )
            found = section_area(of(parts, f"level {level.number}", "wall", "plaster"), level.elevation + height)
            assert found == pytest.approx(expected.area, rel=1e-4)


def slab_area(level: Level) -> float:
    return sum(polygon(region).area for region in level.slab)


@pytest.mark.parametrize("house", HOUSES)
def test_slabs_have_their_holes_and_stairs_pass_through(house: Solved) -> None:
    drawn, parts = made(house)
    for level in drawn.levels:
        place = f"level {level.number}"
        middle = level.elevation - level.slab_thickness / 2
        assert section_area(of(parts, place, "floor", "wall"), middle) == pytest.approx(slab_area(level), rel=1e-4)
        if level.stair:
            flight = solid(of(parts, place, "stairs"))
            low, high = flight.bounding_box()[2], flight.bounding_box()[5]
            assert (low, high) == pytest.approx((level.elevation, level.stair.steps[-1].top), abs=1e-3)
            assert len(flight.decompose()) == 1
            above = solid(of(parts, f"level {level.number + 1}", "floor"))
            assert (flight ^ above).volume() < 0.01


@pytest.mark.parametrize("house", HOUSES)
def test_the_roof_covers_its_slab_to_the_scenes_height(house: Solved) -> None:
    drawn, parts = made(house)
    roof = drawn.roof
    covering = solid([part for part in parts.parts if part.place == "roof"])
    assert covering.bounding_box()[5] == pytest.approx(roof.top, abs=0.2)
    slab = sum(polygon(region).area for region in roof.slab)
    assert covering.project().area() >= slab - 0.1
    if roof.bodies:
        slopes = solid(of(parts, "roof", "roof"))
        expected = unary_union([Polygon(body.base) for body in roof.bodies]).area
        assert slopes.project().area() == pytest.approx(expected, rel=1e-4)
        # Nothing is open between the walls and the slopes.
        assert section_area([part for part in parts.parts if part.place == "roof"], roof.level - 0.1) > 0


@pytest.mark.long
@pytest.mark.parametrize("house", HOUSES[::8])
def test_no_two_kinds_share_a_visible_face(house: Solved) -> None:
    """Where two faces lie in one plane, viewers show either by chance."""
    planes: dict[tuple[int, int, float], dict[str, list[Polygon]]] = defaultdict(lambda: defaultdict(list))
    for part in made(house)[1].parts:
        a, b, c = corners(part)
        normals = np.cross(b - a, c - a)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        for number, normal in enumerate(normals):
            axis = int(np.argmax(np.abs(normal)))
            if abs(normal[axis]) > 0.9999:
                face = Polygon([np.delete(corner[number], axis) for corner in (a, b, c)])
                planes[axis, int(np.sign(normal[axis])), round(a[number][axis], 4)][part.name].append(face)
    for where, faces in planes.items():
        joined = [(name, unary_union(shapes)) for name, shapes in faces.items()]
        for number, (name, shape) in enumerate(joined):
            for other, rival in joined[:number]:
                assert shape.intersection(rival).area < 1e-4, (where, name, other)


def test_lengths_are_metres_and_the_street_lies_towards_positive_z() -> None:
    house = solved_houses()[0]
    drawn, parts = made(house)
    assert drawn.plot is not None
    ground = next(part for part in parts.parts if part.kind == "ground")
    size = [drawn.plot.width / FT_PER_M, drawn.plot.depth / FT_PER_M]
    assert ground.vertices.min(axis=0) == pytest.approx([0, -0.5 / FT_PER_M, -size[1]], abs=1e-4)
    assert ground.vertices.max(axis=0) == pytest.approx([size[0], 0, 0], abs=1e-4)


def test_parts_are_named_by_level_and_kind_and_equal_scenes_have_equal_parts() -> None:
    house = solved_houses()[0]
    one, other = (made(house)[1] for _ in range(2))
    names = [part.name for part in one.parts]
    assert len(set(names)) == len(names)
    assert {"site ground", "level 0 wall", "level 0 glass", "roof slab"} <= set(names)
    for part, twin in zip(one.parts, other.parts, strict=True):
        assert part.vertices.tobytes() == twin.vertices.tobytes()
        assert part.triangles.tobytes() == twin.triangles.tobytes()
