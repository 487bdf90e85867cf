"""Fixtures for trainings: projects of a shard of a dozen samples."""

import shutil
from pathlib import Path

import pytest

from conftest import MakeSamples
from project import put_base
from trainings import MakeProject


@pytest.fixture
def make_project(tmp_path: Path, tiny_base: Path, tiny_init: Path, make_samples: MakeSamples) -> MakeProject:
    """Makes a project's folder: shard 1 of 12 samples, 3 of validation, the base and the init; `make_project(name)`."""

    def make(name: str) -> Path:
        project = tmp_path / name
        make_samples(project / "data/shards/1/train.parquet", 12)
        make_samples(project / "data/shards/1/validation.parquet", 3, first=12)
        put_base(project, tiny_base)
        shutil.copytree(tiny_init, project / "models/lora_init")
        return project

    return make


@pytest.fixture
def project(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to train in: the working directory."""
    folder = make_project("project")
    monkeypatch.chdir(folder)
    return folder
