"""Briefs of the v5 dataset's shape where there is no dataset: drawn from its measured ranges, from a seed."""

import random
from collections.abc import Iterator

import orjson

from housebrain.dataset.records import RawRecord

STYLES = [
    "Craftsman", "Modern", "Mediterranean", "Rustic", "Mid-Century Modern", "Minimalist", "Scandinavian", "Victorian",
    "Colonial", "Contemporary", "Tropical", "Gothic", "Art Deco", "Traditional", "Industrial",
]  # fmt: skip
REGIONS = [
    "US_West", "US_Northeast", "US_Midwest", "US_Southeast", "US_Southwest", "EU_UK", "EU_Germany", "EU_France",
    "EU_Italy", "EU_Spain", "Asia_India", "Asia_China", "Asia_Japan", "Asia_Singapore", "Asia_Australia",
]  # fmt: skip
CLIMATES = ["Cold", "Temperate", "Mediterranean", "Hot_Dry", "Hot_Humid", "Tropical"]
SHAPES = ["Square", "Corner_Plot", "Rectangle", "Irregular", "L_Shape"]
ORIENTATIONS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"]


def _record(rng: random.Random, record_id: str) -> dict[str, object]:
    bedrooms, floors = rng.randint(1, 6), rng.randint(1, 4)
    rooms: list[dict[str, object]] = [{"type": "master_bedroom", "count": 1, "minArea": rng.randint(120, 300)}]
    rooms += [{"type": "bedroom", "count": 1, "minArea": rng.randint(100, 200)} for _ in range(bedrooms - 1)]
    rooms += [
        {"type": "bathroom", "count": rng.choice([1, 2, 2, 3, 4, 4]), "minArea": rng.randint(40, 80)},
        {"type": "kitchen", "count": 1, "minArea": rng.randint(120, 250)},
        {"type": "livingRoom", "count": 1, "minArea": rng.randint(200, 400)},
    ]
    # Shares of the v5 briefs that ask for these.
    for room_type, share, low, high, most in (
        ("diningRoom", 0.70, 120, 250, 1),
        ("utility", 0.50, 50, 100, 1),
        ("homeOffice", 0.40, 80, 150, 1),
        ("balcony", 0.22, 30, 80, 3),
    ):
        if rng.random() < share:
            rooms.append({"type": room_type, "count": rng.randint(1, most), "minArea": rng.randint(low, high)})
    # The v5 plots are lognormal to the eye: median 72 x 70 ft, 5% below 35 and 5% over 128.
    length = round(min(max(rng.lognormvariate(4.26, 0.39), 20.1), 181.0), 1)
    width = round(min(max(rng.lognormvariate(4.23, 0.39), 18.0), 157.5), 1)
    shape = rng.choice(SHAPES)
    return {
        "id": record_id,
        "input": {
            "basicDetails": {
                "totalArea": int(length * width),
                "unit": "sqft",
                "bedrooms": bedrooms,
                "bathrooms": rng.choice([1, 1, 1, 2, 2, 3]),
                "floors": floors,
                "budget": rng.randint(100_000, 2_000_000),
                "style": rng.choice(STYLES),
            },
            "plot": {
                "length": length,
                "width": width,
                "unit": "ft",
                "shape": shape,
                "orientation": rng.choice(ORIENTATIONS),
                "slope_degrees": rng.randint(0, 150) / 10,
                "is_corner_plot": int(shape == "Corner_Plot" or rng.random() < 0.2),
                "setbacks_ft": {
                    "front": rng.randint(2, 12),
                    "rear": rng.randint(3, 12),
                    "left": rng.randint(1, 8),
                    "right": rng.randint(1, 8),
                },
            },
            "roomBreakdown": rooms,
        },
        "metadata": {"region": rng.choice(REGIONS), "climate_zone": rng.choice(CLIMATES)},
    }


def generate_records(count: int, seed: int, first: int = 1) -> Iterator[RawRecord]:
    """Yields `count` v5-shaped records from number `first` on; record n depends on the seed and n alone."""
    for number in range(first, first + count):
        record = _record(random.Random(f"{seed} {number}"), f"GEN-{number:06d}")
        yield RawRecord(f"generated record {number}", "train", orjson.dumps(record))
