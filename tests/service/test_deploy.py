"""Tests for deploy/: its files speak of what the service has."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from ruamel.yaml import YAML

from project import REPOSITORY
from service.conftest import WORDS

DEPLOY = REPOSITORY / "deploy"


def test_the_dashboard_asks_for_metrics_that_there_are(client: TestClient) -> None:
    client.post("/designs", json={"words": WORDS})
    known = set(re.findall(r"^# TYPE (\w+) ", client.get("/metrics").text, re.MULTILINE))
    asked = set(re.findall(r"housebrain_\w+", " ".join(
        target["expr"] for panel in json.loads((DEPLOY / "grafana/housebrain.json").read_text())["panels"]
        for target in panel["targets"]
    )))  # fmt: skip
    assert len(asked) >= 8
    assert {name.removesuffix("_bucket") for name in asked} <= known


def test_compose_names_files_and_services_that_there_are() -> None:
    content = YAML(typ="safe").load(DEPLOY / "compose.yaml")
    assert {"housebrain", "postgres", "mlflow", "prometheus", "grafana"} == set(content["services"])
    for service in content["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in content["volumes"]
    # MLflow refuses names of hosts that it was not told, and the service needs its library.
    hosts = content["services"]["mlflow"]["command"].split("--allowed-hosts ")[1].split(",")
    address = content["services"]["housebrain"]["environment"]["MLFLOW_TRACKING_URI"]
    assert address.removeprefix("http://") in hosts
    assert re.search(r"pip install .* mlflow$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    targets = YAML(typ="safe").load(DEPLOY / "prometheus.yaml")["scrape_configs"][0]["static_configs"][0]["targets"]
    assert targets == ["housebrain:8000"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "housebrain.service"
    text = (DEPLOY / "housebrain.service").read_text()
    program = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert program
    unit.write_text(
        text.replace(program[1], shutil.which("true") or "/bin/true").replace("/srv/housebrain", str(tmp_path))
    )
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
