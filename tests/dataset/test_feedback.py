"""Tests for housebrain.dataset.feedback: what clients accepted becomes samples."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dataset.rawdata import raw_records
from housebrain.dataset.feedback import feedback_batches
from housebrain.dataset.generate import generate_records
from housebrain.dataset.prepare import prepare
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.language.designs import encode
from housebrain.rules.assemble import assemble
from housebrain.rules.checks import violations
from houses import solved_houses


def write(folder: Path, **changes: object) -> None:
    _, brief, design = solved_houses()[0]
    line = {"id": "feedback-1", "brief": brief.model_dump(mode="json"), "design": design.model_dump(mode="json")}
    folder.mkdir(exist_ok=True)
    (folder / "feedback.jsonl").write_text(json.dumps(line | changes) + "\n")


def test_a_correction_comes_before_the_records(tmp_path: Path) -> None:
    write(tmp_path / "feedback")
    counts = prepare(generate_records(3, seed=3), tmp_path / "out", 1, 1, known=feedback_batches(tmp_path / "feedback"))
    rows = pq.read_table(tmp_path / "out/samples-00000.parquet").to_pylist()
    assert rows[0]["id"] == "feedback-1"
    assert rows[0]["answer"] == encode(solved_houses()[0][2])
    assert counts["designs"] == len(rows)
    assert list(feedback_batches(tmp_path / "none")) == []


@pytest.mark.parametrize("changes", [{"design": {}}, {"brief": None}, {"id": None, "design": "x"}])
def test_a_line_that_is_none_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    write(tmp_path, **changes)
    with pytest.raises(UserError, match=r"feedback\.jsonl:1: not a line of"):
        list(feedback_batches(tmp_path))


def test_a_design_that_breaks_a_rule_is_named(tmp_path: Path) -> None:
    _, _, design = solved_houses()[0]
    content = design.model_dump(mode="json")
    content["levels"][0]["doors"] = []
    write(tmp_path, design=content)
    with pytest.raises(UserError, match=r"feedback\.jsonl:1: the design of feedback-1 breaks a rule"):
        list(feedback_batches(tmp_path))


def test_a_house_that_no_cuts_make_is_a_reject(tmp_path: Path) -> None:
    """A client's correction may be one: four rooms around a hall, like the sails of a mill."""
    record = raw_records(1)[0]
    kinds = ("master_bedroom", "kitchen", "livingRoom", "homeOffice")
    record["input"]["roomBreakdown"] = [{"type": kind, "count": 1, "minArea": 100} for kind in kinds]
    record["input"]["basicDetails"] |= {"bedrooms": 1, "bathrooms": 0, "floors": 1}
    record["input"]["plot"] |= {"length": 90, "width": 90, "shape": "Rectangle"}
    _, brief = parse_record(record)
    sails = [("living", (0, 0, 40, 20)), ("kitchen", (40, 0, 20, 40)), ("master", (20, 40, 40, 20))]
    design = assemble((60, 60), [[*sails, ("office", (0, 20, 20, 40)), ("hall", (20, 20, 20, 20))]], brief)
    assert violations(design, brief) == []
    write(tmp_path / "feedback", brief=brief.model_dump(mode="json"), design=design.model_dump(mode="json"))
    counts = prepare(generate_records(3, seed=3), tmp_path / "out", 1, 1, known=feedback_batches(tmp_path / "feedback"))
    assert counts["rejected"]["no_straight_cuts"] == 1
    assert "feedback-1" in (tmp_path / "out/rejects.csv").read_text()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"\n", b"{}\xe2\x80\xa8"])
def test_bytes_that_are_no_line_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "feedback.jsonl").write_bytes(content)
    with pytest.raises(UserError, match=r"feedback\.jsonl:1: not a line of"):
        list(feedback_batches(tmp_path))


@pytest.mark.parametrize("name", ["feedback.json", "feedback.JSONL", "feedback.jsonl.gz"])
def test_a_file_that_would_be_left_out_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).write_text("{}\n")
    with pytest.raises(UserError, match=rf"{name}: not a file"):
        list(feedback_batches(tmp_path))
