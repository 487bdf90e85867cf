from pathlib import Path

import orjson
import pytest
import zstandard

from dataset.rawdata import FORMS, raw_records, write_folder, write_jsonl, write_zst
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
