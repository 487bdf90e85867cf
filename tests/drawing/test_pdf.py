"""Tests for housebrain.drawing.pdf and housebrain.drawing.sheets, read back with another program's reader."""

import re
from dataclasses import replace

import pypdfium2
import pytest
from hypothesis import given, settings
from shapely import Polygon

from any_design import designs
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.names import level_name
from housebrain.drawing.pdf import pdf
from housebrain.drawing.picture import Picture, Stroke, Text
from housebrain.drawing.scene import scene
from housebrain.drawing.sheets import PAPERS, sheet_set
from housebrain.drawing.view import MM_PER_FT, area
from housebrain.house.design import WALL_FT, Design
from houses import solved_houses

POINTS_PER_MM = 72 / 25.4


def opened(content: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(content)


def text_of(document: pypdfium2.PdfDocument) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in document]


@pytest.mark.parametrize(
    ("kind", "name", "size"), [("pdf", "plan.pdf", (420, 297)), ("letter", "plan-letter.pdf", (279.4, 215.9))]
)
def test_a_sheet_set_has_a_page_a_drawing_on_its_paper(kind: str, name: str, size: tuple[float, float]) -> None:
    house = next(house for house in solved_houses() if len(house.design.levels) == 2)
    drawn = scene(house.design, house.brief)
    document = opened(FORMATS[kind](drawn)[name])
    assert len(document) == 1 + 2 + 1 + 1
    for page in document:
        assert page.get_size() == pytest.approx([side * POINTS_PER_MM for side in size], abs=0.01)
    cover, *plans, elevations, section = text_of(document)
    assert "AREA STATEMENT" in cover
    assert "STREET" in cover
    for number, page in enumerate(plans):
        assert f"{level_name(number)} plan".upper() in page
        assert "Kitchen" in "".join(plans)
        assert re.search(r"Scale 1:\d+", page)
    for side in ("FRONT", "REAR", "LEFT", "RIGHT"):
        assert f"{side} ELEVATION" in elevations
    assert "SECTION A-A THROUGH THE STAIRS" in section


def test_the_same_scene_gives_the_same_bytes() -> None:
    house = solved_houses()[0]
    drawn = scene(house.design, house.brief)
    assert FORMATS["pdf"](drawn) == FORMATS["pdf"](drawn)


def test_lengths_are_to_scale() -> None:
    picture = Picture(100, 50, "test")
    picture.line([(10, 20), (60, 20)], Stroke(1.0))
    (page,) = opened(pdf([picture], "test"))
    image = page.render(scale=25.4 / 72 * 10).to_numpy()  # ten pixels a millimetre
    dark = (image[..., 0] < 128).nonzero()
    assert (dark[1].min(), dark[1].max() + 1) == pytest.approx((100, 600), abs=1)
    assert (dark[0].min(), dark[0].max() + 1) == pytest.approx((195, 205), abs=1)


@pytest.mark.parametrize(("kind", "name"), [("pdf", "plan.pdf"), ("letter", "plan-letter.pdf")])
def test_walls_are_as_long_on_paper_as_the_scale_says(kind: str, name: str) -> None:
    house = next(house for house in solved_houses() if len(house.design.levels) == 2)
    drawn = scene(house.design, house.brief)
    page = opened(FORMATS[kind](drawn)[name])[1]
    scale = int(re.search(r"Scale 1:(\d+)", page.get_textpage().get_text_bounded()).group(1))  # type: ignore[union-attr]
    *_, w, d = drawn.footprint
    # From face to face, half a wall beyond the axes; the line around the walls counts on both sides.
    line = 2 * 0.12 * POINTS_PER_MM
    expected = [(side + WALL_FT) * MM_PER_FT / scale * POINTS_PER_MM + line for side in (w, d)]
    bounds = [item.get_bounds() for item in page.get_objects()]
    sizes = [(right - left, top - bottom) for left, bottom, right, top in bounds]
    assert any(size == pytest.approx(expected, abs=0.05) for size in sizes)


def test_a_material_without_a_name_leaves_its_line_empty() -> None:
    _, _, design = solved_houses()[0]
    nameless = design.model_copy(update={"materials": design.materials.model_copy(update={"exterior": ""})})
    assert len(opened(FORMATS["pdf"](scene(nameless))["plan.pdf"])) == len(design.levels) + 3


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(designs())
def test_any_design_makes_a_document(design: Design) -> None:
    for kind, name in (("pdf", "plan.pdf"), ("letter", "plan-letter.pdf")):
        assert len(opened(FORMATS[kind](scene(design))[name])) == len(design.levels) + 3


def test_a_corner_that_the_house_lacks_is_not_covered() -> None:
    """The area statement counts the outline, as the IFC file does, and not the rectangle around it."""
    house = next(house for house in solved_houses() if house.design.corner is None)
    drawn = scene(house.design, house.brief)
    x, y, w, d = drawn.footprint
    assert drawn.plot
    plot = Polygon(drawn.plot.outline).area
    turned = ((x, y), (x + w, y), (x + w, y + d / 2), (x + w / 2, y + d / 2), (x + w / 2, y + d), (x, y + d))
    for outline, covered in ((drawn.outline, w * d), (turned, 0.75 * w * d)):
        cover = sheet_set(replace(drawn, outline=outline), PAPERS["a3"])[0]
        texts = [item.text for item in cover.items if isinstance(item, Text)]
        assert texts[texts.index("Ground covered") + 1] == area(covered)
        assert texts[texts.index("Ground coverage") + 1] == f"{100 * covered / plot:.1f} %"
