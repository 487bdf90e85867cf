import json
import shutil
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset.rawdata import FORMS, full_disk, needs_full_disk, raw_records, write_folder, write_jsonl
from housebrain.dataset import ingest as module
from housebrain.dataset.audit.findings import look_through
from housebrain.dataset.ingest import ingest
from housebrain.dataset.records import count_records, read_records
from housebrain.errors import UserError
from housebrain.files import sha256_folder


@pytest.mark.parametrize("form", FORMS)
def test_records_are_kept_byte_for_byte(form: str, tmp_path: Path) -> None:
    records = raw_records(7)
    counts = ingest(FORMS[form](tmp_path / form, records), tmp_path / "out")
    assert counts == {"train": 7}
    assert [raw.text for raw in read_records(tmp_path / "out")] == [orjson.dumps(record) for record in records]


def test_white_space_inside_a_record_is_kept(tmp_path: Path) -> None:
    text = b'{\n  "id": "a",\n  "input": {}\n}'
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_bytes(text + b"\n")
    ingest(tmp_path / "in", tmp_path / "out")
    assert [raw.text for raw in read_records(tmp_path / "out")] == [text]


def test_sides_and_origins_are_kept(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", raw_records(2))
    write_jsonl(source / "validation" / "v.jsonl", raw_records(3)[2:])
    assert ingest(source, tmp_path / "out") == {"train": 2, "validation": 1}
    found = list(read_records(tmp_path / "out"))
    assert [raw.side for raw in found] == ["validation", "train", "train"]
    assert "(validation/v.jsonl, line 1)" in found[0].where
    assert "(train/000000.json)" in found[1].where


@pytest.mark.parametrize("place", ["record", "metadata", "column"])
def test_a_record_that_says_that_it_is_held_out_is(place: str, tmp_path: Path) -> None:
    records = raw_records(4)
    splits = ["train", "test", "validation", "all"]
    for record, split in zip(records, splits, strict=True):
        (record if place != "metadata" else record["metadata"])["split"] = split
    if place == "column":
        columns = {name: [json.dumps(record[name]) for record in records] for name in ("input", "metadata")}
        columns |= {"id": [record["id"] for record in records], "split": splits}
        (tmp_path / "in").mkdir()
        pq.write_table(pa.table(columns), tmp_path / "in/all.parquet")
        source = tmp_path / "in"
    else:
        source = write_jsonl(tmp_path / "all.jsonl", records)
    assert ingest(source, tmp_path / "out") == {"train": 2, "validation": 2}
    sides = {json.loads(raw.text)["id"]: raw.side for raw in read_records(tmp_path / "out")}
    assert list(sides.values()) == ["train", "validation", "validation", "train"]
    found = look_through(source, 0)
    assert found.sides == {"train": 2, "validation": 2}


def test_the_bytes_depend_on_the_records_alone(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", raw_records(20))
    elsewhere = shutil.copytree(source, tmp_path / "elsewhere" / "copy")
    ingest(source, tmp_path / "a")
    ingest(elsewhere, tmp_path / "b")
    assert sha256_folder(tmp_path / "a") == sha256_folder(tmp_path / "b")


@pytest.mark.parametrize("count", [1, 3, 6, 7, 12, 13])
def test_large_datasets_make_several_files(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_PER_FILE", 6)
    monkeypatch.setattr(module, "RECORDS_PER_GROUP", 3)
    records = raw_records(count)
    ingest(write_jsonl(tmp_path / "in.jsonl", records), tmp_path / "out")
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"part-{number:05d}.parquet" for number in range(-(-count // 6))]
    assert all(pq.read_metadata(file).num_rows == 6 for file in files[:-1])
    assert count_records(tmp_path / "out") == count
    assert [orjson.loads(raw.text)["id"] for raw in read_records(tmp_path / "out")] == [r["id"] for r in records]


def _broken(tmp_path: Path) -> Path:
    path = write_jsonl(tmp_path / "broken.jsonl", raw_records(3))
    path.write_bytes(path.read_bytes() + b'{"id": "cut\n')
    return path


def _empty(tmp_path: Path) -> Path:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(b"\n\n")
    return path


@pytest.mark.parametrize(("make", "message"), [(_broken, r"broken\.jsonl, line 4"), (_empty, r"empty\.jsonl: no rec")])
def test_bad_input_leaves_the_earlier_output(make: Any, message: str, tmp_path: Path) -> None:
    ingest(write_jsonl(tmp_path / "good.jsonl", raw_records(2)), tmp_path / "out")
    before = sha256_folder(tmp_path / "out")
    with pytest.raises(UserError, match=message):
        ingest(make(tmp_path), tmp_path / "out")
    assert sha256_folder(tmp_path / "out") == before
    assert not list(tmp_path.glob(".*.tmp"))


@needs_full_disk
def test_a_full_disk_leaves_the_earlier_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", raw_records(2))
    ingest(source, tmp_path / "out")
    before = sha256_folder(tmp_path / "out")
    writer = pq.ParquetWriter
    monkeypatch.setattr(pq, "ParquetWriter", lambda path, *args, **kwargs: writer(full_disk(tmp_path), *args, **kwargs))
    with pytest.raises(UserError, match="disk is full"):
        ingest(source, tmp_path / "out")
    assert sha256_folder(tmp_path / "out") == before


def test_an_unwritable_output_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="file/out"):
        ingest(write_jsonl(tmp_path / "in.jsonl", raw_records(1)), tmp_path / "file" / "out")


def test_a_dataset_that_is_all_held_out_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in" / "val.jsonl", raw_records(2))
    write_jsonl(tmp_path / "in" / "test.jsonl", raw_records(3)[2:])
    with pytest.raises(UserError, match=r"in: all 3 records are held out"):
        ingest(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()
