"""Small plans that tests of rules measure, in feet: name, x, y, width, depth."""

import json
from typing import Any

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.language.designs import decode

RECORD: dict[str, Any] = {
    "id": "HB-1",
    "input": {
        "basicDetails": {"bedrooms": 1, "bathrooms": 1, "floors": 1, "budget": 900_000, "style": "Modern"},
        "plot": {
            "length": 60, "width": 60, "shape": "Square", "orientation": "N",
            "setbacks_ft": {"front": 5, "rear": 5, "left": 5, "right": 5},
        },
        "roomBreakdown": [
            {"type": "master_bedroom", "count": 1, "minArea": 150},
            {"type": "bathroom", "count": 1, "minArea": 45},
            {"type": "livingRoom", "count": 1, "minArea": 240},
        ],
    },
    "metadata": {"region": "US_West", "climate_zone": "Temperate"},
}  # fmt: skip
BRIEF = parse_record(RECORD)[1]
TWO_FLOORS = BRIEF.model_copy(update={"floors": 2})
# Living room and hall at the street, bedroom and bath behind the hall.
GOOD = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 12], ["bath", 16, 16, 8, 12]]


def design_of(levels: list[Any], brief: Brief = BRIEF, size: tuple[float, float] = (24, 28)) -> Design:
    """A design with these rooms, whatever is wrong with it."""
    steps = [[[name, *(round(2 * side) for side in box)] for name, *box in rooms] for rooms in levels]
    return decode(json.dumps({"size": [round(2 * side) for side in size], "levels": steps}), brief, "coordinates")
