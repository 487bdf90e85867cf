"""The scene: a design as it stands on its plot, with everything that any format draws.

All formats are written from one scene, so that all show the same house.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shapely import Polygon, box, unary_union
from shapely.geometry.base import BaseGeometry

from housebrain.drawing.elements import SOLID, Block, Level, Plot, Point, Region, Roof, Space, Stair, rectangle
from housebrain.drawing.furniture import furnish
from housebrain.drawing.openings import opened
from housebrain.drawing.posts import posts
from housebrain.drawing.regions import boxed, joined, regions
from housebrain.drawing.roofs import SLAB_FT, roof
from housebrain.drawing.stairs import WELL_FT, stair
from housebrain.drawing.walls import Placed, runs
from housebrain.house.brief import Brief
from housebrain.house.design import CEILING_FT, FLOOR_TO_FLOOR_FT, WALL_FT, Design, Door, Rect
from housebrain.house.design import Level as DesignLevel
from housebrain.house.rooms import OPEN_AIR

PLINTH_FT = 1.5  # of the ground floor above the ground
STEP_RISER_FT, STEP_TREAD_FT = 0.5, 1.0  # outside, in front of doors
COMPASS = {"N": 0.0, "NE": 45.0, "E": 90.0, "SE": 135.0, "S": 180.0, "SW": 225.0, "W": 270.0, "NW": 315.0}


@dataclass(frozen=True)
class Scene:
    """A house on its plot. Lengths are feet; x = y = 0 is the plot's left corner at the street, z = 0 the ground.

    Attributes:
        title: a line for title blocks, of what was asked for; it may have any characters.
        levels: from the ground up.
        roof: over the top level.
        plinth: what the ground floor stands on, from the ground to its slab's upper face.
        steps: outside, up to the doors; ramps for gates are steps as well.
        footprint: x, y, width, depth of the rectangle around the house, to the walls' axes.
        outline: the corners of the house in that rectangle, of which an L-shaped one lacks a part.
        plot: None where no brief was given. Then x = y = 0 is the corner of what the setbacks leave.
        materials: by part, as the design names them: `exterior`, `roof`, `floor`, `windows`, `doors`.
        built_sqft: of all enclosed rooms.
    """

    title: str
    levels: tuple[Level, ...]
    roof: Roof
    plinth: tuple[Region, ...]
    steps: tuple[Block, ...]
    footprint: tuple[float, float, float, float]
    outline: tuple[Point, ...]
    plot: Plot | None
    materials: dict[str, str]
    built_sqft: float

    @property
    def top(self) -> float:
        """z of the highest point."""
        return self.roof.top


def scene(design: Design, brief: Brief | None = None) -> Scene:
    """The scene of a design, valid or not.

    Args:
        design: what is drawn. Its rooms may overlap or lie outside of the footprint.
        brief: what it answers. It gives the plot, the street sides and north, and the roof's form.
    """
    plot = _plot(brief) if brief else None
    # In 64ths of a foot sums of coordinates are exact, so that walls meet whatever order they were added in.
    lines = (plot.setbacks[2], plot.setbacks[0]) if plot else (0.0, 0.0)  # where a design's own coordinates begin
    left, front = (round(edge * 64) / 64 for edge in lines)
    shown = [_placed(level, left, front) for level in design.levels]
    doors = [[_door(door, left, front) for door in level.doors] for level in design.levels]
    stairs = _stairs(shown, doors)
    levels = []
    for number, level in enumerate(design.levels):
        levels.append(_level(number, level, shown, doors[number], stairs, left, front))
    footprint = _moved(design.footprint, left, front)
    top = PLINTH_FT + len(levels) * FLOOR_TO_FLOOR_FT
    plinth = regions(_floor(shown[0]))
    title = f"{brief.style} house" if brief else "House"
    return Scene(
        title=title,
        levels=tuple(levels),
        roof=roof(_covered(shown[-1]), top, design.materials.roof, brief),
        plinth=plinth,
        steps=_outside_steps(levels[0]),
        footprint=(footprint.x, footprint.y, footprint.w, footprint.d),
        outline=_outline(footprint, design.corner and _moved(design.corner, left, front)),
        plot=plot,
        materials=design.materials.model_dump(),
        built_sqft=design.built_area_sqft,
    )


def unfurnished(scene: Scene) -> Scene:
    """The same house without furniture and fittings."""
    return replace(scene, levels=tuple(replace(level, furniture=()) for level in scene.levels))


def _plot(brief: Brief) -> Plot:
    plot, back = brief.plot, brief.plot.setbacks
    x, y, right, rear = Polygon(plot.buildable_ft).bounds if len(plot.buildable_ft) > 2 else (0.0, 0.0, 0.0, 0.0)
    return Plot(
        plot.width_ft,
        plot.length_ft,
        (back.front_ft, back.rear_ft, back.left_ft, back.right_ft),
        (x, y, right - x, rear - y),
        COMPASS[plot.orientation],
        plot.side_street,
        plot.corners_ft,
        plot.buildable_ft,
        plot.party_walls or (),
    )


def _moved(rect: Rect, left: float, front: float) -> Rect:
    # A setback need not be on the grid, which a checked rectangle has to be.
    return Rect.model_construct(x=rect.x + left, y=rect.y + front, w=rect.w, d=rect.d)


def _outline(footprint: Rect, corner: Rect | None) -> tuple[Point, ...]:
    """The corners of a rectangle without a part at its rear, counter-clockwise."""
    x, y, right, rear = footprint.x, footprint.y, footprint.right, footprint.rear
    if corner is None:
        return rectangle(x, y, right, rear)
    if corner.x == x:
        return ((x, y), (right, y), (right, rear), (corner.right, rear), (corner.right, corner.y), (x, corner.y))
    return ((x, y), (right, y), (right, corner.y), (corner.x, corner.y), (corner.x, rear), (x, rear))


def _door(door: Door, left: float, front: float) -> Door:
    return door.model_copy(update={"x": door.x + left, "y": door.y + front})


def _placed(level: DesignLevel, left: float, front: float) -> list[Placed]:
    return [Placed(r.name, r.type, tuple(_moved(box, left, front) for box in r.boxes)) for r in level.rooms]


def _boxes(room: Placed) -> list[tuple[float, float, float, float]]:
    return [(one.x, one.y, one.w, one.d) for one in room.boxes]


def _stairs(levels: list[list[Placed]], doors: list[list[Door]]) -> list[Stair | None]:
    """The stairs up from each level; None from the top one, and where a level has none."""
    found: list[Stair | None] = []
    every = [door for own in doors for door in own]
    for number, rooms in enumerate(levels):
        own = next((room for room in rooms if room.type == "stairs"), None)
        base = PLINTH_FT + number * FLOOR_TO_FLOOR_FT
        found.append(stair(own, every, base) if own and number < len(levels) - 1 else None)
    return found


def _level(
    number: int,
    level: DesignLevel,
    shown: list[list[Placed]],
    doors: list[Door],
    stairs: list[Stair | None],
    left: float,
    front: float,
) -> Level:
    rooms = shown[number]
    windows = [w.model_copy(update={"x": w.x + left, "y": w.y + front}) for w in level.windows]
    walls = opened(runs(rooms, number == 0), rooms, doors, windows)
    solid = [wall for wall in walls if wall.kind in SOLID]
    whole = joined(wall.outline for wall in solid)
    cut = unary_union(
        [Polygon(wall.outline).difference(joined(wall.hole(opening) for opening in wall.openings)) for wall in solid]
    )
    below = stairs[number - 1] if number else None
    floor = _floor(rooms)
    if below:
        x, y, w, d = below.box
        # The gap between the flights is part of the hole.
        steps = joined(step.outline for step in below.steps)
        well = steps.buffer(WELL_FT, join_style="mitre").buffer(-WELL_FT, join_style="mitre")
        floor = floor.difference(well.intersection(box(x, y, x + w, y + d)))
    if number:
        floor = floor.difference(_void(rooms, shown[number - 1]).difference(whole))
    spaces = tuple(_space(room, whole) for room in rooms)
    overlaps = _overlaps(rooms)
    carried = _posts(number, shown, whole)
    return Level(
        number=number,
        elevation=PLINTH_FT + number * FLOOR_TO_FLOOR_FT,
        height=FLOOR_TO_FLOOR_FT,
        ceiling=CEILING_FT,
        slab=regions(floor),
        slab_thickness=SLAB_FT,
        walls=walls,
        cut=regions(cut),
        spaces=spaces,
        overlaps=overlaps,
        stair=stairs[number],
        stair_below=below,
        furniture=() if overlaps else furnish(spaces, walls, carried),
        posts=carried,
    )


def _posts(number: int, shown: list[list[Placed]], walls: BaseGeometry) -> tuple[Block, ...]:
    """Under the next level's floor, or the roof."""
    rooms = shown[number]
    if number + 1 < len(shown):
        cover = _floor(shown[number + 1]).difference(_void(shown[number + 1], rooms).buffer(-WALL_FT / 2))
    else:
        cover = _covered(rooms).buffer(WALL_FT / 2, join_style="mitre")
    outdoor = boxed(one for room in rooms if room.type in OPEN_AIR for one in _boxes(room))
    floor = PLINTH_FT + number * FLOOR_TO_FLOOR_FT
    return posts(cover, outdoor, walls, floor, floor + CEILING_FT)


def _floor(rooms: Sequence[Placed]) -> BaseGeometry:
    """What the rooms and their walls stand on, to the outer walls' faces; outdoor spaces reach as far."""
    return boxed(box for room in rooms for box in _boxes(room)).buffer(WALL_FT / 2, join_style="mitre")


def _void(rooms: Sequence[Placed], below: Sequence[Placed]) -> BaseGeometry:
    """Courts over courts."""
    here, there = (
        boxed(one for room in storey if room.type == "court" for one in _boxes(room)) for storey in (rooms, below)
    )
    return here.intersection(there)


def _covered(rooms: Sequence[Placed]) -> BaseGeometry:
    """What the roof covers: all but terraces and courts, which are open to the sky."""
    closed = boxed(one for room in rooms if room.type not in OPEN_AIR for one in _boxes(room))
    covered = boxed(one for room in rooms if room.type not in ("terrace", "court") for one in _boxes(room))
    return covered if not covered.is_empty else closed


def _space(room: Placed, walls: BaseGeometry) -> Space:
    whole = boxed(_boxes(room))
    main = max(room.boxes, key=lambda one: one.area_sqft)
    return Space(
        name=room.name,
        type=room.type,
        region=regions(whole)[0],
        clear=regions(whole.difference(walls)),
        boxes=tuple(_boxes(room)),
        label=(main.x + main.w / 2, main.y + main.d / 2),
        size=(main.w, main.d) if len(room.boxes) == 1 else None,
        area_sqft=sum(one.area_sqft for one in room.boxes),
        open_air=room.type in OPEN_AIR,
    )


def _overlaps(rooms: Sequence[Placed]) -> tuple[Region, ...]:
    shapes = [boxed(_boxes(room)) for room in rooms]
    pairs = [one.intersection(other) for i, one in enumerate(shapes) for other in shapes[:i] if one.intersects(other)]
    return regions(unary_union([pair for pair in pairs if pair.area > 0])) if pairs else ()


def _outside_steps(ground: Level) -> tuple[Block, ...]:
    """In front of each way in, from the ground to the floor."""
    found = []
    count = round(ground.elevation / STEP_RISER_FT)
    for wall in ground.walls:
        for opening in wall.openings:
            if "outside" not in opening.rooms or opening.kind == "window" or not wall.outward:
                continue
            face = wall.at + wall.outward * wall.thickness / 2
            half = opening.width / 2 + (0.5 if opening.kind != "gate" else 0.0)
            middle = opening.x if wall.along == "x" else opening.y
            for number in range(count - 1):
                reach = face + wall.outward * (number + 1) * STEP_TREAD_FT
                low, high = sorted((face, reach))
                outline = (
                    rectangle(middle - half, low, middle + half, high)
                    if wall.along == "x"
                    else rectangle(low, middle - half, high, middle + half)
                )
                found.append(Block(outline, 0.0, ground.elevation - (number + 1) * STEP_RISER_FT))
    return tuple(found)
