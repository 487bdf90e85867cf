from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.rawdata import raw_records
from housebrain.dataset.generate import generate_records
from housebrain.dataset.prepare import Reject, solve_record
from housebrain.dataset.records import parse_json, read_records
from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(0, 20))
def test_a_record_depends_on_the_seed_and_its_number_alone(seed: int, count: int, more: int) -> None:
    assert list(generate_records(count, seed)) == list(islice(generate_records(count + more, seed), count))


def test_seeds_differ() -> None:
    assert not {raw.text for raw in generate_records(50, 1)} & {raw.text for raw in generate_records(50, 2)}


@given(st.integers(0, 2**32))
def test_every_record_is_well_formed(seed: int) -> None:
    for raw in generate_records(20, seed):
        record = orjson.loads(raw.text)
        try:
            record_id, brief = parse_record(record)
        except Rejected as rejected:
            assert rejected.reason == "setbacks_over_plot"
        else:
            assert record_id == record["id"]
            assert isinstance(brief, Brief)


@pytest.mark.long
def test_most_briefs_can_be_solved() -> None:
    rows = [solve_record(raw, 0) for raw in generate_records(60, 5)]
    assert sum(isinstance(row, Reject) for row in rows) < 15


def _profile(records: list[dict[str, Any]]) -> dict[str, float]:
    details = [record["input"]["basicDetails"] for record in records]
    plots = [record["input"]["plot"] for record in records]
    rooms = [Counter({room["type"]: 0 for room in record["input"]["roomBreakdown"]}) for record in records]
    baths = []
    for record, counter in zip(records, rooms, strict=True):
        for room in record["input"]["roomBreakdown"]:
            counter[room["type"]] += room["count"]
        baths.append(counter["bathroom"])
    profile: dict[str, Any] = {
        f"share {name}": np.mean([name in counter for counter in rooms]) for name in ("diningRoom", "balcony")
    }
    profile |= {f"floors {n}": np.mean([detail["floors"] == n for detail in details]) for n in range(1, 5)}
    profile |= {f"bedrooms {n}": np.mean([detail["bedrooms"] == n for detail in details]) for n in range(1, 7)}
    profile["bathrooms differ"] = np.mean(
        [bath != detail["bathrooms"] for bath, detail in zip(baths, details, strict=True)]
    )
    for side in ("length", "width"):
        for quantile in (0.05, 0.5, 0.95):
            value = np.quantile([plot[side] for plot in plots], quantile)
            profile[f"{side} {quantile} / 200 ft"] = float(value) / 200
    return {name: float(value) for name, value in profile.items()}


def test_the_briefs_look_like_those_of_the_dataset(v5: Path) -> None:
    theirs = _profile([parse_json(raw) for raw in islice(read_records(v5), 4000)])
    ours = _profile(raw_records(4000))
    far = {
        name: (round(ours[name], 3), round(theirs[name], 3)) for name in ours if abs(ours[name] - theirs[name]) > 0.1
    }
    assert not far
