"""Tests for housebrain.drawing.svg and housebrain.drawing.plan, read back as XML."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from any_design import designs
from drawn import FRONT, REAR, SVG, drawn, level, room, rooms, texts, view_box
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.plan import FAULT
from housebrain.drawing.scene import scene
from housebrain.drawing.view import MM_PER_FT
from housebrain.house.design import Design, Level, Room


@settings(max_examples=60, deadline=None)
@given(designs())
def test_any_design_is_drawn_inside_its_paper(design: Design) -> None:
    """Overlapping rooms, outside the footprint, of any name, one that XML can't hold among them."""
    for name, content in FORMATS["svg"](scene(design)).items():
        root = ElementTree.fromstring(content)
        left, top, width, height = view_box(root)
        if not name.startswith("plan"):
            continue
        found = rooms(root)
        number = int(name.removeprefix("plan-").removesuffix(".svg"))
        assert len(root.findall(f"{SVG}g[@class='room']")) == len(design.levels[number].rooms)
        for x1, y1, x2, y2 in found.values():
            assert left <= x1 < x2 <= left + width
            assert top <= y1 < y2 <= top + height


def test_rooms_are_drawn_to_scale() -> None:
    root = drawn(level(FRONT, REAR))
    scale = next(int(match.group(1)) for text in texts(root) if text and (match := re.match(r"Scale 1:(\d+)", text)))
    x1, y1, x2, y2 = rooms(root)["living"]
    assert (x2 - x1, y2 - y1) == pytest.approx((20 * MM_PER_FT / scale, 18 * MM_PER_FT / scale), abs=0.02)
    assert root.attrib["width"] == f"{root.attrib['viewBox'].split()[2]}mm"


@pytest.mark.parametrize("name", ["bed2", "<script>alert(1)</script>", "a & b", "\"quoted'", "Küche", "a\x00b"])
def test_names_are_escaped(name: str) -> None:
    root = drawn(level(FRONT, REAR.model_copy(update={"name": name})))
    assert name.replace("\x00", "\ufffd") in rooms(root)
    assert root.find(f".//{SVG}script") is None


def test_a_title_may_have_any_characters() -> None:
    root = drawn(level(FRONT, REAR), title="a < b & \x00")
    assert root.findtext(f"{SVG}title") == "a < b & \ufffd"


def test_the_street_is_below() -> None:
    found = rooms(drawn(level(FRONT, REAR)))
    assert found["bath"][3] == found["living"][1]  # the rear room's lower edge is the front room's upper one


def test_a_room_is_named_with_its_size_and_area_in_feet_and_metres() -> None:
    shown = texts(drawn(level(FRONT, REAR)))
    for line in ("Living room", "20'-0\" x 18'-0\"", "6.10 x 5.49 m", "360 sq ft / 33.4 m²"):
        assert line in shown


def test_a_frame_sets_the_scale_of_plans_that_are_compared() -> None:
    small: Level = level(room("living", "living_room", (0, 0, 10, 10)))
    alone, beside = (drawn(small, around=around) for around in ((0, 0, 22, 30), (0, 0, 44, 60)))
    assert (
        rooms(alone)["living"][2] - rooms(alone)["living"][0] > rooms(beside)["living"][2] - rooms(beside)["living"][0]
    )
    same = [view_box(drawn(level(*which), around=(0, 0, 22, 30))) for which in ((FRONT, REAR), (FRONT,))]
    assert same[0] == same[1]


def test_rooms_that_overlap_are_marked() -> None:
    def faults(rear: Room) -> int:
        paths = drawn(level(FRONT, rear)).iter(f"{SVG}path")
        return sum(path.get("stroke") == FAULT for path in paths)

    assert faults(room("bath", "bathroom", (2, 12, 20, 18))) == 1
    assert faults(REAR) == 0


@pytest.mark.parametrize("side", [1, 2, 5, 6])
def test_a_house_of_one_to_thirty_six_rooms_names_each(side: int) -> None:
    kinds = ("living_room", "kitchen", "bedroom", "bathroom", "store", "garage")
    places = [(x, y) for x in range(side) for y in range(side)]
    many = [room(f"room {x}-{y}", kinds[(x + y) % 6], (2 + 12 * x, 10 * y, 12, 10)) for x, y in places]
    shown = texts(drawn(level(*many)))
    assert all(one.name in shown for one in many)
