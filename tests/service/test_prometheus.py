"""Debian's Prometheus reads the service's metrics, and answers the dashboard's questions."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from housebrain.answering.engine import SolverEngine
from housebrain.service.settings import Settings
from housebrain.service.store import Store
from project import REPOSITORY
from service.conftest import WORDS
from service.serving import free_port, serving

DASHBOARD = REPOSITORY / "deploy/grafana/housebrain.json"
NEEDS = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed (Debian: apt-get install prometheus)"
)


def _get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=20) as answer:
        content: bytes = answer.read()
    return content


def _post(port: int, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/designs", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).close()


def _questions() -> list[str]:
    """The dashboard's queries, with a window that a test's short life fills."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    return [re.sub(r"\[[^\]]+\]", "[10s]", query) for query in queries]


def test_the_metrics_are_in_the_form_that_prometheus_reads(store: Store) -> None:
    with serving(Settings(open_to_all=True), {"solver": SolverEngine()}, store) as port:
        _post(port, {"words": WORDS})
        families = list(text_string_to_metric_families(_get(f"http://127.0.0.1:{port}/metrics").decode()))
    assert {"housebrain_requests", "housebrain_design_seconds", "housebrain_queue_requests"} <= {
        family.name for family in families
    }
    assert all(family.documentation for family in families)


@NEEDS
def test_prometheus_scrapes_the_service_and_answers_the_dashboard(store: Store, tmp_path: Path) -> None:
    with (
        serving(Settings(open_to_all=True), {"solver": SolverEngine()}, store) as port,
        _prometheus(port, tmp_path) as prometheus,
    ):
        # Rates need two scrapes with requests between them.
        for _ in range(4):
            _post(port, {"words": WORDS})
            time.sleep(1)
        targets = json.loads(_get(f"{prometheus}/api/v1/targets"))["data"]["activeTargets"]
        assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")]
        answered = {query: _answer(prometheus, query) for query in _questions()}
    assert len(answered) >= 8
    # Nothing was refused, and nobody said what they think: those two are empty, and no other.
    silent = {query for query, found in answered.items() if not found}
    assert all(re.search("refusals|feedback", query) for query in silent), silent


def _answer(prometheus: str, query: str) -> list[Any]:
    answer = json.loads(_get(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"))
    assert answer["status"] == "success", (query, answer)
    found: list[Any] = answer["data"]["result"]
    return found


@contextmanager
def _prometheus(port: int, folder: Path) -> Iterator[str]:
    """Runs Prometheus with the deployment's settings, but for the target and how often it asks; gives its address."""
    settings = (REPOSITORY / "deploy/prometheus.yaml").read_text().replace("housebrain:8000", f"127.0.0.1:{port}")
    settings = re.sub(r"(scrape_interval|scrape_timeout|evaluation_interval): \d+s", r"\1: 1s", settings)
    (folder / "prometheus.yaml").write_text(settings)
    own = free_port()
    program = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ],
        stderr=(folder / "log").open("w"),
    )
    address = f"http://127.0.0.1:{own}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert program.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            try:
                _get(f"{address}/-/ready")
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        program.terminate()
        program.wait(30)
