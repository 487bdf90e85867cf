"""A scene as closed solids: one part for each level and kind, as models in three dimensions hold them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from manifold3d import Manifold
from numpy.typing import NDArray

from housebrain.drawing.elements import SOLID, Level, Point, Region, Roof, Stair, Wall
from housebrain.drawing.furnishing import furniture
from housebrain.drawing.joinery import Sides, Solid, filling, guard, handrails, railing
from housebrain.drawing.scene import Scene
from housebrain.drawing.solid import box, column, hull, panel, prism, rim, shell, triangles, union
from housebrain.drawing.surfaces import KINDS, Kind, Surface, surfaces
from housebrain.house.design import WALL_FT

GROUND_FT, MARGIN_FT = 0.5, 10.0
ROOF_FT = 0.5  # how thick a pitched roof is, measured upwards
COPING_FT, COPING_PROUD_FT = 0.15, 0.1
SKIN_FT = 0.2  # of outer walls, as thick as shows what the house is clad in; behind it is plaster
WAIST_FT = 0.5  # of stairs, below the riser


@dataclass(frozen=True, eq=False)
class Part:
    """Closed solids of one kind.

    Attributes:
        place: `site`, `level 0`, `level 1`, ... or `roof`.
        kind: which is also its material's name.
        vertices: float32 (n, 3), metres; x along the street from the plot's corner, y up, z towards the street.
        triangles: uint32 (m, 3), anticlockwise as seen from outside.
    """

    place: str
    kind: Kind
    vertices: NDArray[np.float32]
    triangles: NDArray[np.uint32]

    @property
    def name(self) -> str:
        return f"{self.place} {self.kind}"


@dataclass(frozen=True, eq=False)
class Model:
    """All parts of a house, and the material of each kind."""

    title: str
    parts: tuple[Part, ...]
    surfaces: dict[Kind, Surface]


def model(scene: Scene) -> Model:
    """The solids of a scene, those of the site first, then level by level, then the roof."""
    parts = _parts("site", _site(scene))
    for level in scene.levels:
        parts += _parts(f"level {level.number}", _level(level))
    parts += _parts("roof", _roof(scene.roof))
    return Model(scene.title, tuple(parts), surfaces(scene.materials))


def _parts(place: str, solids: Iterator[Solid]) -> list[Part]:
    """Solids of one kind, joined."""
    kinds: dict[Kind, list[Manifold]] = {}
    for kind, solid in solids:
        kinds.setdefault(kind, []).append(solid)
    joined = [(kind, union(kinds[kind])) for kind in KINDS if kind in kinds]
    return [Part(place, kind, *triangles(solid)) for kind, solid in joined if not solid.is_empty()]


def _site(scene: Scene) -> Iterator[Solid]:
    """The ground as far as the plot reaches, or a little around the house; the plinth and the steps on it."""
    x, y, width, depth = scene.footprint
    if scene.plot:
        yield "ground", prism([Region(scene.plot.outline)], -GROUND_FT, 0)
    else:
        yield (
            "ground",
            box((x - MARGIN_FT, y - MARGIN_FT, -GROUND_FT), (x + width + MARGIN_FT, y + depth + MARGIN_FT, 0)),
        )
    ground = scene.levels[0]
    yield "plinth", prism(scene.plinth, 0, ground.elevation - ground.slab_thickness)
    for block in scene.steps:
        yield "slab", column(block.outline, block.bottom, block.top)


def _level(level: Level) -> Iterator[Solid]:
    floor, under = level.elevation, level.elevation - level.slab_thickness
    yield from _slab("floor", level.slab, level.stair_below, under, floor)
    walls = union(_wall(wall, floor) for wall in level.walls if wall.kind in SOLID)
    enclosed = [space.region for space in level.spaces if not space.open_air]
    skin = shell(enclosed, WALL_FT, SKIN_FT - WALL_FT / 2, floor - 1, floor + level.height)
    outside, inside = walls.split(skin)
    yield "wall", outside
    yield "plaster", inside
    parapets = [solid for wall in level.walls if wall.kind == "parapet" for solid in _parapet(wall, floor)]
    yield from parapets
    posts = [column(post.outline, post.bottom, post.top) for post in level.posts]
    yield "wall", union(posts)
    rails = [bar for wall in level.walls if wall.kind == "railing" for bar in railing(wall, floor)]
    if level.stair_below and not level.stair:
        rails += guard(level.stair_below, floor)
    # They reach into the walls that they end at.
    yield "railing", union(rails) - union([walls, *posts, *(solid for _, solid in parapets)])
    for wall in level.walls:
        for opening in wall.openings:
            yield from filling(opening, wall, floor)
    if level.stair:
        yield from _stair(level.stair)
    for piece in level.furniture:
        yield from furniture(piece, floor)


def _wall(wall: Wall, floor: float) -> Manifold:
    """A wall with its openings cut."""
    faces = (wall.at - wall.thickness / 2, wall.at + wall.thickness / 2)
    return panel(wall.along, faces, (wall.low, floor, wall.high, floor + wall.height), _holes(wall, floor))


def _parapet(wall: Wall, floor: float) -> Iterator[Solid]:
    """A low wall with its coping."""
    yield "wall", _wall(wall, floor)
    half, top = wall.thickness / 2 + COPING_PROUD_FT, floor + wall.height
    outline = (wall.low - COPING_PROUD_FT, top, wall.high + COPING_PROUD_FT, top + COPING_FT)
    holes = [(start, bottom, end, top + 1) for start, bottom, end, _ in _holes(wall, floor)]
    yield "slab", panel(wall.along, (wall.at - half, wall.at + half), outline, holes)


def _holes(wall: Wall, floor: float) -> list[Sides]:
    """What the openings take of a wall; those to the floor reach below it, so that nothing is left there."""
    axis = 0 if wall.along == "x" else 1
    return [
        (opening.start[axis], floor + (opening.sill or -1), opening.end[axis], floor + opening.head)
        for opening in wall.openings
    ]


def _slab(kind: Kind, slab: Sequence[Region], stair: Stair | None, bottom: float, top: float) -> Iterator[Solid]:
    """A floor whose outer edges are the walls', which hide it; the edges of a hole for stairs are its own."""
    wells = [hole for region in slab for hole in region.holes if stair and _within(hole, stair.box)]
    filled = [replace(region, holes=tuple(hole for hole in region.holes if hole not in wells)) for region in slab]
    floor, edge = rim(filled, WALL_FT, bottom, top)
    for well in wells:
        floor -= column(well[::-1], bottom - 1, top + 1)
    yield kind, floor
    yield "wall", edge


def _within(ring: Sequence[Point], box: tuple[float, float, float, float]) -> bool:
    x, y, width, depth = box
    return all(x - 0.01 <= px <= x + width + 0.01 and y - 0.01 <= py <= y + depth + 0.01 for px, py in ring)


def _stair(stair: Stair) -> Iterator[Solid]:
    """Steps as one stepped slab, and a handrail on each flight's inner side."""
    rise = stair.rise / stair.risers
    for step in stair.steps:
        yield "stairs", column(step.outline, max(stair.base, step.top - rise - WAIST_FT), step.top)
    yield from (("railing", solid) for solid in handrails(stair))


def _roof(roof: Roof) -> Iterator[Solid]:
    """A flat roof's slab and parapets; or slopes of even thickness, and walls up to them."""
    yield from _slab("slab", roof.slab, None, roof.level - roof.slab_thickness, roof.level)
    for parapet in roof.parapets:
        yield from _parapet(parapet, roof.level)
    if not roof.bodies:
        return
    whole, below = [], []
    for body in roof.bodies:
        edge = [(x, y, body.eaves) for x, y in body.base]
        ridge = [(x, y, body.top) for x, y in body.ridge]
        whole.append(hull([*edge, *((x, y, z - ROOF_FT) for x, y, z in edge), *ridge]))
        below.append(hull([*edge, *ridge]).translate((0, 0, -ROOF_FT)))
    attic = union(below)
    yield "roof", union(whole) - attic
    yield "wall", attic ^ prism(roof.slab, roof.level, roof.top)
