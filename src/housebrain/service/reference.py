"""The training set's briefs, as the service counts those that come in."""

from pathlib import Path
from typing import Any

from housebrain.house.brief import Brief

MOST = 5_000  # briefs, evenly spread: more make no difference


def facts_of(brief: Brief) -> dict[str, Any]:
    """What drift is measured on: numbers and kinds, nothing that a client wrote."""
    width, depth = brief.envelope_ft
    return {
        "bedrooms": brief.bedrooms,
        "floors": brief.floors,
        "rooms": len(brief.wanted_rooms),
        "asked_sqft": round(sum(room.min_area_sqft for room in brief.wanted_rooms)),
        "envelope_sqft": round(width * depth),
        "climate": brief.climate_zone,
        "region": brief.region,
    }


def training_facts(prepared: Path) -> dict[str, list[Any]] | None:
    """The facts of the briefs in the folder `prepared`, by name; None where there is none."""
    files = sorted(prepared.glob("samples-*.parquet"))
    if not files:
        return None
    import pyarrow.dataset as ds

    table = ds.dataset(files).to_table(columns=["brief"])
    step = max(1, table.num_rows // MOST)
    facts = [facts_of(Brief.model_validate_json(table["brief"][row].as_py())) for row in range(0, table.num_rows, step)]
    return {name: [one[name] for one in facts] for name in facts[0]}
