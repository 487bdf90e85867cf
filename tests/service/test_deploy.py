"""Tests for deploy/: its files speak of what the service has."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
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
    assert any(re.search(r"pip install .* mlflow-skinny$", text) for name, text in _instructions() if name == "RUN")
    targets = YAML(typ="safe").load(DEPLOY / "prometheus.yaml")["scrape_configs"][0]["static_configs"][0]["targets"]
    assert targets == ["housebrain:8000"]


def _instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions, each its name and the rest."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for line in lines if line for name, _, rest in [line.partition(" ")]]


def test_the_image_is_made_of_files_that_are_sent_to_the_builder() -> None:
    copied = {
        source
        for name, rest in _instructions()
        if name == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    }
    sent = re.findall(r"^!(.+)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE)
    assert {Path(source).as_posix() for source in copied} == set(sent)
    assert all((REPOSITORY / source).exists() for source in sent)
    # What the build reads of pyproject.toml's own files.
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert {project["project"]["readme"], *project["tool"]["setuptools"]["packages"]["find"]["where"]} <= set(sent)


def test_the_image_has_the_extras_that_there_are_in_versions_that_were_tested() -> None:
    (command,) = [rest for name, rest in _instructions() if name == "RUN" and "pip install" in rest]
    assert "-c constraints.txt" in command
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    found = re.search(r"'\.\[([\w,]+)\]' (\S+)$", command)
    assert found
    extras, besides = found[1].split(","), found[2]
    assert set(extras) <= set(project["optional-dependencies"])
    wanted = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    pinned = re.findall(r"^([\w.-]+)==", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE)
    names = {canonicalize_name(Requirement(one).name) for one in [*wanted, besides]}
    assert names <= {canonicalize_name(one) for one in pinned}


def test_the_image_has_a_python_that_the_package_is_for() -> None:
    bases = {rest.split()[0] for name, rest in _instructions() if name == "FROM"}
    (base,) = bases
    version = re.fullmatch(r"docker\.io/library/python:(\d\.\d+)-slim", base)
    assert version
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert f"Programming Language :: Python :: {version[1]}" in project["classifiers"]
    assert SpecifierSet(project["requires-python"]).contains(version[1])


def test_images_are_named_in_full() -> None:
    """Podman takes no short names, but where it is told whose they are."""
    services = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"].values()
    names = [service["image"] for service in services if "image" in service]
    assert len(names) == 4
    assert all(re.fullmatch(r"[a-z]+\.io/[\w/.-]+:v?[\d.]+", name) for name in names), names


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
