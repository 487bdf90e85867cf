"""v5 records and the files that they come in: each record is there at the end, named, or the dataset is refused."""

import copy
import gzip
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from fuzz.target import Target, no_hang, refused
from fuzz.values import spoilt
from housebrain.dataset.audit.fields import predicted_fields
from housebrain.dataset.audit.findings import look_through
from housebrain.dataset.audit.page import page_of
from housebrain.dataset.generate import generate_records
from housebrain.dataset.ingest import ingest
from housebrain.dataset.prepare import solve_record
from housebrain.dataset.records import RawRecord, read_records
from housebrain.errors import UserError

SOUND: list[dict[str, Any]] = [json.loads(raw.text) for raw in generate_records(6, seed=5)]
for _record in SOUND[:3]:
    _record["output"] = {"levels": [], "construction_cost": 5, "building_codes": {"max_buildable_area": 9.5}}
NAMES = [
    "a.json",
    "a.jsonl",
    "a.ndjson",
    "a.json.gz",
    "a.jsonl.gz",
    "A.JSON",
    "train.json",
    "val.jsonl",
    "Test.JSON",
    "eval/a.json",
    "train/deep/a.jsonl",
    "dev.json",
    "a.txt",
    "a.csv",
    ".hidden.json",
    "x'y.json",
    "caf\u00e9.jsonl",
    "a b.json",
]
FORMS = ["object", "lines", "array", "pretty"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"]


NONE = ("none", 0)  # no damage


def changed(record: Any, *path: Any, to: Any) -> Any:
    """A record with another value at a path."""
    record = copy.deepcopy(record)
    inner = record
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return record


NO_TOTAL = changed(SOUND[0], "input", "basicDetails", "totalArea", to=None)


class File(NamedTuple):
    """A file of a dataset."""

    name: str
    records: list[Any]
    form: str
    encoding: str
    damage: tuple[str, int]  # how, and where, of a thousand


@st.composite
def files(draw: st.DrawFn) -> File:
    records = draw(st.lists(spoilt(st.sampled_from(SOUND)), min_size=1, max_size=3))
    encoding = draw(st.sampled_from(ENCODINGS)) if draw(st.integers(0, 3)) == 0 else "utf-8"
    how = draw(st.sampled_from(["none", "none", "none", "cut", "flip", "put", "empty"]))
    return File(
        draw(st.sampled_from(NAMES)),
        records,
        draw(st.sampled_from(FORMS)),
        encoding,
        (how, draw(st.integers(0, 999))),
    )


def written(file: File) -> bytes:
    one = [json.dumps(record, ensure_ascii=file.encoding == "latin-1") for record in file.records]
    text = {
        "object": one[0],
        "lines": "\n".join(one),
        "array": f"[{', '.join(one)}]",
        "pretty": json.dumps(file.records[0], indent=2),
    }[file.form]
    content = text.encode(file.encoding, errors="surrogatepass" if file.encoding != "latin-1" else "replace")
    if file.name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    how, where = file.damage
    at = where * len(content) // 1000
    if how == "cut":
        return content[:at]
    if how == "flip":
        return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
    if how == "put":
        return content[:at] + b"\xff\x00{" + content[at:]
    return b"" if how == "empty" else content


def count(file: File) -> int:
    """How many records a sound file holds, where its form and its name fit."""
    return len(file.records) if file.form in ("lines", "array") else 1


def check(dataset: list[File]) -> str:
    with tempfile.TemporaryDirectory() as folder, no_hang():
        source = Path(folder) / "dataset"
        source.mkdir()
        by_name = {file.name: file for file in dataset}
        for name, file in by_name.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(file))
        _audited(source)
        try:
            counts = ingest(source, Path(folder) / "out")
        except UserError as error:
            assert not (Path(folder) / "out").exists()
            return refused(error)
        packed = list(read_records(Path(folder) / "out"))
        assert len(packed) == sum(counts.values())
        for raw in packed:
            assert raw.side == ("validation" if _is_held_out(raw.where) else "train"), raw.where
        sound = [file for file in by_name.values() if _is_sound(file)]
        assert len(packed) >= sum(map(count, sound)), "records were left out without a word"
        return "packed"


def _is_held_out(where: str) -> bool:
    return any(f"({name}" in where for name in ("val.", "Test.", "eval/", "dev."))


def _is_sound(file: File) -> bool:
    ends = {"object": (".json", ".json.gz"), "pretty": (".json", ".json.gz"), "array": (".json", ".json.gz")}
    fits = file.name.lower().endswith(ends.get(file.form, (".json", ".jsonl", ".ndjson", ".gz")))
    return fits and file.damage[0] == "none" and not file.name.startswith(".")


def _audited(source: Path) -> None:
    """An audit always makes a page that counts every record."""
    try:
        found = look_through(source, 0)
    except UserError as error:
        refused(error)
        return
    page = page_of("dataset", found, predicted_fields(found.sample, 0), [], 512)
    page.encode()
    bad = found.unparsed.count + sum(tally.count for tally in found.bad_fields.values())
    assert found.readable + bad == found.sides.total()


TARGET = Target(
    "records",
    "folders of v5 files, spoilt in names, forms, encodings, bytes and fields: audited, and packed whole or refused",
    st.lists(files(), min_size=1, max_size=3),
    check,
    frozenset({"packed", "refused"}),
    kept=([File("a.json", [NO_TOTAL], "object", "utf-8", NONE)],),
)


@cache
def _compiled() -> None:
    """Has the solver compiled, which takes a minute where no compiled one is kept."""
    solve_record(RawRecord("here.json", "train", json.dumps(SOUND[0]).encode()), seed=0)


def check_brief(record: Any) -> str:
    """One record becomes a design that its own check finds nothing in, or a reason; or it is refused by field."""
    _compiled()
    raw = RawRecord("here.json", "train", json.dumps(record).encode())
    with no_hang():
        try:
            row = solve_record(raw, seed=0)
        except UserError as error:
            assert "here.json" in str(error)
            return refused(error)
    return "solved" if isinstance(row, list) else "rejected"


BRIEFS = Target(
    "briefs",
    "v5 records with fields spoilt: solved into a valid design, rejected with a reason, or refused by field",
    spoilt(st.sampled_from(SOUND), most=2),
    check_brief,
    frozenset({"solved", "rejected", "refused"}),
    kept=(
        changed(SOUND[0], "input", "plot", "length", to=1e-300),
        changed(SOUND[0], "input", "plot", "shape", to="\ud800"),
        changed(SOUND[0], "input", "roomBreakdown", 3, "count", to=10**9),
    ),
)
