"""The fields of records as columns, and whether the inputs tell anything about the outputs."""

import json
from typing import Any

from housebrain.dataset.audit.dependence import Dependence, dependences
from housebrain.nested import flatten

Columns = dict[str, list[Any]]  # by a field's dotted name, a value a record


def _leaves(values: dict[str, Any]) -> dict[str, Any]:
    """The values by their dotted names; a list as its text, so that it can be compared and counted."""
    return {k: json.dumps(v) if isinstance(v, list) else v for k, v in flatten(values).items()}


def _input_features(record_input: dict[str, Any]) -> dict[str, Any]:
    """The fields of an `input`; of its rooms, the number and the sum of the least areas of each type."""
    features = _leaves({key: value for key, value in record_input.items() if key != "roomBreakdown"})
    for room in record_input["roomBreakdown"]:
        for name, value in (("count", room["count"]), ("minArea", room["count"] * room["minArea"])):
            key = f"{room['type']}.{name}"
            features[key] = features.get(key, 0) + value
    return features


def _columns(rows: list[dict[str, Any]], absent: Any) -> Columns:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, absent) for row in rows] for name in names}


def input_columns(records: list[dict[str, Any]], absent: Any) -> Columns:
    """The features of the records' inputs; `absent` stands where a record has none."""
    return _columns([_input_features(record["input"]) for record in records], absent)


def output_columns(records: list[dict[str, Any]]) -> Columns:
    """The fields of the records' outputs without their copy of the input; None stands where a record has none."""
    outputs = [{k: v for k, v in record["output"].items() if k != "input"} for record in records]
    return _columns([_leaves(output) for output in outputs], None)


def with_output(sample: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that have an `output`."""
    return [record for record in sample if isinstance(record.get("output"), dict)]


def predicted_fields(sample: list[dict[str, Any]], seed: int) -> dict[str, Dependence]:
    """For each field of `output`, whether any feature of `input`, or two of them together, tells anything about it."""
    records = with_output(sample)
    return dependences(output_columns(records), input_columns(records, 0), seed)
