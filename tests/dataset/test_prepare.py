import csv
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.rawdata import full_disk, needs_full_disk, raw_records
from housebrain.dataset import prepare as module
from housebrain.dataset.prepare import SCHEMA, Reject, evenly, prepare, solve_record
from housebrain.dataset.records import RawRecord, read_records
from housebrain.errors import UserError
from housebrain.files import sha256_folder
from housebrain.house.brief import Brief
from housebrain.language.designs import decode
from housebrain.rules.checks import violations
from strategies import with_field


def raw(records: list[Any], side: str = "train") -> list[RawRecord]:
    return [RawRecord(f"in.jsonl, line {n}", side, orjson.dumps(record)) for n, record in enumerate(records, 1)]


@pytest.fixture(scope="module")
def good() -> dict[str, Any]:
    """A record that can be solved."""
    for record in raw_records(50):
        if not isinstance(solve_record(raw([record])[0], 0), Reject):
            return record
    raise AssertionError("no generated brief can be solved")


def samples(folder: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def rejects(folder: Path) -> list[dict[str, str]]:
    with (folder / "rejects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


# --- one record ----------------------------------------------------------------------------------------------------


def test_a_row_holds_a_valid_design_for_its_brief(sample_rows: list[dict[str, Any]]) -> None:
    for row in sample_rows:
        assert set(row) - {"where"} == set(SCHEMA.names)
        brief = Brief.model_validate_json(row["brief"])
        design = decode(row["answer"], brief)
        assert violations(design, brief) == []
        assert (row["brief_key"], row["floors"]) == (brief.key(), len(design.levels))
        assert (row["area_sqft"], row["cost_usd"]) == (design.built_area_sqft, design.cost.total_usd)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("input.plot.setbacks_ft.front", 500, "setbacks_over_plot"),
        ("input.plot.setbacks_ft.left", 500.5, "setbacks_over_plot"),
        ("input.basicDetails.bedrooms", 60, "bedrooms_contradict"),
        ("input.roomBreakdown.0.minArea", 10**6, "area_over_envelope"),
        ("input.basicDetails.floors", 90, "too_few_rooms"),
    ],
)
def test_what_cannot_be_built_is_rejected_with_its_reason(
    path: str, value: Any, reason: str, good: dict[str, Any]
) -> None:
    reject = solve_record(raw([with_field(good, path, value)])[0], 0)
    assert isinstance(reject, Reject)
    assert (reject.id, reject.where, reject.reason) == (good["id"], "in.jsonl, line 1", reason)
    assert reject.detail


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("input.plot.width", ...),
        ("input.plot.width", "wide"),
        ("input.plot.width", None),
        ("input.roomBreakdown.0.minArea", True),
        ("metadata.climate_zone", "Lunar"),
    ],
)
def test_a_bad_field_names_file_record_and_field(path: str, value: Any, good: dict[str, Any]) -> None:
    with pytest.raises(UserError) as error:
        solve_record(raw([with_field(good, path, value)])[0], 0)
    assert str(error.value).startswith(f"in.jsonl, line 1: record {good['id']}, field {path}: ")


def test_alternatives_are_different_designs_of_one_brief(good: dict[str, Any]) -> None:
    rows = solve_record(raw([good])[0], 0, alternatives=4)
    assert isinstance(rows, list)
    assert len({row["answer"] for row in rows}) == len(rows) > 1
    assert rows[0]["id"] == good["id"]
    assert [row["id"].rpartition(".")[0] for row in rows[1:]] == [good["id"]] * (len(rows) - 1)
    assert len({row["brief_key"] for row in rows}) == 1
    assert rows[:1] == solve_record(raw([good])[0], 0)
    for row in rows:
        brief = Brief.model_validate_json(row["brief"])
        assert violations(decode(row["answer"], brief), brief) == []


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_not_a_number_names_its_field(number: bytes, good: dict[str, Any]) -> None:
    text = orjson.dumps(with_field(good, "input.plot.width", 987654)).replace(b"987654", number)
    with pytest.raises(UserError, match=f"record {good['id']}, field input.plot.width: "):
        solve_record(RawRecord("in.jsonl, line 1", "train", text), 0)


@pytest.mark.parametrize("text", [b"[]", b"7", b'"text"', b"null"])
def test_what_is_no_record_is_named(text: bytes) -> None:
    with pytest.raises(UserError, match=r"in\.jsonl, line 9: record without id"):
        solve_record(RawRecord("in.jsonl, line 9", "train", text), 0)


# --- all of them ---------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_nothing_disappears(tmp_path: Path, good: dict[str, Any]) -> None:
    bad_setbacks = with_field(with_field(good, "id", "S"), "input.plot.setbacks_ft.rear", 999)
    same_id = with_field(good, "input.basicDetails.budget", 123_456)
    same_brief = with_field(good, "id", "again")
    records = [good, bad_setbacks, same_id, same_brief, *raw_records(30, seed=9)]
    counts = prepare(raw(records), tmp_path / "out", seed=0, processes=2)
    rows, refused = samples(tmp_path / "out"), rejects(tmp_path / "out")
    assert counts["total"] == len(records) == counts["solved"] + sum(counts["rejected"].values())
    assert counts["solved"] == len(rows)
    assert Counter(reject["reason"] for reject in refused) == counts["rejected"]
    reasons = {reject["where"]: (reject["id"], reject["reason"]) for reject in refused}
    assert reasons["in.jsonl, line 2"] == ("S", "setbacks_over_plot")
    assert reasons["in.jsonl, line 3"] == (good["id"], "duplicate_id")
    assert reasons["in.jsonl, line 4"] == ("again", "duplicate_brief")
    in_order = [record["id"] for n, record in enumerate(records, 1) if f"in.jsonl, line {n}" not in reasons]
    assert [row["id"] for row in rows] == in_order
    assert len({row["brief_key"] for row in rows}) == len(rows)


@pytest.mark.long
def test_all_alternatives_of_a_brief_are_written(tmp_path: Path, good: dict[str, Any]) -> None:
    records = raw([good, with_field(good, "id", "again"), *raw_records(6, seed=9)])
    counts = prepare(records, tmp_path / "out", seed=0, processes=1, alternatives=3)
    rows = samples(tmp_path / "out")
    assert counts["designs"] == len(rows) > counts["solved"] == len({row["brief_key"] for row in rows})
    assert counts["total"] == len(records)
    assert counts["rejected"]["duplicate_brief"] == 1
    assert [row["id"] for row in rows[:2]] == [good["id"], f"{good['id']}.2"]


@pytest.mark.long
def test_the_bytes_do_not_depend_on_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 7)
    monkeypatch.setattr(module, "ROWS_PER_GROUP", 10)
    monkeypatch.setattr(module, "ROWS_PER_FILE", 20)
    records = raw(raw_records(45, seed=4), "validation")
    counts = [prepare(records, tmp_path / str(workers), seed=1, processes=workers) for workers in (1, 3)]
    assert counts[0] == counts[1]
    assert sha256_folder(tmp_path / "1") == sha256_folder(tmp_path / "3")
    files = sorted((tmp_path / "1").glob("*.parquet"))
    assert [file.name for file in files] == [f"samples-{n:05d}.parquet" for n in range(-(-counts[0]["solved"] // 20))]
    assert [pq.read_metadata(file).num_rows for file in files[:-1]] == [20] * (len(files) - 1)
    assert {row["side"] for row in samples(tmp_path / "1")} == {"validation"}
    assert pq.read_schema(files[0]).remove_metadata() == SCHEMA


@pytest.mark.long
def test_a_bad_record_among_good_ones_leaves_the_earlier_output(tmp_path: Path, good: dict[str, Any]) -> None:
    prepare(raw([good]), tmp_path / "out", seed=0, processes=1)
    before = sha256_folder(tmp_path / "out")
    with pytest.raises(UserError, match=r"in\.jsonl, line 2: record x, field input: "):
        prepare(raw([good, {"id": "x"}]), tmp_path / "out", seed=0, processes=1)
    assert sha256_folder(tmp_path / "out") == before
    assert not list(tmp_path.glob(".*.tmp"))


def test_no_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there was no record"):
        prepare([], tmp_path / "out", seed=0, processes=1)
    assert not (tmp_path / "out").exists()


def test_no_solvable_record_says_what_was_wrong(tmp_path: Path, good: dict[str, Any]) -> None:
    records = [with_field(good, "input.plot.setbacks_ft.rear", 999)] * 3
    with pytest.raises(UserError, match="3 setbacks_over_plot"):
        prepare(raw(records), tmp_path / "out", seed=0, processes=1)


@pytest.mark.long
@needs_full_disk
def test_a_full_disk_leaves_the_earlier_output(
    tmp_path: Path, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(raw([good]), tmp_path / "out", seed=0, processes=1)
    before = sha256_folder(tmp_path / "out")
    writer = pq.ParquetWriter
    monkeypatch.setattr(pq, "ParquetWriter", lambda path, *args, **kwargs: writer(full_disk(tmp_path), *args, **kwargs))
    with pytest.raises(UserError, match="disk is full"):
        prepare(raw([good]), tmp_path / "out", seed=0, processes=1)
    assert sha256_folder(tmp_path / "out") == before


def test_an_unwritable_output_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="file/out"):
        prepare([], tmp_path / "file" / "out", seed=0, processes=1)


@given(st.integers(1, 300), st.integers(1, 300))
def test_records_are_taken_evenly(take: int, total: int) -> None:
    take = min(take, total)
    records = [RawRecord(str(n), "train", b"") for n in range(total)]
    numbers = [int(record.where) for record in evenly(records, take, total)]
    assert len(numbers) == take
    gaps = np.diff([-1, *numbers])
    assert gaps.max(initial=1) - gaps.min(initial=total) <= 1


def test_rows_fit_the_schema(sample_rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(sample_rows, SCHEMA)
    assert all(table[name].null_count == 0 for name in SCHEMA.names)


def test_a_brief_in_both_folders_stays_on_the_validation_side(good: dict[str, Any], tmp_path: Path) -> None:
    for side in ("train", "validation"):
        (tmp_path / "in" / side).mkdir(parents=True)
        (tmp_path / "in" / side / f"{side}.json").write_bytes(orjson.dumps(good | {"id": side}))
    prepare(read_records(tmp_path / "in"), tmp_path / "out", seed=0, processes=1)
    assert [row["side"] for row in samples(tmp_path / "out")] == ["validation"]
    assert [row["reason"] for row in rejects(tmp_path / "out")] == ["duplicate_brief"]


@pytest.mark.long
def test_a_killed_worker_is_an_error_and_no_hang(good: dict[str, Any], tmp_path: Path) -> None:
    def records() -> Iterator[RawRecord]:
        for number in range(20 * module.BATCH):
            if number == 10 * module.BATCH:
                for child in psutil.Process().children():
                    if "spawn_main" in " ".join(child.cmdline()):
                        child.kill()
            yield RawRecord("in.jsonl, line 1", "train", orjson.dumps(good | {"id": str(number)}))

    with pytest.raises(UserError, match="a worker process was killed"):
        prepare(records(), tmp_path / "out", seed=0, processes=1)
    assert not (tmp_path / "out").exists()
    # The interpreter's end waits for these.
    for thread in threading.enumerate():
        if type(thread).__name__ == "_ExecutorManagerThread":
            thread.join(timeout=30)
            assert not thread.is_alive()
