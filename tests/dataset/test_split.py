import errno
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import MakeSamples
from dataset.rawdata import full_disk, needs_full_disk
from housebrain.dataset.split import _distances, deal, split
from housebrain.errors import UserError
from housebrain.files import sha256_file, sha256_folder


@st.composite
def deals(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of `deal`: briefs that repeat, some of them from the user's validation folder."""
    count = draw(st.integers(1, 80))
    keys = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    theirs = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return {
        "keys": np.array([f"{key:016x}" for key in keys], dtype="S16"),
        "from_validation": np.array(theirs),
        "shards": draw(st.integers(1, 7)),
        "validation_count": draw(st.integers(1, 6)),
        "test_count": draw(st.integers(1, 6)),
        "seed": draw(st.integers(0, 2**32)),
    }


def dealt(args: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The deal, where there are rows enough for one."""
    try:
        return deal(**args)
    except UserError:
        assume(False)
        raise


@given(deals())
def test_a_brief_is_on_one_side_only(args: dict[str, Any]) -> None:
    validation, test, shards = dealt(args)
    sides = [set(args["keys"][rows]) for rows in (validation, test, np.concatenate(shards))]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


@given(deals())
def test_sizes_are_as_asked(args: dict[str, Any]) -> None:
    validation, test, shards = dealt(args)
    assert (len(validation), len(test), len(shards)) == (args["validation_count"], args["test_count"], args["shards"])
    sizes = [len(rows) for rows in shards]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1


@given(deals())
def test_no_row_is_dealt_twice_and_none_is_lost(args: dict[str, Any]) -> None:
    validation, test, shards = dealt(args)
    training = np.concatenate(shards)
    assert len(np.unique(np.concatenate([validation, test, training]))) == len(validation) + len(test) + len(training)
    # What is in no part has the brief of a held-out row, or of a row of the user's validation folder.
    held = {*args["keys"][validation], *args["keys"][test], *args["keys"][args["from_validation"]]}
    left_out = np.setdiff1d(np.arange(len(args["keys"])), np.concatenate([validation, test, training]))
    assert set(args["keys"][left_out]) <= held


@given(deals())
def test_the_users_validation_briefs_are_held_out_first_and_never_trained_on(args: dict[str, Any]) -> None:
    validation, test, shards = dealt(args)
    theirs = set(args["keys"][args["from_validation"]])
    assert not theirs & set(args["keys"][np.concatenate(shards)])
    held = set(args["keys"][np.concatenate([validation, test])])
    assert held <= theirs or theirs <= held


@given(deals())
def test_the_same_seed_deals_the_same(args: dict[str, Any]) -> None:
    validation, test, shards = dealt(args)
    again = deal(**args)
    assert all(np.array_equal(a, b) for a, b in zip([validation, test, *shards], [*again[:2], *again[2]], strict=True))


def test_too_few_rows_are_an_error() -> None:
    keys = np.array([f"{n:016x}" for n in range(9)], dtype="S16")
    none = np.zeros(9, bool)
    deal(keys, none, shards=5, validation_count=2, test_count=2, seed=0)
    with pytest.raises(UserError, match="9 samples are too few for 2 validation, 2 test samples and 6 shards"):
        deal(keys, none, shards=6, validation_count=2, test_count=2, seed=0)


def test_500_000_make_shards_of_83_334_or_83_333() -> None:
    keys = np.arange(500_000).astype("S16")
    shards = deal(keys, np.arange(500_000) % 7 == 8, 6, 1, 1, seed=0)[2]
    assert sorted({len(rows) for rows in shards}) == [83_333]
    shards = deal(np.arange(500_002).astype("S16"), np.zeros(500_002, bool), 6, 1, 1, seed=0)[2]
    assert sorted({len(rows) for rows in shards}) == [83_333, 83_334]


# --- files ---------------------------------------------------------------------------------------------------------


def _split(root: Path, out: str = "a", shards: int = 3) -> dict[str, Any]:
    return split(root / "prepared", root / out / "heldout", root / out / "shards", shards, 4, 3, seed=7)


def _read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


@pytest.fixture
def prepared(tmp_path: Path, make_samples: MakeSamples) -> Path:
    """A folder with 24 samples in two files under `prepared`."""
    make_samples(tmp_path / "prepared" / "samples-00000.parquet", 15)
    make_samples(tmp_path / "prepared" / "samples-00001.parquet", 9, first=15)
    return tmp_path


def test_files_hold_what_was_prepared(prepared: Path, sample_rows: list[dict[str, Any]]) -> None:
    report = _split(prepared)
    names = ["heldout/validation", "heldout/test", "shards/1/train", "shards/2/train", "shards/3/train"]
    parts = [_read(prepared / "a" / f"{name}.parquet") for name in names]
    assert [len(rows) for rows in parts] == [4, 3, 6, 6, 5]
    assert report["left_out"] == 0
    found = {row["id"]: row for rows in parts for row in rows}
    assert found == {row["id"]: {k: v for k, v in row.items() if k != "where"} for row in sample_rows}
    assert [entry["rows"] for entry in report["files"].values()] == [4, 3, 6, 6, 5]
    assert report["files"]["shard_2"]["sha256"] == sha256_file(prepared / "a/shards/2/train.parquet")


def test_every_shard_carries_the_validation_samples(prepared: Path) -> None:
    _split(prepared)
    whole = sha256_file(prepared / "a/heldout/validation.parquet")
    assert {sha256_file(prepared / f"a/shards/{shard}/validation.parquet") for shard in (1, 2, 3)} == {whole}


def test_splitting_twice_gives_the_same_bytes(prepared: Path) -> None:
    assert _split(prepared, "a") == _split(prepared, "b")
    assert sha256_folder(prepared / "a") == sha256_folder(prepared / "b")


def test_too_many_shards_leave_the_earlier_files(prepared: Path) -> None:
    _split(prepared)
    before = sha256_folder(prepared / "a")
    with pytest.raises(UserError, match="too few"):
        _split(prepared, shards=18)
    assert sha256_folder(prepared / "a") == before


def test_nothing_prepared_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dvc repro prepare"):
        _split(tmp_path)


def test_a_damaged_file_says_what_to_run(prepared: Path) -> None:
    (prepared / "prepared" / "samples-00001.parquet").write_bytes(b"damaged")
    with pytest.raises(UserError, match="dvc repro -f prepare"):
        _split(prepared)


def test_a_disk_that_fills_at_the_third_shard_leaves_the_earlier_files(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _split(prepared)
    before = sha256_folder(prepared / "a")
    write, calls = pq.write_table, []

    def fails_late(table: pa.Table, path: Path, **options: Any) -> None:
        calls.append(path)
        if len(calls) == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(table.slice(1), path, **options)

    monkeypatch.setattr(pq, "write_table", fails_late)
    with pytest.raises(UserError, match="disk is full"):
        _split(prepared)
    assert sha256_folder(prepared / "a") == before


@needs_full_disk
def test_a_full_disk_leaves_the_earlier_files(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _split(prepared)
    before = sha256_folder(prepared / "a")
    write = pq.write_table
    monkeypatch.setattr(pq, "write_table", lambda table, path, **kwargs: write(table, full_disk(prepared), **kwargs))
    with pytest.raises(UserError, match="disk is full"):
        _split(prepared)
    assert sha256_folder(prepared / "a") == before


# --- the report ----------------------------------------------------------------------------------------------------


def _table(count: int) -> pa.Table:
    rng = np.random.default_rng(3)
    columns = {name: rng.integers(0, 6, count).astype(str) for name in ("style", "region", "climate_zone")}
    numbers = {"bedrooms": rng.integers(1, 7, count), "floors": rng.integers(1, 5, count)}
    quantities = {"area_sqft": rng.integers(600, 4000, count).astype(float), "cost_usd": rng.lognormal(12, 1, count)}
    return pa.table(columns | numbers | quantities)


def test_shards_dealt_at_random_are_as_far_apart_as_chance_makes_them() -> None:
    table = _table(6000)
    shards = deal(np.arange(6000).astype("S16"), np.zeros(6000, bool), 6, 10, 10, seed=1)[2]
    for column, found in _distances(table, shards, seed=1).items():
        assert 0 < found["distance"] < 1.2 * found["chance_95"], column


def test_shards_cut_from_sorted_rows_are_told_apart() -> None:
    table = _table(6000)
    for column in table.column_names:
        order = np.argsort(np.asarray(table[column].to_pylist()), kind="stable")
        found = _distances(table, np.array_split(order, 6), seed=1)[column]
        assert found["distance"] > 5 * found["chance_95"], column


def test_a_long_text_takes_its_room_once() -> None:
    """Not once for each row, of which there are half a million."""
    table = _table(600)
    texts = np.asarray(table["style"].to_pylist(), dtype=object)
    expected = _distances(table, np.array_split(np.arange(600), 3), seed=1)
    texts[texts == "3"] = "3" + "x" * 100_000
    long = table.set_column(table.column_names.index("style"), "style", pa.array(texts.tolist()))
    tracemalloc.start()
    found = _distances(long, np.array_split(np.arange(600), 3), seed=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == expected
    assert most < 3 * len(table) * 100_000 / 6
