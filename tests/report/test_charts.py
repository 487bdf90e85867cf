"""Tests for housebrain.report.charts, read back as XML."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from housebrain.report.charts import WIDTH, Row, lines, ranges

NUMBERS = st.floats(-1e6, 1e6)


def parsed(svg: str) -> tuple[ElementTree.Element, float]:
    """The chart and its height."""
    root = ElementTree.fromstring(svg)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    assert (left, top, width) == (0, 0, WIDTH)
    return root, height


def row(label: str, value: float | None, low: float | None = None, high: float | None = None) -> Row:
    return Row(label, value, low, high, "red", "text")


@given(st.lists(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5), min_size=1, max_size=8))
def test_any_curves_stay_in_the_chart(curves: list[list[tuple[float, float]]]) -> None:
    named = {f"shard {number}": curve for number, curve in enumerate(curves)}
    root, height = parsed(lines(named, "step", "loss <nats>"))
    for line in root.iter("polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= height


def test_a_higher_loss_is_higher_up_and_a_later_step_further_right() -> None:
    root, _ = parsed(lines({"shard 1": [(0, 3.0), (10, 1.0)]}, "step", "loss"))
    (line,) = root.iter("polyline")
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in line.attrib["points"].split())
    assert x1 < x2
    assert y1 < y2


def test_steps_are_counted_in_whole_numbers() -> None:
    root, _ = parsed(lines({"shard 1": [(5, 3.0), (7, 1.0)]}, "step", "loss"))
    below = [text.text for text in root.iter("text") if text.get("text-anchor") == "middle"]
    assert below
    assert all(str(text).isdecimal() for text in below)


def test_without_a_point_the_chart_says_so() -> None:
    root, _ = parsed(lines({"shard 1": [], "shard 2": []}, "step", "loss"))
    assert "nothing was measured" in "".join(root.itertext())


@given(st.lists(st.tuples(NUMBERS, st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=9), st.booleans())
def test_any_intervals_stay_in_the_chart_around_their_values(
    values: list[tuple[float, float, float]], zero: bool
) -> None:
    rows = [row(f"shard {n}", value, value - below, value + above) for n, (value, below, above) in enumerate(values)]
    root, height = parsed(ranges(rows, "loss", zero=zero))
    dots = [float(dot.attrib["cx"]) for dot in root.iter("circle")]
    whiskers = [line for line in root.iter("line") if line.get("stroke") == "red"]
    assert len(dots) == len(whiskers) == len(rows)
    for dot, line in zip(dots, whiskers, strict=True):
        x1, x2 = float(line.attrib["x1"]), float(line.attrib["x2"])
        assert 0 <= x1 <= dot <= x2 <= WIDTH
        assert 0 <= float(line.attrib["y1"]) <= height


def test_values_are_in_order_and_what_was_not_measured_is_left_empty() -> None:
    root, _ = parsed(ranges([row("a", 0.5), row("b", None), row("c & d", 0.75)], "share", (0.0, 1.0)))
    first, second = (float(dot.attrib["cx"]) for dot in root.iter("circle"))
    assert first < second
    assert {"a", "b", "c & d", "0", "1"} <= {text.text for text in root.iter("text")}


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    root, _ = parsed(ranges([row("a", None)], "share"))
    assert list(root.iter("circle")) == []
