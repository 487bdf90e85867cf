"""What a scene is made of: plain values in feet, which every format's writer draws and none computes anew.

x runs along the street from the plot's left corner, y from the street to the rear, z upwards from the ground. Plans are
seen from above. Angles are degrees, counter-clockwise.
"""

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Point3 = tuple[float, float, float]
Axis = Literal["x", "y"]

SOLID = ("outer", "inner")  # walls from floor to ceiling
EXACT_FT = 1e-6  # what rounding may take


@dataclass(frozen=True)
class Region:
    """A polygon in plan: an outline counter-clockwise and holes clockwise, without repeating the first point."""

    outline: tuple[Point, ...]
    holes: tuple[tuple[Point, ...], ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A door's leaf: hinged at `hinge`, its free edge at `closed` when shut and at `opened` when open."""

    hinge: Point
    closed: Point
    opened: Point


@dataclass(frozen=True)
class Opening:
    """A hole in one wall run.

    Attributes:
        kind: `door` has one leaf, `glazed` two leaves of glass, `gate` leads a car in, `way` has no leaf at all.
        x, y: its middle, on the wall's axis.
        width, sill, head: in feet; `sill` and `head` are heights above the level's floor.
        rooms: the names on the wall's two sides, the entered one last; `outside` where there is none.
        leaves: none for windows, gates and ways.
        entrance: whether one comes in from the street here.
    """

    kind: Literal["door", "glazed", "gate", "way", "window"]
    x: float
    y: float
    along: Axis
    width: float
    sill: float
    head: float
    rooms: tuple[str, str]
    leaves: tuple[Leaf, ...] = ()
    entrance: bool = False

    @property
    def start(self) -> Point:
        """The end with the smaller coordinate."""
        half = self.width / 2
        return (self.x - half, self.y) if self.along == "x" else (self.x, self.y - half)

    @property
    def end(self) -> Point:
        half = self.width / 2
        return (self.x + half, self.y) if self.along == "x" else (self.x, self.y + half)


@dataclass(frozen=True)
class Wall:
    """A straight wall from `low` to `high` on the axis `at`, joints with the walls that it meets included.

    Walls of a level overlap at their joints: each is cut by its own openings only, then all are joined.

    Attributes:
        kind: `parapet` is a low wall, `railing` a balcony's, both without openings but for ways to the outside.
        outward: 1 where the outside is towards larger coordinates, -1 where towards smaller, 0 for an inner wall.
        height: above the level's floor.
    """

    kind: Literal["outer", "inner", "parapet", "railing"]
    along: Axis
    at: float
    low: float
    high: float
    thickness: float
    height: float
    outward: int
    openings: tuple[Opening, ...] = ()

    @property
    def start(self) -> Point:
        return (self.low, self.at) if self.along == "x" else (self.at, self.low)

    @property
    def end(self) -> Point:
        return (self.high, self.at) if self.along == "x" else (self.at, self.high)

    def is_open_at(self, at: float, width: float) -> bool:
        """Whether its ways leave nothing of it for `width` feet around a place along it."""
        axis = 0 if self.along == "x" else 1
        ways = [(way.start[axis], way.end[axis]) for way in self.openings if way.kind == "way"]
        return all(
            any(low <= near + EXACT_FT and far - EXACT_FT <= high for low, high in ways)
            for near, far in ((at - width / 2, at), (at, at + width / 2))
        )

    @property
    def outline(self) -> tuple[Point, ...]:
        """Its four corners in plan, counter-clockwise."""
        half = self.thickness / 2
        if self.along == "x":
            return rectangle(self.low, self.at - half, self.high, self.at + half)
        return rectangle(self.at - half, self.low, self.at + half, self.high)

    def hole(self, opening: Opening) -> tuple[Point, ...]:
        """The corners in plan of what an opening takes of it."""
        half = self.thickness / 2
        (x1, y1), (x2, y2) = opening.start, opening.end
        return (
            rectangle(x1, self.at - half, x2, self.at + half)
            if self.along == "x"
            else rectangle(self.at - half, y1, self.at + half, y2)
        )


@dataclass(frozen=True)
class Space:
    """A room, to the walls' centre lines, as its area is counted.

    Attributes:
        name: unique on its level.
        type: of `house.rooms`.
        region: its outline; boxes of one room are joined.
        clear: what is left of it between the walls' faces.
        boxes: x, y, width, depth of its rectangles.
        label: the middle of its largest rectangle.
        size: width and depth of a room of one box, None of others.
        area_sqft: of `region`.
        open_air: whether it has no roof or no walls of its own.
    """

    name: str
    type: str
    region: Region
    clear: tuple[Region, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    label: Point
    size: tuple[float, float] | None
    area_sqft: float
    open_air: bool


@dataclass(frozen=True)
class Step:
    """A tread or a landing: its corners in plan, and the z of its upper face."""

    outline: tuple[Point, ...]
    top: float
    landing: bool = False


@dataclass(frozen=True)
class Stair:
    """Two flights from a level to the next one up.

    Attributes:
        steps: from below, each tread once, the landing between the flights among them; the last riser ends on the
            upper floor.
        path: the line that one walks, from the first riser up.
        box: x, y, width, depth between the walls' faces.
        rise: from floor to floor.
        risers: how many.
    """

    steps: tuple[Step, ...]
    path: tuple[Point, ...]
    box: tuple[float, float, float, float]
    base: float
    rise: float
    risers: int


@dataclass(frozen=True)
class Piece:
    """A piece of furniture or a fitting. Before it is turned, its back is towards larger y.

    Attributes:
        kind: a key of `furnishing.BLOCKS`.
        x, y: its middle.
        width, depth, height: as it stands before it is turned.
        angle: 0, 90, 180 or 270.
        room: the space that it stands in.
    """

    kind: str
    x: float
    y: float
    width: float
    depth: float
    height: float
    angle: int
    room: str

    @property
    def outline(self) -> tuple[Point, ...]:
        """Its corners in plan."""
        w, d = (self.width, self.depth) if self.angle % 180 == 0 else (self.depth, self.width)
        return rectangle(self.x - w / 2, self.y - d / 2, self.x + w / 2, self.y + d / 2)


@dataclass(frozen=True)
class Block:
    """A solid block with vertical sides: outside steps, ramps are none."""

    outline: tuple[Point, ...]
    bottom: float
    top: float


@dataclass(frozen=True)
class Level:
    """One storey.

    Attributes:
        number: 0 is the ground floor.
        elevation: of the finished floor, above the ground.
        height: from this floor to the next, or to the roof's slab.
        ceiling: the clear height.
        slab: what is under the floor, without the holes for stairs and courts; its upper face is at `elevation`.
        slab_thickness: in feet.
        walls: see `Wall`.
        cut: all walls joined and cut by their openings, as a plan shows them; railings and parapets left out.
        overlaps: where rooms overlap, which none of a valid design do.
        stair: up from here; None on the top floor.
        stair_below: the one that arrives here.
        posts: under what covers outdoor spaces.
    """

    number: int
    elevation: float
    height: float
    ceiling: float
    slab: tuple[Region, ...]
    slab_thickness: float
    walls: tuple[Wall, ...]
    cut: tuple[Region, ...]
    spaces: tuple[Space, ...]
    overlaps: tuple[Region, ...]
    stair: Stair | None
    stair_below: Stair | None
    furniture: tuple[Piece, ...]
    posts: tuple[Block, ...]

    @property
    def openings(self) -> tuple[Opening, ...]:
        return tuple(opening for wall in self.walls for opening in wall.openings)


@dataclass(frozen=True)
class Face:
    """A flat piece of a roof: its corners in space, counter-clockwise seen from above or outside."""

    corners: tuple[Point3, ...]


@dataclass(frozen=True)
class RoofBody:
    """A convex body of a pitched roof: `base` corners in plan at z `eaves`, and a ridge line above.

    The roof is all bodies joined.
    """

    base: tuple[Point, ...]
    ridge: tuple[Point, ...]
    eaves: float
    top: float


@dataclass(frozen=True)
class Roof:
    """What covers the house.

    Attributes:
        kind: flat roofs have a slab, `parapets` around it and no bodies; the others have bodies over a slab.
        material: as the design names it.
        slab: its outlines; the upper face is at z `level`.
        slab_thickness: in feet.
        level: z of the slab's upper face.
        top: z of the highest point.
        parapets: walls on the slab, their height above it.
        bodies: convex bodies that make the roof when joined.
        faces: what is seen of the pitched roof: slopes and gables.
        overhang: how far the eaves reach over the walls' axes.
    """

    kind: Literal["flat", "gable", "hip"]
    material: str
    slab: tuple[Region, ...]
    slab_thickness: float
    level: float
    top: float
    parapets: tuple[Wall, ...]
    bodies: tuple[RoofBody, ...]
    faces: tuple[Face, ...]
    overhang: float


@dataclass(frozen=True)
class Plot:
    """The ground that a brief gives.

    Attributes:
        width, depth: along the street and away from it.
        setbacks: front, rear, left, right.
        buildable: x, y, width, depth of what the setbacks leave, with what a plot that is no rectangle lacks.
        outline: the plot's corners, counter-clockwise from the street's left end.
        envelope: the corners of what the setbacks leave.
        orientation: the compass direction that the street side faces, in degrees clockwise from north.
        side_street: the side along which a second street runs; None where the plot is no corner.
        party_walls: the sides at which a neighbour's house stands.
    """

    width: float
    depth: float
    setbacks: tuple[float, float, float, float]
    buildable: tuple[float, float, float, float]
    orientation: float
    side_street: Literal["left", "right"] | None
    outline: tuple[Point, ...]
    envelope: tuple[Point, ...]
    party_walls: tuple[Literal["left", "right"], ...] = ()


def rectangle(x1: float, y1: float, x2: float, y2: float) -> tuple[Point, ...]:
    """Its corners, counter-clockwise."""
    return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
