"""Tests for housebrain.drawing.svg, read back as XML."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.drawing.svg import LEAF_FT, MARGIN_FT, UNIT, floor_plan_svg, frame
from housebrain.house.design import Cost, Design, Door, Level, Materials, Rect, Room, Site, Window
from houses import solved_houses

SVG = "{http://www.w3.org/2000/svg}"
FOOTPRINT = Rect(x=2, y=0, w=20, d=30)


def room(name: str, kind: Any, *boxes: tuple[float, float, float, float]) -> Room:
    """A room of boxes x, y, w, d."""
    return Room(name=name, type=kind, boxes=tuple(Rect(x=x, y=y, w=w, d=d) for x, y, w, d in boxes))


FRONT = room("living", "living_room", (2, 0, 20, 18))
REAR = room("bath", "bathroom", (2, 18, 20, 12))


def level(*rooms: Room, doors: tuple[Door, ...] = (), windows: tuple[Window, ...] = ()) -> Level:
    return Level(rooms=rooms, doors=doors, windows=windows)


def design(footprint: Rect, *levels: Level) -> Design:
    materials = Materials(exterior="Brick", roof="Slate", floor="Tile", windows="Casement", doors="Panel")
    site = Site(foundation="Slab", insulation="High", cooling="None", heating="Hydronic")
    cost = Cost(currency="USD", per_usd=1, total_usd=1, lines=())
    return Design(footprint=footprint, levels=levels, materials=materials, site=site, quality="basic", cost=cost)


def drawn(one: Level, footprint: Rect = FOOTPRINT, **options: Any) -> ElementTree.Element:
    return ElementTree.fromstring(floor_plan_svg(one, footprint, **options))


def view_box(svg: ElementTree.Element) -> list[float]:
    return [float(number) for number in svg.attrib["viewBox"].split()]


def boxes(svg: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """The rooms' rectangles: left, top, right, bottom."""
    found = []
    for rect in svg.findall(f"{SVG}g[@class='room']/{SVG}rect"):
        x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        found.append((x, y, x + w, y + h))
    return found


def labels(svg: ElementTree.Element) -> list[list[str | None]]:
    return [[span.text for span in text] for text in svg.findall(f"{SVG}text") if len(text)]


def path_points(svg: ElementTree.Element) -> list[list[float]]:
    """The numbers in the paths of doors' leaves."""
    paths = [path.attrib["d"] for path in svg.iter(f"{SVG}path")]
    return [[float(number) for number in re.findall(r"-?[\d.]+", path)] for path in paths if "A" in path]


def halves(low: int, high: int) -> st.SearchStrategy[float]:
    """Lengths on the grid."""
    return st.integers(2 * low, 2 * high).map(lambda steps: steps / 2)


ROOMS = st.builds(
    room,
    st.text(max_size=12),
    st.sampled_from(["living_room", "bathroom", "stairs", "terrace", "garage"]),
    st.tuples(halves(0, 300), halves(0, 300), halves(1, 300), halves(1, 300)),
)


@given(
    st.lists(ROOMS, min_size=1, max_size=8),
    st.builds(Rect, x=st.integers(0, 50), y=st.just(0), w=st.integers(1, 99), d=st.integers(1, 99)),
)
def test_any_rooms_are_drawn_to_scale_inside_the_view_box(rooms: list[Room], footprint: Rect) -> None:
    """Overlapping, outside the footprint, of any name, one that XML can't hold among them."""
    svg = drawn(level(*rooms), footprint, title="a < b & \x00")
    assert svg.findtext(f"{SVG}title") == "a < b & \ufffd"
    left, top, width, height = view_box(svg)
    assert len(boxes(svg)) == len(labels(svg)) == len(rooms)
    for one, (x1, y1, x2, y2), (_, size) in zip(rooms, boxes(svg), labels(svg), strict=True):
        assert left <= x1 < x2 <= left + width
        assert top <= y1 < y2 <= top + height
        assert (x2 - x1, y2 - y1) == (one.main.w * UNIT, one.main.d * UNIT)
        assert size == f"{one.main.w:g} x {one.main.d:g} ft"


@pytest.mark.parametrize("name", ["bed2", "<script>alert(1)</script>", "a & b", "\"quoted'", "Küche"])
def test_names_are_escaped(name: str) -> None:
    named = REAR.model_copy(update={"name": name})
    text = floor_plan_svg(level(FRONT, named), FOOTPRINT)
    assert "<script" not in text
    assert labels(ElementTree.fromstring(text))[1] == [name, "20 x 12 ft"]


def test_the_street_is_below() -> None:
    front, rear = boxes(drawn(level(FRONT, REAR)))
    assert rear[3] == front[1]  # the rear room's lower edge is the front room's upper one


def test_a_door_swings_into_the_room_that_is_entered() -> None:
    doors = (
        Door(a="living", b="outside", x=12.0, y=0.0, along="x", width_ft=3.0),
        Door(a="living", b="bath", x=12.0, y=18.0, along="x", width_ft=2.5),
    )
    svg = drawn(level(FRONT, REAR, doors=doors))
    for (left, top, right, bottom), path in zip(boxes(svg), path_points(svg), strict=True):
        x, y = path[2:4]  # where the leaf's free end stands open
        assert left < x < right
        assert top < y < bottom


@pytest.mark.parametrize(("a", "b", "side"), [("west", "east", 1), ("east", "west", -1)])
def test_a_door_in_a_wall_towards_the_rear_swings_sideways(a: str, b: str, side: int) -> None:
    west = room("west", "bedroom", (2, 0, 10, 30))
    east = room("east", "bedroom", (12, 0, 10, 30))
    door = Door(a=a, b=b, x=12.0, y=15.0, along="y", width_ft=3.0)
    ((x1, y1, x2, y2, *_, y3),) = path_points(drawn(level(west, east, doors=(door,))))
    assert (x2 - x1, y2, y1 - y3) == (side * 3 * UNIT, y1, 3 * UNIT)


def test_windows_lie_in_their_wall() -> None:
    window = Window(room="bath", x=12.0, y=30.0, along="x", width_ft=4.0, height_ft=4.0, sill_ft=3.0)
    svg = drawn(level(FRONT, REAR, windows=(window,)))
    (glass,) = {tuple(line.attrib[name] for name in ("x1", "x2", "y1", "y2")) for line in svg.iter(f"{SVG}line")}
    x1, x2, y1, y2 = map(float, glass)
    assert y1 == y2 == boxes(svg)[1][1]
    assert x2 - x1 == 4 * UNIT


def test_two_plans_in_one_frame_have_one_scale() -> None:
    out = room("garage", "garage", (30, 0, 6, 9))
    designs = [
        design(FOOTPRINT, level(FRONT), level(FRONT, REAR)),
        design(Rect(x=0, y=0, w=10, d=10), level(out)),
    ]
    both = frame(*designs)
    assert both == Rect(x=0, y=0, w=36, d=30)
    plans = [drawn(one.levels[0], one.footprint, around=both) for one in designs]
    assert view_box(plans[0]) == view_box(plans[1]) == [0, 0, 420, 360]


def test_a_frame_that_is_too_small_is_widened() -> None:
    assert view_box(drawn(level(FRONT, REAR), around=Rect(x=3, y=0, w=1, d=1))) == view_box(drawn(level(FRONT, REAR)))


def test_a_room_of_several_boxes_has_one_outline_and_its_area() -> None:
    """An L: no wall is drawn between its boxes, and each point of its outline once."""
    ell = room("living", "living_room", (2, 0, 20, 10), (2, 10, 8, 8))
    svg = drawn(level(ell))
    assert labels(svg) == [["living", "264 sqft"]]
    walls = [
        path.attrib["d"] for path in svg.iter(f"{SVG}path") if path.get("fill") == "none" and path.get("stroke-linecap")
    ]
    assert len(walls) == 1
    lines = [tuple(map(float, re.findall(r"-?[\d.]+", part))) for part in walls[0].split("M")[1:]]
    length = sum(abs(x2 - x1) + abs(y2 - y1) for x1, y1, x2, y2 in lines)
    assert length == (20 + 18 + 20 + 18) * UNIT
    top = 18 + MARGIN_FT
    inner = (top - 10) * UNIT
    assert not [line for line in lines if line[1] == line[3] == inner and min(line[0], line[2]) < 8 * UNIT]


def test_an_open_way_has_no_leaf() -> None:
    way = Door(a="living", b="bath", x=12.0, y=18.0, along="x", width_ft=19.5, open=True)
    assert path_points(drawn(level(FRONT, REAR, doors=(way,)))) == []


def test_a_garage_has_a_gate() -> None:
    garage = room("garage", "garage", (2, 0, 20, 30))
    gate = Door(a="garage", b="outside", x=12.0, y=0.0, along="x", width_ft=9.0)
    svg = drawn(level(garage, doors=(gate,)))
    assert path_points(svg) == []
    assert [line.get("stroke-dasharray") for line in svg.iter(f"{SVG}line")][-1] == "8 5"


def test_every_level_of_a_solved_design_has_all_its_openings() -> None:
    for _, _, solved in solved_houses():
        for index, one in enumerate(solved.levels):
            svg = drawn(one, solved.footprint)
            assert [name for name, _ in labels(svg)] == [room.name for room in one.rooms]
            assert len(path_points(svg)) == sum(not door.open and door.width_ft <= LEAF_FT for door in one.doors)
            entrances = [path for path in svg.iter(f"{SVG}path") if path.get("class") == "entrance"]
            assert len(entrances) == (index == 0)
            glass = [line for line in svg.iter(f"{SVG}line") if line.get("stroke-width") == "2.5"]
            assert len(glass) == len(one.windows)
