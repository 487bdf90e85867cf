"""What tests share: hypothesis strategies of records, briefs and slicing trees, and a way to spoil a record."""

import copy
from typing import Any

from hypothesis import strategies as st

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief
from housebrain.house.tree import Box, Node


def with_field(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a record with the field at a dotted path set, or taken out where `value` is `...`."""
    record = copy.deepcopy(record)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner: Any = record
    for part in parents:
        inner = inner[part]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return record


CLIMATES = ["Cold", "Temperate", "Mediterranean", "Hot_Dry", "Hot_Humid", "Tropical"]
REGIONS = ["US_West", "EU_UK", "EU_Germany", "Asia_India", "Asia_Japan", "Nowhere"]


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """v5-shaped records, most of them feasible; bathrooms contradict the room list as they do in the dataset."""
    bedrooms = draw(st.integers(1, 6))
    rooms: list[dict[str, Any]] = [{"type": "master_bedroom", "count": 1, "minArea": draw(st.integers(120, 300))}]
    rooms += [{"type": "bedroom", "count": 1, "minArea": draw(st.integers(100, 200))} for _ in range(bedrooms - 1)]
    for room_type, low, high, most in (
        ("bathroom", 40, 80, 8),
        ("kitchen", 120, 250, 1),
        ("livingRoom", 200, 400, 1),
        ("diningRoom", 120, 250, 1),
        ("utility", 50, 100, 1),
        ("homeOffice", 80, 150, 1),
        ("balcony", 30, 80, 3),
    ):
        count = draw(st.integers(1 if room_type in ("bathroom", "kitchen", "livingRoom") else 0, most))
        if count:
            rooms.append({"type": room_type, "count": count, "minArea": draw(st.integers(low, high))})
    plot: dict[str, Any] = {
        "length": draw(st.integers(300, 1500)) / 10,
        "width": draw(st.integers(300, 1500)) / 10,
        "unit": "ft",
        "shape": draw(st.sampled_from(["Rectangle", "Square", "Corner_Plot", "L_Shape", "Irregular"])),
        "orientation": draw(st.sampled_from(["N", "NE", "E", "SE", "S", "SW", "W", "NW"])),
        "slope_degrees": draw(st.integers(0, 150)) / 10,
        "is_corner_plot": draw(st.integers(0, 1)),
        "setbacks_ft": {side: draw(st.integers(1, 12)) for side in ("front", "rear", "left", "right")},
    }
    details = {
        "totalArea": int(plot["length"] * plot["width"]),
        "unit": "sqft",
        "bedrooms": bedrooms,
        "bathrooms": draw(st.integers(1, 3)),
        "floors": draw(st.integers(1, 4)),
        "budget": draw(st.integers(100_000, 2_000_000)),
        "style": draw(st.sampled_from(["Modern", "Victorian", "Tropical", "Unheard-of"])),
    }
    return {
        "id": f"T-{draw(st.integers(0, 10**9))}",
        "input": {"basicDetails": details, "plot": plot, "roomBreakdown": rooms},
        "metadata": {"region": draw(st.sampled_from(REGIONS)), "climate_zone": draw(st.sampled_from(CLIMATES))},
    }


def briefs() -> st.SearchStrategy[Brief]:
    return records().map(lambda record: parse_record(record)[1])


@st.composite
def trees(draw: st.DrawFn, box: Box, names: list[str]) -> Node:
    """Slicing trees of `box` with the given leaves, in order."""
    if len(names) == 1:
        return names[0]
    vertical = draw(st.booleans())
    x, y, w, d = box
    start, end = (x, x + w) if vertical else (y, y + d)
    parts = draw(st.integers(2, min(len(names), 4)))
    splits = sorted(draw(st.sets(st.integers(1, len(names) - 1), min_size=parts - 1, max_size=parts - 1)))
    node: list[Any] = ["v" if vertical else "h"]
    low = start
    for first, last in zip([0, *splits], [*splits, len(names)], strict=True):
        # Each part keeps a foot for every leaf in it, so that it can be cut on in either direction.
        left = len(names) - last
        high = draw(st.integers(low + last - first, end - left)) if left else end
        inner = (low, y, high - low, d) if vertical else (x, low, w, high - low)
        node += [draw(trees(inner, names[first:last])), high]
        low = high
    return node[:-1]
