"""Tests for housebrain.merging.record."""

import json

from housebrain.merging.record import record_id

REPORT = {"strategy": "average", "weights": {"shard 1": 0.5, "shard 2": 0.5}, "scale": 1.0}


def test_a_report_read_from_its_file_is_the_same_merge() -> None:
    assert record_id(json.loads(json.dumps(REPORT, indent=2, sort_keys=True))) == record_id(REPORT)
    assert record_id(REPORT).startswith("merge-")


def test_another_merge_is_another_run() -> None:
    assert record_id({**REPORT, "scale": 0.9}) != record_id(REPORT)
