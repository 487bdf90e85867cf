"""Tests for housebrain.run_inputs: what the table of runs shows of a run's script and data."""

import pytest

from conftest import REPOSITORY
from housebrain.run_inputs import KINDS, dataset_of, source_tags
from housebrain.tracking import RunRecord, client, import_record

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_names_the_script_of_its_stage(kind: str) -> None:
    found = source_tags({"kind": kind, "git_commit": "abc+"})
    assert (REPOSITORY / found["mlflow.source.name"]).is_file()
    assert found["mlflow.source.git.commit"] == "abc"


def test_a_shards_run_has_its_shard_as_its_data(mlflow_store: str) -> None:
    tags = {"kind": "shard", "shard": "3", "data_hash": HASH, "git_commit": "abc"}
    record = RunRecord(record_id="r", name="round 1 shard 3", tags=tags, start_ms=1, end_ms=2, status="FINISHED")
    run_id = import_record(record, "houses")
    assert import_record(record, "houses") == run_id
    run = client().get_run(run_id)
    (found,) = run.inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest, found.dataset.source) == ("shard 3", HASH[:36], "data/shards/3")
    assert {tag.key: tag.value for tag in found.tags} == {"mlflow.data.context": "training"}
    assert run.data.tags["mlflow.source.name"] == "stages/train_shard.py"


def test_a_merge_and_a_run_of_another_kind_have_no_data() -> None:
    assert dataset_of({"kind": "merge", "data_hash": HASH}) is None
    assert dataset_of({"kind": "evaluation"}) is None
    assert dataset_of({}) is None
    assert source_tags({"kind": "somebody else's"}) == {}
