import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from dataset.rawdata import FORMS, raw_records, write_folder, write_jsonl, write_zst
from housebrain.dataset.generate import generate_records
from housebrain.dataset.ingest import ingest
from housebrain.dataset.records import RawRecord, count_records, parse_json, read_records
from housebrain.errors import UserError


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_records(form: str, tmp_path: Path) -> None:
    records = raw_records(5)
    path = FORMS[form](tmp_path / form, records)
    found = list(read_records(path))
    assert [parse_json(raw) for raw in found] == records
    assert {raw.side for raw in found} == {"train"}
    assert len({raw.where for raw in found}) == 5


@pytest.mark.parametrize("form", [form for form in FORMS if form != "dataset"])
def test_a_folder_of_files_is_read_by_name(form: str, tmp_path: Path) -> None:
    records = raw_records(4)
    FORMS[form](tmp_path / f"b-{form}", records[2:])
    FORMS[form](tmp_path / f"a-{form}", records[:2])
    (tmp_path / "README.md").write_text("no record")
    assert [parse_json(raw) for raw in read_records(tmp_path)] == records


def test_the_validation_folder_comes_first_and_is_told_apart(tmp_path: Path) -> None:
    records = raw_records(3)
    write_folder(tmp_path, records[:2])
    write_jsonl(tmp_path / "validation" / "one.jsonl", records[2:])
    assert [(raw.side, parse_json(raw)) for raw in read_records(tmp_path)] == [
        ("validation", records[2]),
        ("train", records[0]),
        ("train", records[1]),
    ]


def test_several_frames_in_one_file_are_all_read(tmp_path: Path) -> None:
    records = raw_records(4)
    first, second = write_zst(tmp_path / "1", records[:2]), write_zst(tmp_path / "2", records[2:])
    path = tmp_path / "both.jsonl.zst"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    assert [parse_json(raw) for raw in read_records(path)] == records


@pytest.mark.parametrize(("form", "count"), [("dataset", 3), ("dataset.parquet", 3), ("dataset.jsonl", None)])
def test_records_are_counted_where_that_needs_no_reading(form: str, count: int | None, tmp_path: Path) -> None:
    assert count_records(FORMS[form](tmp_path / form, raw_records(3))) == count


def test_blank_lines_are_no_records_but_count_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "gaps.jsonl"
    path.write_bytes(b'\n{"a":1}\n  \n{"a":2}')
    assert [(raw.where, raw.text.strip()) for raw in read_records(path)] == [
        (f"{path}, line 2", b'{"a":1}'),
        (f"{path}, line 4", b'{"a":2}'),
    ]


@pytest.mark.parametrize("text", [b"{", b'{"a":}', b"\xff\xfe", b"", b'{"a":1} {"a":2}'])
def test_malformed_json_names_file_and_line(text: bytes) -> None:
    with pytest.raises(UserError, match=r"^train/7\.jsonl, line 3: not valid JSON"):
        parse_json(RawRecord("train/7.jsonl, line 3", "train", text))


@pytest.mark.parametrize("name", ["absent", "absent.jsonl"])
def test_a_missing_path_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=name):
        list(read_records(tmp_path / name))


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UserError, match=r"no \.json"):
        list(read_records(tmp_path))


@pytest.mark.parametrize("name", ["damaged.parquet", "damaged.jsonl.zst"])
def test_a_damaged_file_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"this is neither")
    with pytest.raises(UserError, match=name):
        list(read_records(tmp_path / name))


def test_a_file_cut_between_two_records_is_no_shorter_dataset(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.zst"
    compressor = zstandard.ZstdCompressor().compressobj()
    first = compressor.compress(b'{"a":1}\n') + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    path.write_bytes(first)  # the rest of the frame is missing
    with pytest.raises(UserError, match=r"cut\.jsonl\.zst"):
        list(read_records(path))


def test_a_file_cut_short_is_no_shorter_dataset(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.zst"
    whole = zstandard.compress(b"".join(orjson.dumps(record) + b"\n" for record in raw_records(500)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.jsonl\.zst"):
        for raw in read_records(path):
            parse_json(raw)


def test_sides_are_told_by_the_usual_names(tmp_path: Path) -> None:
    records = raw_records(4)
    for name, record in zip(("train.jsonl", "validation.jsonl", "test/a.jsonl", "b.jsonl"), records, strict=True):
        write_jsonl(tmp_path / name, [record])
    assert [(raw.side, parse_json(raw)["id"]) for raw in read_records(tmp_path)] == [
        ("validation", records[2]["id"]),
        ("validation", records[1]["id"]),
        ("train", records[3]["id"]),
        ("train", records[0]["id"]),
    ]


def test_files_left_out_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(tmp_path / "a.jsonl", raw_records(1))
    for name in ("x.csv", "x1.csv", "x2.csv", "x3.csv", "x4.csv", "x5.csv"):
        (tmp_path / name).write_text("id,input\n")
    assert len(list(read_records(tmp_path))) == 1
    printed = capsys.readouterr().err
    assert "left out" in printed
    assert "6 others (x.csv, x1.csv, x2.csv, x3.csv, x4.csv and 1 more)" in printed


def test_nothing_is_said_where_nothing_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(tmp_path / "a.jsonl", raw_records(1))
    list(read_records(tmp_path))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["all.json", "all.json.gz", "all.json.zst"])
def test_an_array_is_as_many_records_byte_for_byte(name: str, indent: int | None, tmp_path: Path) -> None:
    records = raw_records(3)
    text = json.dumps(records, indent=indent, ensure_ascii=False).encode()
    pack: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress, ".json": bytes}
    (tmp_path / name).write_bytes(pack[Path(name).suffix](b" " + text + b"\n"))
    found = list(read_records(tmp_path))
    assert [parse_json(raw) for raw in found] == records
    assert all(raw.text in text for raw in found)
    assert found[2].where == f"{tmp_path / name}, record 3"


@pytest.mark.parametrize("text", ['[{"a":1},', '[{"a":1} {"a":2}]', '[{"a":1}', '[{"a":1}]]', '[{"a":}]', "[,1]"])
def test_a_damaged_array_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(text)
    with pytest.raises(UserError, match=r"all\.json: cannot be read"):
        list(read_records(tmp_path))


def test_lines_in_a_file_named_json_are_records(tmp_path: Path) -> None:
    records = raw_records(3)
    write_jsonl(tmp_path / "all.json", records)
    found = list(read_records(tmp_path))
    assert [parse_json(raw) for raw in found] == records
    assert found[2].where == f"{tmp_path / 'all.json'}, line 3"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_with_a_byte_order_mark_is_read_and_kept_as_utf_8(name: str, encoding: str, tmp_path: Path) -> None:
    records = raw_records(1) if name == "a.json" else raw_records(3)
    records[0]["id"] = "Häuser-\u4e2d"
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    mark = "" if encoding in ("utf-8-sig", "utf-16", "utf-32") else "\ufeff"
    (tmp_path / name).write_bytes((mark + text).encode(encoding))
    found = list(read_records(tmp_path))
    assert [orjson.loads(raw.text) for raw in found] == records


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.JSONL.GZ", "a.ndjson.gz", "a.ndjson.zst"])
def test_compressed_lines_are_read(name: str, tmp_path: Path) -> None:
    records = raw_records(3)
    write_jsonl(tmp_path / name, records)
    pack = gzip.compress if name.lower().endswith(".gz") else zstandard.compress
    (tmp_path / name).write_bytes(pack((tmp_path / name).read_bytes()))
    assert [parse_json(raw) for raw in read_records(tmp_path)] == records


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_gzip_file_cut_short_is_no_shorter_dataset(share: float, tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(orjson.dumps(record) + b"\n" for record in raw_records(200)))
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=r"cut\.jsonl\.gz"):
        list(read_records(tmp_path))


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.parquet", "a.json.gz", "a.jsonl.gz", "a.jsonl.zst"])
def test_an_empty_file_is_named(name: str, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "good.jsonl", raw_records(1))
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError, match=rf"{name}: (no record in it|cannot be read|.*[Pp]arquet)"):
        list(read_records(tmp_path))


def test_an_array_or_table_without_records_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(" [ ] ")
    with pytest.raises(UserError, match=r"a\.json: no record in it"):
        list(read_records(tmp_path / "a.json"))
    pq.write_table(pa.table({"record": pa.array([], pa.string())}), tmp_path / "b.parquet")
    with pytest.raises(UserError, match=r"b\.parquet: no record in it"):
        list(read_records(tmp_path / "b.parquet"))


def test_parquet_with_a_records_keys_as_columns_is_read(tmp_path: Path) -> None:
    """Structures, as `datasets` writes them: keys that only some records have are null in the others."""
    records = raw_records(3)
    records[1]["input"]["basicDetails"]["unit"] = "sqft"
    pq.write_table(pa.Table.from_pylist([record | {"extra": 1} for record in records]), tmp_path / "a.parquet")
    assert [parse_json(raw) for raw in read_records(tmp_path)] == records


def test_parquet_with_json_in_its_columns_is_read(tmp_path: Path) -> None:
    records = raw_records(3)
    rows = [{key: json.dumps(value) if key != "id" else value for key, value in record.items()} for record in records]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert [parse_json(raw) for raw in read_records(tmp_path)] == records


@pytest.mark.parametrize("kind", ["text", "structure"])
def test_parquet_with_other_records_in_its_column_is_read(kind: str, tmp_path: Path) -> None:
    records = raw_records(3)
    column = [json.dumps(record) if kind == "text" else record for record in records]
    pq.write_table(pa.table({"record": column, "side": ["test", None, "somewhere"]}), tmp_path / "a.parquet")
    found = list(read_records(tmp_path))
    assert [parse_json(raw) for raw in found] == records
    assert [raw.side for raw in found] == ["validation", "train", "train"]


def test_a_split_beside_the_record_counts(tmp_path: Path) -> None:
    texts = [json.dumps(record) for record in raw_records(3)]
    columns = {"record": texts, "side": ["left", None, "train"], "split": ["test", "validation", "test"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert [raw.side for raw in read_records(tmp_path)] == ["validation", "validation", "train"]


def test_parquet_with_other_columns_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["a"], "answer": ["b"]}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet: its columns are prompt, answer\. Wanted is a column `record`"):
        list(read_records(tmp_path))


def test_records_too_deep_to_be_parsed_are_named() -> None:
    with pytest.raises(UserError, match=r"^a\.json: not valid JSON"):
        parse_json(RawRecord("a.json", "train", b"[" * 100_000))


def test_who_asks_is_told_of_faulty_files_and_gets_the_rest(tmp_path: Path) -> None:
    records = raw_records(2)
    write_jsonl(tmp_path / "b.jsonl", records)
    (tmp_path / "a.parquet").write_bytes(b"no Parquet")
    (tmp_path / "c.json").write_bytes(b"")
    faults: list[UserError] = []
    assert [parse_json(raw) for raw in read_records(tmp_path, faults.append)] == records
    assert [str(fault).split(":")[0] for fault in faults] == [str(tmp_path / "a.parquet"), str(tmp_path / "c.json")]
    assert count_records(tmp_path) is None


def test_a_name_that_is_no_text_is_stored_and_printed(tmp_path: Path) -> None:
    """As an archive made elsewhere unpacks to: bytes of another encoding."""
    (tmp_path / "set").mkdir()
    name = os.fsdecode(b"caf\xe9.json")
    (tmp_path / "set" / name).write_bytes(next(iter(generate_records(1, 1))).text)
    (raw,) = read_records(tmp_path / "set")
    raw.where.encode()
    assert ingest(tmp_path / "set", tmp_path / "out") == {"train": 1}
    (packed,) = read_records(tmp_path / "out")
    assert "(caf\ufffd.json)" in packed.where
