"""Tests for housebrain.drawing.roofs: shapes that numbers make hard to cut. Houses' roofs are in the scenes' tests."""

import pytest
from shapely import GEOSException, Polygon

from housebrain.drawing.roofs import _cut_off


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
