"""Tests for housebrain.drawing.site and for the plane of the section on plans."""

import re
from dataclasses import replace
from math import dist

import pytest
from shapely import LineString, Polygon

from housebrain.drawing.picture import INK, Picture, Shape, Text, width_of
from housebrain.drawing.pictures import plan_picture, site_picture
from housebrain.drawing.scene import Scene, scene
from housebrain.drawing.section import draw_plane
from housebrain.drawing.site import draw_site
from housebrain.drawing.view import View, feet
from housebrain.house.brief import Brief
from housebrain.house.design import OUTSIDE, Design
from housebrain.solver.solve import solve
from housebrain.words.read import read_words
from houses import solved_houses

HOUSES = solved_houses()


def texts(picture: Picture) -> list[str]:
    return [item.text for item in picture.items if isinstance(item, Text)]


def on_a_slanted_plot() -> Scene:
    """A house whose plot is cut off slantwise at the rear."""
    drawn = next(scene(house.design, house.brief) for house in HOUSES)
    assert drawn.plot
    _, y, _, d = drawn.footprint
    rear = y + d
    outline = ((0.0, 0.0), (drawn.plot.width, 0.0), (drawn.plot.width, rear + 20.0), (0.0, rear + 4.0))
    return replace(drawn, plot=replace(drawn.plot, depth=rear + 20.0, outline=outline))


def test_open_space_is_measured_to_the_plots_edge() -> None:
    drawn = on_a_slanted_plot()
    assert drawn.plot
    x, y, w, d = drawn.footprint
    shown = texts(site_picture(drawn))
    lengths = {
        feet(
            LineString(((x + w * share, y + d), (x + w * share, 999))).intersection(Polygon(drawn.plot.outline)).length
        )
        for share in (0.08, 0.25, 0.75)
    }
    assert lengths & set(shown)
    assert feet(drawn.plot.depth - y - d) not in shown


def test_party_walls_are_named_inside_a_house_that_stands_at_them() -> None:
    brief = read_words("2 bhk row house, 25x50 ft plot, Pune, on one floor").brief
    drawn = scene(solve(brief, 0), brief)
    picture = site_picture(drawn)
    at = [item.x for item in picture.items if isinstance(item, Text) and item.text == "PARTY WALL"]
    (house,) = [item.x for item in picture.items if isinstance(item, Text) and item.text == "HOUSE"]
    assert len(at) == 2 and at[0] < house < at[1]
    assert drawn.plot
    for apart in (replace(drawn.plot, party_walls=()), replace(drawn.plot, width=drawn.plot.width + 9)):
        assert texts(site_picture(replace(drawn, plot=apart))).count("PARTY WALL") == len(apart.party_walls[:1])


def test_plans_mark_the_section_where_there_are_stairs() -> None:
    def marks(drawn: Scene) -> int:
        picture = Picture(400, 400, "test")
        draw_plane(picture, drawn, View(0, 400, 75))
        return texts(picture).count("A")

    for house in HOUSES:
        drawn = scene(house.design, house.brief)
        assert marks(drawn) in ((1, 2) if len(drawn.levels) > 1 else (0,))


@pytest.mark.parametrize("width", [14, 40, 120])
def test_the_scale_bar_is_as_long_as_it_says(width: int) -> None:
    drawn = next(scene(house.design, house.brief) for house in HOUSES)
    picture = plan_picture(replace(drawn, plot=None), 0, (0.0, 0.0, float(width), 30.0))
    words = [text for item in picture.items if hasattr(item, "items") for text in item.items if isinstance(text, Text)]
    scale = int(next(match.group(1) for text in words if (match := re.match(r"Scale 1:(\d+)", text.text))))
    unit = next(text for text in words if text.text == "ft")
    zero, end = [text for text in words if text.y == unit.y and text.anchor == "middle"][::2]
    assert zero.text == "0"
    assert (end.x - zero.x) == pytest.approx(float(end.text) * View(0, 0, scale).mm)


def test_the_arrow_points_at_the_entrance_from_outside() -> None:
    """Also where one comes in from a side street, on either side."""
    drawn = {side: scene(design, brief) for side, (brief, design) in entered_from().items()}
    for side, house in drawn.items():
        picture, view = Picture(400, 400, "test"), View(0, 400, 75)
        draw_site(picture, house, view)
        (arrow,) = (
            [point for _, point in item.commands[:3]]
            for item in picture.items
            if isinstance(item, Shape) and item.fill == INK and len(item.commands) == 4
        )
        (door,) = (opening for opening in house.levels[0].openings if opening.entrance)
        at = view.at(door.x, door.y)
        assert Polygon(arrow).distance(Polygon(view.points(house.outline))) == pytest.approx(1.0)
        tip, *base = sorted(arrow, key=lambda point: dist(point, at))
        assert dist(tip, at) == pytest.approx(1.0)
        assert dist(base[0], at) == pytest.approx(dist(base[1], at)), side


@pytest.mark.parametrize("scale", [100, 200, 300])
def test_the_side_streets_name_keeps_clear_of_the_plots_depth(scale: int) -> None:
    brief, design = entered_from()["left"]
    house = scene(design, brief)
    assert house.plot
    picture = Picture(2000, 2000, "test")
    draw_site(picture, house, View(500, 1500, scale))
    upright = [item for item in picture.items if isinstance(item, Text) and item.angle == 90.0]
    (name,) = (item for item in upright if item.text == "SIDE STREET")
    (length,) = (item for item in upright if item.text.startswith(feet(house.plot.depth)))
    apart = abs(name.y - length.y) - sum(width_of(item.text, item.size, item.bold) for item in (name, length)) / 2
    assert apart > 1 or name.x < length.x - 2 * length.size


def entered_from() -> dict[str, tuple[Brief, Design]]:
    """Briefs and their houses, by where one comes in: front, left and right."""
    one, at_one = next(
        (house.brief, design)
        for house in HOUSES
        for seed in range(8)
        if house.brief.plot.side_street and from_side(design := solve(house.brief, seed))
    )
    sides = one.plot.setbacks
    swapped = sides.model_copy(update={"left_ft": sides.right_ft, "right_ft": sides.left_ft})
    other = one.model_copy(update={"plot": one.plot.model_copy(update={"setbacks": swapped})})
    at_other = next(house for seed in range(40) if from_side(house := solve(other, seed)))
    found = {brief.plot.side_street: (brief, design) for brief, design in ((one, at_one), (other, at_other))}
    _, front, at_front = next(house for house in HOUSES if not from_side(house.design))
    return {"front": (front, at_front), "left": found["left"], "right": found["right"]}


def from_side(design: Design) -> bool:
    return any(door.b == OUTSIDE and door.along == "y" for door in design.levels[0].doors)
