"""Tests for housebrain.drawing.svg and housebrain.drawing.plan, read back as XML."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pypdfium2
import pytest
from hypothesis import given, settings
from shapely import Polygon
from shapely.geometry import box as box_

from any_design import designs
from drawn import FRONT, REAR, SVG, drawn, level, room, rooms, texts, view_box
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.pdf import pdf
from housebrain.drawing.picture import NARROW, WIDE, Group, Picture, Text, width_of
from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.plan import FAULT
from housebrain.drawing.png import png
from housebrain.drawing.scene import scene
from housebrain.drawing.view import MM_PER_FT
from housebrain.house.design import Design, Level, Room
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


@pytest.mark.long
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


def test_narrow_screens_get_fewer_and_larger_words() -> None:
    root = drawn(level(FRONT, REAR))
    groups = {name: [group for group in root if group.get("class") == name] for name in (WIDE, NARROW)}
    wide, narrow = ([text for group in groups[name] for text in group.iter(f"{SVG}text")] for name in (WIDE, NARROW))
    assert all(group.get("display") == "none" for group in groups[NARROW])  # until a style sheet says otherwise
    style = root.findtext(f"{SVG}style")
    assert style and f".{WIDE}{{display:none}}.{NARROW}{{display:inline}}" in style
    assert len(narrow) < len(wide) / 2
    names = {text.text: float(text.attrib["font-size"]) for text in narrow}
    # On 350 pixels as large as a web page's own small print.
    assert names["Living"] * 350 / view_box(root)[2] > 10


def test_only_svg_shows_what_is_for_narrow_screens() -> None:
    blank, narrow = (Picture(40, 20, "test") for _ in range(2))
    narrow.text("Bed", 5, 15, 10.0)
    narrow.grouped(0, NARROW)
    assert png(narrow, 80) == png(blank, 80)
    page = pypdfium2.PdfDocument(pdf([narrow], "test"))[0]
    assert page.get_textpage().get_text_bounded() == ""


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize("hidden", [WIDE, NARROW])
def test_no_two_texts_of_a_plan_meet(house: Solved, hidden: str) -> None:
    scene_ = scene(house.design, house.brief)
    for number in range(len(scene_.levels)):
        picture = plan_picture(scene_, number)
        shown = [
            text
            for item in picture.items
            if not (isinstance(item, Group) and item.kind == hidden)
            for text in (item.items if isinstance(item, Group) else (item,))
            if isinstance(text, Text)
        ]
        places = [_around(text) for text in shown]
        for (one, a), (other, b) in combinations(zip(shown, places, strict=True), 2):
            assert a.intersection(b).area < 0.05, (one.text, other.text)
        assert all(box_(0, 0, picture.width, picture.height).covers(place) for place in places)


def _around(text: Text) -> Polygon:
    """The paper that a line of text takes."""
    length, up = width_of(text.text, text.size, text.bold), text.size * 0.75
    before = {"start": 0.0, "middle": length / 2, "end": length}[text.anchor]
    if text.angle:
        return box_(text.x - up, text.y - (length - before), text.x, text.y + before)
    return box_(text.x - before, text.y - up, text.x - before + length, text.y)
