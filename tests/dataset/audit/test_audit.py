import gzip
import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from transformers import AutoTokenizer

from dataset.rawdata import raw_records, write_jsonl
from housebrain.dataset import audit as package
from housebrain.dataset.audit import UnreadableError
from housebrain.dataset.records import parse_json, read_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_base)


def answered(record: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """A record with an `output` of the dataset's kind: an echo, empty levels, sums that copy the input, and noise."""
    details, plot = record["input"]["basicDetails"], record["input"]["plot"]
    output = {
        "input": record["input"],
        "levels": [],
        "total_area": int(plot["length"] * plot["width"]),
        "construction_cost": int(details["budget"] * 0.6),
        "materials": {"roofing": str(rng.choice(["Tile", "Slate", "Metal"]))},
        "exterior_specifications": {"garage_type": "Carport", "garage_spaces": 1},
        "building_codes": {"max_buildable_area": 10**7},
    }
    return {**record, "output": output}


def dataset(count: int = 40) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [answered(record, rng) for record in raw_records(count)]


def audit(path: Path, tokenizer: Any, max_length: int, seed: int = 0) -> str:
    """The page, without the spaces that align its columns."""
    return re.sub(r" {2,}", " ", package.audit(path, tokenizer, max_length, seed))


def counts(page: str) -> dict[str, int]:
    """The second column of the page's tables, by the first."""
    rows = re.findall(r"^\| (.+?) \| ([\d,]+) \|", page, re.MULTILINE)
    return {what: int(count.replace(",", "")) for what, count in rows}


@pytest.mark.long
def test_defects_are_counted_and_named(tmp_path: Path, tokenizer: Any) -> None:
    records = dataset()
    for record in records:
        record["input"]["basicDetails"]["bathrooms"] = sum(
            room["count"] for room in record["input"]["roomBreakdown"] if room["type"] == "bathroom"
        )
    records[3]["input"]["basicDetails"]["bathrooms"] += 1
    records[4]["input"]["basicDetails"]["bedrooms"] += 1
    records[5]["input"]["plot"]["setbacks_ft"]["front"] = 999
    records[6]["output"]["levels"] = [{"rooms": []}]
    records[7]["output"]["input"] = {}
    records[8]["output"]["construction_cost"] += 1
    records[9]["output"]["total_area"] += 1
    records[10]["output"]["exterior_specifications"]["garage_type"] = "None"
    records[11]["output"]["building_codes"]["max_buildable_area"] = 1
    records[12]["id"] = records[0]["id"]
    records[13] = {**records[0], "id": "again"}
    records[14]["input"]["plot"]["width"] = "wide"
    path = write_jsonl(tmp_path / "set.jsonl", records)
    path.write_bytes(path.read_bytes() + b"{cut\n")
    page = audit(path, tokenizer, 512)
    found = counts(page)
    assert "41 records (41 train), 39 of them readable, 39 with an `output`" in page
    assert found["not valid JSON"] == 1
    assert "set.jsonl, line 41" in page
    assert re.search(r"\| field input\.plot\.width: .* \| 1 \|", page)
    assert found["an id that an earlier record has"] == 1
    assert found["a brief that an earlier record asks for"] == 1
    assert found["bathrooms differ from the room list"] == 1
    assert found["bedrooms differ from the room list"] == 1
    assert found["setbacks take all of the plot's width or length"] == 1
    assert f"| 1 | 2.6% | {records[5]['id']} |" in page
    assert found["`levels` is empty"] == 38
    assert found["`output.input` repeats `input`"] == 38
    assert found["`construction_cost` is int(budget x 0.6)"] == 38
    assert found["`total_area` is int(length x width)"] == 38
    assert found["garage type None, but with spaces"] == 1
    assert found["least room areas sum to more than `max_buildable_area`"] == 1


@pytest.mark.long
def test_a_window_as_short_as_the_prompt_trains_on_nothing(tmp_path: Path, tokenizer: Any) -> None:
    path = write_jsonl(tmp_path / "set.jsonl", dataset())
    rows = re.findall(r"^\| dataset, json indent=2 \|.*$", audit(path, tokenizer, 200), re.MULTILINE)
    assert rows[0].endswith("| 0.0% | 100.0% | 0 | 0 |")
    rows = re.findall(r"^\| HouseBrain, slicing tree \|.*$", audit(path, tokenizer, 10_000), re.MULTILINE)
    assert "| 100.0% | 0.0% |" in rows[0]


@pytest.mark.long
def test_the_page_depends_on_the_dataset_and_the_seed_alone(tmp_path: Path, tokenizer: Any) -> None:
    path = write_jsonl(tmp_path / "set.jsonl", dataset())
    assert audit(path, tokenizer, 512, seed=3) == audit(path, tokenizer, 512, seed=3)


@pytest.mark.long
def test_briefs_without_answers_are_audited_too(tmp_path: Path, tokenizer: Any) -> None:
    page = audit(write_jsonl(tmp_path / "briefs.jsonl", raw_records(30)), tokenizer, 512)
    assert "30 of them readable, 0 with an `output`" in page
    assert "no input predicts" not in page
    assert "HouseBrain, slicing tree" in page


def test_briefs_that_nobody_can_build_are_audited_too(tmp_path: Path, tokenizer: Any) -> None:
    records = raw_records(3)
    for record in records:
        record["input"]["plot"]["setbacks_ft"]["front"] = 999
    page = audit(write_jsonl(tmp_path / "briefs.jsonl", records), tokenizer, 512)
    assert "0.0% of the briefs leave a packer room to build" in page
    assert counts(page)["setbacks take all of the plot's width or length"] == 3
    assert "HouseBrain, slicing tree" not in page


def test_a_dataset_without_a_readable_record_is_an_error(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="no readable record"):
        audit(write_jsonl(tmp_path / "set.jsonl", [{"id": "a"}, 7]), tokenizer, 512)
    with pytest.raises(UserError, match="absent"):
        audit(tmp_path / "absent", tokenizer, 512)


ODD: dict[str, Any] = {
    "NaN": {"construction_cost": float("nan")},
    "infinity": {"construction_cost": float("-inf"), "levels": float("inf")},
    "a number too large": {"total_area": 10**400},
    "null": {"building_codes": {"max_buildable_area": None}},
    "text for a number": {"building_codes": {"max_buildable_area": "10"}},
    "a list for an object": {"building_codes": ["IRC"], "exterior_specifications": []},
    "text for an object": {"building_codes": "IRC", "exterior_specifications": "none", "materials": "Tile"},
    "a number for an object": {"building_codes": 7, "exterior_specifications": True, "input": 0.5},
    "half a character": {"note \ud800": "\udfff"},
    "nothing": {},
    "no object": ["answer"],
    "text": "answer",
}


def test_rooms_are_counted_in_every_spelling_that_prepare_takes(tmp_path: Path, tokenizer: Any) -> None:
    records = raw_records(6)
    for record in records:
        rooms = record["input"]["roomBreakdown"]
        for room in rooms:
            room["type"] = {"master_bedroom": "masterBedroom", "bathroom": "Bath"}.get(room["type"], room["type"])
        rooms.append({"type": "Guest Room", "count": 1, "minArea": 100})
        rooms.append({"type": "stairs", "count": 1, "minArea": 60})
        record["input"]["basicDetails"] |= {
            "bedrooms": record["input"]["basicDetails"]["bedrooms"] + 1,
            "bathrooms": sum(room["count"] for room in rooms if room["type"] == "Bath"),
        }
        parse_record(record)
    found = counts(audit(write_jsonl(tmp_path / "a.jsonl", records), tokenizer, 512))
    assert found["bedrooms differ from the room list"] == 0
    assert found["bathrooms differ from the room list"] == 0
    assert found["several floors and no stairs in the room list"] == 0


def test_one_input_in_two_climates_is_two_briefs(tmp_path: Path, tokenizer: Any) -> None:
    """As `prepare` takes them."""
    record = raw_records(1)[0]
    others = [
        {**record, "id": zone, "metadata": {"region": "US_West", "climate_zone": zone}} for zone in ("Cold", "Tropical")
    ]
    again = {**others[0], "id": "again"}
    found = counts(audit(write_jsonl(tmp_path / "a.jsonl", [*others, again]), tokenizer, 512))
    assert found["a brief that an earlier record asks for"] == 1


NOTES: dict[str, Any] = {
    "half a character": "\ud800",
    "a number too large": 10**400,
    "lists in lists": json.loads("[" * 300 + "]" * 300),
    "many lists in lists": json.loads("[" * 800 + "]" * 800),
    "many objects in objects": json.loads('{"a":' * 800 + "0" + "}" * 800),
}


@pytest.mark.parametrize("note", NOTES)
def test_a_note_that_nobody_reads_may_be_anything(note: str, tmp_path: Path, tokenizer: Any) -> None:
    records = dataset(6)
    records[0]["input"]["note"] = records[1]["output"]["note"] = NOTES[note]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records))
    page = audit(path, tokenizer, 512)
    page.encode()  # as it is written
    assert "6 records (6 train), 6 of them readable" in page


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("all_of_them", [True, False])
def test_an_answer_that_nobody_needs_may_be_anything(
    odd: str, all_of_them: bool, tmp_path: Path, tokenizer: Any
) -> None:
    records = dataset(6)
    for record in records if all_of_them else records[:1]:
        record["output"] = record["output"] | ODD[odd] if isinstance(ODD[odd], dict) else ODD[odd]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records))
    page = audit(path, tokenizer, 512)
    page.encode()  # as it is written
    assert "6 records (6 train), 6 of them readable" in page


def test_a_field_that_holds_nothing_anywhere_has_no_range(tmp_path: Path, tokenizer: Any) -> None:
    records = dataset(3)
    for record in records:
        record["input"]["basicDetails"]["totalArea"] = None
    page = audit(write_jsonl(tmp_path / "a.jsonl", records), tokenizer, 512)
    assert re.search(r"`basicDetails\.totalArea` *\| *0% \| -", page)


def test_a_page_is_written_of_whatever_can_be_read(tmp_path: Path, tokenizer: Any) -> None:
    write_jsonl(tmp_path / "good.jsonl", dataset(5))
    (tmp_path / "a.parquet").write_bytes(b"no Parquet")
    (tmp_path / "b.json").write_bytes(b"")
    (tmp_path / "c.json").write_bytes(b"{")
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(orjson.dumps(dataset(1)[0]) + b"\n")[:-4])
    page = audit(tmp_path, tokenizer, 512)
    assert "3 files can't be read to their end" in page
    for name in ("a.parquet", "b.json", "d.jsonl.gz"):
        assert f"- {tmp_path / name}: " in page
    assert counts(page)["not valid JSON"] == 1


@pytest.mark.parametrize("content", [b"{", b"7", b'{"id":"a","input":{}}', b""])
def test_a_dataset_without_a_readable_record_has_its_page_all_the_same(
    content: bytes, tmp_path: Path, tokenizer: Any
) -> None:
    for name in ("a.json", "b.json", "c.json"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableError, match="no readable record") as raised:
        audit(tmp_path, tokenizer, 512)
    assert "\n" not in str(raised.value)
    page = raised.value.page
    assert page.startswith("# Audit of ")
    if content:
        assert "- 3 of 3 records can't be read" in page
    else:
        assert "- 3 files can't be read to their end" in page


@pytest.mark.long
def test_it_finds_what_is_wrong_with_the_real_dataset(
    v5: Path, tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "TOKEN_SAMPLE", 20)  # lengths under a random tokenizer say nothing
    records = [parse_json(raw) for raw in islice(read_records(v5), 3000)]
    page = audit(write_jsonl(tmp_path / "v5.jsonl", records), tokenizer, 512)
    found = counts(page)
    assert "3,000 of them readable, 3,000 with an `output`" in page
    for always in ("`levels` is empty", "`output.input` repeats `input`", "`total_area` is int(length x width)"):
        assert found[always] == 3000
    assert found["an id that an earlier record has"] == found["a brief that an earlier record asks for"] == 0
    # Shares measured on all 450,000 records.
    for what, share in (
        ("bathrooms differ from the room list", 0.791),
        ("several floors and no stairs in the room list", 0.751),
        ("garage type None, but with spaces", 0.140),
        ("least room areas sum to more than `max_buildable_area`", 0.269),
        ("least room areas sum to more than the setback envelope times the floors", 0.063),
    ):
        assert found[what] / 3000 == pytest.approx(share, abs=0.04), what
    noise = re.search(
        r"^(\d+) categorical fields of `output` are random draws, and so (.*): about ([\d.]+) bits", page, re.M
    )
    assert noise is not None
    assert (noise[1], noise[2]) == ("27", "is `building_codes.floor_area_ratio`")
    # The entropies of uniform draws from the fields' values, and of garage_spaces, which is 0 where there is no garage.
    assert float(noise[3]) == pytest.approx(49.2, abs=0.3)
