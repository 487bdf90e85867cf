"""`prepare` on real Ray clusters of several nodes: the bytes of the local engine, whatever dies meanwhile."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cluster.nodes import nodes
from cluster.poison import Poisoned
from conftest import REPOSITORY
from dataset.rawdata import FORMS, raw_records, write_parquet
from housebrain.cluster import journal as module_journal
from housebrain.cluster import prepare as module
from housebrain.cluster.connect import connected
from housebrain.cluster.journal import Journal, Position
from housebrain.cluster.prepare import generated, sampled, solved
from housebrain.dataset.generate import generate_records
from housebrain.dataset.prepare import Reject, Solved, evenly, prepare, solve_record, write_prepared
from housebrain.dataset.records import RawRecord, parts_of, read_records
from housebrain.errors import UserError
from housebrain.files import sha256_folder
from housebrain.solver.library import SHELF
from project import change_params, run, start

pytestmark = pytest.mark.alone

COUNT = 1200
MANY = 6000
_PREPARE = """
import os, sys
from pathlib import Path
from housebrain.cluster import journal, prepare
from housebrain.params import load_params
os.environ["RAY_ADDRESS"] = sys.argv[1]
journal.SECONDS = 0
settings = load_params().prepare.model_copy(update={"source": "raw", "seed": 0, "alternatives": 1})
print(prepare.prepare_on_cluster(settings, Path("raw"), Path("out")))
"""


def few_solvable(count: int, solvable: int) -> list[dict[str, Any]]:
    """Records of which so many, evenly spread, are to be solved, which takes long; the others are refused at once."""
    records = raw_records(count)
    for number, record in enumerate(records):
        if number % (count // solvable):
            record["input"]["plot"]["setbacks_ft"]["front"] = 500
    return records


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parquet of several row groups in two files, with a record and a brief that come twice, far apart."""
    records = few_solvable(COUNT, 12)
    known = next(one for one in records if not isinstance(solve_record(as_raw(one), 0), Reject))
    records[900] = known
    records[1100] = known | {"id": "again"}
    folder = tmp_path_factory.mktemp("raw") / "train"
    folder.mkdir()
    for number, part in enumerate((records[:700], records[700:])):
        table = pa.table({"record": [orjson.dumps(record) for record in part]})
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=150)
    return folder


@pytest.fixture(scope="module")
def local(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What this machine makes of the dataset."""
    out = tmp_path_factory.mktemp("local") / "out"
    counts = prepare(read_records(dataset), out, seed=0, processes=1)
    return sha256_folder(out), counts


def as_raw(record: dict[str, Any]) -> RawRecord:
    return RawRecord("a record", "train", orjson.dumps(record))


def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", "test")


# --- parts and journals, without a cluster --------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_parts_one_after_the_other_are_the_dataset(form: str, tmp_path: Path) -> None:
    path = FORMS[form](tmp_path / form, raw_records(30))
    parts = parts_of(path)
    assert [raw for part in parts for raw in part.read()] == list(read_records(path))


def test_a_row_group_is_a_part(dataset: Path) -> None:
    parts = parts_of(dataset)
    assert [part.size for part in parts] == [150, 150, 150, 150, 100, 150, 150, 150, 50]
    assert [raw for part in parts for raw in part.read()] == list(read_records(dataset))


def test_samples_of_parts_are_those_of_the_whole(dataset: Path) -> None:
    runs = sampled(parts_of(dataset), 100)
    assert [raw for run in runs for raw in run.read()] == list(evenly(read_records(dataset), 100, COUNT))
    assert sampled(parts_of(dataset), COUNT) == parts_of(dataset)


def test_a_sample_of_what_can_not_be_counted_is_refused(tmp_path: Path) -> None:
    path = FORMS["dataset.jsonl"](tmp_path / "dataset.jsonl", raw_records(3))
    with pytest.raises(UserError, match="housebrain ingest"):
        sampled(parts_of(path), 2)


def test_generated_parts_are_the_generated_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GENERATED_IN_PART", 7)
    runs = generated(30, seed=3)
    assert [run.size for run in runs] == [7, 7, 7, 7, 2]
    assert [raw for run in runs for raw in run.read()] == list(generate_records(30, seed=3))


def test_a_journal_goes_on_where_it_was_left(tmp_path: Path) -> None:
    first = journal(tmp_path)
    batches: list[list[Solved]] = [[[{"id": "a"}]], [[{"id": "b"}], [{"id": "c"}]], [[{"id": "d"}]]]
    for number, batch in enumerate(batches, 1):
        first.add(batch, Position(0, number))
        if number == 2:
            first.save()
    second = journal(tmp_path)  # as if the first had been killed here: the third batch was never saved
    assert list(second.kept()) == [[[{"id": "a"}]], [[{"id": "b"}], [{"id": "c"}]]]
    assert (second.position, second.count) == (Position(0, 2), 3)
    second.add([[{"id": "d"}]], Position(1, 0))
    second.save()
    kept = [rows for batch in journal(tmp_path).kept() for rows in batch]
    assert kept == [[{"id": name}] for name in "abcd"]


def test_a_damaged_journal_ends_before_the_damage(tmp_path: Path) -> None:
    first = journal(tmp_path)
    for number in range(3):
        first.add([[{"id": str(number)}]], Position(0, number + 1))
        first.save()
    damaged = sorted(first.folder.iterdir())[1]
    damaged.write_bytes(damaged.read_bytes()[:-5])
    again = journal(tmp_path)
    assert list(again.kept()) == [[[{"id": "0"}]]]
    assert again.position == Position(0, 1)
    # It is killed again, after it kept in one file what was in two: the third one's records would come twice.
    again.add([[{"id": "1"}], [{"id": "2"}]], Position(0, 3))
    again.save()
    kept = [rows for batch in journal(tmp_path).kept() for rows in batch]
    assert kept == [[{"id": name}] for name in "012"]


def test_a_journal_of_other_records_is_removed(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add([[{"id": "a"}]], Position(0, 1))
    first.save()
    other = Journal(tmp_path / "journal", "another seed")
    assert list(other.kept()) == []
    assert not first.folder.exists()


def test_a_journal_of_another_library_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is solved follows from the topologies on file, as it does from the code."""
    first = journal(tmp_path)
    first.add([[{"id": "a"}]], Position(0, 1))
    first.save()
    real = module_journal.sha256_file
    monkeypatch.setattr(module_journal, "sha256_file", lambda file: "changed" if file == SHELF else real(file))
    assert list(journal(tmp_path).kept()) == []


# --- on a cluster ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("count", [1, 2])
def test_the_bytes_are_those_of_this_machine(
    count: int, dataset: Path, local: tuple[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 20_000)  # a block a row group
    monkeypatch.setattr(module, "RUNS_IN_JOB", 4)
    with nodes(count) as cluster, connected(cluster.address):
        counts = write_prepared(solved(parts_of(dataset), 0, journal(tmp_path)), tmp_path / "out")
    assert (sha256_folder(tmp_path / "out"), counts) == local


@pytest.mark.slow
@pytest.mark.long
def test_a_node_that_dies_costs_no_byte(
    dataset: Path, local: tuple[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 20_000)
    with nodes(2) as cluster, connected(cluster.address):

        def killing() -> Iterator[list[Solved]]:
            for number, batch in enumerate(solved(parts_of(dataset), 0, journal(tmp_path))):
                if number == 5:
                    cluster.kill(next(iter(cluster.cluster.worker_nodes)))
                yield batch

        counts = write_prepared(killing(), tmp_path / "out")
    assert (sha256_folder(tmp_path / "out"), counts) == local


@pytest.mark.slow
@pytest.mark.long
def test_the_head_is_killed_and_the_same_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "3")  # a minute, as it comes
    table = pa.table({"record": [orjson.dumps(record) for record in few_solvable(MANY, 6)]})
    (tmp_path / "raw").mkdir()
    pq.write_table(table, tmp_path / "raw/train.parquet", row_group_size=500)
    monkeypatch.chdir(tmp_path)  # rejects name their file as it was given
    prepare(read_records("raw"), tmp_path / "local", seed=0, processes=1)
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    with nodes(1) as cluster:
        process = start(tmp_path, "python", "-c", _PREPARE, cluster.address)
        while not list(tmp_path.glob(".dvc/tmp/housebrain/prepare/*/0*")):
            assert process.poll() is None, (tmp_path / "out.log").read_text()
            time.sleep(0.05)
        cluster.kill_head()
        assert process.wait(120) != 0
    assert not (tmp_path / "out").exists()
    with nodes(1) as cluster:
        printed = run(tmp_path, "python", "-c", _PREPARE, cluster.address)
    known = int(re.findall(r"going on after ([\d,]+) briefs that were solved before", printed)[0].replace(",", ""))
    assert 0 < known < MANY
    assert sha256_folder(tmp_path / "out") == sha256_folder(tmp_path / "local")
    assert not list(tmp_path.glob(".dvc/tmp/housebrain/prepare/*"))


@pytest.mark.slow
@pytest.mark.long
def test_the_stage_makes_the_same_by_either_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no cluster named, on one of this machine's own."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    made = []
    for engine in ("local", "ray"):
        folder = tmp_path / engine
        folder.mkdir()
        (folder / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
        change_params(folder, prepare__engine=engine, prepare__generate_count=8)
        run(folder, "python", str(REPOSITORY / "stages/prepare.py"))
        made.append((sha256_folder(folder / "data/prepared"), (folder / "reports/prepare.json").read_text()))
    assert made[0] == made[1]


@pytest.mark.slow
@pytest.mark.long
def test_poisoned_records_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "tests"), prepend=os.pathsep)  # where nodes find `Poisoned`
    records = few_solvable(300, 2)
    del records[200]["input"]["plot"]["width"]
    path = write_parquet(tmp_path / "bad.parquet", records)
    with nodes(1) as cluster, connected(cluster.address):
        with pytest.raises(UserError, match=rf"row 201: record {records[200]['id']}, field input\.plot\.width: "):
            write_prepared(solved(parts_of(path), 0, journal(tmp_path)), tmp_path / "out")
        assert not (tmp_path / "out").exists()
        with pytest.raises(UserError, match=r"generated record 3: record GEN-000003: every process .* is killed"):
            write_prepared(solved([Poisoned(1, 8, 1)], 0, journal(tmp_path / "other")), tmp_path / "out")
