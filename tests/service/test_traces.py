"""Tests for housebrain.service.traces: requests in MLflow's store, where one is wanted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from housebrain.answering.engine import SolverEngine
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import Store
from housebrain.service.traces import EXPERIMENT
from housebrain.tracking import client as mlflow_client
from service.conftest import WORDS


@pytest.mark.long
def test_requests_are_traced_step_by_step(store: Store, tmp_path: Path, mlflow_store: str) -> None:
    settings = Settings(open_to_all=True, traces=True)
    with TestClient(create_app(settings, {"solver": SolverEngine()}, store)) as client:
        made = client.post("/designs", json={"words": WORDS, "seed": 5}).json()
        small = {**made["brief"], "plot": {**made["brief"]["plot"], "width_ft": 16, "length_ft": 20}}
        refused = client.post("/designs", json={"brief": small})
        assert refused.status_code == 422
    found = mlflow_client()
    experiment = found.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    traces = {
        json.dumps(one.data.spans[0].outputs): one for one in found.search_traces(locations=[experiment.experiment_id])
    }
    assert set(traces) == {'{"outcome": "designed"}', f'{{"outcome": "{refused.json()["error"]["kind"]}"}}'}
    spans = traces['{"outcome": "designed"}'].data.spans
    assert [span.name for span in spans] == ["design", "houses", "judged"]
    assert all(span.parent_id == spans[0].span_id for span in spans[1:])
    assert spans[0].inputs["brief"] == made["brief"]
    assert spans[0].inputs["seed"] == 5
    assert spans[0].attributes["designs"] == [{"source": "solver", "score": made["designs"][0]["score"]["total"]}]
    assert all(span.end_time_ns >= span.start_time_ns for span in spans)
    # What the client wrote stays with the service.
    assert WORDS.encode() not in (tmp_path / "mlflow.db").read_bytes()


def test_without_a_wish_for_traces_mlflow_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from housebrain.service.app import create_app; from housebrain.service.settings import Settings\n"
        "from housebrain.service.store import Store\n"
        "create_app(Settings(), {}, Store(sys.argv[1]))\n"
        "assert not {'mlflow', 'torch', 'pandas'} & set(sys.modules), 'imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{tmp_path / 'store.db'}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
