"""The training set's briefs, as the service counts those that come in."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from housebrain.errors import UserError
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
    """The facts of the briefs in the folder `prepared`, by name; None where there is none.

    Raises:
        UserError: a file there can't be read, or is not of this version.
    """
    files = sorted(prepared.glob("samples-*.parquet"))
    if not files:
        return None
    import pyarrow as pa
    import pyarrow.dataset as ds

    try:
        table = ds.dataset(files).to_table(columns=["brief"])
        step = max(1, table.num_rows // MOST)
        rows = [table["brief"][row].as_py() for row in range(0, table.num_rows, step)]
        facts = [facts_of(Brief.model_validate_json(row)) for row in rows]
    except (pa.ArrowException, ValidationError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{prepared}: its samples can't be read ({reason}). Run `dvc repro prepare`.") from error
    return {name: [one[name] for one in facts] for name in facts[0]} if facts else None
