"""Tests for housebrain.drawing.roofs: shapes that numbers make hard to cut. Houses' roofs are in the scenes' tests."""

import pytest
from shapely import GEOSException, Polygon, box, unary_union

from housebrain.drawing.roofs import _cut_off, roof
from housebrain.words.read import read_words

PLOT = read_words("3 bedroom house, plot 40 x 90 ft, Manchester").brief.plot


def test_lines_that_are_nearly_the_same_are_cut_on_a_grid() -> None:
    slope = Polygon([(3, 0), (2, 3), (0, 0)])
    # There and back again, 1e-10 apart.
    nearly = Polygon(
        [(3.0000000000005542, 1), (1.9999999999992328, 1.0000000000372204), (0.9999999991110426, 2.0000000000832787),
         (3, 1.9999999999209053), (1.8951247259466509e-13, 2), (-6.143037682659692e-19, 0.9999999990196675)]
    )  # fmt: skip
    with pytest.raises(GEOSException):
        slope.difference(nearly)
    left = _cut_off(slope, nearly)
    assert left.is_valid
    assert 0 < left.area < slope.area


@pytest.mark.parametrize("depth", [18.0, 27.0])
@pytest.mark.parametrize("style", ["Traditional", "Victorian"])
def test_no_slope_ends_at_a_neighbours_wall(depth: float, style: str) -> None:
    """What runs off it would run onto the neighbour's roof, or stand in between."""
    brief = read_words("3 bedroom mid terraced house, plot 22 x 90 ft, Manchester", style=style).brief
    assert brief.plot.party_walls == ("left", "right")
    made = roof(box(0, 0, 22, depth), 20.0, "Slate", brief)
    assert made.kind == "gable"
    (body,) = made.bodies
    assert {y for _, y in body.ridge} == {depth / 2}
    for face in made.faces:
        xs, zs = {x for x, _, _ in face.corners}, sorted({round(z, 6) for _, _, z in face.corners})
        assert zs == [20.0, round(body.top, 6)]
        for x in xs if len(xs) > 1 else ():  # of a slope: at both walls it goes from the eaves to the ridge
            assert sorted({round(z, 6) for at, _, z in face.corners if at == x}) == zs
    turned = unary_union([box(0, 0, 22, depth), box(0, 0, 11, depth + 9)])
    assert roof(turned, 20.0, "Slate", brief).kind == "flat"  # as where a terrace or a court is cut out
    alone = roof(box(0, 0, 22, depth), 20.0, "Slate", brief.model_copy(update={"plot": PLOT}))
    assert alone.kind == ("hip" if style == "Traditional" else "gable")
